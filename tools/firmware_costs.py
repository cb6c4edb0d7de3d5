#!/usr/bin/env python3
"""Measures what hipflask costs on a microcontroller, and prints a table.

    tools/firmware_costs.py            compare with docs/firmware-costs.txt
    tools/firmware_costs.py --update   write it
    tools/firmware_costs.py --parts    what takes the flash of a program, by part

Builds examples/firmware/costs for four instruction sets and up to three levels of
optimization, takes sizes from the files and runs the programs in QEMU, which
counts time in instructions. Fails when

- a figure is more than 3 % above the table, or not in it. Another compiler makes
  other code: with one that is not the table's, only the limits below count;
- a program takes more than its limit;
- a panic or an allocator is linked at level s or 3, or float code without need;
- SHA-1 or HMAC is linked where the MAC comes from elsewhere;
- a signature's check depends on where it is wrong, see `check_signatures`.

Needs qemu-system-arm, qemu-system-riscv32, nm and size; tools/firmware.sh installs them.
"""

import collections
import hmac
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "examples/firmware/costs"
TABLE = ROOT / "docs/firmware-costs.txt"
TARGET_DIR = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", PACKAGE / "target"))

# Where panics and time are checked. At z the figures are for information.
PROMISED = "s3"
LEVELS = {
    "thumbv7m-none-eabi": "s3z",
    "thumbv6m-none-eabi": "s3z",
    "riscv32imc-unknown-none-elf": "s3",
    "thumbv7em-none-eabihf": "s3",
}
# An emulator, its machine, and how its time passes by the instruction.
ARM = ["qemu-system-arm", "-machine", "lm3s6965evb"], "shift=7"
RISCV = ["qemu-system-riscv32", "-machine", "virt", "-bios", "none"], "shift=0"
# Of the last one the emulated chip runs nothing: it has no floating-point unit.
NOT_RUN = "thumbv7em-none-eabihf"
PROGRAMS = [
    "verify",
    "open_no_zlib",
    "open",
    "open_save_no_zlib",
    "open_save",
    "open_save_deflate",
    "typed",
    "floats",
    "own_mac",
    "own_attributes",
    "plain_cookies",
    "smallest",
]
SIZES = ["flash", "static RAM", "stack"]
COUNTS = ["open", "save", "save, compressed"]
VERDICTS = ["right", "wrong"]
TOLERANCE = 1.03

# Bytes, for thumbv7m at level s.
LIMITS = {
    "verify": {"flash": 5632},
    "open_save_no_zlib": {"flash": 28 * 1024},
    "open_save": {"flash": 31 * 1024, "stack": 2768},
    "open_no_zlib": {"stack": 2304},
    "open": {"stack": 2304},
    "open_save_deflate": {"flash": 37 * 1024, "stack": 4416},
    "smallest": {"flash": 26 * 1024},
}

UNWANTED = re.compile(r"4core9panicking|rust_begin_unwind|__rust_alloc|__rust_realloc|5alloc5alloc")
HASHES = re.compile(r"sha1|hmac", re.IGNORECASE)
FLOATS = re.compile(r"dec2flt|flt2dec|__aeabi_d|__aeabi_f|__adddf3|__muldf3")

# Symbols by what they are for; the first that matches counts.
PARTS = [
    ("SHA-1 and HMAC", r"sha1|hmac|digest|block_buffer|zeroize|signing::keys"),
    ("base64", r"base64"),
    ("opening and saving", r"interface::|::run$|requests::"),
    ("signatures, timestamps, payloads", r"signing::"),
    ("inflate", r"zlib::inflate|adler"),
    ("deflate", r"zlib::"),
    ("dates", r"time::|json::form::date"),
    ("sorting keys", r"json::form::sort"),
    ("reading JSON", r"json::(text::scan|rust::de|value|form|types)"),
    ("writing JSON", r"json::|sink::"),
    ("the session's bytes and index", r"session::"),
    ("cookie headers", r"cookie::"),
    ("moving and comparing bytes", r"mem(cpy|set|move|cmp|clr)|compiler_builtins|__aeabi|bytes::"),
    ("Rust's core", r"core::"),
]
OTHER = "tables, texts and the rest"


