#!/usr/bin/env python3
"""What Flask's session extensions do, answered by the real ones: JSON lines in, JSON lines out, as oracle.py.

  pip install -r tests/interop/requirements.txt

msgspec is what Flask-Session 0.8.0 keeps its sessions with; the signer is the one that it makes.

| op | in | out |
|---|---|---|
| fs_load | codec (msgpack, json), data {"hex"} | value (a dict); error BadPayload: none of the two codecs reads a dict |
| fs_dump | codec, value | data (hex); error Other: msgspec raises |
| fs_resave | codec, data {"hex"}, ops: ["set", key, value] or ["del", key] | data (hex) of the dict after them, in the same codec |
| fs_sid | keys, sid | cookie: the signed session id (SESSION_USE_SIGNER) |
| fs_unsid | keys, cookie | sid; error BadSignature |
| fl_id | remote_addr, user_agent, forwarded_for (text or null) | id: what Flask-Login keeps in session["_id"] |
| fl_remember | key, user_id | cookie: the value of remember_token |
| fl_recall | key, cookie | user_id, or null where the cookie does not hold |
| fl_protect | mode (basic, strong, null), session (typed dict), remote_addr, user_agent | failed, session (after the check) |
| fl_logout | session (typed dict), has_cookie | session; the mode is that of the last request that had one, basic before |
| fl_user | key, mode, session, remote_addr, user_agent, forwarded_for, cookie_header | user_id or null, session |
| fl_login | user_id, remember (bool), duration (microseconds or null), session, remote_addr, user_agent, forwarded_for | session |
| fl_cookie | key, time, settings (REMEMBER_COOKIE_…; the duration in microseconds), session | set_cookie (a header or null), session |
| fw_token | key, time, session_token (text) | token, as a form carries it |
| fw_validate | key, time, time_limit (seconds or null), session (typed dict), token | valid; else error: missing, no_session, expired, invalid, mismatch |
| fw_referrer | host, referrer (text or null) | valid; else error: referrer_missing, referrer_mismatch |

`key` is text (as in app.secret_key = "…") or {"hex"}: bytes. Flask-Login encodes a key that is text as Latin-1,
itsdangerous as UTF-8. With a codec of msgpack, what is JSON is read too, and the other way round; pickle is refused here.
"""
import datetime, json, os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import warnings
warnings.simplefilter("ignore")
import msgspec, flask, flask_login, flask_login.utils as fl, itsdangerous, itsdangerous.timed
from itsdangerous import Signer, BadSignature
from flask_wtf import csrf
from werkzeug.sansio import utils as sansio
from wtforms import ValidationError
import oracle
enc, dec = oracle.enc, oracle.dec

CODECS = {"msgpack": (msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder()), "json": (msgspec.json.Encoder(), msgspec.json.Decoder())}


def key_of(k):
    return bytes.fromhex(k["hex"]) if isinstance(k, dict) else k


def fail(error):
    return {"ok": False, "error": error}


def op_fs_load(req):
    data = bytes.fromhex(req["data"]["hex"])
    other = "json" if req["codec"] == "msgpack" else "msgpack"
    for codec in (req["codec"], other):
        try:
            value = CODECS[codec][1].decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        return {"ok": True, "value": enc(value)} if isinstance(value, dict) else fail("BadPayload")
    return fail("BadPayload")


def op_fs_dump(req):
    try:
        return {"ok": True, "data": CODECS[req["codec"]][0].encode(dec(req["value"])).hex()}
    except Exception:
        return fail("Other")


def op_fs_resave(req):
    encoder, decoder = CODECS[req["codec"]]
    try:
        value = decoder.decode(bytes.fromhex(req["data"]["hex"]))
        for op, key, *new in req["ops"]:
            if op == "set":
                value[key] = dec(new[0])
            else:
                value.pop(key, None)
        return {"ok": True, "data": encoder.encode(value).hex()}
    except Exception:
        return fail("BadPayload")


def sid_signer(keys):
    return Signer(key_of(keys[-1]), salt="flask-session", key_derivation="hmac")


def op_fs_sid(req):
    return {"ok": True, "cookie": sid_signer(req["keys"]).sign(req["sid"].encode()).decode()}


def op_fs_unsid(req):
    try:
        return {"ok": True, "sid": sid_signer(req["keys"]).unsign(req["cookie"]).decode()}
    except (BadSignature, UnicodeDecodeError):
        return fail("BadSignature")


app = flask.Flask("extensions")
app.secret_key = "x"
manager = flask_login.LoginManager(app)
manager.user_loader(lambda user_id: None)


class Session(dict, flask.sessions.SessionMixin):
    pass


