#!/usr/bin/env python3
"""Checks that what the documents name is there: every test in
docs/compatibility.md and its counts, every relative link, every command's file,
every line that is shown from an example. That what rustdoc shows too reads well
in both places. And that docs/firmware.md has the figures of docs/firmware-costs.txt."""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
IN_RUSTDOC = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")), *sorted(ROOT.glob("crates/*/README.md"))]
DOCUMENTS = [*IN_RUSTDOC, ROOT / "CHANGELOG.md", *sorted(ROOT.glob("tests/*.md")), *sorted(ROOT.glob("examples/*/README.md"))]
REFUSED = ROOT / "tests" / "data" / "refused.txt"


def tests():
    """The names of all tests in the project."""
    names = set()
    for folder in ("src", "backends", "tests", "examples", "crates"):
        for file in (ROOT / folder).rglob("*.rs"):
            names |= set(re.findall(r"#\[(?:\w+::)?test\]\s*(?:#\[[^\]]*\]\s*)*(?:async )?fn (\w+)", file.read_text()))
    return names


def costs():
    """The rows of docs/firmware-costs.txt for thumbv7m at level s, by first word."""
    rows = {}
    wanted = False
    for line in (ROOT / "docs" / "firmware-costs.txt").read_text().splitlines():
        if "-none-" in line:
            wanted = line.startswith("thumbv7m-none-eabi s, ")
        elif wanted and line:
            # Names stand in columns, and may have spaces.
            name = re.match(r"\w+", line)[0]
            rows[name] = [f"{int(figure):,}" for figure in line[36:].split()]
    return rows


def main():
    faults = []
    known = tests()
    table = (ROOT / "docs" / "compatibility.md").read_text()
    named = 0
    in_tests = False
    for line in table.splitlines():
        last_cell = line.rstrip("| ").rpartition("|")[2].strip()
        if not line.startswith("|"):
            in_tests = False
        in_tests = in_tests or last_cell == "Test"
        for name in re.findall(r"`(\w+)`", last_cell if in_tests else ""):
            named += 1
            if name not in known:
                faults.append(f"docs/compatibility.md names a test that is not there: {name}")
    counted = collections.Counter(line.split()[1] for line in REFUSED.read_text().splitlines())
    written = {name: int(count) for name, count in re.findall(r"\| `([\w-]+)` \| (\d+) \|", table)}
    if counted != written:
        faults.append(f"docs/compatibility.md counts {written}, tests/data/refused.txt has {dict(counted)}")
    measured = costs()
    section = (ROOT / "docs" / "firmware.md").read_text().partition("## What it costs")[2].partition("\n## ")[0]
    for name, figures in re.findall(r"^\| `?(\w+)\b[^|]*((?:\| [\d,]+ )+)\|$", section, re.MULTILINE):
        figures = re.findall(r"[\d,]+", figures)
        # Static RAM is not shown: it is the session.
        if name in measured and figures not in (measured[name], measured[name][::2]):
            faults.append(f"docs/firmware.md has {figures} for {name}, docs/firmware-costs.txt {measured[name]}")
    for document in DOCUMENTS:
        text = document.read_text()
        links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
        for target in links + re.findall(r"^\[.+\]: (\S+)$", text, re.MULTILINE):
            if not (document.parent / target).exists():
                faults.append(f"{document.relative_to(ROOT)} links to {target}, which is not there")
        if document in IN_RUSTDOC:
            # src/lib.rs redefines the links that the README defines at its end.
            faults += [f"{document.relative_to(ROOT)} links to {target}, which rustdoc has not" for target in links]
            for line in re.findall(r"^# .*[;({})]$", text, re.MULTILINE):
                faults.append(f"{document.relative_to(ROOT)} hides a line from rustdoc only: {line}")
        for target in re.findall(r"\b((?:crates|tools|tests|examples|benches|fuzz)/[\w./-]*\w)", text):
            if not (ROOT / target).exists() and not (document.parent / target).exists():
                faults.append(f"{document.relative_to(ROOT)} names {target}, which is not there")
        for file, shown in re.findall(r"```rust,ignore\n// (\S+)\n(.*?)```", text, re.DOTALL):
            if not (ROOT / file).exists():
                continue  # It is a fault already.
            source = "\n".join(line.strip() for line in (ROOT / file).read_text().splitlines())
            for part in shown.split("// …\n"):
                if "\n".join(line.strip() for line in part.splitlines()) not in source:
                    faults.append(f"{document.relative_to(ROOT)} shows what is not in {file}")
    print(f"{named} tests named, {len(DOCUMENTS)} documents, {len(faults)} faults")
    print("\n".join(faults))
    sys.exit(bool(faults))


main()
