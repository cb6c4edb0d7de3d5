#!/usr/bin/env python3
"""Judges a file of cases, whose expected answers the real Flask gave.

  python3 tests/oracle/check.py tests/data/vectors.jsonl -- DRIVER     the driver's answers
  python3 tests/oracle/check.py tests/data/vectors.jsonl               Flask's own answers, asked again

Options: --refused  print each refused id with its reason    --strict-order  the order of dicts counts too
Needs Flask 3.1.3 and its extensions: pip install -r tests/interop/requirements.txt
Exit status 0 when nothing is wrong and every refusal has a documented reason.
"""
import collections, json, subprocess, sys
import extensions, oracle
from verdict import reasons, verdict


def answers(cases, command):
    if not command:
        return [(extensions if case["req"]["op"] in extensions.OPS else oracle).answer(case["req"]) for case in cases]
    lines = "".join(json.dumps(case["req"]) + "\n" for case in cases)
    run = subprocess.run(command, input=lines, stdout=subprocess.PIPE, text=True)
    got = [json.loads(line) for line in run.stdout.splitlines()]
    return got + [None] * (len(cases) - len(got))


def main():
    args = sys.argv[1:]
    command = []
    if "--" in args:
        args, command = args[:args.index("--")], args[args.index("--") + 1:]
    strict = "--strict-order" in args
    cases = [json.loads(line) for line in open(args[0])]
    counts = collections.Counter()
    for case, got in zip(cases, answers(cases, command)):
        kind = verdict(case, got, strict)
        if kind == "refused":
            why = "+".join(sorted(reasons(case["req"])))
            if "--refused" in args:
                print(case["id"], why)
            kind = "refused" if why else "wrong"
        counts[kind] += 1
        if kind == "wrong":
            print("WRONG", case["id"], case["tier"])
            for name, what in (("asked   ", case["req"]), ("expected", case["exp"]), ("got     ", got)):
                print(" ", name, json.dumps(what)[:600])
    print(f"{len(cases)} cases: {counts['equal'] + counts['bytes']} equal (of which {counts['bytes']} compressed and "
          f"byte-identical), {counts['refused']} refused, {counts['skip']} skipped, {counts['wrong']} wrong")
    sys.exit(counts["wrong"] > 0)


if __name__ == "__main__":
    main()
