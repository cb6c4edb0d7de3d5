#!/usr/bin/env bash
# Tests examples/takeover: a Flask site and the axum program that has taken over three of its
# routes, behind one address, with a cookie jar and with Chromium.
#
# It installs what is missing: Chromium from Debian, Flask and Selenium from PyPI.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v chromium >/dev/null && command -v chromedriver >/dev/null || tools/debian.sh chromium chromium-driver
python=$(tools/python.sh)
"$python" -c 'import selenium' 2>/dev/null ||
    "$python" -m pip install --quiet --disable-pip-version-check --requirement crates/hipflask-web/tests/requirements.txt >&2
CARGO_TARGET_DIR=$(realpath -m "${CARGO_TARGET_DIR:-target}")/takeover
export CARGO_TARGET_DIR
cargo build --quiet --locked --manifest-path examples/takeover/Cargo.toml
cd examples/takeover
PYTHONDONTWRITEBYTECODE=1 "$python" -m unittest test_takeover
