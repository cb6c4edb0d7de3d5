"""Writes cookies.txt: the sessions that the bench `speed` opens and saves, as Flask signs them.

S1 to S5 are the texts of ../../tests/data/zlib, compressed as Flask compresses them. S5u holds the first 3 KB
of S5's tokens in a payload that is not compressed, which Flask reads too.
"""

import json
from pathlib import Path

from flask import Flask
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import TimestampSigner
from itsdangerous.encoding import base64_encode

KEY = "dev-0123456789abcdef0123456789abcdef"
SIGNED_AT = 1_760_000_000

TimestampSigner.get_timestamp = lambda self: SIGNED_AT
app = Flask(__name__)
app.secret_key = KEY
serializer = SecureCookieSessionInterface().get_signing_serializer(app)
tagged = TaggedJSONSerializer()

here = Path(__file__).parent
texts = {f"S{n}": (here / f"../../tests/data/zlib/payload-s{n}.json").read_text() for n in range(1, 6)}

tokens = json.loads(texts["S5"])
tokens["access_token"] = tokens["access_token"][:1400]
tokens["id_token"] = tokens["id_token"][:1550]
uncompressed = tagged.dumps(tokens).encode()

with open(here / "cookies.txt", "w") as out:
    for name, text in texts.items():
        print(name, serializer.dumps(tagged.loads(text)), file=out)
    signer = serializer.make_signer(serializer.salt)
    print("S5u", signer.sign(base64_encode(uncompressed)).decode(), file=out)
