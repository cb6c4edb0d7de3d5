"""What an answer of the conformance driver is worth, next to Flask's.

`verdict` compares two answers. `reasons` tells which documented reasons a request
gives for being refused (tests/README.md, "May be refused"), from the request alone,
so that a refusal can be judged without believing the one who refused.
"""
import base64, json, os, re, sys, zlib
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import oracle, itsdangerous, werkzeug.http, werkzeug.sansio.http
from itsdangerous.encoding import base64_decode, base64_encode

MAX_DEPTH = 64          # hipflask::json::MAX_DEPTH
CAPACITY = 64 * 1024    # bytes of JSON that the driver has room for when reading,
COMPRESSES = 32 * 1024  # and when writing
OFFERED = ("sha1", "sha256", "sha384", "sha512")
BASE64URL = re.compile(rb"[A-Za-z0-9_-]*\Z")
HTTP_DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d "
                       r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT\Z", re.ASCII)
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


# ------------------------------------------------------------------ comparison

def norm(x, strict=False):
    """Drops what is informative only, makes every NaN one, and orders dicts."""
    if isinstance(x, dict):
        r = {k: norm(v, strict) for k, v in x.items() if k != "info" and not (k == "r" and x.get("t") == "float")}
        if r.get("t") == "dict" and isinstance(r.get("v"), list) and not strict:
            r["v"] = sorted(r["v"], key=lambda p: json.dumps(p[0], sort_keys=True))
        if r.get("t") == "float" and str(r.get("v", "")).lower()[:4] in ("7ff8", "fff8"):
            r["v"] = "nan"
        return r
    if isinstance(x, list):
        return [norm(v, strict) for v in x]
    return x


def signer_of(req):
    return {k: req[k] for k in ("salt", "derivation", "digest", "algorithm", "kind", "serializer", "custom") if k in req}


def newest_key(req):
    return (req.get("keys") or [req["config"]["SECRET_KEY"]])[-1:]


def opened(cookie, req):
    """What a cookie means: value and timestamp under the request's signer, without an age check."""
    r = oracle.answer({"op": "open", "keys": newest_key(req), "time": 0, "max_age": None, "cookie": cookie, **signer_of(req)})
    return norm({k: r.get(k) for k in ("ok", "value", "timestamp")})


