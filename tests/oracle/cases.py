"""Random requests over all operations of the protocol (tests/README.md)."""
import functools, hashlib, os, struct, sys, zlib
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oracle
from values import *
from itsdangerous.encoding import base64_encode

MONTH = 2678400
B64 = b"ABCDEFGHabcdefgh0123456789-_.=+/! \n\x00\xc3\xa9"


def some_key(r, empty=0.0):
    if r.random() < empty:
        return ""
    return r.choice(("dev", "k", r.randbytes(8).hex(), {"hex": r.randbytes(r.choice((1, 16, 32, 64, 65, 100, 128, 129, 200))).hex()}, "clé-☃"))


def moment(r):
    return r.choice((1700000000, r.randrange(2 ** 31), r.randrange(10 ** 9, 2 * 10 ** 9), r.randrange(10 ** 9, 2 * 10 ** 9) + r.randrange(64) / 64,
                     r.choice((0, 1, 255, 256, 65535, 65536, 2 ** 32 - 1, 2 ** 32, 253402300799))))


def signer(r, plain=0.1):
    """The fields that choose keys, salt and algorithms: Flask's own in half of the cases."""
    q = {"keys": [some_key(r)]}
    if r.random() < 0.25:
        q["keys"] = [some_key(r, 0.03) for _ in range(r.randrange(0, 6))]
    if r.random() < 0.5:
        return q
    if r.random() < 0.4:
        q["salt"] = r.choice(("itsdangerous", "", "s", {"hex": r.randbytes(r.randrange(80)).hex()}, "cookie-session"))
    if r.random() < 0.4:
        q["derivation"] = r.choice(("hmac", "concat", "django-concat", "none"))
    if r.random() < 0.4:
        q["digest"] = r.choice(("sha1", "sha256", "sha384", "sha512", "sha256", "sha512", "sha1", "sha384", "sha224", "md5") if r.random() < 0.1 else ("sha256", "sha384", "sha512"))
    if r.random() < plain:
        q["kind"] = "plain"
    if r.random() < 0.1:
        q["serializer"] = "json"
    if r.random() < 0.05:
        q["context"] = "none"
    if r.random() < 0.05:
        q["custom"] = True
    if r.random() < 0.01:
        q["algorithm"] = "none"
    return q


def plain_only(v):
    """A value that compact JSON without tags can hold, from one that may have tags."""
    t = v["t"] if isinstance(v, dict) else "str"
    if t in ("list", "tuple"):
        return {"t": "list", "v": [plain_only(x) for x in v["v"]]}
    if t == "dict":
        return {"t": "dict", "v": [[k, plain_only(x)] for k, x in v["v"]]}
    return v if t in ("str", "int", "float", "bool", "null") else {"t": "null"}


def content(r, q):
    v = session(r) if r.random() < 0.7 else value(r) if r.random() < 0.95 else odd(r)
    return plain_only(v) if q.get("serializer") == "json" and v["t"] != "nest" else v


def made(r, q, time):
    """A cookie that Flask makes under these fields, or None."""
    a = oracle.answer({**q, "op": "sign", "time": time, "value": content(r, q)})
    return a["cookie"].encode() if a["ok"] else None


def pack(r, data):
    """JSON bytes as a payload, in one of the ways that Flask can read, or nearly."""
    kind = r.random()
    if kind < 0.4:
        return base64_encode(data)
    if kind < 0.65:
        return b"." + base64_encode(zlib.compress(data, r.choice((-1, 1, 9, 0))))
    if kind < 0.75:
        c = zlib.compressobj(r.randrange(10), zlib.DEFLATED, r.choice((9, 10, 15, -15, 31)), r.randrange(1, 10), r.randrange(5))
        return b"." + base64_encode(c.compress(data) + c.flush())
    z = zlib.compress(data)
    if kind < 0.8:
        return b"." + base64_encode(z + r.choice((b"\x00", b"x", z)))
    if kind < 0.87:
        return b"." + base64_encode(mutated(r, z))
    if kind < 0.9:
        return b"." + base64_encode(zlib.compress(data * r.choice((1, 2, 30))))
    if kind < 0.93:
        return b"." + base64_encode(data)
    return mutated(r, base64_encode(data), B64)


