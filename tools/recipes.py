#!/usr/bin/env python3
"""Tests the recipes for servers other than picoserve, and prints what each device takes.

    tools/recipes.py [-v] [TEST…]    (tools/recipes.sh builds what it runs)

SMOLTCP is the device of examples/smoltcp, EDGE_HTTP the program of
examples/edge_http, PICOSERVE the device of examples/firmware and KEEPER its
program that keeps sessions in flash. Needs Flask, QEMU, nm and size.
"""

import contextlib
import http.client
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import unittest
import urllib.parse

from flask import Flask
from flask.sessions import SecureCookieSessionInterface

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "examples/firmware"))
import run  # noqa: E402

KEY = "recipes"
TIMEOUT_SECS = 20
# Requests after which nothing may have changed any more.
REQUESTS = 200
# What an interrupt saves on the program's stack, wherever it comes; it has a stack of its own.
INTERRUPT_BYTES = 36
PAGE = ROOT / "docs/firmware.md"
# By how much the page's figures may be off: a compiler's next release changes some bytes.
TOLERANCE = 0.03
# In the table, what is smaller is added up.
SMALL_BYTES = 256

flask = Flask(__name__)
flask.secret_key = KEY
SERIALIZER = SecureCookieSessionInterface().get_signing_serializer(flask)


class Browser:
    """Keeps one cookie, and opens a connection for each request."""

    def __init__(self, port, cookie=None):
        self.port = port
        self.cookie = cookie

    def request(self, method, path, form=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_SECS)
        headers = {"Cookie": f"session={self.cookie}"} if self.cookie else {}
        body = urllib.parse.urlencode(form) if form is not None else None
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        page = response.read().decode()
        for cookie in response.headers.get_all("Set-Cookie") or ():
            self.cookie = re.match("session=([^;]*)", cookie)[1]
        connection.close()
        return response.status, page

    def token(self, path="/"):
        """The token in the page's form."""
        return re.search("name=csrf value='?([0-9a-f]*)", self.request("GET", path)[1])[1]

    def log_in(self, path="/", **more):
        form = {"csrf": self.token(path), "user": "Zoë", "password": "flask", "now": int(time.time()), **more}
        return self.request("POST", "/login", form)[0]


class Program:
    """A program that listens."""

    def __init__(self, command, port, **environment):
        self.port = port
        # A device's console is QEMU's standard error.
        self.process = subprocess.Popen(
            command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        # It says when it is ready, or ends.
        while (line := self.process.stdout.readline()) and not line.startswith(("ready", "open")):
            pass
        assert line, "it did not start"

    @classmethod
    def device(cls, firmware, sntp_port=None):
        port = run.free_port()
        return cls(run.command(firmware, port, sntp_port), port)

    def stack_used(self):
        return int(re.search(r"stack_used=(\d+)", Browser(self.port).request("GET", "/stats")[1])[1])

    def stop(self):
        self.process.kill()
        self.process.communicate()


class Pages:
    """What holds for each of them."""

    def test_01_a_login_lasts_until_the_logout(self):
        browser = Browser(self.program.port)
        self.assertEqual(browser.log_in(), 303)
        for visit in (1, 2):
            status, page = browser.request("GET", "/")
            self.assertEqual(status, 200)
            self.assertIn(f"Logged in as <b>Zoë</b>, visit {visit},", page)
        self.assertEqual(browser.request("POST", "/logout", {"csrf": browser.token()})[0], 303)
        self.assertEqual(browser.cookie, "")
        self.assertIn("name=password", browser.request("GET", "/")[1])

    def test_02_who_has_no_token_or_password_stays_outside(self):
        browser = Browser(self.program.port)
        browser.log_in()
        stranger = Browser(self.program.port)
        for form in ({"password": "wrong"}, {"csrf": "0" * 40}, {"csrf": ""}, {"user": ""}, {"user": "x" * 33}):
            self.assertEqual(stranger.log_in(**form), 403, form)
        self.assertEqual(browser.request("POST", "/logout", {"csrf": ""})[0], 403)
        self.assertIn("Logged in", browser.request("GET", "/")[1])

    def test_03_a_changed_cookie_is_nobodys(self):
        browser = Browser(self.program.port)
        browser.log_in()
        last = browser.cookie[-1]
        for cookie in (browser.cookie[:-1] + chr(ord(last) ^ 4), "x" + browser.cookie, "." * 40):
            self.assertIn("name=password", Browser(self.program.port, cookie).request("GET", "/")[1])

    def test_04_half_requests_hold_up_nobody(self):
        with socket.create_connection(("127.0.0.1", self.program.port), TIMEOUT_SECS) as half:
            half.sendall(b"POST /login HTTP/1.1\r\nContent-Length: 100\r\n\r\ncsrf=")
            Browser(self.program.port).log_in()

    def test_05_names_are_shown_as_text(self):
        browser = Browser(self.program.port)
        browser.log_in(user="<b>&")
        self.assertIn("<b>&lt;b>&amp;</b>", browser.request("GET", "/")[1])

    def test_06_a_head_does_not_spoil_its_connection_and_a_query_is_no_path(self):
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.program.port, timeout=TIMEOUT_SECS)) as one:
            for method, path, status in (("HEAD", "/", None), ("GET", "/?x=1", 200)):
                one.request(method, path)
                response = one.getresponse()
                response.read()
                self.assertIn(response.status, (status, 404, 405) if status is None else (status,))


