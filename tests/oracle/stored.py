"""Random sessions as Flask-Session stores them, and damaged ones, for the comparison with msgspec."""
import json, struct
from datetime import datetime, timedelta, timezone

import msgspec
from markupsafe import Markup

import extensions, oracle, values

DEEPEST = 64
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
BOUNDS = [0, 1, 31, 32, 33, 127, 128, 129, 255, 256, 257, 32767, 32768, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 34 - 1, 2 ** 34, 2 ** 63 - 1, 2 ** 63, 2 ** 64 - 1]


# ---------------------------------------------------------------------- values

def moment(r):
    kind = r.randrange(4)
    if kind == 0:
        secs = r.choice(BOUNDS[:21]) * r.choice((1, -1)) + r.randrange(-1, 2)
    elif kind == 1:
        secs = r.randrange(-62135596800, 253402300800)
    else:
        secs = r.randrange(1_500_000_000, 1_900_000_000)
    return EPOCH + timedelta(seconds=secs, microseconds=r.choice((0, 0, 1, 678, 999_999, r.randrange(10 ** 6))))


def leaf(r, stored):
    """A value without values inside. `stored`: as msgspec reads it back."""
    kind = r.randrange(14)
    if kind < 2:
        return r.choice((None, True, False))
    if kind < 5:
        if r.random() < 0.5:
            return r.randrange(-200, 70000)
        return r.choice(BOUNDS) if r.random() < 0.6 else max(-2 ** 63, -r.choice(BOUNDS) - r.randrange(2))
    if kind < 7:
        x = struct.unpack(">d", bytes.fromhex(values.typed_float(r)["v"]))[0]
        # What a handler puts in has one NaN.
        return float("nan") if x != x and not stored else x
    if kind == 7:
        return r.randbytes(r.choice((0, 1, 2, 3, 4, 15, 31, 47, 48, 49, 255, 256, r.randrange(300))))
    if kind < 10:
        return moment(r)
    if kind == 10 and stored:
        return msgspec.msgpack.Ext(r.choice((0, 1, 5, 127, -2, -128, r.randrange(0, 128))), r.randbytes(r.choice((0, 1, 2, 3, 4, 8, 16, 17, 255, 256))))
    if kind == 10:
        return r.choice((2 ** 64, -2 ** 63 - 1, 10 ** 30, Markup("<b>"))) if r.random() < 0.05 else 0
    if kind == 11:
        return r.choice("aé") * r.choice((15, 16, 31, 32, 127, 128, 255, 256))
    return values.text(r)


def keys(r, count, depth, stored):
    for n in range(count):
        kind = r.random()
        if depth and stored and kind < 0.06:
            yield r.choice((1, -1)) * r.choice(BOUNDS[:22])
        elif depth and stored and kind < 0.07:
            yield r.choice((True, False))
        elif depth and stored and kind < 0.0703:
            yield r.choice((None, 1.5, (1, 2), b"k"))
        else:
            yield values.key(r) if kind < 0.5 else f"k{r.randrange(10 * count + 1)}"


def value(r, depth, stored):
    if depth > 5 or r.random() < 0.6:
        return leaf(r, stored)
    count = r.choice((0, 1, 1, 2, 3, 4, 15, 16, r.randrange(8), r.randrange(60) if r.random() < 0.2 else 2))
    if r.random() < 0.5:
        items = [value(r, depth + 1, stored) for _ in range(count)]
        return items if stored or r.random() < 0.7 else tuple(items)
    return {k: value(r, depth + 1, stored) for k in keys(r, count, depth, stored)}


def session(r, stored=False):
    entries = {k: value(r, 1, stored) for k in keys(r, r.choice((0, 1, 2, 3, 5, 8, 15, 16, 17)), 0, stored)}
    if r.random() < 0.5:
        entries["_permanent"] = True
    if r.random() < 0.01:
        levels = r.randrange(50, 70)
        for _ in range(levels):
            entries = {"k": entries} if r.random() < 0.5 else {"k": [entries]}
    return entries


def jsonable(x):
    """The same with what the JSON codec reads back, and dates in UTC only."""
    if isinstance(x, dict):
        return {k if isinstance(k, str) else str(k): jsonable(v) for k, v in x.items()}
    if isinstance(x, (list, tuple)):
        return [jsonable(v) for v in x]
    return None if isinstance(x, msgspec.msgpack.Ext) else x


# ----------------------------------------------------------------- stored bytes

def head(r, number, forms):
    """A length in any of its forms that fit."""
    fitting = [(code, size) for code, size in forms if number < 256 ** size]
    code, size = r.choice(fitting)
    return bytes([code]) + number.to_bytes(size, "big")


