"""Writes cookies.txt beside this file with the real Flask (3.1.3) and itsdangerous (2.2.0).

    pip install flask==3.1.3 && python generate.py

Each line is a name and a cookie of `{"a": 1}`, made at 1700000000. They are what Flask would send,
what a key or an algorithm signs that is not Flask's, other spellings of one signature (all of which
Flask accepts), and payloads that unfold.
"""

import base64
import hashlib
import pathlib
import zlib
from unittest import mock

from flask import Flask
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import NoneAlgorithm, TimestampSigner, URLSafeTimedSerializer

VALUE = {"a": 1}


def flask(key, fallbacks=None):
    app = Flask(__name__)
    app.secret_key = key
    app.config["SECRET_KEY_FALLBACKS"] = fallbacks
    with app.app_context():
        return SecureCookieSessionInterface().get_signing_serializer(app)


def itsdangerous(key, salt="cookie-session", derivation="hmac", digest="sha1", **options):
    options |= {"key_derivation": derivation, "digest_method": getattr(hashlib, digest)}
    return URLSafeTimedSerializer(key, salt, TaggedJSONSerializer(), signer_kwargs=options).dumps(VALUE)


def raw(payload):
    return TimestampSigner("dev", "cookie-session", key_derivation="hmac").sign(payload).decode()


def packed(data):
    return b"." + base64.urlsafe_b64encode(zlib.compress(data)).rstrip(b"=")


def spellings(cookie):
    """All that differ from the canonical one and that Flask accepts all the same."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    candidates = [cookie[:-1] + last for last in alphabet]
    candidates += [cookie + tail for tail in ("=", "==", "====", "=AAAA", "!!")]
    candidates += [cookie[:-9] + "!!" + cookie[-9:], cookie.replace("__", "//").replace("-", "+")]
    for candidate in candidates:
        try:
            flask("dev").loads(candidate)
        except Exception:
            continue
        if candidate != cookie:
            yield candidate


def cookies():
    yield "dev", flask("dev").dumps(VALUE)
    yield "permanent", flask("dev").dumps({"_permanent": True, "a": 1})
    yield "rotated", flask("new", ["oldest", "old"]).dumps(VALUE)
    yield "oldest", flask("oldest").dumps(VALUE)
    yield "old", flask("old").dumps(VALUE)
    for key in ["", *"old"]:
        yield "weak-key", itsdangerous(key)
    for digest in ["md5", "sha224", "sha256", "sha384", "sha512"]:
        yield "confused", itsdangerous("dev", digest=digest)
    for derivation in ["django-concat", "concat", "none"]:
        yield "confused", itsdangerous("dev", derivation=derivation)
    for salt in ["", "itsdangerous", "cookie-sessio", "cookie-sessions"]:
        yield "confused", itsdangerous("dev", salt)
    yield "confused", itsdangerous("dev", algorithm=NoneAlgorithm())
    for cookie in spellings(flask("dev").dumps(VALUE)):
        yield "spelling", cookie
    yield "bomb", flask("dev").dumps({"a": "x" * 1_000_000})
    yield "nested", raw(packed(packed(b'{"a":1}')))
    yield "nested", raw(packed(zlib.compress(b'{"a":1}')))
    yield "nested", raw(packed(b"." + base64.urlsafe_b64encode(b'{"a":1}')))


with mock.patch("time.time", lambda: 1_700_000_000):
    lines = [f"{name} {cookie}\n" for name, cookie in cookies()]
pathlib.Path(__file__).with_name("cookies.txt").write_text("".join(lines))
