#!/usr/bin/env python3
"""Compares the crate's extensions with the real Flask-Login and Flask-WTF, live, on random requests.

  pip install -r tests/interop/requirements.txt
  python3 tools/live_extensions.py --count 20000

Options: --seed S        repeat a run (the seed is printed)
         --driver PATH   examples/conformance if not given, which is built for it
The extensions answer in this process (tests/oracle/extensions.py), the crate in the driver's. A
disagreement is another answer, or a refusal without a documented reason (tests/README.md).
"""
import argparse, collections, json, random, re, sys
from live import BATCH, Driver, build
import extensions
from itsdangerous import URLSafeTimedSerializer
from verdict import norm, is_canonical

NOW = 1_700_000_000
USER_IDS = ["1", "42", "", "Zoë", "日本", "a|b|c", "|", "ada@example.com", 'say "hi"', "7 ", " ", "a;b,c", "\\", "\x00\x1f", "x" * 100, "é" * 40, "😀"]
AGENTS = ["", "curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64)", "it's", 'say "hi"', 'it\'s "both"', "back\\slash", "tab\there", "ÿ latin", "\x7f\x01", "\x80\x9f\xa0", "a" * 300]
ADDRESSES = ["127.0.0.1", "10.0.0.7", "::1", "2001:db8::1", "::ffff:10.0.0.7", "", "unix:"]
FORWARDED = ["", "1.2.3.4", " 1.2.3.4 , 5.6.7.8", "2001:db8::2,x", ",", "\t9.9.9.9\x0b\x0c\r\n ,", "\xa01.2.3.4\x85", "unknown", "'\"", "a,b"]
IDS = ["x", "", "0" * 128]
HOSTS = ["example.com", "example.com:8443", "example.com:443", "EXAMPLE.com", "10.0.0.1", "[::1]", "[::1]:8443", "localhost:0", "a_b.example"]


def text(r, alphabet=None):
    """Short text, of Latin-1 if there is no alphabet."""
    letter = (lambda: chr(r.randrange(256))) if alphabet is None else (lambda: r.choice(alphabet))
    return "".join(letter() for _ in range(r.choice((0, 1, 3, 8, 30))))


def key(r):
    kind = r.randrange(6)
    if kind == 0:
        return {"hex": r.randbytes(r.choice((1, 16, 32, 127, 128, 129, 200))).hex()}
    if kind == 1:
        return text(r) + "k"
    if kind == 2:
        return "ä" * r.choice((1, 64, 127, 128, 129, 300))
    return r.choice(("dev", "other", "pä$$wörd", "a" * 64, "a" * 200, "日本"))


def client(r):
    def of(values):
        return r.choice((None, r.choice(values), r.choice(values), text(r)))
    return {"remote_addr": of(ADDRESSES), "user_agent": of(AGENTS), "forwarded_for": of(FORWARDED)}


def user_id(r):
    return r.choice((r.choice(USER_IDS), text(r), text(r, "ab|é日\"\\;, 😀")))


def typed(value):
    return extensions.enc(value)


