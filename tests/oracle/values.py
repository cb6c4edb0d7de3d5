"""Random typed values, texts and JSON, for the comparison with Flask."""
import base64, json, struct

TAGS = (" t", " di", " b", " m", " u", " d")
WORDS = ("user_id", "_fresh", "_permanent", "csrf_token", "cart", "next", "a", "b", "k", "session", "é", "name", "x")
CHARS = ("abcdefghijklmnopqrstuvwxyz0123456789", "ABCXYZ _-.,:;/", "\"\\<>&'=", "äéñßøЖ本☃", "😀𝕏🏳\U0010ffff",
         "\x00\x01\x08\t\n\x0b\x0c\r\x1f\x7f\x80\x85\u2028\u2029\ufeff\uffff\ufffd")
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def text(r, most=30):
    """Words mostly, sometimes any characters but surrogates."""
    kind = r.random()
    if kind < 0.35:
        return r.choice(WORDS)
    n = min(most, int(r.expovariate(1 / 8)))
    if kind < 0.6:
        return "".join(r.choice(CHARS[0]) for _ in range(n))
    if kind < 0.95:
        return "".join(r.choice(r.choice(CHARS)) for _ in range(n))
    points = (r.choice((r.randrange(0xD800), r.randrange(0xE000, 0x110000))) for _ in range(n))
    return "".join(map(chr, points))


def key(r):
    kind = r.random()
    if kind < 0.08:
        return r.choice(TAGS) + r.choice(("", "", "__", "___", "_"))
    return r.choice((" ", "", " x", " od", "  t", "__")) if kind < 0.1 else text(r, 12)


def typed_float(r):
    kind = r.randrange(9)
    if kind == 8:      # exactly half-way between two spellings, often
        x = r.choice((1, -1)) * r.randrange(2 ** r.choice((1, 4, 20, 53))) * 2.0 ** -r.randrange(30)
    elif kind == 0:
        x = struct.unpack(">d", r.randbytes(8))[0]
    elif kind == 1:
        x = float(r.choice(("inf", "-inf", "nan", "-0.0", "0.0", "5e-324", "2.2250738585072014e-308", "1.7976931348623157e308")))
    elif kind == 2:
        x = r.choice((1, -1)) * 10.0 ** r.randrange(-30, 30)
    elif kind == 3:
        x = float(r.randrange(-(10 ** 18), 10 ** 18)) / r.choice((1, 1, 3, 7))
    elif kind == 4:
        x = r.choice((1e16, 1e-4, 9007199254740992.0, 123456789012345680.0, 1e15)) * (1 + r.randrange(-3, 4) * 2.0 ** -52)
    elif kind == 5:
        x = struct.unpack(">d", (r.randrange(2048 << 52) >> r.randrange(1, 60)).to_bytes(8, "big"))[0]
    else:
        x = round(r.uniform(-1000, 1000), r.randrange(0, 6))
    return {"t": "float", "v": struct.pack(">d", x).hex()}


def integer(r):
    kind = r.randrange(10)
    if kind < 5:
        return r.randrange(-100, 100000)
    if kind < 7:
        return r.choice((1, -1)) * (2 ** r.choice((31, 32, 53, 63, 64)) + r.randrange(-2, 3))
    if kind == 7:
        return r.choice((1, -1)) * r.randrange(10 ** r.randrange(1, 60))
    return r.randrange(-(2 ** 63), 2 ** 64)


def typed_datetime(r, plain):
    y = r.choice((r.randrange(1970, 2100), r.randrange(100 if plain else 1, 10000)))
    mo = r.randrange(12)
    d = r.randrange(DAYS[mo]) + 1
    if mo == 1 and y % 4 == 0 and (y % 100 or y % 400 == 0) and r.random() < 0.3:
        d = 29
    v = "%04d-%02d-%02dT%02d:%02d:%02d" % (y, mo + 1, d, r.randrange(24), r.randrange(60), r.randrange(60))
    us = r.choice((0, r.randrange(10 ** 6), 999999))
    if plain:
        return {"t": "datetime", "v": v, "us": us, "off": 0}
    off = r.choice((0, 0, None, 3600, -3600, 19800, -43200, 50400, r.randrange(-86399, 86400)))
    return {"t": "datetime", "v": v, "us": us, "off": off}


