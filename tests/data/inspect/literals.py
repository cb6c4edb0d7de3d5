"""Writes `literals.jsonl` with Python itself: literals of text and bytes as they may stand in
a settings.py, and the bytes that itsdangerous makes of them.

    python literals.py

literal   the literal
hex       its bytes, those of text in UTF-8; null where Python rejects it, or they are no UTF-8
"""

import ast
import json
import pathlib
import random
import warnings

HERE = pathlib.Path(__file__).parent
warnings.simplefilter("ignore")

WRITTEN = [
    "'dev'", '"dev"', "b'dev'", "B'dev'", "u'dev'", "U'dev'", "r'dev'", "rb'dev'", "bR'dev'", "Rb'dev'", "ur'dev'", "f'dev'",
    "'''dev'''", '"""dev"""', "'''d\n'v'''", "'d\nv'", "'d\\\nv'", "''", "b''", "dev", "'dev", "dev'", "'dev' ", " 'dev'",
    "'a' 'b'", "'a'\"b\"", "b'a' b'b'", "b'a' 'b'", "'a' b'b'", "u'a' r'b'", "'a' + 'b'", "'a',", "('a')",
    r"'\n\r\t\a\b\f\v\\\'\"'", r"b'\n\r\t\a\b\f\v\\\'\"'", r"'\0\1\12\123\777'", r"b'\0\1\12\123\377'", r"'\8\9'", r"b'\8'",
    r"'\x41\xe9'", r"b'\x41\xe9'", r"'\x4'", r"b'\x4'", r"'\xg1'", r"'\u00e9\u4e2d'", r"b'\u00e9'", r"'\u00e'", r"'\U0001f600'",
    r"b'\U0001f600'", r"'\U00110000'", r"'\e\y\h\z'", r"b'\e\y\h\z'", r"'\2\1thisismyscretkey\1\2\e\y\y\h'",
    r'''b'_5#y2L"F4Q8z\n\xec]/' ''', r"'A0Zr98j/3yX R~XHH!jmN]LWX/,?RT'", r"r'\n\x41\''", r"rb'\n\'\\'", "r'\\'", r"r'a\'",
    "'clé'", "b'clé'", "'😀'", "'é' 'b'", r"'\'", r"'\\'", r"'\\\'", "'a\0b'", "'a\tb'", "'a' # comment", "'a'\n'b'",
]


def read(literal):
    try:
        value = ast.literal_eval(literal.strip())
        return (value.encode() if isinstance(value, str) else value).hex() if isinstance(value, (str, bytes)) else None
    except (SyntaxError, ValueError, UnicodeError):
        return None


def made():
    rng = random.Random(0)
    parts = ["\\", "'", '"', "n", "x", "u", "0", "7", "8", "4", "e", "a", "é", " ", "\\x", "\\u00", "\\1", "''", "b", "N"]
    for _ in range(600):
        prefix, quote = rng.choice(["", "", "b", "r", "rb"]), rng.choice(["'", '"', "'''"])
        inside = "".join(rng.choice(parts) for _ in range(rng.randrange(8)))
        yield prefix + quote + inside + quote


rows = [{"literal": literal, "hex": read(literal)} for literal in [*WRITTEN, *made()]]
(HERE / "literals.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
