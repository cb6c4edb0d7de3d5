"""Makes texts.jsonl and numbers.jsonl from the real Flask.

    pip install flask==3.1.3
    python generate.py

texts.jsonl, a row a text:
  text     the JSON text (or hex, its bytes)
  json     what Flask writes after reading it, null if Flask raises
  refused  in a row that this crate refuses though Flask does not: why
  either   in a mutated row: this crate gives json, or refuses
numbers.jsonl: a number's text, the int that Python reads (as text) or null,
and the bits of the float that Python makes of it, in hex.
"""

import base64
import json
import random
import struct
import uuid
from datetime import datetime, timezone

from flask import Flask
from flask.sessions import session_json_serializer
from markupsafe import Markup

app = Flask(__name__)
rng = random.Random(20)


def reread(data):
    try:
        with app.app_context():
            return session_json_serializer.dumps(session_json_serializer.loads(data.decode("utf-8")))
    except Exception:
        return None


def keeps_spelling(text):
    """Whether every float has Python's spelling, which this crate leaves alone."""
    odd = []

    def hook(spelling):
        if json.dumps(float(spelling)) != spelling:
            odd.append(spelling)
        return float(spelling)

    try:
        json.loads(text, parse_float=hook)
    except Exception:
        pass
    return not odd


rows = []