def session(r, ident=None):
    """A session with some of what Flask-Login and Flask-WTF keep, in any order."""
    entries = {
        "_user_id": lambda: r.choice((user_id(r), user_id(r), r.randrange(-5, 10 ** 20))),
        "_fresh": lambda: r.choice((True, False)),
        "_id": lambda: r.choice(IDS + [ident or "x"]),
        "_remember": lambda: r.choice(("set", "clear", "set", "clear", "", "other", None)),
        "_remember_seconds": lambda: r.choice((60, 60.0, 0.1, 1.5e-6, 2.5e-6, -0.5e-6, 86400.0000005, 31536000.25, r.uniform(-1e6, 1e9), -3600, 1e300, r.random() * 1e-5)),
        "_permanent": lambda: r.choice((True, False)),
        "next": lambda: "/",
        "csrf_token": lambda: r.choice(("x", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709")),
        "cart": lambda: [1, (2, b"x")],
    }
    names = [name for name in entries if r.random() < 0.5]
    r.shuffle(names)
    return {name: entries[name]() for name in names}


def tampered(r, token):
    """The token, mostly with a small change."""
    at = r.randrange(len(token) + 1)
    return r.choice((
        token, token, token, token.upper(), token.swapcase(), token + " ", " " + token, token[:-1], token[at:], token[:at] + token[at + 1:],
        token[:at] + r.choice("|.=_-aA0é\x00日 ") + token[at:], token[:at] + r.choice("|.=_-aA0") + token[at + 1:], token + "0", "|" + token, "", "|", ".", "..", text(r)))


def bytes_of(k):
    return bytes.fromhex(k["hex"]) if isinstance(k, dict) else k


def quoted(token):
    """The text as Werkzeug puts it into a cookie, or as it is."""
    return extensions.oracle.werkzeug.http.dump_cookie("remember_token", token, path=None).partition("=")[2]


def remember_token(r, k):
    try:
        return extensions.fl.encode_cookie(user_id(r), key=bytes_of(r.choice((k, k, k, "other"))))
    except UnicodeEncodeError:
        return "1|0"


def csrf_token(r, k, now, value):
    serializer = URLSafeTimedSerializer(bytes_of(r.choice((k, k, k, k, "other"))), salt=r.choice(["wtf-csrf-token"] * 9 + ["cookie-session"]))
    extensions.at(now)
    try:
        return serializer.dumps(value)
    finally:
        extensions.at_now()


def fl_id(r):
    return client(r)


def fl_remember(r):
    return {"key": key(r), "user_id": user_id(r)}


def fl_recall(r):
    k = key(r)
    return {"key": k, "cookie": tampered(r, remember_token(r, k))}


def identified(r):
    """A client, and a session that may be its own."""
    c = client(r)
    return {**c, "session": typed(session(r, extensions.op_fl_id(c)["id"]))}


def fl_protect(r):
    return {"mode": r.choice(("basic", "strong", None)), **identified(r)}


def fl_logout(r):
    return {"session": typed(session(r)), "has_cookie": r.random() < 0.5}


def fl_user(r):
    k = key(r)
    try:
        value = quoted(tampered(r, remember_token(r, k)))
    except ValueError:
        value = "x"
    cookies = r.choice(("", f"remember_token={value}", f"a=b; remember_token={value}; remember_token=x", "remember_token=" + text(r), "remember_token"))
    return {"key": k, "mode": r.choice(("basic", "strong", None)), **identified(r), "cookie_header": cookies.encode("utf-8", "replace").decode("latin-1")}


def fl_login(r):
    duration = r.choice((None, 0, 1, 60_000_000, 31_536_000_000_000, -1, r.randrange(10 ** 15), r.randrange(-10 ** 18, 10 ** 18)))
    return {**identified(r), "user_id": user_id(r), "remember": r.random() < 0.7, "duration": duration}


def fl_cookie(r):
    options = {
        "NAME": lambda: r.choice(("remember_token", "rt", "a.b")), "DURATION": lambda: r.choice((0, 60_000_000, 1, r.randrange(10 ** 15), r.randrange(-10 ** 18, 10 ** 18))),
        "DOMAIN": lambda: r.choice((None, "example.com", ".example.com", "example.com:80")), "PATH": lambda: r.choice((None, "/", "/a b", "/é;x")),
        "HTTPONLY": lambda: r.random() < 0.5, "REFRESH_EACH_REQUEST": lambda: r.random() < 0.5,
        "SECURE": lambda: True, "SAMESITE": lambda: r.choice((None, "Lax", "strict")),
    }
    chosen = session(r)
    settings = {"REMEMBER_COOKIE_" + name: value() for name, value in options.items() if r.random() < 0.4}
    if chosen.get("_remember") == "clear":
        # Attributes of the deletion that Flask-Login leaves out.
        settings.pop("REMEMBER_COOKIE_SECURE", None), settings.pop("REMEMBER_COOKIE_SAMESITE", None)
    return {"key": key(r), "time": NOW + r.choice((0, 0.5, 0.999999, r.randrange(10 ** 6))), "settings": settings, "session": typed(chosen)}


def fw_token(r):
    return {"key": key(r), "time": NOW + r.randrange(10 ** 6), "session_token": r.choice(("", "x", "Zoë", "da39a3ee5e6b4b0d3255bfef95601890afd80709", r.randbytes(20).hex(), 'q"\\\n'))}


def fw_validate(r):
    k = key(r)
    own = r.choice(("", "x", "Zoë", "da39a3ee5e6b4b0d3255bfef95601890afd80709", r.randbytes(20).hex()))
    signed = r.choice((own, own, own, "y", None, 1, [own], {"a": own}, own * 3, "x" * 300))
    token = tampered(r, csrf_token(r, k, NOW, signed))
    limit = r.choice((None, 0, 60, 3600, 3600, -1))
    chosen = {**session(r), "csrf_token": r.choice((own, own, own, own, "z", None, 7))}
    if r.random() < 0.1:
        chosen.pop("csrf_token")
    return {"key": k, "time": NOW + r.choice((0, 0, 1, 59, 60, 61, 3600, 3601, -1, 10 ** 6)), "time_limit": limit, "session": typed(chosen), "token": token}


def fw_referrer(r):
    host = r.choice(HOSTS)
    referrer = r.choice((None, "", f"https://{host}/", f"https://{host}/a?b#c", f"https://{host}", f"https://{host}?x", f"http://{host}/", f"HTTPS://{host.upper()}/x",
                         f"https://{r.choice(HOSTS)}/", f"https://{host}.evil.example/", f"https://evil.example/https://{host}/", f"https://user@{host}/", "https:///", "x", text(r)))
    return {"host": host, "referrer": referrer}


OPS = (fl_id, fl_remember, fl_recall, fl_protect, fl_logout, fl_user, fl_login, fl_cookie, fw_token, fw_validate, fw_referrer)


def reason(req):
    """Why the crate may refuse what the extensions take, or refuse it for another reason."""
    if req["op"] == "fw_validate" and not all(is_canonical(field.encode()) for field in req["token"].split(".")):
        return "base64"
    if req["op"] == "fw_referrer" and req["referrer"] and not re.fullmatch(r"https://(?:[^@/?#\[\]]+|\[[^@/?#\[\]]+](?::\d+)?)(?<!:443)(?:[/?#].*)?", req["referrer"]):
        return "referrer"
    if req["op"].startswith("fl_") and isinstance(req.get("key"), str) and any(ord(letter) > 255 for letter in req["key"]):
        return "key"
    return None


def request(r):
    make = r.choice(OPS)
    return {"op": make.__name__, **make(r)}


def run(options):
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2 ** 32)
    print(f"seed {seed}", flush=True)
    r = random.Random(seed)
    driver = Driver(options.driver)
    counts, left, wrong = collections.defaultdict(collections.Counter), options.count, 0
    while left > 0 and wrong < 5:
        batch = [request(r) for _ in range(min(BATCH, left))]
        left -= len(batch)
        wait = driver.ask(batch)
        expected = [extensions.answer(req) for req in batch]
        for req, exp, got in zip(batch, expected, wait()):
            if exp.get("error") == "OracleError":
                kind = "not a request"
            elif got is not None and norm(exp) == norm(got):
                kind = "equal"
            elif got is not None and not got["ok"] and reason(req):
                kind = "refused: " + reason(req)
            else:
                kind, wrong = "wrong", wrong + 1
                print("DISAGREEMENT", json.dumps(req), "\n  expected", json.dumps(exp), "\n  got     ", json.dumps(got))
            counts[req["op"]][kind] += 1
    for op in sorted(counts):
        print(f"{op:14s} " + "  ".join(f"{kind} {n}" for kind, n in sorted(counts[op].items())))
    print(f"{sum(sum(row.values()) for row in counts.values())} compared, {wrong} wrong")
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--driver")
    options = parser.parse_args()
    options.driver = options.driver or build()
    sys.exit(run(options))


if __name__ == "__main__":
    main()