def canonical(cookie, req):
    """Whether this is the exact text that Flask gives for this payload and timestamp."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", cookie):
        return False
    head, _, sig = cookie.rpartition(".")
    try:
        signer = oracle.mk({"keys": newest_key(req), **signer_of(req), "kind": "plain"}).make_signer()
        if signer.get_signature(head).decode() != sig:
            return False
        payload = (head.rpartition(".")[0] if req.get("kind", "timed") == "timed" else head).lstrip(".")
        return base64_encode(base64_decode(payload)).decode() == payload
    except Exception:
        return False


def equivalent(req, exp, got, any_compression=False):
    """Equal but for the deflate bytes of a cookie, which another zlib may choose otherwise."""
    if not isinstance(got, dict) or got.get("ok") != exp.get("ok"):
        return False
    e, g = dict(exp), dict(got)
    if "cookie" in e:
        soft = abs(exp.get("info", {}).get("margin", 99)) <= 8
        if not isinstance(g.get("cookie"), str) or not canonical(g["cookie"], req) or opened(e["cookie"], req) != opened(g["cookie"], req):
            return False
        if not soft and not any_compression and e["compressed"] != g["cookie"].startswith("."):
            return False
        for k in ("cookie", "compressed"):
            e.pop(k, None), g.pop(k, None)
        for k in ("json", "json_sha256"):
            if k not in g:
                e.pop(k, None)
    elif "set_cookie" in e:
        if len(e["set_cookie"]) != len(g.get("set_cookie", [])):
            return False
        name = req.get("config", {}).get("SESSION_COOKIE_NAME", "session") + "="
        for a, b in zip(e["set_cookie"], g["set_cookie"]):
            if a.startswith(name + "."):
                va, ra = a[len(name):].partition(";")[::2]
                vb, rb = b[len(name):].partition(";")[::2]
                if not b.startswith(name) or ra != rb or not canonical(vb, req) or opened(va, req) != opened(vb, req):
                    return False
                limit = req.get("config", {}).get("MAX_COOKIE_SIZE", 4093)
                if g.get("warned") != (bool(limit) and len(b) > limit):
                    return False
            elif a != b:
                return False
        for k in ("set_cookie", "compressed", "warned"):
            e.pop(k, None), g.pop(k, None)
    return norm(e) == norm(g)


def respelled(req, exp, got):
    """Whether two saves differ in how floats are spelled that another program than Flask
    wrote: `1E5` stays `1E5` here, and becomes `100000.0` in Flask."""
    foreign = []
    cookie = cookie_of(req)
    text = cookie and payload_reasons(cookie.rsplit(b".", 2)[0], set())
    if not text or req["op"] != "save" or not (exp.get("ok") and got.get("ok")) or len(exp["set_cookie"]) != len(got["set_cookie"]):
        return False
    try:
        json.loads(text, parse_float=lambda s: s == json.dumps(float(s)) or foreign.append(s))
    except ValueError:
        return False
    start = req["config"].get("SESSION_COOKIE_NAME", "session").encode().decode("latin1") + "="
    for a, b in zip(exp["set_cookie"], got["set_cookie"]):
        if a != b and a.startswith(start) and b.startswith(start):
            (va, _, ra), (vb, _, rb) = a[len(start):].partition(";"), b[len(start):].partition(";")
            if ra != rb or not canonical(vb, req) or opened(va, req) != opened(vb, req):
                return False
        elif a != b:
            return False
    spelling = ("set_cookie", "compressed", "warned")
    rest = [norm({k: v for k, v in x.items() if k not in spelling}) for x in (exp, got)]
    return bool(foreign) and rest[0] == rest[1]


def empty(value):
    return isinstance(value, dict) and value.get("t") == "dict" and not value.get("v")


def refused(exp, got):
    """Whether `got` takes nothing where Flask takes something."""
    if not isinstance(got, dict) or not exp.get("ok"):
        return False
    if got.get("ok") is False:
        return True
    if exp.get("kind") == "session" and got.get("kind") == "session":
        e = exp.get("value") or (exp.get("state") or {}).get("value")
        g = got.get("value") or (got.get("state") or {}).get("value")
        return not empty(e) and empty(g)
    return exp.get("valid") is True and got.get("valid") is False


def verdict(case, got, strict=False, any_compression=False):
    """`equal`, `bytes` (equal, and a compressed cookie byte for byte), `refused`, `skip` or `wrong`."""
    if isinstance(got, dict) and got.get("skip"):
        return "skip"
    e = case["exp"]
    if got is not None and norm(got, strict) == norm(e, strict):
        return "bytes" if e.get("compressed") else "equal"
    if case["cmp"] == "cookie_equiv" and equivalent(case["req"], e, got, any_compression):
        return "equal"
    if isinstance(got, dict) and e.get("ok") is False and e.get("error") == "Other":
        if got.get("ok") is False:
            return "equal"      # one of Python's own exceptions: any error will do,
        if got.get("kind") == "session" and empty(got.get("value")):
            return "refused"    # a fresh session too
    return "refused" if refused(e, got) else "wrong"


# ------------------------------------------------- documented reasons to refuse

def text_of(field):
    return bytes.fromhex(field["hex"]) if isinstance(field, dict) else field.encode()


def cookie_of(req):
    """The cookie's bytes as Flask comes to sign-check them, or None."""
    if "cookie" in req:
        return text_of(req["cookie"])
    if req.get("cookie_header") is None:
        return None
    cookies = werkzeug.sansio.http.parse_cookie(text_of(req["cookie_header"]).decode("latin1"))
    value = cookies.get(req.get("config", {}).get("SESSION_COOKIE_NAME", "session"))
    return value.encode() if value else None


def is_canonical(field):
    """Base64 for URLs as it is written: no padding, no junk, no spare bits."""
    try:
        return bool(BASE64URL.match(field)) and base64_encode(base64_decode(field)) == field
    except itsdangerous.BadData:
        return False


