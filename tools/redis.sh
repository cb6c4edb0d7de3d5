#!/bin/sh
# Runs the example `shared` of hipflask-redis beside a real Flask application with
# Flask-Session, on a real Redis, and checks that they share sessions. Installs redis-server
# if there is none. Needs Python 3 and, the first time, network for the Python packages.
# PYTHON names a Python that has them already.
set -eu
cd "$(dirname "$0")/.."

command -v redis-server >/dev/null || tools/debian.sh redis-server
cargo build --package hipflask-redis --example shared
SHARED_EXAMPLE=$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/debug/examples/shared
export SHARED_EXAMPLE PYTHONDONTWRITEBYTECODE=1

# Flask-Session warns of SESSION_USE_SIGNER, which sites use all the same.
"${PYTHON:-$(tools/python.sh)}" -W ignore::DeprecationWarning -m unittest discover --start-directory crates/hipflask-redis/tests/flask "$@"
