"""Writes Werkzeug's answers on cookie headers, `Vary` and HTTP dates, as JSON lines.

usage: generate.py FOLDER ROWS SEED      (pip install flask==3.1.3 werkzeug==3.1.9)

The tables in this folder are `generate.py . 120 1`. Header text is Latin-1, as in WSGI.
`sync_expires.jsonl` has cases of the oracle's form, as `../vectors.jsonl` has.
"""

import json
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

from werkzeug import http
from werkzeug.sansio.http import parse_cookie
from werkzeug.sansio.response import Response

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
HEADER_PARTS = [
    "session", "a", "b", "=", "=", "=", ";", ";", "; ", '"', '"', '"', "\\", '\\"', "\\073", "\\303\\251", "\\400",
    "\\377", "\\n", " ", "\t", ",", "x.y-z_0", "v" * 40, "\n", "\x00", "\xe9", "\xc3\xa9", "\xf0\x9f\x98\x80", "\xe2\x82",
    "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80", 'a="', '";', "\\\xe9", "\\\\",
]  # fmt: skip
FIXED_HEADERS = [
    "", ";", "=__Host-x=bad", "=x", "=a=b", "a==b", "a", "a=b c", "a b=c", 'a=b"c', "a=b; a=c", 'a="b; c=d', " a = b ; c",
    'session="x;y"; b', 'a="\\"', 'a="b"c; d=e', 'a="\\\n"; b=c', 'a="x\ny"', 'a="\\101\\400\\1"', "A=1; a=2", "a=\xe9",
]  # fmt: skip
FIXED_PAIRS_OF_HEADERS = [
    ['a="b', 'session=x"'], ['a="b', 'session=x; b="'], ['a="b', 'c"; session=x'], ['session="b', 'c"; session=x'],
    ['a="b; session=1', 'c" d; session=2'], ['a="b\\', '"; session=1'], ['a="b', "session=1", 'c"'], ["", "session=1"],
    ['a="b', 'c\\\n"; session=1'], ["session=", "session=1"], ['a="b', "c", '"', "session=1"],
]  # fmt: skip
TEXT = ["a", "Z", "0", "_", ";", ",", " ", "=", "%", "%2f", "?", "#", '"', "\\", "'", "/", "~", "é", "日", "😀", "\x7f"]
TEXT += [chr(code) for code in (0, 9, 10, 13, 0x19, 0x1A, 0x1F)] + list("!$&()*+-.:<>@[]^`{|}")
DOMAINS = [None, "a", "", ".", "..", ".a.b", "..a.b", "a.", "Example.COM:8080", ":80", "[::1]", "l" * 63, "x." + "l" * 63 + "."]
DOMAINS = DOMAINS * 2 + [
    "a..b", "a..", "a;b", "a b", "a\nb", "a:\n", "l" * 64, "x." + "l" * 64, "x." + "l" * 64 + ".", "bücher.de",
]  # fmt: skip
VARY_PARTS = ["Accept", "cookie", "Cookie", "COOKIE", "*", ",", ",", ", ", '"', '"', "\\", " ", "\t", "a=b", '"a, b"']
VARY_PARTS += ['"Coo\\kie"', '""', "X-A", "\xe9", "/", '\\"', "a\nb", '"\\\n"']


def pick(random_, parts, most):
    return "".join(random_.choice(parts) for _ in range(random_.randrange(most + 1)))


def parse_row(header):
    # A list keeps the order, which a MultiDict loses.
    items = parse_cookie(header, cls=list)
    try:
        decoded = http.parse_cookie(header, cls=list)
    except UnicodeDecodeError:
        decoded = None
    return {"header": header, "request": items, "http": decoded}


def find_row(headers, name="session"):
    # As Request.cookies joins them.
    return {"headers": headers, "name": name, "value": parse_cookie(";".join(headers)).get(name)}


