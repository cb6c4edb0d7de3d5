#!/usr/bin/env bash
# Builds the firmware of examples/firmware, runs it in QEMU beside a real Flask
# application, runs Flask's own answers on the chip, and checks what it costs.
# Installs what is missing: QEMU and binutils from Debian, Flask from PyPI, and a
# compiler as tools/target.sh says.
#
#   tools/firmware.sh               everything
#   tools/firmware.sh interop       the device beside Flask
#   tools/firmware.sh conformance   Flask's answers, on the chip
#   tools/firmware.sh costs         the table of costs
#
# REQUESTS is how many requests the endurance test sends.
set -euo pipefail
cd "$(dirname "$0")/.."

part=${1:-all}
output=${CARGO_TARGET_DIR:-examples/firmware/target}
case $output in /*) ;; *) output=$PWD/$output ;; esac

command -v qemu-system-arm >/dev/null || tools/debian.sh qemu-system-arm
command -v qemu-system-riscv32 >/dev/null || tools/debian.sh qemu-system-riscv32
command -v curl >/dev/null || tools/debian.sh curl
command -v nm >/dev/null && command -v size >/dev/null || tools/debian.sh binutils

# Builds the firmwares and puts them into folder $1.
build() {
    local target=thumbv7m-none-eabi
    (cd examples/firmware && CARGO_TARGET_DIR=$output ../../tools/target.sh $target cargo build --quiet --release)
    mkdir -p "$output/$1"
    cp "$output/$target/release/"{device,counter,keeper} "$output/$1"
}

interop() {
    SECRET_KEY=interop build shared-key
    build own-key
    python=$(tools/python.sh)
    case $python in /*) ;; *) python=$PWD/$python ;; esac
    DEVICE=$output/shared-key/device OWN_KEY_DEVICE=$output/own-key/device COUNTER=$output/own-key/counter \
        KEEPER=$output/own-key/keeper \
        PYTHONDONTWRITEBYTECODE=1 "$python" examples/firmware/interop.py --verbose
}

costs() {
    CARGO_TARGET_DIR=$output/costs tools/firmware_costs.py
}

conformance() {
    CARGO_TARGET_DIR=$output/conformance tools/firmware_conformance.py
}

case $part in
all)
    interop
    conformance
    costs
    ;;
interop | conformance | costs) "$part" ;;
*) echo "usage: $0 [interop|conformance|costs]" >&2 && exit 2 ;;
esac