def request(req, session=None, cookie=False):
    env = {"REMOTE_ADDR": req.get("remote_addr") or "", "REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "x", "SERVER_PORT": "80", "wsgi.url_scheme": "http"}
    if req.get("remote_addr") is None:
        env.pop("REMOTE_ADDR")
    # A WSGI server hands headers over as Latin-1.
    for name, value in (("HTTP_USER_AGENT", req.get("user_agent")), ("HTTP_X_FORWARDED_FOR", req.get("forwarded_for"))):
        if value is not None:
            env[name] = value
    if cookie:
        env["HTTP_COOKIE"] = "remember_token=x" if cookie is True else cookie
    ctx = app.request_context(env)
    if session is not None:
        ctx._session = Session(session)     # instead of opening one
    return ctx


def op_fl_id(req):
    with request(req):
        return {"ok": True, "id": fl._create_identifier()}


def op_fl_remember(req):
    return {"ok": True, "cookie": fl.encode_cookie(req["user_id"], key=key_of(req["key"]))}


def op_fl_recall(req):
    try:
        return {"ok": True, "user_id": fl.decode_cookie(req["cookie"], key=key_of(req["key"]))}
    except TypeError:                       # a digest outside ASCII
        return {"ok": True, "user_id": None}


def op_fl_protect(req):
    app.config["SESSION_PROTECTION"] = req["mode"]
    with request(req, dec(req["session"])) as ctx:
        failed = manager._session_protection_failed()
        return {"ok": True, "failed": bool(failed), "session": enc(dict(ctx._session))}


def op_fl_logout(req):
    with request(req, dec(req["session"]), cookie=req["has_cookie"]) as ctx:
        flask_login.logout_user()
        return {"ok": True, "session": enc(dict(ctx._session))}


class User(flask_login.UserMixin):
    def __init__(self, user_id):
        self.id = user_id


def op_fl_user(req):
    app.config["SESSION_PROTECTION"], app.config["SECRET_KEY"] = req["mode"], key_of(req["key"])
    manager.user_loader(User)
    try:
        with request(req, dec(req["session"]), cookie=req["cookie_header"]) as ctx:
            return {"ok": True, "user_id": flask_login.current_user.get_id(), "session": enc(dict(ctx._session))}
    except TypeError:                       # a digest outside ASCII
        return {"ok": True, "user_id": None, "session": enc(dict(ctx._session))}
    finally:
        manager.user_loader(lambda user_id: None)


def op_fl_login(req):
    duration = None if req["duration"] is None else datetime.timedelta(microseconds=req["duration"])
    with request(req, dec(req["session"])) as ctx:
        flask_login.login_user(User(req["user_id"]), remember=req["remember"], duration=duration)
        return {"ok": True, "session": enc(dict(ctx._session))}


class Frozen(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return cls.now


def op_fl_cookie(req):
    settings = dict(req["settings"])
    if "REMEMBER_COOKIE_DURATION" in settings:
        settings["REMEMBER_COOKIE_DURATION"] = datetime.timedelta(microseconds=settings["REMEMBER_COOKIE_DURATION"])
    app.config.update(settings, SECRET_KEY=key_of(req["key"]))
    flask_login.login_manager.datetime = Frozen
    Frozen.now = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=req["time"])
    try:
        with request({}, dec(req["session"])) as ctx:
            headers = manager._update_remember_cookie(flask.Response()).headers
            return {"ok": True, "set_cookie": headers.get("Set-Cookie"), "session": enc(dict(ctx._session))}
    except OverflowError:
        return fail("Other")
    finally:
        flask_login.login_manager.datetime = datetime.datetime
        for name in settings:
            app.config.pop(name)


REAL = itsdangerous.timed.time.time


def at(time):
    """The time that itsdangerous reads from now on."""
    itsdangerous.timed.time.time = lambda: time


def at_now():
    itsdangerous.timed.time.time = REAL


def op_fw_token(req):
    at(req["time"])
    try:
        signer = itsdangerous.URLSafeTimedSerializer(key_of(req["key"]), salt="wtf-csrf-token")
        return {"ok": True, "token": signer.dumps(req["session_token"])}
    finally:
        at_now()


REASONS = {"The CSRF token is missing.": "missing", "The CSRF session token is missing.": "no_session", "The CSRF token has expired.": "expired",
           "The CSRF token is invalid.": "invalid", "The CSRF tokens do not match.": "mismatch"}


def op_fw_validate(req):
    app.config["WTF_CSRF_TIME_LIMIT"] = req["time_limit"]
    at(req["time"])
    ctx = request({}, dec(req["session"]))
    ctx.push()
    try:
        csrf.validate_csrf(req["token"], secret_key=key_of(req["key"]))
        return {"ok": True}
    except ValidationError as e:
        return fail(REASONS[str(e)])
    except TypeError:                       # what was signed, or what the session holds, is not text
        return fail("mismatch")
    finally:
        at_now()
        ctx.pop()


def op_fw_referrer(req):
    if not req["referrer"]:
        return fail("referrer_missing")
    host = sansio.get_host("https", req["host"])
    try:
        return {"ok": True} if csrf.same_origin(req["referrer"], f"https://{host}/") else fail("referrer_mismatch")
    except ValueError:                      # no URL
        return fail("referrer_mismatch")


OPS = {k[3:]: v for k, v in list(globals().items()) if k.startswith("op_")}


def answer(req):
    try:
        return OPS[req["op"]](req)
    except UnicodeEncodeError:              # a key beyond Latin-1
        return fail("Other")
    except Exception as e:
        return {"ok": False, "error": "OracleError", "info": {"message": f"{type(e).__name__}: {e}"[:300]}}


if __name__ == "__main__":
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(answer(json.loads(line)), separators=(",", ":")), flush=True)