def output(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def output_for(target, *command, **more):
    """The output of a command that is set up for `target`."""
    return output(str(ROOT / "tools/target.sh"), target, *command, cwd=PACKAGE, **more)


def compiler(target):
    return output_for(target, "sh", "-c", '"$RUSTC" --version').strip()


def build(target, level):
    folder = TARGET_DIR / level
    settings = {"CARGO_PROFILE_RELEASE_OPT_LEVEL": level, "CARGO_TARGET_DIR": str(folder)}
    output_for(target, "cargo", "build", "--quiet", "--release", env={**os.environ, **settings})
    return folder / target / "release"


def be_secure_element(line):
    """Computes MACs with the keys of Flask's sessions for who is at the other end, as
    `own_mac` asks for them. Ends with the line."""
    keys = [hmac.digest(secret, b"cookie-session", "sha1") for secret in (b"dev", b"old")]
    asked = line.makefile("rb")
    while command := asked.read(1):
        if command == b"s":
            mac = hmac.new(keys[asked.read(1)[0]], digestmod="sha1")
        elif command == b"u":
            mac.update(asked.read(asked.read(1)[0]))
        else:
            line.sendall(mac.digest())


def machine(program):
    """What runs a program: its file is in a folder of the target's name."""
    return RISCV if program.parent.parent.name.startswith("riscv") else ARM


def run(program, *more):
    """What the program reports: names and numbers. A secure element is at its serial line."""
    ours, its = socket.socketpair()
    with ours, its:
        threading.Thread(target=be_secure_element, args=[ours], daemon=True).start()
        said = subprocess.run(
            [
                *machine(program)[0], "-nographic", "-monitor", "none",
                "-chardev", f"socket,id=element,fd={its.fileno()}", "-serial", "chardev:element",
                "-semihosting-config", "enable=on,target=native", *more, "-kernel", str(program),
            ],
            check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
            pass_fds=[its.fileno()],
        ).stdout
    found = re.findall(r"^(.+) (\d{10})$", said, re.MULTILINE)
    if not found or "failed" in dict(found):
        sys.exit(f"{program} does not run: {said}")
    return [(name, int(number)) for name, number in found]


def count(program):
    """The same, with time that passes by the instruction."""
    return run(program, "-icount", machine(program)[1])


def sizes(program):
    """Flash and static RAM. What is in RAM and is not zero at first takes both."""
    text, data, bss = (int(field) for field in output("size", str(program)).splitlines()[1].split()[:3])
    if data:
        sys.exit(f"{program}: {data} bytes of RAM are copied from flash; all of it should be zeros")
    # riscv-rt has a section for the stack, as large as what is left.
    stack = re.search(r"^\.stack +(\d+)", output("size", "-A", str(program)), re.MULTILINE)
    return text, bss - (int(stack[1]) if stack else 0)


def symbols(program):
    """The size of each symbol by its name."""
    found = {}
    for line in output("nm", "--print-size", "--demangle", str(program)).splitlines():
        fields = line.split(maxsplit=3)
        if len(fields) == 4 and fields[2] in "tTrRvVwW":
            # Equal functions are linked once, under several names.
            found[fields[0]] = (re.sub(r"::h[0-9a-f]{16}$", "", fields[3]), int(fields[1], 16))
    return dict(found.values())


def parts(program, empty):
    """The flash of a program over the empty one, by part."""
    sums = collections.Counter()
    common = symbols(empty)
    for name, size in symbols(program).items():
        if name not in common and not name.startswith(".L"):
            sums[next((part for part, pattern in PARTS if re.search(pattern, name)), OTHER)] += size
    total = sizes(program)[0] - sizes(empty)[0]
    sums[OTHER] += total - sum(sums.values())
    return [*sums.most_common(), ("in all", total)]


def check_symbols(folder, where, promised, problems):
    """No panic, no allocator, no float code that nobody asked for, and no hash where
    another computes the MAC."""
    names = {program: output("nm", str(folder / program)) for program in [*PROGRAMS, "panics"]}
    seen = [(UNWANTED, "panics"), (FLOATS, "floats"), *((HASHES, program) for program in PROGRAMS if program != "own_mac")]
    if not all(pattern.search(names[program]) for pattern, program in seen):
        problems.append(f"{where}: the check is blind: it does not find what is there")
    for program in PROGRAMS:
        # Rust's own code for floats can panic.
        if program != "floats":
            if promised and UNWANTED.search(names[program]):
                problems.append(f"{where}: {program} could panic or allocate")
            if FLOATS.search(names[program]):
                problems.append(f"{where}: {program} has float code")
    if HASHES.search(names["own_mac"]):
        problems.append(f"{where}: own_mac has a hash of its own")


def traces(program):
    """What is executed for each signature: lists of the addresses of basic blocks."""
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder) / "log"
        run(program, "-d", "exec,nochain", "-D", str(log))
        blocks = []
        for line in log.read_text().splitlines():
            if found := re.match(r"Trace \d+: \S+ \[[0-9a-f]+/([0-9a-f]+)/\S+ (\S*)", line):
                blocks.append((int(found[1], 16), found[2]))
            elif line.startswith("Stopped"):
                # It was not executed, and comes again.
                blocks.pop()
    found = []
    for number, (_, symbol) in enumerate(blocks):
        if symbol == "check_begins":
            start = number
        elif symbol == "check_ends":
            found.append(blocks[start:number])
    return found


