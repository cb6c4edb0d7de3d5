#!/usr/bin/env python3
"""Makes the cookies that the programs here open. Needs Flask.

    cookies.py          writes cookies/*.txt
"""

import datetime
import pathlib
import uuid

from flask import Flask
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import TimestampSigner, base64_decode, base64_encode
from markupsafe import Markup

NOW_SECS = 1_700_000_000
# What a block of a zlib stream has for codes (RFC 1951, section 3.2.3).
FIXED, DYNAMIC = 1, 2
FOLDER = pathlib.Path(__file__).resolve().parent / "cookies"

TimestampSigner.get_timestamp = lambda self: NOW_SECS

# Every tag, objects in objects, and no object's keys in order: whoever opens it
# has to sort them all. Numbers and texts that repeat, so that it is compressed.
EVERYTHING = {
    "z": [{"name": f"item {number}", "id": number, "at": (number, -number)} for number in range(6)],
    "_flashes": [("info", "The light blinks."), ("error", "1 < 2")],
    "u": uuid.UUID(int=0x0123456789ABCDEF0123456789ABCDEF),
    "m": Markup("<b>é</b>"),
    "d": datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=datetime.timezone.utc),
    "c": {"y": {"x": {"w": [None, True, False], "v": b"bytes"}, "b": 2}, "a": {" t": 1}},
    "a": 1,
}


def serializer(secret):
    app = Flask("costs")
    app.secret_key = secret
    return SecureCookieSessionInterface().get_signing_serializer(app)


def main():
    FOLDER.mkdir(exist_ok=True)
    current, older = serializer("dev"), serializer("old")
    cookies = {
        "small": current.dumps({"a": 1}),
        # So short that zlib takes its fixed codes.
        "fixed_codes": current.dumps({"a": 1, "text": "abcdefgh" * 12}),
        # Signed with the older key, which is tried last.
        "compressed": older.dumps(EVERYTHING),
        "uncompressed": older.make_signer(older.salt).sign(base64_encode(TaggedJSONSerializer().dumps(EVERYTHING))).decode(),
    }
    for name, block in ("compressed", DYNAMIC), ("fixed_codes", FIXED):
        stream = base64_decode(cookies[name].removeprefix(".").partition(".")[0])
        assert stream[2] >> 1 & 3 == block, name
    for name, cookie in cookies.items():
        (FOLDER / f"{name}.txt").write_text(f"session={cookie}")


if __name__ == "__main__":
    main()
