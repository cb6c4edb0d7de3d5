#!/usr/bin/env python3
"""Times hipflask beside Flask: open_session and save_session, on the cookies of benches/data.

    tools/speed.py [--rounds 100]

Both run in turn, many rounds over, and the fastest round of each counts. Flask gets its requests and
responses ready-made. Both compress what they save. Run it with a Python that has Flask (tools/python.sh prints one).
"""

import argparse
import os
import subprocess
import time
from pathlib import Path

from flask import Flask
from itsdangerous import TimestampSigner

ROOT = Path(__file__).resolve().parent.parent
BENCHES = ROOT / "benches"
KEY = "dev-0123456789abcdef0123456789abcdef"
NOW = 1_760_003_600
# Calls of Flask in a round, and of hipflask.
FLASK_CALLS, OUR_CALLS = 20, 50


class Ours:
    """The bench's program, which times hipflask on request."""

    def __init__(self):
        build = ["cargo", "build", "--quiet", "--release", "--bin", "speed"]
        subprocess.run(build, cwd=BENCHES, check=True)
        target = BENCHES / os.environ.get("CARGO_TARGET_DIR", "target")
        program = [target / "release" / "speed", "serve"]
        self.program = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *request):
        print(*request, file=self.program.stdin, flush=True)
        return float(self.program.stdout.readline())

    def open(self, cookie, key):
        return self.ask("open", cookie, key, OUR_CALLS)

    def save(self):
        return self.ask("save", OUR_CALLS)


class FlaskItself:
    def __init__(self):
        self.app = Flask(__name__)
        self.app.secret_key = KEY
        self.app.config["MAX_COOKIE_SIZE"] = 0
        self.interface = self.app.session_interface
        TimestampSigner.get_timestamp = lambda signer: NOW

    def open(self, cookie, key):
        environ = {"HTTP_COOKIE": f"session={cookie}"}
        requests = [self.app.request_class(environ) for _ in range(FLASK_CALLS)]
        start = time.perf_counter_ns()
        for request in requests:
            self.session = self.interface.open_session(self.app, request)
            self.session[key]
        return (time.perf_counter_ns() - start) / FLASK_CALLS

    def save(self):
        responses = [self.app.response_class() for _ in range(FLASK_CALLS)]
        self.session.modified = True
        start = time.perf_counter_ns()
        with self.app.app_context():
            for response in responses:
                self.interface.save_session(self.app, self.session, response)
        return (time.perf_counter_ns() - start) / FLASK_CALLS


def fastest(rounds, *candidates):
    """The fastest of so many rounds of each."""
    times = [[candidate() for candidate in candidates] for _ in range(rounds)]
    return [min(of_one) for of_one in zip(*times)]


def line(what, name, ours, flask):
    print(f"{what} {name:<5} {ours / 1e3:>8.2f} us {flask / 1e3:>8.1f} us {flask / ours:>6.1f}x", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    rounds = parser.parse_args().rounds
    ours, flask = Ours(), FlaskItself()
    print(f"{'':10} {'hipflask':>11} {'Flask':>11}")
    for entry in (BENCHES / "data" / "cookies.txt").read_text().splitlines():
        name, cookie = entry.split(" ")
        key = "user_id" if name == "S1" else "_user_id"
        line("open", name, *fastest(rounds, lambda: ours.open(cookie, key), lambda: flask.open(cookie, key)))
        line("save", name, *fastest(rounds, ours.save, flask.save))


if __name__ == "__main__":
    main()