def respelled(r, x):
    """msgpack as another writer may spell it."""
    if isinstance(x, bool) or x is None:
        return msgspec.msgpack.encode(x)
    if isinstance(x, int):
        forms = []
        for code, size in ((0xCC, 1), (0xCD, 2), (0xCE, 4), (0xCF, 8)):
            if 0 <= x < 256 ** size:
                forms.append(bytes([code]) + x.to_bytes(size, "big"))
        for code, size in ((0xD0, 1), (0xD1, 2), (0xD2, 4), (0xD3, 8)):
            if -(256 ** size) // 2 <= x < 256 ** size // 2:
                forms.append(bytes([code]) + x.to_bytes(size, "big", signed=True))
        return r.choice(forms)
    if isinstance(x, float):
        return b"\xca" + r.randbytes(4) if r.random() < 0.4 else b"\xcb" + struct.pack(">d", x)
    if isinstance(x, str):
        text = x.encode()
        return head(r, len(text), ((0xD9, 1), (0xDA, 2), (0xDB, 4))) + text
    if isinstance(x, bytes):
        return head(r, len(x), ((0xC4, 1), (0xC5, 2), (0xC6, 4))) + x
    if isinstance(x, datetime):
        secs = (x - EPOCH) // timedelta(seconds=1)
        nanos = min(999_999_999, x.microsecond * 1000 + r.choice((0, 0, 1, 499, 500, 501, 999)))
        if 0 <= secs < 2 ** 34 and r.random() < 0.5:
            data = (nanos << 34 | secs).to_bytes(8, "big")
        else:
            data = nanos.to_bytes(4, "big") + secs.to_bytes(8, "big", signed=True)
        return head(r, len(data), ((0xC7, 1), (0xC8, 2), (0xC9, 4))) + b"\xff" + data
    if isinstance(x, msgspec.msgpack.Ext):
        return head(r, len(x.data), ((0xC7, 1), (0xC8, 2), (0xC9, 4))) + x.code.to_bytes(1, "big", signed=True) + x.data
    if isinstance(x, (list, tuple)):
        return head(r, len(x), ((0xDC, 2), (0xDD, 4))) + b"".join(respelled(r, v) for v in x)
    entries = list(x.items())
    if entries and r.random() < 0.003:
        entries.append((r.choice(entries)[0], 7))
    return head(r, len(entries), ((0xDE, 2), (0xDF, 4))) + b"".join(respelled(r, k) + respelled(r, v) for k, v in entries)


def other_json(r, x):
    """JSON text as another writer may spell it."""
    space = lambda: r.choice(("", "", "", " ", "\n", "\t \r"))
    if isinstance(x, dict):
        entries = list(x.items())
        if entries and r.random() < 0.003:
            entries.append((r.choice(entries)[0], 7))
        return "{" + ",".join(space() + other_json(r, k) + space() + ":" + space() + other_json(r, v) + space() for k, v in entries) + space() + "}"
    if isinstance(x, list):
        return "[" + space() + ",".join(space() + other_json(r, v) + space() for v in x) + "]"
    if isinstance(x, str):
        return json.dumps(x, ensure_ascii=r.random() < 0.5).replace("/", r.choice(("/", "\\/")))
    if isinstance(x, float) and x == x and abs(x) != float("inf"):
        return r.choice((repr(x), f"{x:.25e}", f"{x:E}", f"{x:.3g}", f"{x:+.20e}".lstrip("+"), "1e400", "0.1e-5", "-0"))
    if isinstance(x, (type(None), bool, int)):
        return json.dumps(x)
    return r.choice(("NaN", "1e999", "01", "1.", '"\\ud800"', '"\\ud83d\\ude00"', "-0.0", "1E+3", "9" * 30)) if r.random() < 0.1 else "0"


def damaged(r, data, other):
    data = bytearray(data)
    for _ in range(r.choice((1, 1, 1, 2, 5))):
        kind, at = r.randrange(6), r.randrange(len(data) + 1)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << r.randrange(8)
        elif kind == 1 and at < len(data):
            data[at] = r.choice((0, 0x80, 0x90, 0xA0, 0xC0, 0xC1, 0xC4, 0xC7, 0xCA, 0xCB, 0xD4, 0xD6, 0xD7, 0xD9, 0xDC, 0xDE, 0xFF, 0x22, 0x5B, 0x7B, 0x7D, 0x5C))
        elif kind == 2:
            del data[at:at + r.randrange(1, 9)]
        elif kind == 3:
            data[at:at] = r.randbytes(r.randrange(1, 5))
        elif kind == 4:
            del data[at:]
        else:
            start = r.randrange(len(other) + 1)
            data[at:at + r.randrange(9)] = other[start:start + r.randrange(20)]
    return bytes(data)


