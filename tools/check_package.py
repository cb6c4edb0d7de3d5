#!/usr/bin/env python3
"""Checks the library's package in the folder that it is given: small, with the backends, without the rest."""
import pathlib
import sys
import tarfile

# Half of it are answers of Flask and its extensions, for whoever runs the tests of what is published.
LIMIT = 1_250_000

(crate,) = pathlib.Path(sys.argv[1]).glob("hipflask-[0-9]*.crate")
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