class EdgeHttp(Pages, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        port = run.free_port()
        cls.program = Program([os.environ["EDGE_HTTP"]], port, PORT=str(port), SECRET_KEY=KEY)
        cls.addClassCleanup(cls.program.stop)

    def test_10_a_login_from_flask_is_known(self):
        cookie = SERIALIZER.dumps({"user": "Ada", "visits": 41, "note": "compressed " * 20})
        browser = Browser(self.program.port, cookie)
        self.assertIn("Logged in as <b>Ada</b>, visit 42,", browser.request("GET", "/")[1])
        self.assertTrue(browser.cookie.startswith("."))
        self.assertEqual(SERIALIZER.loads(browser.cookie)["visits"], 42)

    def test_99_a_length_that_is_no_number_ends_it(self):
        """Not as it should be: docs/firmware.md warns of it while this holds."""
        with socket.create_connection(("127.0.0.1", self.program.port), TIMEOUT_SECS) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n")
            self.assertNotEqual(self.program.process.wait(TIMEOUT_SECS), 0)


class Smoltcp(Pages, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.program = Program.device(os.environ["SMOLTCP"])
        cls.addClassCleanup(cls.program.stop)
        # Until it is told the time it keeps no sessions; the password alone counts.
        stranger = Browser(cls.program.port)
        assert stranger.log_in(password="wrong") == 403
        assert stranger.log_in(now=1_700_000_000) == 503
        assert stranger.cookie is None
        assert stranger.log_in() == 303

    def test_10_what_is_too_long_or_wrong_is_refused(self):
        for request, status in (
            (b"GET / HTTP/1.1\r\nX: " + b"x" * 2030, b"431"),
            (b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 40 + b"\r\n", b"431"),
            (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"501"),
            (b"\0\r\n\r\n", b"400"),
        ):
            with socket.create_connection(("127.0.0.1", self.program.port), TIMEOUT_SECS) as connection:
                connection.sendall(request)
                self.assertEqual(connection.recv(4096)[9:12], status, request[:40])

    def test_11_four_that_are_silent_give_way(self):
        silent = [socket.create_connection(("127.0.0.1", self.program.port), TIMEOUT_SECS) for _ in range(4)]
        for connection in silent:
            with connection, contextlib.suppress(ConnectionResetError):
                self.assertEqual(connection.recv(1), b"")
        self.assertEqual(Browser(self.program.port).request("GET", "/")[0], 200)

    def test_12_many_requests_take_no_more_stack_than_some(self):
        browser = Browser(self.program.port)
        browser.log_in()
        browser.request("GET", "/")
        used = self.program.stack_used()
        for visit in range(REQUESTS):
            self.assertIn(f"visit {visit + 2},", browser.request("GET", "/")[1])
        self.assertLessEqual(self.program.stack_used(), used + INTERRUPT_BYTES)


class Keeper(unittest.TestCase):
    def test_01_it_has_one_codec_and_no_floats(self):
        names = output("nm", "--demangle", os.environ["KEEPER"])
        self.assertIn("codec::by_type::TaggedJson", names)
        self.assertNotRegex(names, r"codec::(msgpack|json|Codec)|dec2flt|flt2dec|__aeabi_d")


def memory(firmware):
    """Flash and static RAM of a firmware in bytes, and what the RAM is for."""
    text, data, bss = map(int, output("size", firmware).splitlines()[1].split()[:3])
    named = {}
    for line in output("nm", "--print-size", "--demangle", firmware).splitlines():
        match = re.fullmatch(r"[0-9a-f]+ ([0-9a-f]+) [bBdD] (.+)", line)
        if match:
            size, name = int(match[1], 16), re.sub(r"::h[0-9a-f]{16}$", "", match[2])
            named[name] = named.get(name, 0) + size
    large = sorted((size, name) for name, size in named.items() if size >= SMALL_BYTES)[::-1]
    return text + data, data + bss, large + [(data + bss - sum(size for size, _ in large), "everything else")]


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def look_around(browser, login_page):
    browser.log_in(login_page)
    # Anew, now that the clock is set and the session holds a token.
    browser.log_in(login_page)
    for _ in range(REQUESTS):
        assert "Logged in" in browser.request("GET", "/")[1]


def count_visits(browser, page):
    deadline = time.monotonic() + TIMEOUT_SECS
    while browser.request("GET", page)[0] != 200 and time.monotonic() < deadline:
        pass  # It does not know the time yet, and keeps nothing.
    for visit in range(REQUESTS):
        assert browser.request("GET", page) == (200, f"visit {visit + 2}\n")


def figures(firmware, visit, page, sntp_port=None):
    """What a device takes while somebody visits it."""
    program = Program.device(firmware, sntp_port)
    try:
        visit(Browser(program.port), page)
        return (*memory(firmware), program.stack_used())
    finally:
        program.stop()


def written(row):
    """The figures of a row on the page, between the bars."""
    row = re.search(rf"^\| {re.escape(row)} ((?:\| [\d,*]+ )+)\|$", PAGE.read_text(), re.MULTILINE)
    return [int(figure.replace(",", "")) for figure in re.findall(r"[\d,]+", row[1])]


def check(row, taken):
    """The page says what was measured."""
    if any(abs(now - then) > then * TOLERANCE for now, then in zip(taken, written(row), strict=True)):
        sys.exit(f"docs/firmware.md says {written(row)} bytes in the row {row}, it is {taken}")


def main():
    # Nobody logs in to `keeper`, who could tell it the time.
    time_server = run.TimeServer()
    time_server.start()
    devices = [
        ("picoserve", os.environ["PICOSERVE"], look_around, "/login"),
        ("smoltcp", os.environ["SMOLTCP"], look_around, "/"),
        ("keeper", os.environ["KEEPER"], count_visits, "/", time_server.port),
    ]
    print(f"{'':10} {'flash':>8} {'static RAM':>11} {'stack used':>11}")
    measured = {name: figures(*device) for name, *device in devices}
    time_server.close()
    for name, (flash, static, _, stack) in measured.items():
        print(f"{name:10} {flash:8,} {static:11,} {stack:11,}")
    for name, (_, _, parts, _) in measured.items():
        print(f"\nRAM of {name}")
        for size, part in parts:
            print(f"{size:8,} {part}")
    for name, (flash, static, _, stack) in measured.items():
        check(f"`{name}`", [flash, static, stack])
    together = [static + stack + INTERRUPT_BYTES for _, static, _, stack in measured.values()]
    check("**together**", together[:2])


if __name__ == "__main__":
    tests = unittest.main(exit=False)
    if not tests.result.wasSuccessful():
        sys.exit(1)
    main()
