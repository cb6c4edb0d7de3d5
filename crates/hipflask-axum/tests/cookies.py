"""Prints cookies.txt: sessions as Flask itself saves them, with the key `dev`, at
1,700,000,000 seconds since 1970. `$(tools/python.sh) crates/hipflask-axum/tests/cookies.py`"""

from random import Random
from unittest.mock import patch

from flask import Flask, session


def deep(levels):
    return [deep(levels - 1)] if levels > 1 else []


def saved(entries):
    app = Flask(__name__)
    app.secret_key = "dev"
    app.logger.disabled = True
    # One that is too long for Flask is sent all the same, after a warning.
    app.config["MAX_COOKIE_SIZE"] = 0

    @app.get("/")
    def index():
        session.update(entries)
        return ""

    with patch("time.time", return_value=1_700_000_000):
        return app.test_client().get("/").headers["Set-Cookie"]


def long_one():
    """What browsers take (name and value have up to 4,096 bytes), but 4,093 bytes with
    its attributes are too long for Flask's own rule."""
    for length in range(4300, 3000, -1):
        noise = "".join(Random(1).choices("0123456789abcdefghijklmnopqrstuvwxyz,;.-_ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=length))
        cookie = saved({"_permanent": True, "noise": noise, "user": "ada"})
        value = cookie.partition(";")[0]
        if len(value) - 1 <= 4096:
            assert len(cookie) > 4093
            return value
    raise ValueError("no length fits")


COOKIES = {
    "half_emoji": saved({"draft": "h\ud83d", "user": "ada"}),
    "deep": saved({"list": deep(70), "user": "ada"}),
    "large": saved({"text": "a" * 100_000, "user": "ada"}),
    "dense": saved({"text": "a" * 12_600, "user": "ada"}),
    "permanent": saved({"_permanent": True, "items": ["the same again"] * 400, "user": "ada"}),
    "long": long_one(),
    "user": saved({"csrf_token": "9939b05dd1a3763f5f856e065d277190d648994f", "user": "ada"}),
}
for name, cookie in COOKIES.items():
    print(name, cookie.partition(";")[0])
