#!/usr/bin/env python3
"""Runs Flask's own answers on an emulated Cortex-M3, and compares with the host.

    tools/firmware_conformance.py [TARGET…]      default: thumbv7m and thumbv6m

Each core case of tests/data/vectors.jsonl that is about the crate's interface
is a test: its request goes to the conformance driver on the host and to the same
driver on the chip, and both must answer the same. That the host's answers are
Flask's is what tests/conformance.rs checks.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "examples/firmware/conformance"
TARGET_DIR = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", PACKAGE / "target"))
TARGETS = sys.argv[1:] or ["thumbv7m-none-eabi", "thumbv6m-none-eabi"]
# Below the crate's interface, on the host as well.
SKIPPED = {"b64url_decode", "b64std_decode"}
# How much of the core cases has to run.
SHARE = 0.9
RUN_SECS = 120


def on_host(requests):
    run = ["cargo", "run", "--quiet", "--example", "conformance", "--features", "std,flask-login,flask-wtf"]
    output = subprocess.run(run, check=True, cwd=ROOT, input=requests, capture_output=True, text=True).stdout
    return output.splitlines()


def on_chip(target, requests):
    build = [str(ROOT / "tools/target.sh"), target, "cargo", "build", "--quiet", "--release"]
    subprocess.run(build, check=True, cwd=PACKAGE, env={**os.environ, "CARGO_TARGET_DIR": str(TARGET_DIR)})
    firmware = TARGET_DIR / target / "release/firmware-conformance"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "requests.jsonl").write_text(requests)
        said = subprocess.run(
            [
                "qemu-system-arm", "-machine", "mps2-an385", "-nographic", "-monitor", "none", "-serial", "none",
                "-semihosting-config", "enable=on,target=native", "-kernel", str(firmware.resolve()),
            ],
            cwd=folder, timeout=RUN_SECS, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ).stdout
        # The chip's text is not escaped, and has what Python takes for line ends.
        answers = (folder / "answers.jsonl").read_bytes().split(b"\n")[:-1]
    return answers, said


def main():
    cases = [json.loads(line) for line in (ROOT / "tests/data/vectors.jsonl").read_text().splitlines()]
    core = [case for case in cases if case["tier"] == "core"]
    runnable = [case for case in core if case["req"]["op"] not in SKIPPED]
    requests = "".join(json.dumps(case["req"]) + "\n" for case in runnable)
    expected = on_host(requests)
    failed = len(runnable) < SHARE * len(core)
    for target in TARGETS:
        answers, said = on_chip(target, requests)
        wrong = 0
        for number, case in enumerate(runnable):
            answer = answers[number] if number < len(answers) else b"no answer"
            same = number < len(answers) and json.loads(answer) == json.loads(expected[number])
            wrong += not same
            print(f"test {target}::{case['id']} ... {'ok' if same else 'FAILED'}")
            if not same:
                print(f"  on the host {expected[number]}\n  on the chip {answer.decode(errors='replace')}")
        print(f"{target}: {len(runnable) - wrong} of {len(core)} core cases answered as on the host, {wrong} not")
        if wrong:
            print(said)
        failed |= wrong > 0
    for case in core:
        if case["req"]["op"] in SKIPPED:
            print(f"not run: {case['id']} ({case['req']['op']}: not in the crate's interface)")
    sys.exit(failed)


if __name__ == "__main__":
    main()
