#!/bin/sh
# Runs a command, such as cargo, set up to build for a microcontroller.
#
#   tools/thumb.sh TARGET cargo build --release
#
# It takes rustup's libraries for TARGET, and installs them where there is a rustup
# that can; else Debian's compiler, with core and alloc built from its sources.
# DEBIAN_RUSTC=1 takes Debian's in any case.
set -eu

target=$1
shift

has_libraries() {
    ls "$(rustc --print sysroot)/lib/rustlib/$target/lib/"libcore-*.rlib >/dev/null 2>&1
}

export CARGO_BUILD_TARGET="$target" RUSTC="${RUSTC:-rustc}"
if [ -z "${DEBIAN_RUSTC:-}" ]; then
    has_libraries || rustup target add "$target" >&2 || true
fi
if [ -n "${DEBIAN_RUSTC:-}" ] || ! has_libraries; then
    [ -x /usr/bin/rustc ] && [ -e /usr/lib/rustlib/src/rust/library/core ] && command -v ld.lld >/dev/null ||
        "$(dirname "$0")/debian.sh" rustc-web rust-web-src lld
    # A compiler that is no nightly builds core all the same if it is told that
    # it may. Its linker is not the one that rustup brings.
    RUSTC=/usr/bin/rustc
    export RUSTC RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD=core,alloc
    export RUSTFLAGS="-C linker=ld.lld -C linker-flavor=ld.lld"
fi
exec "$@"
