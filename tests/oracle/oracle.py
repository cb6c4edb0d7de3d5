#!/usr/bin/env python3
"""Oracle for Flask 3.1.3's session layer.

JSON lines in, JSON lines out.  Every answer comes from running the installed
Flask / itsdangerous / werkzeug / markupsafe; nothing is re-implemented here.
See tests/README.md for the schema.   Usage:  python3 oracle.py < requests.jsonl
"""
import sys, os, json, struct, uuid, warnings, hashlib, binascii, decimal, dataclasses, enum, logging
if os.environ.get("FLASK_SITE"):
    sys.path.insert(0, os.environ["FLASK_SITE"])
from datetime import datetime as _dt, date as _date, timezone as _tz, timedelta as _td

import itsdangerous, itsdangerous.timed, itsdangerous.encoding, itsdangerous.signer
import werkzeug.http, werkzeug.sansio.http
import flask, flask.sessions
from flask.json.tag import TaggedJSONSerializer, JSONTag
from markupsafe import Markup
from werkzeug.wrappers import Response as WResponse
from werkzeug.datastructures import Headers

logging.disable(logging.CRITICAL)
UTC = _tz.utc

# ---------------------------------------------------------------- frozen clock
NOW = [0]


class _TimeShim:
    @staticmethod
    def time():
        return NOW[0]


class _Meta(type):
    def __instancecheck__(cls, o):
        return isinstance(o, _dt)

    def __getattr__(cls, n):
        return getattr(_dt, n)


class _DTShim(metaclass=_Meta):
    @staticmethod
    def now(tz=None):
        return _dt(1970, 1, 1, tzinfo=UTC) + _td(seconds=NOW[0])


itsdangerous.timed.time = _TimeShim
flask.sessions.datetime = _DTShim
werkzeug.http.datetime = _DTShim


# ------------------------------------------------------------- value <-> typed
def _has_sur(s):
    return any(0xD800 <= ord(c) <= 0xDFFF for c in s)


def _u16(s):
    return s.encode("utf-16-be", "surrogatepass").hex()


LONG = 4096       # longer text/bytes: {"len":..,"sha256":..} instead of "v"
WIDE = 2000       # longer lists/tuples: {"len":..,"first":..,"last":..} instead of "v"
NEST = 40         # deeper chains of one-element containers: {"t":"nest",...}


def _enc_str(s, t="str"):
    if _has_sur(s):
        return {"t": t + "16", "v": _u16(s)}
    if len(s) > LONG:
        return {"t": t, "len": len(s), "sha256": hashlib.sha256(s.encode()).hexdigest()}
    return {"t": t, "v": s}


def _chain(v):
    """(kind, depth, leaf) for a chain of one-element lists / tuples / {"k":..} dicts"""
    if type(v) is list:
        kind = "list"
    elif type(v) is tuple:
        kind = "tuple"
    elif type(v) is dict:
        kind = "dict"
    else:
        return None, 0, v
    d = 0
    while True:
        if kind == "list" and type(v) is list and len(v) == 1:
            v = v[0]
        elif kind == "tuple" and type(v) is tuple and len(v) == 1:
            v = v[0]
        elif kind == "dict" and type(v) is dict and list(v) == ["k"]:
            v = v["k"]
        else:
            return kind, d, v
        d += 1


