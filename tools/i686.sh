#!/bin/sh
# Runs the library's tests on a 32-bit machine: SHA-1, base64, inflating and looking at
# strings have code of their own there. Installs what is missing.
#
#   tools/i686.sh                all tests
#   tools/i686.sh --test zlib    some, as cargo test takes them
set -eu
cd "$(dirname "$0")/.."

target=i686-unknown-linux-gnu
[ -e /usr/include/gnu/stubs-32.h ] || tools/debian.sh gcc-multilib
[ -e "$(rustc --print sysroot)/lib/rustlib/$target" ] || rustup target add "$target"
if [ $# -eq 0 ]; then set -- --lib --tests; fi
exec cargo test --quiet --all-features --target "$target" "$@"
