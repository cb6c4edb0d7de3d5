#!/usr/bin/env python3
"""Checks what `cargo package` made: small, with the backends, without the rest."""
import os
import pathlib
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Half of it are answers of Flask and its extensions, for whoever runs the tests of what is published.
LIMIT = 1_250_000

packages = sorted((ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "package").glob("hipflask-[0-9]*.crate"), key=lambda path: path.stat().st_mtime)
crate = packages[-1]
with tarfile.open(crate) as archive:
    names = {name.partition("/")[2] for name in archive.getnames()}
size = crate.stat().st_size
print(f"{crate.name}: {size} bytes, {len(names)} files")
faults = []
if size >= LIMIT:
    faults.append(f"it is larger than {LIMIT} bytes")
for name in ("backends/mod.rs", "src/lib.rs", "README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"):
    if name not in names:
        faults.append(f"it lacks {name}")
print("\n".join(faults))
sys.exit(bool(faults))
