"""Writes the tables beside this file with the real itsdangerous (2.2.0).

    pip install itsdangerous==2.2.0 && python generate.py

tokens.jsonl  values as JSON, each with the Rust type that it is and its token from
              `URLSafeSerializer.dumps` or `URLSafeTimedSerializer.dumps`. Where that
              is compressed, `plain` is the token of the same text uncompressed, which
              `loads` was seen to read.
texts.jsonl   JSON texts, and whether `json.loads` takes them. `why` says what about
              a text that it takes is refused by the crate all the same.
"""

import json
import pathlib
import random
import re
import struct

from itsdangerous import TimestampSigner, URLSafeSerializer, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode

HERE = pathlib.Path(__file__).parent
NOW = 1_700_000_000
TimestampSigner.get_timestamp = lambda self: NOW
random.seed(54)

LETTERS = [chr(code) for code in range(0x00, 0x82)] + list('""\\\\//éß€中\u2028\ufeff\uffff😀𝄞')


def text(most=12):
    return "".join(random.choices(LETTERS, k=random.randrange(most)))


def float_():
    kind = random.randrange(4)
    if kind == 0:
        value = struct.unpack("<d", random.randbytes(8))[0]
        return value if value - value == 0 else 0.5
    if kind == 1:
        return random.uniform(-1, 1) * 10 ** random.randrange(-8, 20)
    if kind == 2:
        return random.randrange(-(1 << 53), 1 << 53) / 4
    return float(random.randrange(-10, 10))


def reset():
    value = {"user": random.randrange(1 << 64), "email": text(30), "once": random.choice([True, False])}
    return value | {"next": random.choice([None, "/" + text()]), "seen": random.choices(range(256), k=4)}


def enum():
    return random.choice(
        ["Nothing", {"Number": random.randrange(-(1 << 63), 1 << 63)}, {"Pair": [1, text()]}, {"Named": {"a": float_()}}]
    )


def nested(depth):
    return [] if depth == 1 else [nested(depth - 1)]


def values():
    for value in (0, 1, -1, (1 << 63) - 1, -(1 << 63), 127, -128):
        yield "i64", value
    for value in (0, (1 << 64) - 1, 1 << 63):
        yield "u64", value
    floats = [0.0, -0.0, 1.0, 1e15, 1e16, 1e-4, 1e-5, 5e-324, 1.7976931348623157e308, 2.0**-25, 1e15 + 0.25, 2.5e-7]
    for value in floats + [float_() for _ in range(150)]:
        yield "f64", value
    for letter in LETTERS:
        yield "text", letter
        yield "char", letter
    for _ in range(60):
        yield "text", text(40)
        yield "reset", reset()
        yield "enum", enum()
        yield "map", {text(): random.randrange(256) for _ in range(random.randrange(5))}
        yield "tuple", [random.randrange(-9, 9), text(), random.choice([True, False])]
        yield "list", [random.choice([None, float_()]) for _ in range(random.randrange(5))]
    yield "text", "a" * 300
    yield "reset", reset() | {"email": "<ü>" * 60}
    for depth in (1, 2, 63, 64):
        yield "nested", nested(depth)


def token_row(type_, value):
    timed = random.choice((True, False))
    serializer = (URLSafeTimedSerializer if timed else URLSafeSerializer)("secret", salt="compact")
    row = {"type": type_, "timed": timed, "json": json.dumps(value), "token": serializer.dumps(value)}
    if row["token"].startswith("."):
        payload = base64_encode(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
        signer = serializer.make_signer("compact")
        row["plain"] = signer.sign(payload).decode()
        assert serializer.loads(row["plain"]) == value
    return row


# ---- texts

WRITTEN = [
    "", " ", "null", "true", "false", "tru", "truex", "nul", "[", "]", "{", "}", "[]", "{}", "[ ]", "{ }", "[,]", "[1,]", "[1 2]",
    "[,1]", "{,}", '{"a"}', '{"a":}', '{"a":1,}', '{"a":1 "b":2}', "{1:2}", '{"a":1}', ' { "a" : 1 , "b" : [ ] } ', "{]", "[}", "[1}",
    '{"a":1]', "[[]", "[]]", "1", "0", "-0", "-1", "01", "-01", "+1", "1.", ".5", "1.5", "1e5", "1E+5", "1e-5", "1e", "1e+", "- 1", "0x1",
    "1_0", "1e999", '"', '"a', '"a"', "'a'", '"\\', '"\\"', '"\\""', '"\\x"', '"\\a"', '"\\u12"', '"\\u+123"', '"\\u00e9"', '"\\u00E9"', '"\\u 12a"',
    '"\\U00e9"', '"\n"', '"\t"', '"\x7f"', '"\\/"', '"\\b\\f\\n\\r\\t"', "\ufeff1", "1\x00", "\x0b1", "\u00a01", '"a"b', "1 1", "null null",
    '"\\uD83D\\uDE00"', '"\\ud800"', '"\\udfff"', '"\\ud7ff"', '"\\ue000"', "NaN", "Infinity", "-Infinity", "[NaN]", "nan", "9" * 4300, "9" * 4301,
    "[" * 64 + "]" * 64, "[" * 65 + "]" * 65, '{"a":' * 64 + "1" + "}" * 64, '{"a":' * 65 + "1" + "}" * 65, "[" * 64 + "1" + "]" * 64,
    '{"a":1,"a":2}', "[1,2,3]", '["a",null,true]', '{"a":{"b":[1.5,"x"]},"c":""}', '{"\\u0061":1}', '{"a\\n":"\\"\\\\"}', "18446744073709551616",
]
PIECES = list('[]{},:"\\ \n-+.') + ["0", "1", "12", "e5", "true", "null", '"a"', '"a":', "\\u00e9", "\\n", "é", "NaN", "\x01"]


def texts():
    yield from WRITTEN
    for _ in range(700):
        base = list(random.choice(['{"a":[1,-2.5e3,"x\\n"],"b":{}}', '[null,true,"é\\u0041",{"k":0}]', '{"k":"\\"","l":[[],[{}]]}']))
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            at = random.randrange(len(base) + 1)
            base[at : at + random.randrange(3)] = random.choice(PIECES)
        yield "".join(base)


def depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(depth, inner), default=0)


def text_row(text):
    try:
        value = json.loads(text)
    except ValueError:
        return {"text": text, "ok": False}
    row = {"text": text, "ok": True}
    outside = re.sub(r'"(\\.|[^"\\])*"', '""', text)
    if re.search("NaN|Infinity", outside):
        row["why"] = "NaN"
    elif re.search(r"\\u[dD][89a-fA-F]", text):
        row["why"] = "surrogate"
    elif depth(value) > 64:
        row["why"] = "depth"
    return row


def lines(name, rows):
    (HERE / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


lines("tokens.jsonl", (token_row(*value) for value in values()))
lines("texts.jsonl", map(text_row, dict.fromkeys(texts())))
