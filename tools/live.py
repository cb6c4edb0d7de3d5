#!/usr/bin/env python3
"""Compares the crate with the real Flask, live, on random requests.

  pip install -r tests/interop/requirements.txt
  python3 tools/live.py --count 20000              random requests over all operations
  python3 tools/live.py --sessions 20000           random sessions: every cookie byte for byte
  python3 tools/live.py --codecs 20000             random stored sessions: every byte that msgspec writes

Options: --seed S        repeat a run (the seed is printed)
         --driver PATH   examples/conformance if not given, which is built for it
         --keep-going N  collect up to N disagreements instead of stopping at the first
Flask answers in this process (tests/oracle/oracle.py), the crate in the driver's. A
disagreement is another answer, or a refusal without a documented reason
(tests/README.md). It is shrunk and printed as a line for tests/data/live.jsonl.
Compressed cookies must be byte-identical to stock zlib's.
"""
import argparse, collections, itertools, json, os, random, subprocess, sys, threading, time, zlib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))
try:
    import oracle
except ImportError:
    sys.exit("Flask is missing: pip install flask==3.1.3")
import cases
from itsdangerous.encoding import base64_encode
from verdict import norm, payload_reasons, reasons, respelled, verdict

BATCH = 400
STOCK_ZLIB = all(mark not in zlib.ZLIB_RUNTIME_VERSION for mark in ("ng", "NG", "cloudflare", "rs"))
OPTIONAL = ("salt", "derivation", "digest", "serializer", "context", "custom", "algorithm", "max_age", "time_save", "response_headers", "options", "cookie_header", "repeat", "mode")
FIXED = ("op", "t", "off", "us", "kind", "derivation", "digest", "mode", "serializer", "context")


class Driver:
    """The crate, behind a pipe."""

    def __init__(self, path):
        self.path = path
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, batch):
        """Sends in the background; returns a function that waits for the answers."""
        answers = [None] * len(batch)
        process = self.process

        def send():
            try:
                for req in batch:
                    process.stdin.write(json.dumps(req) + "\n")
                process.stdin.flush()
            except BrokenPipeError:
                pass

        def receive():
            for n in range(len(batch)):
                line = process.stdout.readline()
                if not line:
                    return
                answers[n] = json.loads(line)

        threads = [threading.Thread(target=f, daemon=True) for f in (send, receive)]
        for thread in threads:
            thread.start()

        def wait():
            for thread in threads:
                thread.join()
            if answers and answers[-1] is None:
                process.kill()
                self.start()
            return answers

        return wait

    def ask_one(self, req):
        return self.ask([req])()[0]


def judge(req, exp, got, bytes_only=False):
    """(verdict, reasons): `wrong` also for a refusal without a documented reason."""
    if got is None or got.get("error") == "DriverError":
        return "wrong", "no answer"
    case = {"req": req, "exp": exp, "cmp": "exact" if STOCK_ZLIB else "cookie_equiv"}
    kind = verdict(case, got)
    if kind in ("equal", "bytes", "skip"):
        return kind, ""
    if respelled(req, exp, got):
        return "respelled", ""
    why = "+".join(sorted(reasons(req)))
    if bytes_only or not why:
        return "wrong", why
    if kind == "refused":
        return kind, why
    # The value of a cookie that is not trusted anyway.
    if got.get("valid") is False and (got["value"] == {"t": "null"} or not exp["ok"]):
        return "refused", why + " (untrusted)"
    # Flask refused too, but for a reason that lies further on.
    if not exp.get("ok") and not got.get("ok"):
        return "refused", why + " (other error)"
    # The cookie was refused, and all else went as it goes without one.
    if req.get("cookie_header") is not None:
        bare = oracle.answer({k: v for k, v in req.items() if k != "cookie_header"})
        if norm(bare) == norm(got):
            return "refused", why + " (went on without)"
    return "wrong", why


def judge_stored(reasons_of, req, exp, got):
    """As `judge`, of a session as Flask-Session stores it: dicts have an order."""
    if got is None or got.get("error") == "DriverError":
        return "wrong", "no answer"
    kind = verdict({"req": req, "exp": exp, "cmp": "exact"}, got, strict=True)
    why = "+".join(sorted(reasons_of(req))) if kind == "refused" else ""
    return ("wrong", "") if kind == "refused" and not why else (kind, why)


# ------------------------------------------------------------------- shrinking

def smaller(x, key=None):
    """Variants of a request with something left out, big cuts first."""
    if isinstance(x, dict):
        for k in x:
            if k in OPTIONAL or k.isupper() and k != "SECRET_KEY":
                yield {a: b for a, b in x.items() if a != k}
        for k in x:
            if k in FIXED or k == "v" and x.get("t") in ("float", "uuid", "datetime", "str16", "bool"):
                continue
            for y in smaller(x[k], "hex" if k == "v" and x.get("t") == "bytes" else k):
                yield {**x, k: y}
        if x.get("t") in ("list", "tuple", "dict") and isinstance(x.get("v"), list):
            yield from (e[-1] if x["t"] == "dict" else e for e in x["v"] if e)
        if "t" in x and x["t"] != "null":
            yield {"t": "null"}
    elif isinstance(x, (list, str)):
        unit = 2 if key == "hex" else 1
        size = len(x) // unit
        while size > 0:
            for at in range(0, len(x), size * unit):
                yield x[:at] + x[at + size * unit:]
            size //= 2
        if isinstance(x, list):
            for n, e in enumerate(x):
                if not (key == "ops" or isinstance(e, str) and n == 0):
                    yield from (x[:n] + [y] + x[n + 1:] for y in smaller(e))
                elif key == "ops":
                    yield from (x[:n] + [[e[0]] + y] + x[n + 1:] for y in smaller_operands(e[1:]))


