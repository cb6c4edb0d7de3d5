"""Writes the tables beside this file with the real itsdangerous (2.2.0).

    pip install itsdangerous==2.2.0 && python generate.py

base64.txt    text and what `base64_decode` makes of it, both in hex; `-` is an error
derive.jsonl  keys from `Signer.derive_key`
sign.jsonl    tokens from `Signer.sign` and `TimestampSigner.sign`
unsign.jsonl  what `Signer.unsign` and `TimestampSigner.unsign` answer. Where `canonical` is
              false the signature is no canonical base64url, and the answer is the one
              for the same token with a canonical signature that does not match. Of an
              expired one, `future` says whether its message is that its age is below 0.
              Bytes are written as Latin-1 text.
"""

import hashlib
import itertools
import json
import pathlib
import random

from itsdangerous import BadSignature, SignatureExpired, Signer, TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode

HERE = pathlib.Path(__file__).parent
NOW = 1_700_000_000
DIGESTS = {name: getattr(hashlib, name) for name in ("sha1", "sha256", "sha384", "sha512")}
DERIVATIONS = ("hmac", "django-concat", "concat", "none")
random.seed(20)


def latin1(data):
    return data.decode("latin-1")


def signer(kind, keys, now=NOW, salt="cookie-session", derivation="hmac", digest="sha1", sep="."):
    made = {"timed": TimestampSigner, "plain": Signer}[kind](
        keys, salt, sep, derivation, DIGESTS[digest]
    )
    made.get_timestamp = lambda: now
    return made


def lines(name, rows):
    text = "".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows)
    (HERE / name).write_text(text)


def base64_row(text):
    try:
        return f"{text.hex()} {base64_decode(text).hex()}\n"
    except Exception:
        return f"{text.hex()} -\n"


def dirty(most):
    clean = bytearray(base64_encode(random.randbytes(random.randrange(most))))
    for _ in range(random.choice((0, 0, 1, 1, 2, 3, 6))):
        at = random.randrange(len(clean) + 1)
        junk = random.choice((b"=", b"=", b"==", b"!", b"+", b"/", b".", b"\n", b"\xff", b"A", b""))
        clean[at : at + random.randrange(2)] = junk
    return bytes(clean)


def base64_rows():
    few = [b"=", b"A", b"+", b"!"]
    for a in few:
        for b in few:
            for c in few:
                for d in [b"", *few]:
                    yield base64_row(b"A" + a + b + c + d)
    for length in (1, 2, 3):
        for text in itertools.product(few, repeat=length):
            yield base64_row(b"".join(text))
    for text in [b"", b"=", b"====", b"AAAA=", b"AAAA" * 9 + b"A", bytes(range(256))]:
        yield base64_row(text)
    for _ in range(300):
        yield base64_row(dirty(90))


def derive_rows():
    for digest in DIGESTS:
        for derivation in DERIVATIONS:
            for length in (1, 20, 64, 65, 129):
                for salt in ("", "cookie-session"):
                    secret = random.randbytes(length)
                    made = signer("plain", secret, salt=salt, derivation=derivation, digest=digest)
                    yield dict(digest=digest, derivation=derivation, secret=secret.hex(), salt=salt,
                               key=made.derive_key().hex())


def sign_rows():
    for kind in ("timed", "plain"):
        for digest in DIGESTS:
            for derivation in DERIVATIONS:
                for sep, value, now in ((".", "", 0), (".", "eyJhIjoxfQ", NOW), ("!", "a.b!c", 255),
                                        (":", "x" * 200, 2**64 - 1)):
                    made = signer(kind, ["old", "dev"], now, "my-salt", derivation, digest, sep)
                    yield dict(kind=kind, digest=digest, derivation=derivation, sep=sep, value=value,
                               now=now, secret="dev", salt="my-salt", token=made.sign(value).decode())


