#!/usr/bin/env bash
# Builds the page of crates/hipflask-web, one HTML file with the crate in it, and says
# where it is and how large.
#
#   tools/web.sh           builds it
#   tools/web.sh test      tests it in Chromium, with cookies of a real Flask
#
# It installs what is missing: a compiler as tools/target.sh says, Chromium from Debian,
# Flask and Selenium from PyPI. wasm-opt makes the page smaller where there is one.
set -euo pipefail
cd "$(dirname "$0")/.."

output=$(realpath -m "${CARGO_TARGET_DIR:-target}")
target=wasm32-unknown-unknown
page=$output/hipflask.html

# Small matters here, and what is known about the machine that builds it does not.
export CARGO_PROFILE_RELEASE_OPT_LEVEL=s CARGO_PROFILE_RELEASE_LTO=fat CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1
export CARGO_PROFILE_RELEASE_PANIC=abort CARGO_PROFILE_RELEASE_STRIP=symbols
export RUSTFLAGS="${RUSTFLAGS:-} --cfg sha2_backend_soft=\"compact\" --remap-path-prefix=$PWD=hipflask --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo"
CARGO_TARGET_DIR=$output/web tools/target.sh $target \
    cargo build --quiet --release --locked --package hipflask-web --lib
wasm=$output/web/$target/release/hipflask_web.wasm
if command -v wasm-opt >/dev/null; then
    wasm-opt -Os --enable-bulk-memory --enable-sign-ext --enable-mutable-globals --enable-nontrapping-float-to-int \
        "$wasm" --output "$output/web/hipflask.wasm"
    wasm=$output/web/hipflask.wasm
fi
python3 tools/web_page.py "$wasm" "$page"

if [ "${1:-}" = test ]; then
    command -v chromium >/dev/null && command -v chromedriver >/dev/null || tools/debian.sh chromium chromium-driver
    python=$(tools/python.sh)
    tests=crates/hipflask-web/tests
    "$python" -c 'import selenium' 2>/dev/null ||
        "$python" -m pip install --quiet --disable-pip-version-check --requirement $tests/requirements.txt >&2
    PAGE=$page PYTHONDONTWRITEBYTECODE=1 "$python" -m unittest discover --start-directory $tests
fi