def enc(v):
    """Python value -> typed JSON."""
    kind, depth, leaf = _chain(v)
    if depth > NEST:
        return {"t": "nest", "kind": kind, "depth": depth, "v": enc(leaf)}
    if v is None:
        return {"t": "null"}
    if v is True or v is False:
        return {"t": "bool", "v": v}
    if isinstance(v, Markup):
        return _enc_str(str.__str__(v), "markup")
    if isinstance(v, str):
        return _enc_str(str(v))
    if isinstance(v, int):
        return {"t": "int", "v": _bigstr(v)}
    if isinstance(v, float):
        return {"t": "float", "v": struct.pack(">d", v).hex(), "r": repr(v)}
    if isinstance(v, bytes):
        if len(v) > LONG:
            return {"t": "bytes", "len": len(v), "sha256": hashlib.sha256(v).hexdigest()}
        return {"t": "bytes", "v": v.hex()}
    if isinstance(v, uuid.UUID):
        return {"t": "uuid", "v": v.hex}
    if isinstance(v, _dt):
        off = v.utcoffset()
        return {"t": "datetime",
                "v": "%04d-%02d-%02dT%02d:%02d:%02d" % (v.year, v.month, v.day, v.hour, v.minute, v.second),
                "us": v.microsecond, "off": None if off is None else int(off.total_seconds())}
    if isinstance(v, (tuple, list)) and len(v) > WIDE:
        return {"t": "tuple" if isinstance(v, tuple) else "list", "len": len(v), "first": enc(v[0]), "last": enc(v[-1])}
    if isinstance(v, tuple):
        return {"t": "tuple", "v": [enc(x) for x in v]}
    if isinstance(v, list):
        return {"t": "list", "v": [enc(x) for x in v]}
    if isinstance(v, dict):
        return {"t": "dict", "v": [[k if isinstance(k, str) and not _has_sur(k) else enc(k), enc(x)] for k, x in v.items()]}
    return {"t": "other", "v": type(v).__name__}


def _bigstr(i):
    old = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        return str(i)
    finally:
        sys.set_int_max_str_digits(old)


class HtmlObj:
    def __init__(self, s):
        self.s = s

    def __html__(self):
        return self.s


def dec(o):
    if isinstance(o, str):
        return o
    t = o["t"]
    v = o.get("v")
    if t == "null":
        return None
    if t == "bool":
        return bool(v)
    if t == "int":
        old = sys.get_int_max_str_digits()
        sys.set_int_max_str_digits(0)
        try:
            return int(v)
        finally:
            sys.set_int_max_str_digits(old)
    if t == "float":
        return struct.unpack(">d", bytes.fromhex(v))[0]
    if t == "str":
        return v
    if t == "str16":
        return bytes.fromhex(v).decode("utf-16-be", "surrogatepass")
    if t == "markup":
        return Markup(v)
    if t == "markup16":
        return Markup(bytes.fromhex(v).decode("utf-16-be", "surrogatepass"))
    if t == "bytes":
        return bytes.fromhex(v)
    if t == "uuid":
        return uuid.UUID(v)
    if t == "datetime":
        d, tm = v.split("T")
        y, mo, da = d.split("-")
        h, mi, s = tm.split(":")
        off = o.get("off")
        tz = None if off is None else (UTC if off == 0 else _tz(_td(seconds=off)))
        return _dt(int(y), int(mo), int(da), int(h), int(mi), int(s), o.get("us", 0), tz)
    if t == "list":
        return [dec(x) for x in v]
    if t == "tuple":
        return tuple(dec(x) for x in v)
    if t == "dict":
        return {(k if isinstance(k, str) else dec(k)): dec(x) for k, x in v}
    # ---- python-only inputs (tier "py")
    if t == "date":
        y, m, d = v.split("-")
        return _date(int(y), int(m), int(d))
    if t == "decimal":
        return decimal.Decimal(v)
    if t == "html":
        return HtmlObj(v)
    if t == "set":
        return {dec(x) for x in v}
    if t == "bytearray":
        return bytearray(bytes.fromhex(v))
    if t == "object":
        return object()
    if t == "nest":  # {"t":"nest","kind":"list|dict|tuple|mixed","depth":n,"v":leaf}
        r = dec(v)
        for i in range(o["depth"]):
            k = o["kind"]
            if k == "mixed":
                k = ("list", "dict", "tuple")[i % 3]
            r = [r] if k == "list" else (r,) if k == "tuple" else {"k": r}
        return r
    raise ValueError("unknown typed value " + t)


def key_of(k):
    if isinstance(k, dict):
        return bytes.fromhex(k["hex"])
    return k


def data_of(x):
    """a str is used as is; {"hex":..} is bytes"""
    return bytes.fromhex(x["hex"]) if isinstance(x, dict) else x


DIG = {"sha1": hashlib.sha1, "sha224": hashlib.sha224, "sha256": hashlib.sha256,
       "sha384": hashlib.sha384, "sha512": hashlib.sha512, "md5": hashlib.md5}