def smaller_operands(operands):
    for n, e in enumerate(operands):
        if isinstance(e, dict):
            yield from (operands[:n] + [y] + operands[n + 1:] for y in smaller(e))


def resigned(req):
    """The request with its cookie's JSON text shortened, packed plainly and signed again."""
    signed = oracle.answer({**req, "op": "unsign", "kind": req.get("kind", "timed"), "max_age": None}) if "cookie" in req else {}
    if not signed.get("ok"):
        return
    text = payload_reasons(bytes.fromhex(signed["payload"]), set())
    if text is None:
        return
    for shorter in itertools.chain([text], smaller(text)):
        payload = base64_encode(shorter.encode())
        if req.get("kind", "timed") == "timed":
            stamp = signed["timestamp"].to_bytes(8, "big").lstrip(b"\0")
            payload += b"." + base64_encode(stamp)
        again = oracle.answer({**req, "op": "sign_raw", "kind": "plain", "payload": payload.decode()})
        if again.get("ok") and again["cookie"] != req["cookie"] and len(again["cookie"]) <= len(req["cookie"]):
            yield {**req, "cookie": again["cookie"]}


def shrink(req, disagrees, seconds=20):
    """The smallest request found that still disagrees."""
    end = time.monotonic() + seconds
    again = True
    while again:
        again = False
        for variant in itertools.chain(resigned(req), smaller(req)):
            if time.monotonic() > end:
                return req
            if disagrees(variant):
                req, again = variant, True
                break
    return req


# ------------------------------------------------------------------------ runs

def run(options):
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2 ** 32)
    print(f"seed {seed}, zlib {zlib.ZLIB_RUNTIME_VERSION}", flush=True)
    if not STOCK_ZLIB:
        print("this zlib is not stock zlib: compressed cookies are compared by what they mean, and nothing is claimed about their bytes")
    r = random.Random(seed)
    driver = Driver(options.driver)
    make, left = (cases.fresh_session, options.sessions) if options.sessions else (cases.request, options.count)
    answer, judge_one = oracle.answer, lambda req, exp, got: judge(req, exp, got, options.sessions)
    if options.codecs:
        import extensions, stored
        make, left, answer, judge_one = stored.request, options.codecs, extensions.answer, lambda *case: judge_stored(stored.reasons, *case)
    counts, refusals, compared, found = collections.Counter(), collections.Counter(), 0, []
    ops = collections.defaultdict(collections.Counter)

    def disagrees(req, why):
        try:
            if any(op[0] in ("update", "ior") and op[1]["t"] != "dict" for op in req.get("ops", [])):
                return False
            exp = answer(req)
            return exp.get("error") != "OracleError" and judge_one(req, exp, driver.ask_one(req)) == ("wrong", why)
        except Exception:
            return False

    while left > 0 and len(found) < options.keep_going:
        batch = [make(r) for _ in range(min(BATCH, left))]
        left -= len(batch)
        wait = driver.ask(batch)
        expected = [answer(req) for req in batch]
        for req, exp, got in zip(batch, expected, wait()):
            if exp.get("error") == "OracleError":
                ops[req["op"]]["not a request"] += 1
                continue
            compared += 1
            kind, why = judge_one(req, exp, got)
            ops[req["op"]][kind] += 1
            if kind == "refused":
                refusals[why] += 1
            if kind == "wrong" and len(found) < options.keep_going:
                least = shrink(req, lambda variant: disagrees(variant, why))
                case = {"id": f"live-{seed}-{compared}", "group": "live", "tier": "core", "cmp": "exact", "req": least, "exp": answer(least)}
                found.append(case)
                print("DISAGREEMENT", why)
                print(json.dumps(case))
                print("got", json.dumps(driver.ask_one(least)), flush=True)

    for op in sorted(ops):
        row = ops[op]
        print(f"{op:14s} " + "  ".join(f"{kind} {row[kind]}" for kind in ("equal", "bytes", "respelled", "refused", "skip", "wrong", "not a request") if row[kind]))
        counts.update(row)
    for why, n in refusals.most_common():
        print(f"refused        {n:7d}  {why}")
    print(f"{compared} compared: {counts['equal'] + counts['bytes']} equal, of which {counts['bytes']} compressed"
          f"{' and byte-identical' if STOCK_ZLIB else ''}; {counts['refused']} refused for a documented reason, "
          f"{counts['respelled']} with foreign floats kept as spelled, {counts['skip']} skipped, {counts['wrong']} wrong")
    return 1 if counts["wrong"] else 0


def build():
    """Builds the driver, and says where it is."""
    command = ["cargo", "build", "--release", "--all-features", "--example", "conformance"]
    subprocess.run([*command, "--quiet"], cwd=ROOT, check=True)
    target = os.path.join(ROOT, os.environ.get("CARGO_TARGET_DIR", "target"))
    return os.path.join(target, "release", "examples", "conformance")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--sessions", type=int, default=0)
    parser.add_argument("--codecs", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--keep-going", type=int, default=1)
    parser.add_argument("--driver")
    options = parser.parse_args()
    options.driver = options.driver or build()
    sys.exit(run(options))


if __name__ == "__main__":
    main()