def row(text, **more):
    data = text.encode("utf-8") if isinstance(text, str) else text
    try:
        source = {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        source = {"hex": data.hex()}
    rows.append({**source, "json": reread(data), **more})


# ---- the grammar

VALID = r'''
null
true
false
0
-0
12
-7
1.5
-0.0
NaN
Infinity
-Infinity
""
"a"
[]
{}
[[],{}]
 [ 1 , 2 ]
{"a":[{"b":{"c":[null,true,false]}}]}
{ "a" : 1 , "b" : 2 }
"\"\\\/\b\f\n\r\t"
"é😀"
"\u00e9\ud83d\ude00\u0000\u001f\u007f"
"\u00E9\uD83D\uDE00"
"</script>&'"
"  "
{"b":1,"a":2}
{"a":1,"a":2}
{"a":1,"b":2,"a":3}
{"b":1,"a":2,"b":{"z":1,"y":2},"a":[{"d":1,"c":2}]}
{"ab":1,"a":2,"":3,"b":4,"aa":5}
{"é":1,"e":2,"z":3,"😀":4,"￿":5,"\u0000":6,"\u007f":7}
{"\u0061":1,"a":2}
{"k":{"k":{"k":{"b":1,"a":{"b":[{"b":1,"a":2}],"a":1}}}}}
'''.strip("\n").split("\n")
for text in VALID:
    row(text)
    row("\n\t\r " + text + "\r\n\t ")
row('"' + "\x7f\u2028\ufeff" + '"')

INVALID = r'''
nul
nulll
True
-NaN
+Infinity
-Inf
nan
infinity
01
-01
+1
1.
.5
1.e5
1e
1e+
-
--1
0x10
1_000
'a'
"a
a"
"\'"
"\x41"
"\u+123"
"\u 123"
"\u12"
"\u123g"
"\
[
]
[1
[1,
[1,]
[,1]
[1 2]
[1}
{
}
{1:2}
{"a"}
{"a":}
{"a":1
{"a":1,
{"a":1,}
{,}
{"a":1]
{"a" 1}
{"a":1 "b":2}
{null:1}
{} {}
[]]
1 2
"a" "b"
null,
// c
[1,/**/2]
'''.strip("\n").split("\n")
for text in INVALID:
    row(text)
row("")
row(" ")
for code in range(0x20):
    row('"' + chr(code) + '"')
row("\ufeff{}")
row("\u00a0{}")
row("[1,\u0662]")
row("\x0b{}")
for data in [b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe9"', b"\x00", b"\xfe\xff", b'{"a\xfe":1}']:
    row(data)

# ---- surrogates

for text in [r'"\ud800"', r'"\udc00"', r'"a\ud83d"', r'"\ud83d\u0041"', r'"\ud83d\ud83d\ude00"', r'"\ude00\ud83d"', r'"\ud83dx"', r'{"\ud800":1}']:
    row(text, refused="a lone surrogate")

# ---- numbers

row("9" * 4300)
row("-" + "9" * 4300)
row("9" * 4301)
row("[-" + "1" * 4301 + "]")
row("1" + "0" * 5000 + "1")
row("123456789012345678901234567890123456789012345678901234567890")

# ---- nesting

for opening, closing, middle in [("[", "]", "1"), ('{"a":', "}", "1"), ('{" t":[', "]}", ""), ('{" di":{" t__":', "}}", "1")]:
    per_level = sum(opening.count(c) for c in "[{")
    levels = 64 // per_level
    row(opening * levels + middle + closing * levels)
    row(opening * (levels + 1) + middle + closing * (levels + 1), refused="deeper than 64 levels")
    row(opening * levels + "[]" + closing * levels, **({} if opening == '{" di":{" t__":' else {"refused": "deeper than 64 levels"}))
for n in [2000, 20000]:
    row("[" * n + "]" * n)
    row('{"a":' * n + "1" + "}" * n)
    row("[" * n)
    row("]" * n)
    row('{"a":' * n)

# ---- tags

TAGS = r'''
{" t":[]}
{" t":[1,"a",{" t":[]}]}
{" b":""}
{" b":"AA=="}
{" b":"AAA="}
{" b":"AP8/+v//"}
{" m":""}
{" m":"<b>\u00e9</b>"}
{" u":"00112233445566778899aabbccddeeff"}
{" u":"00112233445566778899AABBCCDDEEFF"}
{" d":"Tue, 14 Nov 2023 22:13:20 GMT"}
{" d":"Mon, 14 Nov 2023 22:13:20 GMT"}
{" d":"Mon, 01 Jan 0100 00:00:00 GMT"}
{" d":"Fri, 31 Dec 9999 23:59:59 GMT"}
{" di":{" t__":1}}
{" di":{" di__":1}}
{" di":{" di__":{" di":{" di__":1}}}}
{" di":{" b__":{" b":"AA=="}}}
{" di":{"a__":1}}
{" di":{"____":1}}
{" di":{"__":1}}
{" di":{"é__":1}}
{" di":{" t__":1," t__":2}}
{" t":1,"a":2}
{"a":1," t":2}
{" t__":1}
{" x":1}
{" T":1}
{"t":1}
{" t":[1],"a":{" t":[2]}}
{" \u0074":[1]}
{ " t" : [ 1 ] }
{" t":[1]," t":[2]}
{" t":1," t":[2]}
{"a":{" t":[1],"b":2}}
[{" m":"a"},{" u":"00112233445566778899aabbccddeeff"},{" di":{" u__":{" t":[]}}}]
{" t":1}
{" t":null}
{" t":true}
{" b":1}
{" b":null}
{" b":"A"}
{" b":"AA"}
{" b":"AAAAA"}
{" b":"A==="}
{" b":"é"}
{" u":1}
{" u":""}
{" u":"0011"}
{" u":"00112233445566778899aabbccddeeffa"}
{" u":"00112233445566778899aabbccddeefg"}
{" d":1}
{" d":true}
{" d":"Mon, 01 Jan 99999999999 00:00:00 GMT"}
{" di":{}}
{" di":[]}
{" di":1}
{" di":null}
{" di":""}
{"a":{"b":[{" t":3}]}}
'''.strip("\n").split("\n")
for text in TAGS:
    row(text)

FOREIGN = r'''
{" t":"ab"}
{" t":{"a":1}}
{" t":{" t":[1]}}
{" t":{" b":"AA=="}}
{" b":"A A=="}
{" b":"AA==AA=="}
{" b":"AB=="}
{" b":"AAB="}
{" b":"-_AA"}
{" m":5}
{" m":null}
{" m":{" m":"a"}}
{" u":"{00112233-4455-6677-8899-aabbccddeeff}"}
{" u":"urn:uuid:00112233445566778899aabbccddeeff"}
{" d":""}
{" d":null}
{" d":"junk"}
{" d":"14 Nov 2023 22:13:20 GMT"}
{" d":"Tue, 14 Nov 2023 22:13:20 +0100"}
{" d":"Tue, 32 Nov 2023 22:13:20 GMT"}
{" di":{"a":1}}
{" di":{"ab":1,"c__":2}}
{" di":{"a__":1,"b__":2}}
{" di":{"":1}}
'''.strip("\n").split("\n")
for text in FOREIGN:
    row(text, refused="a tag in a form that Flask never writes")

# ---- random values, respelled

KEYS = ["a", "b", "ab", "aa", "", " ", " t", " di", " b", " m", " u", " d", " t__", "__", "é", "z", "😀", "￿", "\x00", "\x7f", '"', "\\", "k\n"]


def value(depth):
    kind = rng.randrange(16 if depth < 5 else 10)
    if kind == 0:
        return rng.choice([None, True, False])
    if kind == 1:
        return rng.choice([0, 1, -1, 10**18, -(2**63), 2**64, 10**40])
    if kind == 2:
        return rng.choice([0.0, -0.0, 1.5, 1e16, 1e-5, 5e-324, 0.1 + 0.2, 1e15, 123456.789, -1e300])
    if kind in (3, 4):
        return "".join(rng.choice('ab"\\/\n\r\t\b\f\x00\x1f\x7fé￿😀<&') for _ in range(rng.randrange(12)))
    if kind == 5:
        return bytes(rng.randrange(256) for _ in range(rng.randrange(8)))
    if kind == 6:
        return uuid.UUID(int=rng.getrandbits(128))
    if kind == 7:
        return datetime.fromtimestamp(rng.randrange(-50_000_000_000, 250_000_000_000), timezone.utc)
    if kind == 8:
        return Markup("<i>") + "é" * rng.randrange(3)
    if kind == 9:
        return rng.random() * 10 ** rng.randrange(-30, 30)
    size = rng.randrange(5)
    if kind in (10, 11):
        return [value(depth + 1) for _ in range(size)]
    if kind == 12:
        return tuple(value(depth + 1) for _ in range(size))
    return {rng.choice(KEYS): value(depth + 1) for _ in range(size)}


def space():
    return "".join(rng.choice(" \t\n\r") for _ in range(rng.randrange(3))) if rng.random() < 0.3 else ""


def letter(char):
    if char in '"\\' or ord(char) < 0x20 or rng.random() < 0.2:
        short = {'"': '\\"', "\\": "\\\\", "/": "\\/", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
        if char in short and rng.random() < 0.5:
            return short[char]
        units = char.encode("utf-16-be").hex()
        units = units.upper() if rng.random() < 0.5 else units
        return "".join("\\u" + units[i : i + 4] for i in range(0, len(units), 4))
    return char


def respell(node):
    if isinstance(node, list):
        return "[" + space() + ("," + space()).join(respell(x) + space() for x in node) + "]"
    if isinstance(node, dict):
        items = list(node.items())
        rng.shuffle(items)
        if items and rng.random() < 0.2 and not any(k.startswith(" ") for k in node):
            items.insert(0, (rng.choice(items)[0], [1, {"b": 2, "a": 3}]))
        pairs = [respell(k) + space() + ":" + space() + respell(v) + space() for k, v in items]
        return "{" + space() + ("," + space()).join(pairs) + "}"
    if isinstance(node, str):
        return '"' + "".join(map(letter, node)) + '"'
    return json.dumps(node)


for _ in range(300):
    with app.app_context():
        canonical = session_json_serializer.dumps(value(0))
    row(respell(json.loads(canonical)))
for _ in range(600):
    with app.app_context():
        data = bytearray(session_json_serializer.dumps(value(1)).encode())
    for _ in range(rng.randrange(1, 3)):
        at = rng.randrange(len(data))
        what = rng.randrange(3)
        if what == 0:
            data[at] = rng.choice(b'{}[]",:\\ut0123-.eE d"_=')
        elif what == 1:
            del data[at]
        else:
            data.insert(at, rng.choice(b'{}[]",:\\ut0123-.eE d"_='))
        if not data:
            data = bytearray(b"0")
    if keeps_spelling(bytes(data)):
        row(bytes(data), either=True)

with open("texts.jsonl", "w") as out:
    for one in rows:
        # A long answer that is the text itself need not be written twice.
        if one["json"] is not None and one["json"] == one.get("text"):
            one["json"] = True
        print(json.dumps(one, ensure_ascii=True), file=out)

with open("numbers.jsonl", "w") as out:
    texts = ["0", "-0", "-0.0", "1E5", "1e+05", "1e400", "-1e400", "1e-400", "-1E-400", "0.10", "1.0000000000000000000000001",
             "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
             "18446744073709551615", "18446744073709551616", str(2**127 - 1), str(2**127), str(-(2**127)), str(2**128 - 1), str(2**128),
             "2.2250738585072011e-308", "4.9e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "1.7976931348623159e308", "NaN", "Infinity", "-Infinity",
             "0." + "0" * 400 + "1e401", "1" + "0" * 400 + "e-400",
             # Which of them are zero as doubles.
             "0e5", "-0.00e-999999999999", "1e-323", "9e-325", "2e-324", "3e-324", "2.4e-324", "2.5e-324", "0.0247e-322", "247e-326",
             "2.4703282292062327208828439643411e-324", "2.47032822920623272088284396434111e-324", "24.703282292062328e-325",
             "0." + "0" * 323 + "2", "0." + "0" * 323 + "3", "1e-999999999999", "1e-9999999999999999999999", "-1" + "0" * 330 + "e-655",
             "-1" + "0" * 330 + "e-653"]
    texts += [repr(struct.unpack(">d", rng.randbytes(8))[0]) for _ in range(200)]
    for text in texts:
        if text in ("nan", "inf", "-inf"):
            continue
        number = json.loads(text)
        bits = struct.pack(">d", float(number)).hex()
        print(json.dumps({"text": text, "int": str(number) if isinstance(number, int) else None, "float": bits}), file=out)
