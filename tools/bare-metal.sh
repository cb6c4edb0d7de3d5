#!/bin/sh
# Links the firmwares of tests/bare-metal for microcontrollers, prints what each
# takes in flash, and fails if one of them could panic or allocate.
#
#   tools/bare-metal.sh                    all targets, opt-level s and 3
#   TARGETS=thumbv7m-none-eabi LEVELS=s tools/bare-metal.sh
#   SYMBOLS=30 tools/bare-metal.sh         the largest symbols of each as well
#
# It installs what is missing: rustup's target, where there is a rustup that can
# get it, else Debian's compiler and its sources, from which core is built.
set -eu

TARGETS=${TARGETS:-thumbv6m-none-eabi thumbv7m-none-eabi thumbv7em-none-eabihf}
LEVELS=${LEVELS:-s 3}
SYMBOLS=${SYMBOLS:-0}
FIRMWARES="verify session open_save open_save_deflate"

cd "$(dirname "$0")/../tests/bare-metal"
output=${CARGO_TARGET_DIR:-target}

has_target() {
    ls "$(rustc --print sysroot)/lib/rustlib/$1/lib/"libcore-*.rlib >/dev/null 2>&1
}

debian_install() {
    if [ "$(id -u)" -eq 0 ]; then sudo=; else sudo=sudo; fi
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# Builds every firmware for target $1 at opt-level $2.
build() {
    has_target "$1" || rustup target add "$1" >/dev/null 2>&1 || true
    export CARGO_PROFILE_RELEASE_OPT_LEVEL="$2"
    if has_target "$1"; then
        cargo build --quiet --release --target "$1"
        return
    fi
    [ -x /usr/bin/rustc ] && [ -e /usr/lib/rustlib/src/rust/library/core ] && command -v ld.lld >/dev/null ||
        debian_install rustc-web rust-web-src lld
    RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C linker=ld.lld -C linker-flavor=ld.lld" \
        cargo build --quiet --release --target "$1" -Zbuild-std=core
}

flash_bytes() {
    size "$1" | awk 'NR == 2 { print $1 + $2 }'
}

# What must not be linked: panics, their handler, an allocator.
unwanted() {
    nm "$1" | grep -E '4core9panicking|rust_begin_unwind|__rust_alloc|__rust_realloc|5alloc5alloc' || true
}

command -v nm >/dev/null && command -v size >/dev/null || debian_install binutils

failed=0
printf '%-22s %-5s %-18s %8s\n' target level firmware bytes
for target in $TARGETS; do
    for level in $LEVELS; do
        build "$target" "$level"
        folder=$output/$target/release
        if [ -z "$(unwanted "$folder/panics")" ]; then
            echo "the check is blind: it finds no panic in the firmware that panics" >&2
            exit 1
        fi
        empty=$(flash_bytes "$folder/empty")
        for firmware in $FIRMWARES; do
            bytes=$(($(flash_bytes "$folder/$firmware") - empty))
            printf '%-22s %-5s %-18s %8d\n' "$target" "$level" "$firmware" "$bytes"
            found=$(unwanted "$folder/$firmware")
            if [ -n "$found" ]; then
                echo "$found" | c++filt >&2
                failed=1
            fi
            [ "$SYMBOLS" -eq 0 ] || nm --print-size --size-sort --reverse-sort --demangle "$folder/$firmware" | head -n "$SYMBOLS"
        done
    done
done
[ "$failed" -eq 0 ] || { echo "panics or an allocator are linked" >&2; exit 1; }