def value(r, depth=4, plain=False):
    """Any value; if `plain`, one that a session here holds as Flask's does: a date in UTC."""
    kind = r.randrange(22 if depth > 0 else 14)
    if kind < 4:
        return {"t": "str", "v": text(r, 60)}
    if kind < 6:
        i = integer(r)
        return {"t": "int", "v": str(i)}
    if kind == 6:
        return typed_float(r)
    if kind == 7:
        return {"t": "bool", "v": r.random() < 0.5}
    if kind == 8:
        return {"t": "null"}
    if kind == 9:
        return {"t": "markup", "v": "<b>" + text(r) + "</b>" if r.random() < 0.5 else text(r)}
    if kind == 10:
        return {"t": "uuid", "v": r.randbytes(16).hex()}
    if kind == 11:
        return {"t": "bytes", "v": r.randbytes(min(200, int(r.expovariate(1 / 10)))).hex()}
    if kind < 14:
        return typed_datetime(r, plain)
    n = min(12, int(r.expovariate(1 / 2.5)))
    if kind < 16:
        return {"t": "list", "v": [value(r, depth - 1, plain) for _ in range(n)]}
    if kind < 18:
        return {"t": "tuple", "v": [value(r, depth - 1, plain) for _ in range(n)]}
    if kind == 18:
        return {"t": "dict", "v": [[r.choice(TAGS), value(r, depth - 1, plain)]]}
    keys = dict.fromkeys(key(r) for _ in range(n))
    return {"t": "dict", "v": [[k, value(r, depth - 1, plain)] for k in keys]}


def odd(r):
    """What only some tiers of Flask's users ever meet: deep, huge, or Python's own."""
    kind = r.randrange(6)
    if kind == 0:
        depth = r.choice((r.randrange(1, 100), r.randrange(60, 68)))
        return {"t": "nest", "kind": r.choice(("list", "tuple", "dict", "mixed")), "depth": depth, "v": value(r, 1)}
    if kind == 1:
        return {"t": "int", "v": r.choice(("", "-")) + r.choice("123456789") + r.choice("0123456789") * r.choice((4298, 4299, 4300, 500))}
    if kind == 2:
        return r.choice(({"t": "date", "v": "2024-02-29"}, {"t": "decimal", "v": "1.50"}, {"t": "set", "v": []},
                         {"t": "bytearray", "v": "00"}, {"t": "object"}, {"t": "html", "v": "<p>"}))
    if kind == 3:
        return {"t": "str16", "v": "0061d83d"}
    if kind == 4:
        return {"t": "dict", "v": [[{"t": "int", "v": "1"}, {"t": "null"}]]}
    return {"t": "str", "v": text(r, 5) * r.randrange(1, 3000)}


def session(r, plain=False):
    """A session as applications fill it, of a few bytes to 30 KB of JSON."""
    entries = {}
    if r.random() < 0.5:
        entries["_permanent"] = {"t": "bool", "v": r.random() < 0.9}
    if r.random() < 0.4:
        entries["_user_id"] = {"t": "str", "v": str(r.randrange(10 ** 6))}
        entries["_fresh"] = {"t": "bool", "v": r.random() < 0.5}
        entries["_id"] = {"t": "str", "v": r.randbytes(64).hex()}
    if r.random() < 0.3:
        entries["csrf_token"] = {"t": "str", "v": r.randbytes(20).hex()}
    if r.random() < 0.2:
        flash = lambda: {"t": "tuple", "v": [{"t": "str", "v": r.choice(("message", "error", "info"))}, {"t": "str", "v": text(r)}]}
        entries["_flashes"] = {"t": "list", "v": [flash() for _ in range(r.randrange(1, 4))]}
    if r.random() < 0.2:
        item = lambda: {"t": "dict", "v": [["sku", {"t": "str", "v": "SKU-%05d" % r.randrange(99999)}], ["qty", {"t": "int", "v": str(r.randrange(1, 9))}],
                                           ["price", {"t": "float", "v": struct.pack(">d", r.randrange(10000) / 100).hex()}]]}
        entries["cart"] = {"t": "list", "v": [item() for _ in range(r.randrange(1, 20))]}
    for _ in range(min(8, int(r.expovariate(1 / 2)))):
        entries[key(r)] = value(r, 3, plain)
    if not plain and r.random() < 0.05:
        big(r, entries)
    return {"t": "dict", "v": [[k, v] for k, v in entries.items()]}