def dump_row(random_):
    row = {
        "name": random_.choice(["session", "sid", "s", "", "a b", "a=b", "é", "a;b", "a\tb", "a\r\nb", "\x7f"]),
        "value": pick(random_, TEXT, 6),
        "domain": random_.choice(DOMAINS),
        "expires": random_.choice([None, 0, random_.randrange(-62135596800, 253402300800)]),
        "max_age": random_.choice([None, 0, -1, 7, 2678400, 2**63 - 1, -(2**63), random_.randrange(2**40)]),
        "path": random_.choice([None, "/", "", pick(random_, TEXT, 8)]),
        "samesite": random_.choice([None, "Strict", "sTRICT", "lax", "NONE"] * 4 + ["", " lax", "x"]),
        **{key: random_.random() < 0.5 for key in ("secure", "httponly", "partitioned")},
    }
    options = {key: value for key, value in row.items() if key not in ("name", "value")}
    if row["expires"] is not None:
        options["expires"] = EPOCH + timedelta(seconds=row["expires"])
    try:
        header = http.dump_cookie(row["name"], row["value"], sync_expires=False, max_size=0, **options)
        row["header"] = header.encode("latin1").decode()
    except (ValueError, UnicodeError):
        row["header"] = None
    return row


def sync_expires_cases():
    """Every way of whether `Expires` follows from `Max-Age`, asked with a clock that stands still."""
    # Only now: it replaces the clock that Werkzeug reads.
    sys.path.insert(0, str(Path(__file__).parents[2] / "oracle"))
    import oracle

    moments = [(1_700_000_000, max_age) for max_age in (None, 0, -1, 3600)]
    # Dates of the year 10000 and more exist for a cookie that does not have to write one.
    moments += [(0, 2**40), (253_402_300_799, 1), (0, 2**63 - 1), (1, 2**63 - 1), (0, -(2**63))]
    for sync_expires in (True, False, None, 0, 1, "", "x"):
        for time, max_age in moments:
            for more in ({}, {"expires": 0}, {"secure": True, "path": None, "samesite": "lax"}):
                options = {"sync_expires": sync_expires, "max_age": max_age, **more}
                request = {"op": "dump_cookie", "time": time, "name": "a", "value": "b", "options": options}
                yield {"tier": "core", "cmp": "exact", "req": request, "exp": oracle.answer(request)}


def vary_row(random_):
    existing = [pick(random_, VARY_PARTS, 7).replace("\n", "") for _ in range(random_.choice([0, 1, 1, 1, 2]))]
    response = Response()
    for line in existing:
        response.headers.add("Vary", line)
    token = random_.choice(["Cookie", "Cookie", "cookie", "a=b"])
    response.vary.add(token)
    return {"existing": existing, "token": token, "vary": response.headers.getlist("Vary")}


def date_row(random_):
    secs = random_.choice([random_.randrange(-62135596800, 253402300800), random_.randrange(0, 4102444800)])
    text = http.http_date(EPOCH + timedelta(seconds=secs))
    row = {"unix_secs": secs, "text": text}
    changed = list(text)
    for _ in range(random_.randrange(3)):
        at = random_.randrange(29)
        changed[at] = random_.choice("0123456789") if changed[at].isdigit() else random_.choice(changed)
    row["changed"] = "".join(changed)
    for key, source in (("read", text), ("changed_read", row["changed"])):
        parsed = http.parse_date(source)
        row[key] = None if parsed is None else (parsed - EPOCH) // timedelta(seconds=1)
    return row


def main(folder, rows, seed):
    random_ = random.Random(seed)
    tables = {
        "parse": [parse_row(h) for h in FIXED_HEADERS] + [parse_row(pick(random_, HEADER_PARTS, 14)) for _ in range(rows)],
        "find": [find_row(h) for h in FIXED_PAIRS_OF_HEADERS]
        + [
            find_row([pick(random_, HEADER_PARTS, 7) for _ in range(random_.randrange(1, 5))], random_.choice(["session", "a", "é"]))
            for _ in range(rows)
        ],
        "dump": [dump_row(random_) for _ in range(rows)],
        "vary": [vary_row(random_) for _ in range(rows)],
        "date": [date_row(random_) for _ in range(rows)],
        "sync_expires": [{"id": f"sync-{n:03}", **case} for n, case in enumerate(sync_expires_cases(), 1)],
    }
    for name, table in tables.items():
        lines = "".join(json.dumps(row) + "\n" for row in table)
        Path(folder, f"{name}.jsonl").write_text(lines, encoding="ascii")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
