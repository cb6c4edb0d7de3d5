#!/bin/sh
# Runs the login example beside a real Flask application and checks that they
# share sessions. Needs Python 3 and, the first time, network for Flask itself.
# PYTHON names a Python that has Flask already.
set -eu
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-target}
# Password hashing without optimization is most of the tests' time.
cargo build --example login --features std,flask-wtf --config 'profile.dev.package.argon2.opt-level=3'
LOGIN_EXAMPLE=$(cd "$target" && pwd)/debug/examples/login
export LOGIN_EXAMPLE PYTHONDONTWRITEBYTECODE=1

"${PYTHON:-$(tools/python.sh)}" -m unittest discover --start-directory tests/interop "$@"