def stored(r, codec):
    content = session(r, True)
    if codec == "json":
        content = jsonable(content)
    kind = r.random()
    if kind < 0.35:
        return extensions.CODECS[codec][0].encode(content)
    data = respelled(r, content) if codec == "msgpack" else other_json(r, content).encode()
    if kind < 0.65:
        return data
    if kind < 0.75:
        data = extensions.CODECS[codec][0].encode(content)
    return damaged(r, data, extensions.CODECS[codec][0].encode(content))


def request(r):
    codec = r.choice(("msgpack", "msgpack", "json"))
    kind = r.randrange(3)
    if kind == 0:
        return {"op": "fs_dump", "codec": codec, "value": oracle.enc(session(r))}
    written = codec if kind == 2 or r.random() < 0.8 else r.choice(("msgpack", "json"))
    req = {"op": "fs_load" if kind == 1 else "fs_resave", "codec": codec, "data": {"hex": stored(r, written).hex()}}
    if kind == 2:
        some = lambda: ["set", values.key(r), oracle.enc(value(r, 3, False))] if r.random() < 0.5 else ["del", r.choice(("k1", "a", "_permanent", values.key(r)))]
        req["ops"] = [some() for _ in range(r.choice((0, 0, 0, 1, 2)))]
    return req


# --------------------------------------------------- what may be refused, and why

class Pairs(list):
    """The entries of a map, of which some may have equal keys."""


def parse(data):
    """msgpack that msgspec accepts, with every entry of a map."""
    value, at = parse_at(data, 0)
    return value


def parse_at(data, at):
    byte = data[at]
    number = lambda size: int.from_bytes(data[at + 1:at + 1 + size], "big")
    sizes = {0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4, 0xC4: 1, 0xC5: 2, 0xC6: 4, 0xC7: 1, 0xC8: 2, 0xC9: 4}
    if 0x80 <= byte < 0xA0 or byte in (0xDC, 0xDD, 0xDE, 0xDF):
        size = sizes.get(byte, 0)
        count = number(size) if size else byte & 0xF
        is_map = byte < 0x90 or byte >= 0xDE
        items, at = [], at + 1 + size
        for _ in range(count * (2 if is_map else 1)):
            item, at = parse_at(data, at)
            items.append(item)
        return (Pairs(zip(items[::2], items[1::2])) if is_map else items), at
    if 0xA0 <= byte < 0xC0:
        end = at + 1 + (byte & 0x1F)
    elif byte in sizes:
        end = at + 1 + sizes[byte] + number(sizes[byte]) + (byte in (0xC7, 0xC8, 0xC9))
    elif 0xD4 <= byte <= 0xD8:
        end = at + 2 + (1 << byte - 0xD4)
    else:
        end = at + 1 + {0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}.get(byte, 0)
    return msgspec.msgpack.decode(data[at:end]), end


def inspect(x, depth, found):
    """Notes what the crate does not keep of a value inside of so many levels."""
    if isinstance(x, (Pairs, dict)):
        entries = x if isinstance(x, Pairs) else list(x.items())
        names = [tuple(k) if isinstance(k, list) else k for k, _ in entries]
        is_session = depth == 0
        if any(type(k) is not str and (is_session or type(k) not in (int, bool)) for k in names):
            found.add("key")
        if not is_session and len({(type(k) is str, k) for k in names}) < len(names):
            found.add("equal keys")
        # Flask wraps such a dict.
        depth += 1 + (not is_session and len(names) == 1 and names[0] in (*values.TAGS, " ext"))
        for _, v in entries:
            inspect(v, depth, found)
    elif isinstance(x, (list, tuple)):
        depth += 1 + isinstance(x, tuple)
        for v in x:
            inspect(v, depth, found)
    elif isinstance(x, msgspec.msgpack.Ext):
        depth += 3
    elif isinstance(x, (bytes, datetime, Markup)):
        depth += 1
    if depth > DEEPEST:
        found.add("depth")


def reasons(req):
    """Why the crate may refuse what msgspec takes."""
    found = set()
    if "data" in req:
        data = bytes.fromhex(req["data"]["hex"])
        # What is not a dict is no session.
        if data[:1] >= b"\x80":
            content = parse(data)
        else:
            content = json.loads(data, object_pairs_hook=Pairs) if data.lstrip()[:1] == b"{" else None
        if not isinstance(content, Pairs):
            return {"no session"}
        inspect(content, 0, found)
    else:
        inspect(oracle.dec(req["value"]), 0, found)
    for op in req.get("ops", ()):
        if op[0] == "set":
            inspect(oracle.dec(op[2]), 1, found)
    return found
