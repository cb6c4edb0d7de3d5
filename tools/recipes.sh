#!/usr/bin/env bash
# Builds the recipes for servers other than picoserve (examples/smoltcp and
# examples/edge_http), tests them with a browser's requests, and prints what the
# device takes on smoltcp and on picoserve. Arguments go to tools/recipes.py.
# Installs what is missing: QEMU and binutils from Debian, and a compiler as
# tools/target.sh says.
set -euo pipefail
cd "$(dirname "$0")/.."

output=$(realpath -m "${CARGO_TARGET_DIR:-target}")/recipes
python=$(tools/python.sh)
target=thumbv7m-none-eabi

command -v qemu-system-arm >/dev/null || tools/debian.sh qemu-system-arm
command -v nm >/dev/null && command -v size >/dev/null || tools/debian.sh binutils

export CARGO_TARGET_DIR=$output
(cd examples/firmware && ../../tools/target.sh $target cargo build --quiet --release --bin device --bin keeper)
(cd examples/smoltcp && ../../tools/target.sh $target cargo build --quiet --release)
(cd examples/edge_http && cargo test --quiet && cargo build --quiet)
(cd examples/edge_http && ../../tools/target.sh $target cargo check --quiet --lib)

SMOLTCP=$output/$target/release/smoltcp-device PICOSERVE=$output/$target/release/device \
    KEEPER=$output/$target/release/keeper \
    EDGE_HTTP=$output/debug/edge-http-sessions PYTHONDONTWRITEBYTECODE=1 \
    "$python" tools/recipes.py "$@"
