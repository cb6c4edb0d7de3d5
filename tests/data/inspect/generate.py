"""Writes `cookies.jsonl` with the real Flask (3.1.3): cookies of all types that a
session can hold, and how Python prints what Flask reads from them.

    pip install flask==3.1.3 && python generate.py

header    the `Set-Cookie` header of a Flask app with the key `dev`
printed   `repr` of each value, by key
"""

import json
import pathlib
import re
import uuid
from datetime import datetime, timezone

import itsdangerous
from flask import Flask, session
from markupsafe import Markup

HERE = pathlib.Path(__file__).parent
itsdangerous.TimestampSigner.get_timestamp = lambda self: 1_700_000_000

SESSIONS = [
    {},
    {"user": "Zoë", "visits": 3, "_permanent": True},
    {"_permanent": 1},
    {"_permanent": ""},
    {"none": None, "yes": True, "no": False, "big": 1 << 80, "minus": -7},
    {"floats": [0.5, -0.0, 1e16, 1e-5, 2.0**-25, float("nan"), float("inf"), float("-inf")]},
    {"tuples": [(), (1,), (1, 2), ((),)], "list": [], "dict": {}, "nested": {"a": {"b": [{" t": 1}]}}},
    {"bytes": [b"", b"a'b", b'a"b', b"'\"", bytes(range(256))]},
    {"text": ["", "it's", 'say "hi"', "'\"", "\\", "\t\n\r\0\x1b\x7f\x85\xa0", "é中😀", "हिन्दी", "e\u0301", "❤\ufe0f", "\u200b\u202e\u2028\ufeff\U000e0001"]},
    {"markup": Markup("<b>it's</b>"), "id": uuid.UUID(int=0x0123456789ABCDEF0123456789ABCDEF)},
    {"dates": [datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc), datetime(1970, 1, 1, tzinfo=timezone.utc)]},
    {"it's": 1, "a\nb": 2, " t": [3]},
    {"cart": [{"item": "apple", "count": n} for n in range(40)]},
    {"noise": "".join(chr(0x4E00 + 7919 * n % 20000) for n in range(900))},
]


def row(values):
    app = Flask(__name__)
    app.secret_key = "dev"

    @app.route("/")
    def index():
        session["_"] = True  # So that an empty one is written too.
        session.pop("_")
        session.update(values)
        session.setdefault("last", 0)
        return ""

    response = app.test_client().get("/")
    # Flask takes the time of day for it, whatever the signer takes.
    header = re.sub("Expires=[^;]*", "Expires=Fri, 15 Dec 2023 22:13:20 GMT", response.headers["Set-Cookie"])
    value = header.split(";")[0].partition("=")[2]
    loaded = app.session_interface.get_signing_serializer(app).loads(value)
    return {"header": header, "printed": {key: repr(item) for key, item in loaded.items()}}


(HERE / "cookies.jsonl").write_text("".join(json.dumps(row(values)) + "\n" for values in SESSIONS))