def check_signatures(program, where, promised, problems):
    """The same instructions run whichever byte of a signature is the first wrong
    one. For a right one they do up to the decision: from the first difference on
    there is no loop, neither a new one nor a part of one before, so nothing is
    compared any more."""
    reports = count(program)
    right = {number for name, number in reports if name == "right"}
    wrong = {number for name, number in reports if name == "wrong"}
    if promised:
        accepted, *refused = traces(program)
        if len(refused) != 20 or any(trace != refused[0] for trace in refused) or len(wrong) != 1:
            problems.append(f"{where}: what a wrong signature takes depends on where it is wrong: {sorted(wrong)}")
        decision = next(number for number, (a, b) in enumerate(zip(accepted, refused[0])) if a != b)
        repeated = {block for block, times in collections.Counter(accepted[:decision]).items() if times > 1}
        for trace in (accepted[decision:], refused[0][decision:]):
            if len(set(trace)) < len(trace) or repeated & set(trace):
                problems.append(f"{where}: a right signature is treated otherwise before the decision: {trace}")
    return max(right), max(wrong)


def measure(target, level, problems):
    """Rows of figures, by table and name."""
    folder = build(target, level)
    promised = level in PROMISED
    where = f"{target} {level}"
    check_symbols(folder, where, promised, problems)
    flash_empty = sizes(folder / "empty")[0]
    rows = {}
    for program in PROGRAMS:
        flash, ram = sizes(folder / program)
        rows[where, program] = [flash - flash_empty, ram]
        if target != NOT_RUN:
            rows[where, program] += [number for _, number in count(folder / program)]
    if target != NOT_RUN:
        for name, number in count(folder / "instructions"):
            rows.setdefault((where, name), []).append(number)
        rows[where, "a signature"] = check_signatures(folder / "signatures", where, promised, problems)
    return rows


def columns(name):
    if name in PROGRAMS:
        return SIZES
    return VERDICTS if name == "a signature" else COUNTS


def as_text(version, rows):
    """The table as `read` reads it."""
    lines = [version]
    heading = None
    for (where, name), figures in rows.items():
        titles = columns(name)
        if (where, titles) != heading:
            heading = where, titles
            unit = "bytes" if titles is SIZES else "instructions"
            lines += ["", f"{where}, {unit}".ljust(36) + "".join(f"{title:>18}" for title in titles[: len(figures)])]
        lines.append(f"{name:36}" + "".join(f"{figure:18}" for figure in figures))
    return "\n".join(lines) + "\n"


def read(text):
    """A compiler's version, and the rows of its figures."""
    version, *lines = text.splitlines()
    rows = {}
    for line in lines:
        if heading := re.match(r"(\S+-none-\S+ \S), ", line):
            where = heading[1]
        elif line:
            rows[where, line[:36].strip()] = [int(figure) for figure in line[36:].split()]
    return version, rows


def compare(rows, known, problems):
    """Every figure is in the table, and at most a little above it."""
    for (where, name), figures in rows.items():
        before = known.get((where, name), [])
        for number, figure in enumerate(figures):
            title = f"{where} {name}, {columns(name)[number]}: {figure}"
            if number >= len(before):
                problems.append(f"{title} is not in {TABLE.name}")
            elif figure > before[number] * TOLERANCE:
                problems.append(f"{title}, was {before[number]}")


def check_limits(rows, problems):
    for program, limits in LIMITS.items():
        for title, limit in limits.items():
            figure = rows["thumbv7m-none-eabi s", program][SIZES.index(title)]
            if figure > limit:
                problems.append(f"{program}, {title}: {figure} bytes, the limit is {limit}")


def print_parts():
    folder = build("thumbv7m-none-eabi", "s")
    for program in PROGRAMS:
        print(f"{program}, bytes of flash for thumbv7m at level s")
        for part, size in parts(folder / program, folder / "empty"):
            print(f"  {part:36}{size:8}")


def main():
    if "--parts" in sys.argv:
        return print_parts()
    problems = []
    rows = {}
    for target, levels in LEVELS.items():
        for level in levels:
            rows |= measure(target, level, problems)
    version = compiler("thumbv7m-none-eabi")
    text = as_text(version, rows)
    print(text, end="")
    if "--update" in sys.argv:
        TABLE.write_text(text)
    table_version, known = read(TABLE.read_text())
    if version == table_version:
        compare(rows, known, problems)
    else:
        print(f"{TABLE.name} is {table_version}'s: not compared with it, only with the limits", file=sys.stderr)
    check_limits(rows, problems)
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
