"""Writes `requests.jsonl` with the real Flask-Login (0.6.3) and Flask-WTF (1.3.0): random
requests over what they do with sessions and cookies, with their answers.

    pip install -r tests/interop/requirements.txt && python generate.py
"""

import json
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "oracle")]
import extensions
import live_extensions

r = random.Random(11)
with open(HERE / "requests.jsonl", "w") as file:
    number = 0
    while number < 330:
        request = live_extensions.request(r)
        answer = extensions.answer(request)
        # What the crate may refuse is in `vectors_extensions.jsonl`.
        if answer.get("error") == "OracleError" or live_extensions.reason(request):
            continue
        case = {"id": f"e-{request['op']}-{number:03}", "group": "extensions", "tier": "core", "cmp": "exact", "req": request, "exp": answer}
        file.write(json.dumps(case, separators=(",", ":")) + "\n")
        number += 1