def big(r, entries):
    """Adds up to 30 KB: dull, repetitive or random."""
    left = r.choice((1000, 4000, 12000, 29000))
    while left > 0:
        kind, n = r.randrange(4), r.randrange(50, 3000)
        if kind == 0:
            v = "".join(r.choice(CHARS[0]) for _ in range(n))
        elif kind == 1:
            v = (text(r, 12) or "x") * (n // 12)
        elif kind == 2:
            v = r.randbytes(n // 2).hex()
        else:
            v = " ".join(r.choice(WORDS) for _ in range(n // 6))
        v = v[:left // 6 + 20]
        left -= len(json.dumps(v)) + 12
        if left > -20:
            entries["big%d" % len(entries)] = {"t": "str", "v": v}


NUMBERS = ("0", "-0", "0.0", "-0.0", "1e5", "1E+5", "1.50", "1e400", "-1e-400", "NaN", "Infinity", "-Infinity", "-NaN", "01", "1.", ".5", "+1", "--1",
           "1e", "0x10", "1_0", "9" * 25, "123456789012345678901234567890.5", "0.1e-5", "1.7976931348623159e308", "4.9e-324", "2.5e-324", "٣")
CONTENTS = ("[]", "{}", '""', "null", "5", "true", '"QQ=="', '"QQ"', '"QR=="', '"Q Q=="', '"-_=="', '"+/=="', '"QUFB"', '"é"', '"0123456789abcdef0123456789ABCDEF"',
            '"{12345678-1234-5678-1234-567812345678}"', '"0x12"', '"Tue, 14 Nov 2023 22:13:20 GMT"', '"Tue, 14 Nov 0050 22:13:20 GMT"', '"junk"', '"Tue, 31 Feb 2023 22:13:20 GMT"',
            '"2023-11-14"', '"14 Nov 2023 22:13 +0530"', '"<b>"', '{" t__":[1]}', '{"a__":1,"b":2}', '{"__":1}', '{"é":1}', '{" di__":{" di":{" t__":[]}}}', '"abc"', '[["a",1]]',
            '[1,"x",{" b":"QQ=="}]', '{" b":"QQ=="}', '"\\u0041QUB"', '[["a",1],["a",2]]', '[[1,2]]')
ESCAPES = ("\\n", "\\/", "\\b\\f", "\\u0041", "\\u00e9", "\\ud83d\\ude00", "\\ud83d", "\\ude00\\ud83d", "\\uD83D\\uDE00", "\\x41", "\\'", "\\u12", "\\u+123", "\\\"", "\\\\",
           "\\u0000", "\\u007f", "é", "😀", "\x7f", "\u2028", "\t", "\x00", "\ud7ff")
SPACE = ("", "", "", "", "", " ", "\n", "\t\r", "  ", "\x0b", "\u00a0")


def json_text(r, depth=4, wild=0.15):
    """JSON as others than Flask may write it, and what is not quite JSON."""
    space = lambda: r.choice(SPACE) if r.random() < wild and r.random() < 0.9 else r.choice(("", "", " "))
    kind = r.randrange(12 if depth > 0 else 6)
    if kind < 2:
        body = "".join(r.choice(ESCAPES[:7] if r.random() > wild else ESCAPES) if r.random() < 0.2 else r.choice("abc <&é/_") for _ in range(r.randrange(8)))
        out = '"%s"' % body
    elif kind < 4:
        out = r.choice(NUMBERS[:8]) if r.random() > wild else r.choice(NUMBERS)
        if r.random() < 0.6:
            out = repr(struct.unpack(">d", r.randbytes(8))[0]) if r.random() < 0.3 else str(integer(r))
            out = out.replace("nan", "0").replace("inf", "0")
    elif kind < 6:
        out = r.choice(("true", "false", "null", "true", "[]", "{}", "True", "nul", "") if r.random() < wild else ("true", "false", "null", "[]", "{}"))
    elif kind < 8:
        out = "[" + ",".join(space() + json_text(r, depth - 1, wild) + space() for _ in range(r.randrange(4))) + r.choice(("", "", "", ",") if r.random() < wild else ("",)) + "]"
    elif kind < 10:
        pairs = (json.dumps(key(r) if r.random() < 0.8 else r.choice("ab"), ensure_ascii=r.random() < 0.7) + space() + ":" + space() + json_text(r, depth - 1, wild) for _ in range(r.randrange(4)))
        out = "{" + space() + ("," + space()).join(pairs) + space() + "}"
    else:
        tag = r.choice(TAGS + (" od", " x"))
        contents = r.choice(CONTENTS) if r.random() < 0.7 else json_text(r, depth - 1, wild)
        out = "{" + space() + json.dumps(tag) + space() + ":" + space() + contents + space() + "}"
        if r.random() < 0.05:
            out = out[:-1] + "," + json.dumps(r.choice((tag, "a"))) + ":" + contents + "}"
    return space() + out + space()


def mutated(r, data, alphabet=b'{}[]":,\\ud8eE+-.019 \xff\x00\t'):
    """Bytes with a few of them changed, dropped, added, doubled or cut off."""
    data = bytearray(data)
    for _ in range(r.choice((1, 1, 1, 2, 4))):
        at = r.randrange(len(data) + 1)
        kind = r.randrange(7)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << r.randrange(8)
        elif kind == 1:
            del data[at:at + r.choice((1, 1, 2, 5))]
        elif kind == 2:
            data[at:at] = bytes([r.choice(alphabet)])
        elif kind == 3 and at < len(data):
            data[at] = r.choice(alphabet)
        elif kind == 4:
            data[at:at] = data[at:at + r.randrange(1, 6)]
        elif kind == 5 and r.random() < 0.5:
            del data[at:]
        elif at < len(data):
            other = r.randrange(len(data))
            data[at], data[other] = data[other], data[at]
    return bytes(data)


def as_field(data):
    """Bytes as a field of a request: text where they are UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"hex": data.hex()}
