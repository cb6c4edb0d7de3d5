#!/usr/bin/env python3
"""Two processes of hipflask-redis' example `shared` on one Redis, under the load of wrk, with
Flask beside them: nobody's login is lost, no logout is undone, and nothing fails but what
cannot succeed while Redis is away.

  SHARED_EXAMPLE=target/release/examples/shared tools/redis_load.py [--seconds 10]

1. Flask only reads (SESSION_REFRESH_EACH_REQUEST is off).
2. Flask has its defaults: it writes with each request, whatever became of the session. What
   that undoes is counted, and is no fault of ours.
3. Redis, with appendfsync always, is killed and started again.
4. Requests in a second, as a part of those with the session in the cookie.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "crates/hipflask-redis/tests/flask"))

from servers import Axum, Browser, Flask, Redis, eventually  # noqa: E402

POOL = 50
ON_DISK = ("--save", "", "--appendonly", "yes", "--appendfsync", "always")

WRK = """
local cookies = {%s}
local number = 0
request = function()
    number = number + 1
    local path = number %% 4 == 0 and "/set?key=visits&value=" .. number or "/get?key=user"
    return wrk.format("GET", path, {Cookie = "session=" .. cookies[number %% #cookies + 1]})
end
"""


class FlaskProcess:
    """Flask in a process of its own."""

    def __init__(self, redis, refresh):
        command = [sys.executable, "-W", "ignore", __file__, "--serve-flask", str(redis.port), str(int(refresh))]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def stop(self):
        self.process.kill()
        self.process.wait()


def serve_flask(port, refresh):
    class Store:
        pass

    Store.port = port
    server = Flask(Store)
    server.app.config["SESSION_REFRESH_EACH_REQUEST"] = bool(refresh)
    print(server.port, flush=True)
    server.thread.join()


class Users(threading.Thread):
    """Somebody who logs in, is busy in several tabs, logs out, and looks whether that was so."""

    def __init__(self, number, axums, flask, redis, end):
        super().__init__()
        self.name, self.axums, self.flask, self.redis, self.end = f"user-{number}", axums, flask, redis, end
        self.logins = self.lost = self.undone = 0
        self.faults = []

    def run(self):
        try:
            while time.monotonic() < self.end:
                self.log_in_and_out()
        except Exception as error:
            self.faults.append(repr(error))

    def log_in_and_out(self):
        first, second = self.axums
        browser = Browser()
        browser.get(first, f"/set?key=user&value={self.name}")
        before = Browser(browser.cookie)
        browser.get(second, "/regenerate")
        self.logins += 1
        is_out = threading.Event()
        tabs = [threading.Thread(target=self.tab, args=(tab, browser.cookie, is_out)) for tab in range(3)]
        for tab in tabs:
            tab.start()
        for server in (*self.axums, self.flask):
            self.lost += Browser(browser.cookie).visit(server, "/get?key=user") != (200, self.name)
            self.undone += before.visit(server, "/get?key=user")[0] != 404
        copied = Browser(browser.cookie)
        browser.get(first, "/clear")
        is_out.set()
        for tab in tabs:
            tab.join()
        is_back = self.redis.client.exists(copied.key)
        self.undone += is_back or any(copied.visit(server, "/get?key=user")[0] != 404 for server in self.axums)

    def tab(self, tab, cookie, is_out):
        """Requests that are under way when the logout comes."""
        paths = ("/get?key=user", "/untouched") if tab == 0 else (f"/set?key=tab{tab}&value=1", "/get?key=user")
        server = (self.flask, *self.axums)[tab]
        try:
            while not is_out.is_set():
                for path in paths:
                    status, text = Browser(cookie).visit(server, path)
                    if status not in (200, 404):
                        self.faults.append((path, status, text))
        except Exception as error:
            self.faults.append(repr(error))


def wrk(server, cookies, seconds, connections=16):
    script = tempfile.NamedTemporaryFile("w", suffix=".lua")
    script.write(WRK % ", ".join(f'"{cookie}"' for cookie in cookies))
    script.flush()
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name, f"http://127.0.0.1:{server.port}"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True), script


def result(load):
    """Requests in a second, and what went wrong."""
    process, script = load
    text = process.communicate()[0]
    script.close()
    faults = re.findall(r"Socket errors.*|Non-2xx.*", text)
    return float(re.search(r"Requests/sec:\s*([\d.]+)", text)[1]), faults


def pool(axums):
    """Browsers that are logged in for the whole run."""
    browsers = [Browser() for _ in range(POOL)]
    for number, browser in enumerate(browsers):
        browser.get(axums[number % 2], f"/set?key=user&value=pool{number}")
    return browsers


def under_load(seconds, refresh):
    redis = Redis()
    axums, flask = [Axum(redis), Axum(redis)], FlaskProcess(redis, refresh)
    try:
        browsers = pool(axums)
        cookies = [browser.cookie for browser in browsers]
        loads = [wrk(axum, cookies, seconds) for axum in axums]
        users = [Users(number, axums, flask, redis, time.monotonic() + seconds) for number in range(4)]
        for user in users:
            user.start()
        for user in users:
            user.join()
        results = [result(load) for load in loads]
        lost = sum(user.lost for user in users)
        for number, browser in enumerate(browsers):
            lost += any(browser.visit(server, "/get?key=user") != (200, f"pool{number}") for server in (*axums, flask))
        faults = [fault for user in users for fault in user.faults] + [fault for _, some in results for fault in some]
        logins, undone = sum(user.logins for user in users), sum(user.undone for user in users)
        print(f"  {sum(rate for rate, _ in results) * seconds:,.0f} requests and {logins} logins in {seconds} s: "
              f"{lost} logins lost, {undone} logouts undone, {len(faults)} faults", flush=True)
        for fault in faults[:5]:
            print("   ", fault)
        if faults:
            print("   ", *(line for axum in axums for line in axum.logged().splitlines()[-3:]), sep="\n    ")
        return lost, undone, faults
    finally:
        for server in (*axums, flask, redis):
            server.stop()


def killed():
    """What was acknowledged holds, and the service recovers by itself."""
    redis = Redis(*ON_DISK)
    axums = [Axum(redis), Axum(redis)]
    logged_in, logged_out, faults, unavailable, is_over = [], [], [], [0], threading.Event()

    def visitor(number):
        while not is_over.is_set():
            browser = Browser()
            for path in ("/set?key=user&value=ada", "/regenerate", *(["/clear"] if number % 2 else [])):
                copied = Browser(browser.cookie)
                status, text = browser.visit(axums[number % 2], path)
                if status == 503:
                    unavailable[0] += 1
                    break
                if status != 200:
                    faults.append((path, status, text))
                    break
            else:
                logged_out.append(copied) if number % 2 else logged_in.append(browser)

    visitors = [threading.Thread(target=visitor, args=(number,)) for number in range(8)]
    try:
        for thread in visitors:
            thread.start()
        for round in (1, 2):
            eventually(lambda: len(logged_in) >= 200 * round and len(logged_out) >= 200 * round, "the load")
            redis.kill()
            eventually(lambda: unavailable[0] >= 20 * round, "an error while Redis is away")
            redis.start()
        before = len(logged_in)
        eventually(lambda: len(logged_in) >= before + 200, "the recovery")
        is_over.set()
        for thread in visitors:
            thread.join()
        lost = sum(browser.visit(axums[0], "/get?key=user") != (200, "ada") for browser in logged_in)
        undone = sum(browser.visit(axums[1], "/get?key=user")[0] != 404 for browser in logged_out)
        print(f"  {len(logged_in)} logins and {len(logged_out)} logouts acknowledged, {unavailable[0]} answers of 503: "
              f"{lost} logins lost, {undone} logouts undone, {len(faults)} other faults", flush=True)
        return lost, undone, faults
    finally:
        is_over.set()
        for server in (*axums, redis):
            server.stop()


def ratio(seconds):
    """How many requests there are in a second, beside those with cookie sessions."""
    redis, rates = Redis(), {"cookies": 0.0, "redis": 0.0}
    servers = {"redis": Axum(redis), "cookies": Axum(redis, "--cookies")}
    try:
        for _ in range(3):
            for kind, server in servers.items():
                browser = Browser()
                browser.get(server, "/set?key=user&value=ada")
                rate, faults = result(wrk(server, [browser.cookie], seconds))
                assert not faults, faults
                rates[kind] = max(rates[kind], rate)
        print(f"  with Redis: {rates['redis'] / rates['cookies']:.2f} of the requests that there are with cookies, best of 3")
    finally:
        for server in (*servers.values(), redis):
            server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--serve-flask", nargs=2, type=int, metavar=("PORT", "REFRESH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve_flask:
        return serve_flask(*options.serve_flask)
    print("Flask only reads")
    ours = under_load(options.seconds, refresh=False)
    print("Flask writes with each request, as it does by default: what is undone is undone by it")
    flask_s = under_load(options.seconds, refresh=True)
    print("Redis is killed twice, and started again")
    after_kill = killed()
    print("beside sessions in cookies")
    ratio(max(options.seconds // 4, 1))
    sys.exit(any(any(part) for part in (ours, after_kill)) or bool(flask_s[2]))


if __name__ == "__main__":
    main()