def raw_json(r):
    if r.random() < 0.2:
        return mutated(r, json_text(r, 3, 0).encode())
    return json_text(r, 4, r.choice((0, 0, 0.15))).encode()


def resigned(r, q, time):
    """A rightly signed cookie whose payload or timestamp Flask would not have written."""
    if r.random() < 0.8:
        if r.random() < 0.7:
            text = b'{"a":' + raw_json(r) + b"}"
        else:
            text = raw_json(r)
        payload = pack(r, text)
    else:
        payload = base64_encode(b'{"a":1}')
    if q.get("kind") != "plain":
        stamp = int(time)
        kind = r.random()
        if kind < 0.7:
            ts = stamp.to_bytes(8, "big").lstrip(b"\x00") if stamp < 2 ** 64 else b""
        elif kind < 0.9:
            ts = r.choice((b"", b"\x00" + stamp.to_bytes(7, "big"), r.randbytes(r.randrange(10)), b"\xff" * 8, (253402300800).to_bytes(5, "big"), stamp.to_bytes(9, "big")))
        else:
            ts = None
        field = base64_encode(ts) if ts is not None else mutated(r, base64_encode(stamp.to_bytes(5, "big")), B64)
        payload = payload + b"." + field if r.random() < 0.98 else payload
        q = {**q, "kind": "plain"}
    try:
        a = oracle.answer({**q, "op": "sign_raw", "payload": {"hex": payload.hex()}})
    except Exception:
        return None
    if not a.get("ok"):
        return None
    c = a["cookie"]
    return bytes.fromhex(c["hex"]) if isinstance(c, dict) else c.encode()


def token(r, q, time):
    """A cookie for these fields: real, damaged, of other keys, re-signed, or junk."""
    kind = r.random()
    if kind < 0.35:
        c = made(r, q, time)
    elif kind < 0.45:
        keys = q["keys"]
        c = made(r, {**q, "keys": [r.choice(keys)] if keys and r.random() < 0.7 else [some_key(r)]}, time)
    elif kind < 0.5:
        c = made(r, {**q, "salt": "other"}, time)
    elif kind < 0.7:
        c = resigned(r, q, time)
    elif kind < 0.95:
        c = made(r, q, time)
        c = c and damaged(r, c)
    else:
        c = bytes(r.choice(B64) for _ in range(r.randrange(40)))
    return c or b""


def damaged(r, c):
    kind = r.randrange(8)
    if kind == 0:
        return c + r.choice((b"=", b"==", b"!", b"!!", b"=AAAA", b"\n", b".", b" "))
    if kind == 1:
        return c[:r.randrange(len(c))]
    if kind == 2:
        at = r.choice([i for i, b in enumerate(c) if b == 46])
        return c[:at] + r.choice((b"..", b"", b"=.", b"A.", b".A")) + c[at + 1:]
    if kind == 3:      # the spare bits of the signature's last character
        return c[:-1] + bytes([r.choice(B64[:22])])
    if kind == 4:
        return c.replace(b"-", b"+").replace(b"_", b"/")
    return mutated(r, c, B64)


