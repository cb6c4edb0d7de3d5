#!/usr/bin/env python3
"""Measures what hipflask costs on a microcontroller, and prints a table.

    tools/firmware_costs.py            compare with docs/firmware-costs.txt
    tools/firmware_costs.py --update   write it

Builds examples/firmware/costs for two instruction sets and three levels of
optimization, takes sizes from the files and runs the programs in QEMU, which
counts time in instructions. Fails when

- a figure is more than 3 % above the table, or not in it;
- a panic or an allocator is linked at level s or 3, or float code without need;
- wrong signatures take different numbers of instructions, whichever of their
  bytes is the first wrong one.

Needs qemu-system-arm, nm and size; tools/firmware.sh installs them.
"""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "examples/firmware/costs"
TABLE = ROOT / "docs/firmware-costs.txt"
TARGET_DIR = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", PACKAGE / "target"))

# Whether panics and time are checked: at z this is for information.
LEVELS = {"s": True, "3": True, "z": False}
TARGETS = ["thumbv7m-none-eabi", "thumbv6m-none-eabi"]
PROGRAMS = ["verify", "open", "open_save", "open_save_deflate", "typed", "floats"]
TOLERANCE = 1.03
# What a right signature may differ by: after a wrong one comes the question
# whether there is another key.
DECISION_INSTRUCTIONS = 32

UNWANTED = re.compile(r"4core9panicking|rust_begin_unwind|__rust_alloc|__rust_realloc|5alloc5alloc")
FLOATS = re.compile(r"dec2flt|flt2dec|__aeabi_d|__aeabi_f|__adddf3|__muldf3")


def output(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def build(target, level):
    environment = {**os.environ, "CARGO_PROFILE_RELEASE_OPT_LEVEL": level, "CARGO_TARGET_DIR": str(TARGET_DIR / level)}
    extra = os.environ.get("CARGO_EXTRA", "").split()
    subprocess.run(
        ["cargo", *extra, "build", "--quiet", "--release", "--target", target],
        cwd=PACKAGE, env=environment, check=True,
    )
    return TARGET_DIR / level / target / "release"


def run(program):
    """What the program reports: names and numbers."""
    lines = subprocess.run(
        [
            "qemu-system-arm", "-machine", "lm3s6965evb", "-nographic", "-monitor", "none", "-serial", "none",
            "-semihosting-config", "enable=on,target=native", "-icount", "shift=7", "-kernel", str(program),
        ],
        check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
    ).stdout.splitlines()
    found = [re.fullmatch(r"(.+) (\d{10})", line) for line in lines]
    return [(match[1], int(match[2])) for match in found if match]


def sizes(program):
    text, data, bss = (int(field) for field in output("size", str(program)).splitlines()[1].split()[:3])
    return text + data, data + bss


def measure(target, level, promised, problems):
    """Figures by name."""
    folder = build(target, level)
    where = f"{target} {level}"
    figures = {}
    flash_empty, ram_empty = sizes(folder / "empty")
    for program in PROGRAMS:
        flash, ram = sizes(folder / program)
        reports = dict(run(folder / program))
        if "panic" in reports or "stack" not in reports:
            problems.append(f"{where}: {program} does not run: {reports}")
            continue
        figures[f"{where} {program} flash"] = flash - flash_empty
        figures[f"{where} {program} static RAM"] = ram - ram_empty
        figures[f"{where} {program} stack"] = reports["stack"]
        symbols = output("nm", str(folder / program))
        if program != "floats":
            if promised and UNWANTED.search(symbols):
                problems.append(f"{where}: {program} could panic or allocate")
            if FLOATS.search(symbols):
                problems.append(f"{where}: {program} has float code")
        elif not FLOATS.search(symbols):
            problems.append(f"{where}: the check for float code is blind")
    reports = run(folder / "counts")
    wrong = [count for name, count in reports if name == "wrong signature"]
    right = [count for name, count in reports if name == "right signature"]
    if len(wrong) != 20 or len(right) != 1 or "panic" in dict(reports):
        problems.append(f"{where}: counts does not run: {reports}")
    elif promised and (len(set(wrong)) != 1 or abs(right[0] - wrong[0]) > DECISION_INSTRUCTIONS):
        problems.append(f"{where}: a signature's verdict takes {right[0]} instructions or {sorted(set(wrong))}")
    for name, count in reports:
        figures[f"{where} {name} instructions"] = count
    return figures


def main():
    problems = []
    figures = {}
    for target in TARGETS:
        for level, promised in LEVELS.items():
            figures |= measure(target, level, promised, problems)
    text = "".join(f"{name}: {figure}\n" for name, figure in figures.items())
    print(text, end="")
    if "--update" in sys.argv:
        TABLE.write_text(text)
    known = dict(line.rsplit(": ", 1) for line in TABLE.read_text().splitlines()) if TABLE.exists() else {}
    for name, figure in figures.items():
        if name not in known:
            problems.append(f"{name}: {figure} is not in {TABLE.name}")
        elif figure > int(known[name]) * TOLERANCE:
            problems.append(f"{name}: {figure}, was {known[name]}")
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