def payload_reasons(payload, found):
    """The JSON text in a payload, with what is unusual about how it is packed."""
    packed = payload[1:] if payload.startswith(b".") else payload
    if not is_canonical(packed):
        found.add("base64")
    try:
        data = base64_decode(packed)
        if payload.startswith(b"."):
            stream = zlib.decompressobj()
            data = stream.decompress(data)
            if stream.unused_data:
                found.add("trailing")
        if len(data) > CAPACITY:
            found.add("capacity")
        return data.decode()
    except Exception:
        return None


def has_surrogate(text):
    return any(0xD800 <= ord(c) <= 0xDFFF for c in text)


def is_http_date(text):
    """A date that exists, as Flask writes it, of a year that reads back."""
    return bool(HTTP_DATE.match(text)) and int(text[12:16]) >= 100 and werkzeug.http.parse_date(text) is not None


def is_tag_form(key, value):
    """Whether Flask writes such contents under this tag."""
    if key == " t":
        return isinstance(value, list)
    if key == " di":
        return isinstance(value, dict) and len(value) == 1 and next(iter(value)).endswith("__")
    if key == " od":
        return isinstance(value, list) and all(isinstance(p, list) and len(p) == 2 and isinstance(p[0], str) for p in value)
    if not isinstance(value, str):
        return False
    if key == " m":
        return True
    if key == " u":
        return bool(re.fullmatch(r"[0-9A-Fa-f]{32}", value))
    if key == " d":
        return is_http_date(value)
    try:
        return base64.b64encode(base64.b64decode(value)).decode() == value
    except Exception:
        return False


class Pairs(dict):
    """An object as Python reads it, with all that its text held."""

    def __init__(self, pairs):
        super().__init__(pairs)
        self.pairs = pairs


def json_reasons(text, req, found):
    """What is unusual about a JSON text that Flask reads."""
    try:
        top = json.loads(text, object_pairs_hook=Pairs)
    except Exception:
        return
    tags = {" t", " di", " m", " u", " d", " b"} | ({" od"} if req.get("custom") else set())
    if req.get("serializer") == "json":
        tags = set()
    if "op" in req and req["op"] in ("open_session", "save"):
        if not (top is None or isinstance(top, dict)) or isinstance(top, dict) and len(top) == 1 and next(iter(top)) in tags - {" di"}:
            found.add("top")
        if isinstance(top, dict) and len(top) < len(top.pairs) and set(top) == {" di"}:
            found.add("tag")
    todo = [(top, 1)]
    while todo:
        value, depth = todo.pop()
        if isinstance(value, str):
            if has_surrogate(value):
                found.add("surrogate")
        elif isinstance(value, (dict, list)):
            if depth > MAX_DEPTH:
                found.add("depth")
            if isinstance(value, list):
                todo += [(x, depth + 1) for x in value]
                continue
            if any(has_surrogate(k) for k, _ in value.pairs):
                found.add("surrogate")
            if len(value) == 1:
                (key, inner), = value.items()
                if key in tags and not is_tag_form(key, inner):
                    found.add("tag")
            todo += [(x, depth + 1) for _, x in value.pairs]


def value_reasons(typed, req, found):
    """What is unusual about a typed value that Flask writes."""
    text = json.dumps(typed)
    if re.search(r'"t": ?"(?:date|decimal|html|set|bytearray|object)"', text):
        found.add("python")
    if re.search(r'"t": ?"(?:str16|markup16)"', text):
        found.add("surrogate")
    try:
        value = oracle.dec(typed)
        if any_key(value, lambda k: not isinstance(k, str)):
            found.add("python")
        with oracle.ctx(req):
            ser = json if req.get("serializer") == "json" else oracle.tagser(req)
            text = ser.dumps(value)
        if len(text) > COMPRESSES:
            found.add("capacity")
        json_reasons(text, {**req, "op": ""}, found)
    except Exception:
        pass