# Error classes that are part of the contract; every other Python exception is "Other"
KEEP = {"BadData", "BadSignature", "BadTimeSignature", "SignatureExpired", "BadPayload", "BadHeader",
        "RuntimeError", "KeyError"}


def ename(e):
    n = type(e).__name__
    return n if n in KEEP else "Other"


def err(e, **kw):
    r = {"ok": False, "error": ename(e)}
    info = {"python": type(e).__name__, "message": str(e)[:300]}
    if isinstance(e, itsdangerous.BadPayload):
        info["cause"] = type(e.original_error).__name__
        info["cause_message"] = str(e.original_error)[:200]
    r["info"] = info
    r.update(kw)
    return r


def sig_err(e):
    r = err(e)
    if isinstance(e, itsdangerous.BadSignature):
        p = e.payload
        r["payload"] = None if p is None else p.hex()
    if isinstance(e, itsdangerous.exc.BadTimeSignature):
        d = e.date_signed
        r["date_signed"] = None if d is None else int((d - _dt(1970, 1, 1, tzinfo=UTC)) // _td(seconds=1))
    return r


_APP = flask.Flask("oracle")


class _null:
    def __enter__(self):
        return self

    def __exit__(self, *a):
        return False


def ctx(req):
    return _APP.app_context() if req.get("context", "app") == "app" else _null()


class TagOD(JSONTag):
    """custom tag used by the 'custom' option: key ' od', list of pairs"""
    __slots__ = ()
    key = " od"

    def check(self, value):
        import collections
        return isinstance(value, collections.OrderedDict)

    def to_json(self, value):
        return [[k, self.serializer.tag(v)] for k, v in value.items()]

    def to_python(self, value):
        return dict(value)


def tagser(req):
    if req.get("custom"):
        s = TaggedJSONSerializer()
        s.register(TagOD, index=0)
        return s
    return flask.sessions.session_json_serializer


def mk(req):
    kind = req.get("kind", "timed")
    keys = [key_of(k) for k in req["keys"]]
    kw = {"key_derivation": req.get("derivation", "hmac")}
    if "digest" not in req or req["digest"] is not None:
        kw["digest_method"] = DIG[req.get("digest", "sha1")]
    if req.get("algorithm") == "none":
        kw["algorithm"] = itsdangerous.NoneAlgorithm()
    cls = {"timed": itsdangerous.URLSafeTimedSerializer, "plain": itsdangerous.URLSafeSerializer}[kind]
    ser = tagser(req) if req.get("serializer", "tagged") == "tagged" else None
    salt = req.get("salt", "cookie-session")
    return cls(keys, salt=key_of(salt), serializer=ser, signer_kwargs=kw)


def op_sign(req):
    NOW[0] = req.get("time", 0)
    with ctx(req):
        try:
            s = mk(req)
            v = dec(req["value"])
            out = s.dumps(v)
            body = s.dump_payload(v)
        except RecursionError as e:
            return err(e)
        except Exception as e:
            return err(e)
        js = s.serializer.dumps(v)
        import zlib
        r = {"ok": True, "cookie": out, "compressed": body.startswith(b".")}
        if len(js) <= 16384:
            r["json"] = js
        else:
            r["json_sha256"] = hashlib.sha256(js.encode()).hexdigest()
        # > 0 : compressed; a deflate encoder other than zlib 1.2.x may land elsewhere when this is small
        r["info"] = {"margin": len(js) - 1 - len(zlib.compress(js.encode()))}
        return r


def op_sign_raw(req):
    """sign arbitrary bytes (before the payload separator) with a valid signature"""
    NOW[0] = req.get("time", 0)
    s = mk(req)
    out = s.make_signer().sign(data_of(req["payload"]))
    try:
        return {"ok": True, "cookie": out.decode("utf-8")}
    except UnicodeDecodeError:
        return {"ok": True, "cookie": {"hex": out.hex()}}


enc_limited = enc


def op_open(req):
    NOW[0] = req.get("time", 0)
    with ctx(req):
        try:
            s = mk(req)
            c = data_of(req["cookie"])
            if req.get("kind", "timed") == "timed":
                v, ts = s.loads(c, max_age=req.get("max_age"), return_timestamp=True)
                return {"ok": True, "value": enc_limited(v), "timestamp": int(ts.timestamp())}
            return {"ok": True, "value": enc_limited(s.loads(c))}
        except Exception as e:
            return sig_err(e)


def op_unsign(req):
    """signer level: no payload decoding"""
    NOW[0] = req.get("time", 0)
    try:
        s = mk(req).make_signer()
        c = data_of(req["cookie"])
        if req.get("kind", "timed") == "timed":
            v, ts = s.unsign(c, max_age=req.get("max_age"), return_timestamp=True)
            return {"ok": True, "payload": v.hex(), "timestamp": int(ts.timestamp())}
        return {"ok": True, "payload": s.unsign(c).hex()}
    except Exception as e:
        return sig_err(e)


def op_loads_unsafe(req):
    NOW[0] = req.get("time", 0)
    with ctx(req):
        try:
            kw = {"max_age": req["max_age"]} if "max_age" in req and req.get("kind", "timed") == "timed" else {}
            okk, v = mk(req).loads_unsafe(data_of(req["cookie"]), **kw)
            return {"ok": True, "valid": okk, "value": enc_limited(v)}
        except Exception as e:
            return sig_err(e)


def op_derive_key(req):
    try:
        return {"ok": True, "key": mk(req).make_signer().derive_key().hex()}
    except Exception as e:
        return err(e)


def op_dump_json(req):
    with ctx(req):
        try:
            s = tagser(req).dumps(dec(req["value"]))
            if len(s) > 16384:
                return {"ok": True, "json_sha256": hashlib.sha256(s.encode()).hexdigest(), "len": len(s)}
            return {"ok": True, "json": s}
        except Exception as e:
            return err(e)


def op_load_json(req):
    """text -> value. A failure here surfaces as BadPayload in `open`."""
    with ctx(req):
        try:
            raw = data_of(req["json"])
            if isinstance(raw, bytes):
                raw = raw.decode("utf-8")
            if "repeat" in req:  # {"json": "x", "repeat": {"pre": "[", "n": 10, "post": "]"}}
                p = req["repeat"]
                raw = p["pre"] * p["n"] + raw + p["post"] * p["n"]
            return {"ok": True, "value": enc_limited(tagser(req).loads(raw))}
        except Exception as e:
            return {"ok": False, "error": "BadPayload", "info": {"cause": type(e).__name__, "message": str(e)[:200]}}


def op_load_payload(req):
    """payload bytes (optional '.', base64url, zlib, JSON) -> value"""
    with ctx(req):
        try:
            s = mk(dict(req, keys=["k"]))
            p = data_of(req["payload"])
            return {"ok": True, "value": enc_limited(s.load_payload(p.encode() if isinstance(p, str) else p))}
        except Exception as e:
            return err(e)


def op_b64url_decode(req):
    try:
        return {"ok": True, "data": itsdangerous.encoding.base64_decode(data_of(req["data"])).hex()}
    except Exception as e:
        return err(e)


def op_b64std_decode(req):
    import base64
    try:
        return {"ok": True, "data": base64.b64decode(data_of(req["data"])).hex()}
    except Exception as e:
        return {"ok": False, "error": "Other", "info": {"python": type(e).__name__, "message": str(e)[:200]}}


def op_parse_date(req):
    try:
        d = werkzeug.http.parse_date(req["text"])
        return {"ok": True, "value": enc(d)}
    except Exception as e:
        return err(e)


def op_http_date(req):
    try:
        return {"ok": True, "text": werkzeug.http.http_date(dec(req["value"]))}
    except Exception as e:
        return err(e)


def op_parse_cookie(req):
    """mode "request" (default): what request.cookies does: header bytes seen as latin-1.
    mode "http": werkzeug.http.parse_cookie, which re-decodes the header as UTF-8."""
    try:
        h = data_of(req["header"])
        if isinstance(h, bytes):
            h = h.decode("latin1")
        else:  # a str is the intended text; on the wire it is UTF-8
            h = h.encode("utf-8").decode("latin1")
        if req.get("mode", "request") == "http":
            md = werkzeug.http.parse_cookie(h)
        else:
            md = werkzeug.sansio.http.parse_cookie(h)
        # grouped by name in order of first appearance; request.cookies.get(name) is the first value
        return {"ok": True, "cookies": [[enc_key(k), [enc_key(x) for x in vs]] for k, vs in md.lists()]}
    except Exception as e:
        return err(e)


def enc_key(k):
    return {"t": "str16", "v": _u16(k)} if _has_sur(k) else k


def opt(req_opts):
    o = dict(req_opts)
    for k in ("expires",):
        if isinstance(o.get(k), dict):
            o[k] = dec(o[k])
    return o


def op_dump_cookie(req):
    NOW[0] = req.get("time", 0)
    with warnings.catch_warnings(record=True) as w:
        warnings.simplefilter("always")
        try:
            out = werkzeug.http.dump_cookie(req["name"], req.get("value", ""), **opt(req.get("options", {})))
        except Exception as e:
            return err(e)
    r = {"ok": True, "header": out, "warned": any("too large" in str(x.message) for x in w)}
    if r["warned"]:
        r["info"] = {"message": str(w[0].message)}
    return r


def op_vary(req):
    """existing Vary header lines -> header lines after .vary.add(name)"""
    r = WResponse()
    for v in req["existing"]:
        r.headers.add("Vary", v)
    r.vary.add(req.get("add", "Cookie"))
    return {"ok": True, "vary": r.headers.getlist("Vary")}


# ------------------------------------------------------------ full Flask cycle
def mkapp(cfg):
    app = flask.Flask("oracle")
    app.testing = False
    for k, v in cfg.items():
        if k in ("SECRET_KEY",) and isinstance(v, dict):
            v = key_of(v)
        if k == "SECRET_KEY_FALLBACKS" and isinstance(v, list):
            v = [key_of(x) for x in v]
        if k == "PERMANENT_SESSION_LIFETIME" and isinstance(v, dict):
            v = _td(microseconds=v["us"])
        app.config[k] = v
    return app


def environ(req):
    e = {"REQUEST_METHOD": "GET", "PATH_INFO": req.get("path", "/"), "SCRIPT_NAME": "", "SERVER_NAME": "localhost",
         "SERVER_PORT": "80", "wsgi.url_scheme": "http", "QUERY_STRING": "", "SERVER_PROTOCOL": "HTTP/1.1",
         "HTTP_HOST": req.get("host", "localhost")}
    if "cookie_header" in req and req["cookie_header"] is not None:
        h = data_of(req["cookie_header"])
        e["HTTP_COOKIE"] = (h if isinstance(h, bytes) else h.encode("utf-8")).decode("latin1")
    return e


def op_open_session(req):
    """what the default interface's open_session gives for a config and Cookie header"""
    NOW[0] = req.get("time", 0)
    app = mkapp(req.get("config", {}))
    with app.app_context():
        try:
            r = app.request_class(environ(req))
            s = app.session_interface.open_session(app, r)
            if s is None:
                return {"ok": True, "kind": "null"}
            return {"ok": True, "kind": "session", "value": enc_limited(dict(s)), "modified": s.modified,
                    "permanent": enc(s.permanent), "new": s.new}
        except Exception as e:
            return err(e)


def run_ops(get, ops):
    out = []
    for o in ops:
        name, a = o[0], o[1:]
        try:
            r = None
            if name == "touch":
                get()
            elif name == "set":
                get()[a[0]] = dec(a[1])
            elif name == "get":
                r = enc(get()[a[0]])
            elif name == "get_default":
                r = enc(get().get(a[0], dec(a[1])))
            elif name == "contains":
                r = enc(a[0] in get())
            elif name == "len":
                r = enc(len(get()))
            elif name == "keys":
                r = enc(list(get()))
            elif name == "bool":
                r = enc(bool(get()))
            elif name == "del":
                del get()[a[0]]
            elif name == "pop":
                r = enc(get().pop(a[0]))
            elif name == "pop_default":
                r = enc(get().pop(a[0], dec(a[1])))
            elif name == "popitem":
                k, v = get().popitem()
                r = {"t": "tuple", "v": [enc(k), enc(v)]}
            elif name == "clear":
                get().clear()
            elif name == "update":
                get().update(dec(a[0]))
            elif name == "setdefault":
                r = enc(get().setdefault(a[0], dec(a[1])))
            elif name == "ior":
                s = get()
                s |= dec(a[0])
            elif name == "set_permanent":
                get().permanent = dec(a[0])
            elif name == "get_permanent":
                r = enc(get().permanent)
            elif name == "set_modified":
                get().modified = bool(a[0])
            elif name == "nested_set":  # session[a0][a1] = a2  (inner dict) : not tracked
                get()[a[0]][a[1]] = dec(a[2])
            elif name == "nested_append":
                get()[a[0]].append(dec(a[1]))
            else:
                raise ValueError("op " + name)
            out.append(["ok", r] if r is not None else ["ok"])
        except Exception as e:
            out.append(["error", ename(e)])
    return out


def op_save(req):
    """Whole cycle: open_session(cookie_header) -> ops through ctx.session -> process_response."""
    NOW[0] = req.get("time", 0)
    app = mkapp(req.get("config", {}))
    res = {"ok": True}
    with warnings.catch_warnings(record=True) as w:
        warnings.simplefilter("always")
        c = app.request_context(environ(req))
        try:
            c.push()
        except Exception as e:
            r = err(e, stage="open")
            try:
                c.pop()
            except Exception:
                pass
            return r
        try:
            res["kind"] = "null" if app.session_interface.is_null_session(c._session) else "session"
            res["ops"] = run_ops(lambda: c.session, req.get("ops", []))
            res["state"] = {"modified": c._session.modified, "accessed": c._session.accessed,
                            "value": enc_limited(dict(c._session))}
            resp = app.response_class("x")
            for k, v in req.get("response_headers", []):
                resp.headers.add(k, v)
            if "time_save" in req:
                NOW[0] = req["time_save"]
            try:
                resp = app.process_response(resp)
            except Exception as e:
                return err(e, stage="save", ops=res["ops"], state=res["state"], kind=res["kind"])
            res["set_cookie"] = resp.headers.getlist("Set-Cookie")
            res["vary"] = resp.headers.getlist("Vary")
            res["warned"] = any("too large" in str(x.message) for x in w)
            val = next((x for x in res["set_cookie"] if x.startswith(app.config["SESSION_COOKIE_NAME"] + "=.")), None)
            res["compressed"] = val is not None
            return res
        finally:
            c.pop()


def op_http(req):
    """Through the WSGI stack: status and session headers, for a view that runs ops."""
    NOW[0] = req.get("time", 0)
    app = mkapp(req.get("config", {}))
    outs = []

    @app.route("/")
    def idx():
        outs.extend(run_ops(lambda: flask.globals.request_ctx.session, req.get("ops", [])))
        r = app.response_class("x")
        for k, v in req.get("response_headers", []):
            r.headers.add(k, v)
        return r

    st = []

    def start(status, headers, exc=None):
        st.append((status, headers))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        it = app.wsgi_app(environ(req), start)
        list(it)
    status, headers = st[0]
    h = Headers(headers)
    return {"ok": True, "status": int(status.split()[0]), "set_cookie": h.getlist("Set-Cookie"),
            "vary": h.getlist("Vary"), "ops": outs}


OPS = {k[3:]: v for k, v in list(globals().items()) if k.startswith("op_")}


def answer(req):
    try:
        return OPS[req["op"]](req)
    except Exception as e:  # oracle misuse
        return {"ok": False, "error": "OracleError", "info": {"message": f"{type(e).__name__}: {e}"[:300]}}


def main():
    for line in sys.stdin:
        line = line.strip()
        if not line:
            continue
        r = answer(json.loads(line))
        sys.stdout.write(json.dumps(r, ensure_ascii=True, separators=(",", ":")) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
