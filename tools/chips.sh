#!/usr/bin/env bash
# Compiles examples/chips for each chip that docs/firmware.md names. Installs the
# targets that are missing. It takes minutes: the vendors' register tables are large.
set -euo pipefail
cd "$(dirname "$0")/../examples/chips"

while read -r chip target; do
    ls "$(rustc --print sysroot)/lib/rustlib/$target/lib/"libcore-*.rlib >/dev/null 2>&1 || rustup target add "$target"
    # Warnings fail; esp-hal wants optimization.
    RUSTFLAGS="-D warnings" cargo check --quiet --release --target "$target" --features "$chip"
    echo "$chip compiles"
done <<'CHIPS'
nrf52840 thumbv7em-none-eabihf
nrf5340 thumbv8m.main-none-eabihf
nrf54l15 thumbv8m.main-none-eabihf
stm32f439 thumbv7em-none-eabihf
esp32c3 riscv32imc-unknown-none-elf
rp2040 thumbv6m-none-eabi
rp2350 thumbv8m.main-none-eabihf
CHIPS
