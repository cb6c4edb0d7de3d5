#!/usr/bin/env bash
# Packs the packages as they are published, builds each from what was packed, and checks
# what is in the library's.
#
# While it does so, cargo takes them from a registry on disk. What comes from a registry
# never changes for cargo, so it would build the version 0.1.0 that it unpacked from the
# same path yesterday. Therefore each run has a path of its own, and leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p "${CARGO_TARGET_DIR:-target}"
packed=$(mktemp --directory "$(realpath "${CARGO_TARGET_DIR:-target}")/packed.XXXXXX")
registry=${CARGO_HOME:-$HOME/.cargo}/registry
trap 'rm -rf "$packed" "$registry"/src/-*/hipflask-* "$registry"/cache/-*/hipflask-*' EXIT

CARGO_TARGET_DIR=$packed cargo package --workspace --allow-dirty --quiet
python3 tools/check_package.py "$packed/package"