def answer(made, kind, token, max_age):
    try:
        if kind == "plain":
            return dict(ok=True, payload=latin1(made.unsign(token)))
        value, date = made.unsign(token, max_age, return_timestamp=True)
        return dict(ok=True, payload=latin1(value), timestamp=int(date.timestamp()))
    except (ValueError, OverflowError, OSError):
        return dict(ok=False, error="DateOutOfRange", payload=None, date=None)
    except BadSignature as error:
        date = getattr(error, "date_signed", None)
        expired = dict(future=" < 0 " in str(error)) if isinstance(error, SignatureExpired) else {}
        return dict(ok=False, error=type(error).__name__,
                    payload=error.payload if error.payload is None else latin1(error.payload),
                    date=None if date is None else int(date.timestamp()), **expired)


def unsign_row(kind, keys, token, max_age=None, now=NOW):
    made = signer(kind, keys, now)
    head, sep, signature = token.rpartition(b".")
    try:
        canonical = base64_encode(base64_decode(signature)) == signature
    except Exception:
        canonical = False
    asked = token if canonical or not sep else head + b".AAAA"
    return dict(kind=kind, keys=keys, token=latin1(token), max_age=max_age, now=now,
                canonical=canonical or not sep, **answer(made, kind, asked, max_age))


def tokens(kind):
    made = signer(kind, "dev")
    good = made.sign(b"eyJhIjoxfQ")
    yield good
    for cut in range(len(good)):
        yield good[:cut]
    for more in (b"=", b"==", b"====", b"=AAAA", b"!", b"!!", b"A", b".", b"\xc3\xa9", b"\n"):
        yield good + more
    last = good[-1:]
    for other in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/":
        if bytes([other]) != last:
            yield good[:-1] + bytes([other])
    yield good.replace(b"_", b"/")
    yield from (b"", b".", b"..", b"...", b"a.b", b"a.b.c", b"a.AQ.AAAA", b"null", b"\xe9.b.c")
    plain = signer("plain", "dev")
    for value in (b"", b"a", b"a.", b".", b"a.b.AQ", b"a.!!!!", b"a.ZV=PxAA", b"a.ZVPx+A", b"a.ZVPxAB",
                  b"a.A", b"a.AAAAAGVT8QA", b"a.AAAAAABlU_EA", b"a.__________8", b"a.f_________8",
                  b"a.Ov_0QX8", b"a.Ov_0QYA", b"a.\xc3\xa9"):
        yield plain.sign(value)
        yield value + b".AAAA"
    for sibling in (Signer("old", "cookie-session", key_derivation="hmac"), Signer("dev", "other"),
                    Signer("older", "cookie-session", key_derivation="hmac")):
        yield sibling.sign(b"a.ZVPxAA")
    for length in (0, 1, 19, 20, 21, 64, 65):
        yield b"a.ZVPxAA." + base64_encode(bytes(length))


def unsign_rows():
    for kind in ("timed", "plain"):
        for token in tokens(kind):
            yield unsign_row(kind, ["dev"], token)
        for token in list(tokens(kind))[-40:]:
            yield unsign_row(kind, ["older", "old", "dev"], token, 100)
    good = signer("timed", "dev").sign(b"x")
    ages = (-2**63, -2, -1, 0, 1, 2, 100, 2**31, 2**63 - 1)
    for age in (-3, -2, -1, 0, 1, 2, 99, 100, 101, 2**33, -NOW):
        for max_age in ages:
            yield unsign_row("timed", ["dev"], good, max_age, NOW + age)
    for keys in (["old"], ["dev", "old"], ["dev", "older", "old"], []):
        yield unsign_row("timed", keys, good, 5)
        yield unsign_row("plain", keys, good)


if __name__ == "__main__":
    lines("base64.txt", base64_rows())
    lines("derive.jsonl", derive_rows())
    lines("sign.jsonl", sign_rows())
    lines("unsign.jsonl", unsign_rows())
