"""Writes `others.jsonl` with the real programs: what looks like a session of Flask, and
sessions that are signed with keys that are hard to copy.

    pip install flask==3.1.3 flask-login==0.6.3 flask-wtf==1.3.0 flask-session==0.8.0 cachelib \\
        starlette==1.10.0 httpx django==5.2.19 pyjwt==2.15.1 && python others.py

what      what it is
cookie    the `Set-Cookie` header, or the value where no header carries it
key       the secret key as text, or as `{"hex": …}`
"""

import json
import pathlib
import random
import re
import secrets
import time

import flask_login
import flask_session
import itsdangerous
import itsdangerous.timed
import jwt
from cachelib import SimpleCache
from django.conf import settings
from django.contrib.sessions.backends import signed_cookies
from flask import Flask, session
from flask_wtf import csrf
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

HERE = pathlib.Path(__file__).parent
NOW = 1_700_000_000
itsdangerous.TimestampSigner.get_timestamp = lambda self: NOW
time.time = lambda: float(NOW)
rows = []


def add(what, cookie, key="dev"):
    cookie = re.sub("Expires=[^;]*", "Expires=Wed, 13 Nov 2024 22:13:20 GMT", cookie)
    rows.append({"what": what, "cookie": cookie, "key": key if isinstance(key, str) else {"hex": key.hex()}})


def flask_app(key):
    app = Flask(__name__)
    app.secret_key = key
    return app


def session_of(key, values):
    app = flask_app(key)

    @app.get("/")
    def index():
        session.update(values)
        return ""

    return app.test_client().get("/").headers["Set-Cookie"]


# A login with Flask-Login that is to be remembered, and a form of Flask-WTF.
app = flask_app("dev")
manager = flask_login.LoginManager(app)


class User(flask_login.UserMixin):
    id = "ada@example.com"


manager.user_loader(lambda user_id: User())
tokens = []


@app.get("/")
def login():
    flask_login.login_user(User(), remember=True)
    session["csrf_token"] = "0123456789abcdef0123456789abcdef01234567"
    tokens.append(csrf.generate_csrf())
    return ""


for header in app.test_client().get("/", headers={"User-Agent": "Mozilla/5.0"}).headers.getlist("Set-Cookie"):
    name = header.partition("=")[0]
    add("remember_token" if name == "remember_token" else "login", header)
add("flask_wtf_token", tokens[0])

# Flask-Session, with signed ids.
for signed in (False, True):
    app = flask_app("dev")
    app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=SimpleCache(), SESSION_USE_SIGNER=signed)
    token_urlsafe = secrets.token_urlsafe
    secrets.token_urlsafe = lambda length: "Q4hT0zTQbZ0sVYx3M1m6p9oXw2yKc8nRjLdEuGfHaBs"
    flask_session.Session(app)
    app.add_url_rule("/", view_func=lambda: session.update(user="ada") or "")
    add("flask_session_id", app.test_client().get("/").headers["Set-Cookie"])
    secrets.token_urlsafe = token_urlsafe


def starlette(request):
    request.session["user"] = "Zoë"
    return PlainTextResponse("")


app = Starlette(routes=[Route("/", starlette)], middleware=[Middleware(SessionMiddleware, secret_key="dev")])
add("starlette_session", TestClient(app).get("/").headers["Set-Cookie"])

settings.configure(SECRET_KEY="dev", SESSION_SERIALIZER="django.contrib.sessions.serializers.JSONSerializer")
store = signed_cookies.SessionStore()
store["user"] = "ada"
add("django_session", store._get_session_key())
add("django_session_id", "sessionid=q1w2e3r4t5y6u7i8o9p0a1s2d3f4g5h6; HttpOnly; Path=/")

add("jwt", jwt.encode({"sub": "ada", "iat": NOW, "exp": NOW + 60}, "dev", algorithm="HS256"))

# Keys that are hard to copy.
add("session", session_of("clé secrète", {"user": "ada"}), "clé secrète")
add("session", session_of("clé".encode("latin-1"), {"user": "ada"}), "clé".encode("latin-1"))
add("session", session_of(b'_5#y2L"F4Q8z\n\xec]/', {"user": "ada"}), b'_5#y2L"F4Q8z\n\xec]/')
superset = "\2\1thisismyscretkey\1\2\\e\\y\\y\\h"
add("session", session_of(superset, {"_user_id": "1"}), superset)

# Of another app on the same host, and of an app that had a Flask-Login before 0.5.
add("session", session_of("another app's key", {"basket": 3}), "another app's key")
add("session", session_of("dev", {"_fresh": True, "user_id": "1"}))
# Larger than browsers keep.
add("session", session_of("dev", {"profile": {"picture": random.Random(0).randbytes(3300).hex()}, "user": "ada"}))

(HERE / "others.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
