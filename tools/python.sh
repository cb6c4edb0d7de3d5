#!/usr/bin/env bash
# Prints the path of a Python that has Flask and its extensions; makes one if there is none.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$(realpath -m "${CARGO_TARGET_DIR:-target}/python")
if ! "$venv/bin/python" -c 'import flask, flask_login, flask_session, flask_wtf, msgspec, redis' 2>/dev/null; then
    python3 -m venv "$venv" >&2
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/interop/requirements.txt >&2
fi
echo "$venv/bin/python"