def written_len(req):
    """The length of the JSON that Flask writes into the cookie for this request."""
    longest = 0
    for header in oracle.answer(req).get("set_cookie", []):
        payload = header.partition("=")[2].partition(";")[0].rsplit(".", 2)[0].encode()
        try:
            data = base64_decode(payload.removeprefix(b"."))
            longest = max(longest, len(zlib.decompress(data) if payload.startswith(b".") else data))
        except Exception:
            pass
    return longest


def any_key(value, test):
    if isinstance(value, dict):
        return any(test(k) or any_key(v, test) for k, v in value.items())
    return isinstance(value, (list, tuple)) and any(any_key(v, test) for v in value)


def cookie_reasons(cookie, timed, req, found):
    fields = cookie.rsplit(b".", 2 if timed else 1)
    if len(fields) < 2:
        return
    if not all(is_canonical(f) for f in fields[1:]):
        found.add("base64")
    text = payload_reasons(fields[0], found)
    if text is not None:
        json_reasons(text, req, found)


def attribute_reasons(name, domain, flags, found):
    if any(not isinstance(f, (bool, type(None))) for f in flags):
        found.add("python")
    if isinstance(name, str) and (CONTROL.search(name.replace("\t", "")) or ";" in name):
        found.add("header-text")
    if isinstance(domain, str):
        bare = domain.partition(":")[0]
        if not bare.isascii():
            found.add("idna")
        if CONTROL.search(bare) or ";" in bare:
            found.add("header-text")


def reasons(req):
    """The documented reasons for which this request may be refused: a set of class names."""
    found, op, config = set(), req["op"], req.get("config", {})
    keys = req.get("keys", []) + [config[k] for k in ("SECRET_KEY",) if k in config]
    fallbacks = config.get("SECRET_KEY_FALLBACKS")
    if isinstance(fallbacks, (str, dict)):
        found.add("python")
    else:
        keys = keys + (fallbacks or [])
    if any(k in ("", {"hex": ""}) for k in keys):
        found.add("empty-key")
    if req.get("algorithm") == "none":
        found.add("none-algorithm")
    if "digest" in req and req["digest"] not in OFFERED:
        found.add("digest")
    cookie = cookie_of(req)
    if cookie is not None:
        cookie_reasons(cookie, req.get("kind", "timed") == "timed", req, found)
    if op == "load_payload":
        text = payload_reasons(text_of(req["payload"]), found)
        if text is not None:
            json_reasons(text, req, found)
    if op == "load_json":
        raw, repeat = text_of(req["json"]), req.get("repeat", {"pre": "", "n": 0, "post": ""})
        try:
            raw = repeat["pre"] * repeat["n"] + raw.decode() + repeat["post"] * repeat["n"]
            json_reasons(raw, req, found)
            if raw.count("[") + raw.count("{") > MAX_DEPTH and repeat["n"] > MAX_DEPTH:
                found.add("depth")
        except UnicodeDecodeError:
            pass
    if op in ("sign", "dump_json", "http_date"):
        value_reasons(req["value"], req, found)
    if op == "parse_date" and not is_http_date(req["text"]):
        found.add("date")
    if op == "dump_cookie":
        o = req.get("options", {})
        attribute_reasons(req["name"], o.get("domain"), [o.get(k) for k in ("secure", "httponly", "partitioned")], found)
    if op in ("save", "open_session"):
        flags = [config.get("SESSION_COOKIE_" + k) for k in ("SECURE", "HTTPONLY", "PARTITIONED")]
        attribute_reasons(config.get("SESSION_COOKIE_NAME"), config.get("SESSION_COOKIE_DOMAIN"), flags, found)
        if any(isinstance(v, (bool, int, float)) for v in (config.get("SESSION_COOKIE_SAMESITE"), config.get("SESSION_COOKIE_PATH"))):
            found.add("python")
        if op == "save" and written_len(req) > COMPRESSES:
            found.add("capacity")
        for o in req.get("ops", []):
            if o[0] == "ior" and not config.get("SECRET_KEY"):
                found.add("ior-null")
            for value in o[1:]:
                if isinstance(value, dict):
                    value_reasons(value, req, found)
    return found
