#!/bin/sh
# Runs a command, such as cargo, set up to build for a target: a microcontroller, or
# WebAssembly.
#
#   tools/target.sh TARGET cargo build --release
#
# It takes rustup's libraries for TARGET, and installs them where there is a rustup
# that can; else Debian's compiler, with the libraries built from their sources.
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
    case $target in
        wasm32-*) libraries=std,panic_abort linker=wasm-ld ;;
        *) libraries=core,alloc linker=ld.lld ;;
    esac
    [ -x /usr/bin/rustc ] && [ -e /usr/lib/rustlib/src/rust/library/core ] && command -v $linker >/dev/null ||
        "$(dirname "$0")/debian.sh" rustc-web rust-web-src lld
    # A compiler that is no nightly builds the libraries all the same if it is told
    # that it may. Its linker is not the one that rustup brings.
    RUSTC=/usr/bin/rustc
    export RUSTC RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD=$libraries
    export RUSTFLAGS="${RUSTFLAGS:-} -C linker=$linker -C linker-flavor=$linker"
fi
exec "$@"