def ages(r):
    """A lifetime, and how old a cookie is: at the edges often."""
    age = r.choice((None, MONTH, MONTH, MONTH, 0, 1, 3600, -1, r.randrange(10 ** 6)))
    a = age if age is not None else 100
    return age, r.choice((0, 0, 1, a // 2, a, a + 1, a - 1, -1, -100, r.randrange(2 * abs(a) + 1)))


def open_(r, op):
    q, time = signer(r), moment(r)
    age, old = ages(r)
    c = token(r, q, time)
    q.update(op=op, time=max(0, time + old), max_age=age, cookie=as_field(c))
    return q


def sign(r):
    q = signer(r)
    time = moment(r) if r.random() < 0.97 else r.choice((-1, 2 ** 63 - 1, 2 ** 63, 2 ** 64 - 1, 2 ** 64, 2 ** 64 + 4096))
    return {**q, "op": "sign", "time": time, "value": content(r, q)}


def dump_json(r):
    q = {"op": "dump_json"}
    if r.random() < 0.2:
        q["context"] = "none"
    if r.random() < 0.1:
        q["custom"] = True
    return {**q, "value": content(r, q)}


def load_json(r):
    q = {"op": "load_json"}
    if r.random() < 0.1:
        q["custom"] = True
    kind = r.random()
    if kind < 0.2:
        a = oracle.answer({**q, "op": "dump_json", "value": content(r, q)})
        q["json"] = as_field(mutated(r, a["json"].encode()) if r.random() < 0.7 else a["json"].encode()) if "json" in a else "{}"
    elif kind < 0.95:
        q["json"] = as_field(raw_json(r))
    else:
        q["json"] = json_text(r, 1, 0)
        pre, post = r.choice((("[", "]"), ('{"k":', "}"), ('{" t":[', "]}"), ('{" di":{" t__":', "}}"), ("[[", "]]"), (" [", "] "), ("[", "")))
        q["repeat"] = {"pre": pre, "n": r.choice((1, 10, 60, 61, 62, 63, 64, 65, 66, 80)), "post": post}
    return q


def load_payload(r):
    return {"op": "load_payload", "payload": as_field(pack(r, raw_json(r)))}


def derive_key(r):
    q = signer(r)
    return {"op": "derive_key", **{k: q[k] for k in ("keys", "salt", "derivation", "digest") if k in q}}


def http_date(r):
    return {"op": "http_date", "value": typed_datetime(r, False)}


def parse_date(r):
    a = oracle.answer(http_date(r))
    s = a.get("text", "")
    if r.random() < 0.5:
        s = as_field(mutated(r, s.encode(), b"0123456789:+-, ,;GMTUCESTJan")) if s else ""
    return {"op": "parse_date", "text": s if isinstance(s, str) else "x"}


NAMES = ("session", "session", "sid", "a", "__Host-session", "Session", "sessio", "")


def cookie_header(r, cookie=None, name="session"):
    """A Cookie header of several cookies, with the one given among them."""
    def other():
        kind = r.random()
        if kind < 0.3:
            return r.choice(NAMES).encode() + b"=" + r.choice((b"", b"x", b"y z", b'"q;r"', b'"a\\073\\"b\\\\"', b'"\\303\\251\\377"', b'"', b"=", b"a,b", b"\xe9", b"\xc3\xa9", b'"\\\n"', b"\\101"))
        if kind < 0.5:
            return r.choice((b"", b" ", b"=", b"=v", b"name", b"a = b ", b"a\tb", b'"', b"a\x00=b", b"\xff\xfe=1", b"=a=b", b"a==b", b" a=b\t", b"x=1,y=2"))
        return bytes(r.choice(b'abs=;" \t\\"\x01\xe9,073') for _ in range(r.randrange(12)))
    parts = [other() for _ in range(r.choice((0, 0, 1, 2, 4)))]
    if cookie is not None:
        whole = name.encode() + r.choice((b"=", b"=", b"=", b" = ", b"= ")) + cookie
        if r.random() < 0.05:
            whole = name.encode() + b'="' + cookie + b'"'
        parts.insert(r.randrange(len(parts) + 1), whole)
    return r.choice((b"; ", b"; ", b";", b" ;\t")).join(parts)


def parse_cookie(r):
    q = {"op": "parse_cookie", "header": as_field(cookie_header(r, r.choice((None, b"abc.def.ghi")), r.choice(NAMES)))}
    if r.random() < 0.3:
        q["mode"] = "http"
    return q


def header_text(r):
    return "".join(c for c in text(r, 12) if c not in "\r\n")


def vary_line(r):
    items = ("Accept", "Cookie", "cookie", "COOKIE", "*", "Origin", '"Cookie"', '"a, b"', '"c\\ookie"', "a b", '"', '"x', "", " ", "é", "a\\b", '"a\\"b"', 'x"y"', '""', "\t")
    if r.random() < 0.1:
        return "".join(r.choice('Cookie, "\\\tx') for _ in range(r.randrange(15)))
    return r.choice((",", ", ", " , ")).join(r.choice(items) for _ in range(r.randrange(5)))


def vary(r):
    add = "Cookie" if r.random() < 0.8 else r.choice(("Accept", "*", "a b", "é", "cookie", "x\"y", "Origin"))
    return {"op": "vary", "existing": [vary_line(r) for _ in range(r.randrange(4))], "add": add}


DOMAINS = (None, "", "example.com", ".example.com", "..x.org", "localhost:5000", "a" * 63 + ".b", "a" * 64 + ".c", "x..y", "Example.COM.", ".", "[::1]", "1.2.3.4", "bücher.de", "a b", ":", "a;b", "*.x")
PATHS = (None, "", "/", "/app", "/a b;c", "/é☃", "/%41%zz", "/?x#y", "/a'\"\\<>", "/\x01", "/😀:@!$&(),*+=~")
SITES = (None, "Lax", "lax", "STRICT", "none", "None", "", " lax", "other", "sTrict")


def dump_cookie(r):
    o = {}
    for name, of in (("domain", DOMAINS), ("path", PATHS), ("samesite", SITES), ("max_age", (None, 0, 1, -1, 3600, 10 ** 9)), ("max_size", (0, 10, 60, 4093)),
                     ("secure", (True, False, False, None)), ("httponly", (True, False, None)), ("partitioned", (True, False, None))):
        if r.random() < 0.3:
            o[name] = r.choice(of)
    if r.random() < 0.15:
        o["sync_expires"] = r.choice((False, False, True, None))
    if r.random() < 0.3:
        o["expires"] = typed_datetime(r, False) if r.random() < 0.6 else r.choice((0, 1700000000, 1.5, -1, 1700000000.25, r.randrange(2 ** 33)))
    name = r.choice(NAMES + ("a b", "sé", "a=b", "a;b")) if r.random() < 0.8 else header_text(r)
    v = text(r, 40) if r.random() < 0.8 else "x" * r.randrange(3900, 4100)
    return {"op": "dump_cookie", "time": moment(r), "name": name, "value": v, "options": o}


def config(r):
    c = {"SECRET_KEY": some_key(r)}
    if r.random() < 0.03:
        c["SECRET_KEY"] = r.choice((None, "", {"hex": ""}))
    if r.random() < 0.02:
        del c["SECRET_KEY"]
    if r.random() < 0.25:
        c["SECRET_KEY_FALLBACKS"] = r.choice((None, [], [some_key(r, 0.03) for _ in range(r.randrange(1, 5))]))
    if r.random() < 0.4:
        return c
    for name, of in (("DOMAIN", DOMAINS), ("PATH", PATHS), ("SAMESITE", SITES[:7] if r.random() < 0.9 else SITES), ("SECURE", (True, False)), ("HTTPONLY", (True, False)),
                     ("PARTITIONED", (True, False)), ("NAME", ("sid", "__Host-session", "a", "my cookie", "sé", "a=b", "session"))):
        if r.random() < 0.2:
            c["SESSION_COOKIE_" + name] = r.choice(of)
    if r.random() < 0.2:
        c["APPLICATION_ROOT"] = r.choice(("/", "/root", None, "", "/r x"))
    if r.random() < 0.3:
        c["SESSION_REFRESH_EACH_REQUEST"] = r.random() < 0.5
    if r.random() < 0.3:
        c["PERMANENT_SESSION_LIFETIME"] = r.choice((0, 1, -1, 3600, 60, MONTH, 86400.5, 0.25, -0.5, {"us": -1}, {"us": 1}, {"us": 1999999}, {"us": -1500000},
                                                    {"us": r.randrange(-10 ** 13, 10 ** 13)}, 10 ** 9, 10 ** 11, 253402300799, -(10 ** 11)))
    if r.random() < 0.2:
        c["MAX_COOKIE_SIZE"] = r.choice((0, None, 50, 100, 150, 4093, 4094, 10 ** 6, r.randrange(60, 400)))
    return c


def flask_cookie(r, c, time, hostile):
    """A session cookie for the configuration."""
    keys = [c["SECRET_KEY"]] if c.get("SECRET_KEY") else ["dev"]
    if c.get("SECRET_KEY_FALLBACKS") and r.random() < 0.6:
        keys = [r.choice(c["SECRET_KEY_FALLBACKS"])]
    q = {"keys": keys}
    if hostile:
        return token(r, q, time)
    a = oracle.answer({**q, "op": "sign", "time": time, "value": session(r, plain=True)})
    return a["cookie"].encode() if a["ok"] else b""


def whole(r, op, hostile):
    c, time = config(r), moment(r)
    life = c.get("PERMANENT_SESSION_LIFETIME", MONTH)
    life = life["us"] // 10 ** 6 if isinstance(life, dict) else int(life)
    stamp = max(0, int(time) - r.choice((0, 0, 0, 1, 10, life, life + 1, life - 1, -1)))
    q = {"op": op, "time": time, "config": c}
    if r.random() < 0.85:
        q["cookie_header"] = as_field(cookie_header(r, flask_cookie(r, c, stamp, hostile), c.get("SESSION_COOKIE_NAME", "session")))
    return q


def open_session(r):
    return whole(r, "open_session", r.random() < 0.7)


def step(r):
    k = r.choice(("a", "b", "_permanent", "cart", "user_id", "_user_id", "csrf_token", "é", " t", " di", "k")) if r.random() < 0.8 else key(r)
    v = functools.partial(value, r, 2, True)
    name = r.choice(("touch", "set", "set", "set", "set", "get", "get_default", "contains", "len", "bool", "keys", "del", "pop", "pop_default", "popitem", "clear",
                     "update", "ior", "setdefault", "set_permanent", "get_permanent", "set_modified", "nested_set", "nested_append"))
    if name in ("set", "get_default", "pop_default", "setdefault"):
        return [name, k, v()]
    if name in ("get", "contains", "del", "pop"):
        return [name, k]
    if name in ("update", "ior"):
        entries = {key(r) if r.random() < 0.5 else "a": v() for _ in range(r.randrange(4))}
        return [name, {"t": "dict", "v": [[a, b] for a, b in entries.items()]}]
    if name == "set_permanent":
        return [name, r.choice(({"t": "bool", "v": True}, {"t": "bool", "v": False}, {"t": "int", "v": "1"}, {"t": "int", "v": "0"}, {"t": "str", "v": ""}, {"t": "str", "v": "no"}, {"t": "null"}))]
    if name == "set_modified":
        return [name, r.random() < 0.5]
    if name == "nested_set":
        return [name, k, key(r), v()]
    if name == "nested_append":
        return [name, k, v()]
    return [name]


def save(r):
    q = whole(r, "save", r.random() < 0.15)
    q["ops"] = [step(r) for _ in range(min(12, int(r.expovariate(1 / 3))))]
    if q["config"].get("SECRET_KEY") in (None, "", {"hex": ""}):   # Flask forgets to block `|=` there
        q["ops"] = [op for op in q["ops"] if op[0] != "ior"]
    if r.random() < 0.05:
        q["ops"] += [["set", "big%d" % i, {"t": "str", "v": text(r, 8) * r.randrange(100)}] for i in range(3)]
    if r.random() < 0.2:
        q["response_headers"] = [r.choice((["Vary", vary_line(r)], ["Set-Cookie", "x=y"], ["X-Other", "z"])) for _ in range(r.randrange(1, 4))]
    if r.random() < 0.1:
        q["time_save"] = max(0, q["time"] + r.choice((1, 5.5, -1, 100)))
    return q


KINDS = ((sign, 14), (dump_json, 8), (load_json, 16), (lambda r: open_(r, "open"), 14), (lambda r: open_(r, "unsign"), 5), (lambda r: open_(r, "loads_unsafe"), 6),
         (load_payload, 6), (derive_key, 2), (http_date, 2), (parse_date, 3), (parse_cookie, 6), (vary, 4), (dump_cookie, 6), (open_session, 10), (save, 16))
TOTAL = sum(weight for _, weight in KINDS)


def request(r):
    at = r.randrange(TOTAL)
    for make, weight in KINDS:
        at -= weight
        if at < 0:
            return make(r)


def fresh_session(r):
    """A request that makes a cookie of a random session, by `sign` or by a whole request."""
    if r.random() < 0.7:
        return {"op": "sign", "keys": [some_key(r)], "time": moment(r), "value": session(r)}
    entries = session(r, plain=True)
    return {"op": "save", "time": moment(r), "config": {"SECRET_KEY": some_key(r), "MAX_COOKIE_SIZE": 0}, "ops": [["set", k, v] for k, v in entries["v"]]}
