#!/usr/bin/env python3
"""The device in QEMU beside a real Flask application with the same key.

    SECRET_KEY=interop cargo build --release
    DEVICE=path/to/device python3 interop.py [-v] [TEST…]

Needs Flask and qemu-system-arm. REQUESTS is how many the endurance test sends.
"""

import http.client
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
import zlib
from contextlib import closing

from flask import Flask, flash, get_flashed_messages, jsonify, request, session
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import TimestampSigner, base64_encode
from werkzeug.serving import WSGIRequestHandler, make_server

import run

HERE = pathlib.Path(__file__).resolve().parent
KEY = "interop"
DEVICE = os.environ.get("DEVICE", "target/thumbv7m-none-eabi/release/device")
# The same without a key that is given, and the other programs.
OWN_KEY_DEVICE = os.environ.get("OWN_KEY_DEVICE")
COUNTER = os.environ.get("COUNTER")
KEEPER = os.environ.get("KEEPER")
REQUESTS = int(os.environ.get("REQUESTS", "10000"))
TOKEN = "0123456789abcdef0123456789abcdef01234567"
TIMEOUT_SECS = 20
# What an interrupt puts on the program's stack: the core saves eight registers,
# and one word more to align them (ARMv7-M, B1.5.7). Its handler has another stack.
SAVED_BYTES = 36
# Wrong passwords that it takes in a row, and after how long it takes the next.
GUESSES, GUESS_SECS = 5, 10
# What a device may take to boot, get an address and hear the time.
BOOT_SECS = 30

app = Flask(__name__)
app.secret_key = KEY


@app.post("/login")
def login():
    session.permanent = True
    session["user"] = request.form["user"]
    session["csrf"] = TOKEN
    return "ok"


@app.post("/flash")
def flash_message():
    flash(request.form["message"], "info")
    return "ok"


@app.get("/messages")
def messages():
    return jsonify(get_flashed_messages(with_categories=True))


@app.post("/fill")
def fill():
    session["cart"] = [{"id": n, "name": f"item {n}", "price": n * 1.25} for n in range(50)]
    return "ok"


@app.get("/session")
def show():
    return jsonify(dict(session))


SERIALIZER = SecureCookieSessionInterface().get_signing_serializer(app)


def dumps(value, at=None):
    """A cookie's value, made at another time than now if wanted."""
    if at is None:
        return SERIALIZER.dumps(value)
    original = TimestampSigner.get_timestamp
    TimestampSigner.get_timestamp = lambda self: at
    try:
        return SERIALIZER.dumps(value)
    finally:
        TimestampSigner.get_timestamp = original


class Client:
    """One HTTP client of several servers, with one cookie for all of them."""

    def __init__(self, *cookie):
        self.cookie = cookie[0] if cookie else None

    def request(self, port, method, path, form=None, connection=None, headers=()):
        http_connection = connection or http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECS)
        headers = dict(headers)
        if self.cookie:
            headers["Cookie"] = f"session={self.cookie}"
        body = urllib.parse.urlencode(form) if form is not None else None
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        http_connection.request(method, path, body, headers)
        response = http_connection.getresponse()
        text = response.read().decode()
        for cookie in response.headers.get_all("Set-Cookie") or ():
            self.cookie = re.match("session=([^;]*)", cookie)[1].strip('"')
        if not connection:
            http_connection.close()
        return response.status, text


def token_of(page):
    """The token in a page's form."""
    return re.search("name=csrf value='?([0-9a-f]{40})", page)[1]


class Device:
    """A device that runs."""

    def __init__(self, sntp=True, firmware=DEVICE, wait=True):
        self.port = run.free_port()
        self.time_server = None
        if sntp:
            self.time_server = run.TimeServer()
            self.time_server.start()
        self.process = subprocess.Popen(
            run.command(firmware, self.port, self.time_server and self.time_server.port),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        if wait:
            self.wait(lambda stats: stats["time"] or not sntp)

    def wait(self, until):
        """Until its statistics say so."""
        deadline = time.monotonic() + BOOT_SECS
        while time.monotonic() < deadline:
            try:
                with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)) as connection:
                    stats = self.stats(connection)
                if until(stats):
                    return stats
            except (OSError, http.client.HTTPException):
                pass
            # Nothing tells when a device answers but asking it.
            time.sleep(0.1)
        raise TimeoutError("the device does not answer")

    def stats(self, connection=None):
        status, text = Client().request(self.port, "GET", "/stats", connection=connection)
        assert status == 200, text
        return {name: int(value) for name, value in (pair.split("=") for pair in text.split())}

    def stop(self):
        if self.time_server:
            self.time_server.close()
        self.process.kill()
        self.process.wait()


class Quiet(WSGIRequestHandler):
    def log(self, *_arguments):
        pass


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.device = Device()
        cls.addClassCleanup(cls.device.stop)
        cls.flask = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        threading.Thread(target=cls.flask.serve_forever, daemon=True).start()
        cls.addClassCleanup(cls.flask.server_close)
        cls.addClassCleanup(cls.flask.shutdown)

    def on_device(self, client, method, path, form=None, **more):
        return client.request(self.device.port, method, path, form, **more)

    def on_flask(self, client, method, path, form=None):
        return client.request(self.flask.server_port, method, path, form)

    def logged_in(self):
        client = Client()
        self.assertEqual(self.on_flask(client, "POST", "/login", {"user": "Zoë"}), (200, "ok"))
        return client

    def assertServes(self):
        """The device recognises who logs in."""
        status, page = self.on_device(self.logged_in(), "GET", "/")
        self.assertEqual(status, 200)
        self.assertIn("Logged in as <b>Zoë</b>", page)

    def assertStranger(self, cookie):
        """The device takes it for nobody's cookie."""
        self.assertEqual(self.on_device(Client(cookie), "GET", "/")[0], 303)

    def assertRefused(self, head):
        """The device does not read it to its end: it answers 400 and resets, and the reset may come first."""
        with self.raw() as connection:
            connection.sendall(head)
            try:
                answer = connection.recv(64)
            except ConnectionResetError:
                answer = b""
        self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 400"), answer)

    def raw(self):
        return socket.create_connection(("127.0.0.1", self.device.port), timeout=TIMEOUT_SECS)


class Sharing(Case):
    def test_01_a_login_on_flask_is_one_on_the_device(self):
        self.assertServes()

    def test_02_a_login_on_the_device_is_one_on_flask(self):
        client = Client()
        _, page = self.on_device(client, "GET", "/login")
        token = token_of(page)
        form = {"user": "ada", "password": "flask", "csrf": token}
        self.assertEqual(self.on_device(client, "POST", "/login", form)[0], 303)
        _, seen = self.on_flask(client, "GET", "/session")
        self.assertIn('"user":"ada"', seen)
        self.assertIn('"_permanent":true', seen)

    def test_03_a_wrong_password_and_a_forged_form_do_not_log_in(self):
        client = Client()
        _, page = self.on_device(client, "GET", "/login")
        token = token_of(page)
        form = {"user": "ada", "password": "wrong", "csrf": token}
        self.assertEqual(self.on_device(client, "POST", "/login", form)[0], 303)
        self.assertEqual(self.on_device(client, "GET", "/")[0], 303)
        self.assertIn("Wrong name or password.", self.on_device(client, "GET", "/login")[1])
        form = {"user": "ada", "password": "flask", "csrf": TOKEN}
        self.assertEqual(self.on_device(client, "POST", "/login", form)[0], 403)
        self.assertEqual(self.on_device(self.logged_in(), "POST", "/action", {"action": "logout"})[0], 403)

    def test_04_flask_shows_what_the_device_flashed(self):
        client = self.logged_in()
        self.assertEqual(self.on_device(client, "POST", "/action", {"csrf": TOKEN, "action": "blink"})[0], 303)
        self.assertEqual(self.on_flask(client, "GET", "/messages")[1].strip(), '[["info","The light blinks."]]')
        self.assertNotIn("blinks", self.on_device(client, "GET", "/")[1])

    def test_05_the_device_shows_what_flask_flashed_once_and_escaped(self):
        client = self.logged_in()
        self.on_flask(client, "POST", "/flash", {"message": "1 < 2 é"})
        self.assertIn("<li class='info'>1 &lt; 2 é", self.on_device(client, "GET", "/")[1])
        self.assertNotIn("&lt;", self.on_device(client, "GET", "/")[1])

    def test_06_the_device_changes_one_value_of_a_large_session(self):
        client = self.logged_in()
        self.on_flask(client, "POST", "/fill")
        before = SERIALIZER.loads(client.cookie)
        self.assertTrue(client.cookie.startswith("."), "Flask's cookie is compressed")
        self.assertGreaterEqual(len(SERIALIZER.serializer.dumps(before)), 2048)
        form = {"csrf": TOKEN, "action": "note", "note": "changed"}
        self.assertEqual(self.on_device(client, "POST", "/action", form)[0], 303)
        after, at = SERIALIZER.loads(client.cookie, return_timestamp=True)
        self.assertEqual(after, {**before, "note": "changed"})
        # Byte for byte what Flask would have sent in that second.
        self.assertEqual(client.cookie, dumps(after, int(at.timestamp())))

    def test_07_logging_out_deletes_the_cookie(self):
        client = self.logged_in()
        self.assertEqual(self.on_device(client, "POST", "/action", {"csrf": TOKEN, "action": "logout"})[0], 303)
        self.assertEqual(client.cookie, "")


    def test_08_the_session_may_be_in_any_cookie_header(self):
        cookie = self.logged_in().cookie
        head = f"GET / HTTP/1.1\r\nCookie: theme=dark\r\ncookie: session={cookie}\r\n\r\n"
        with self.raw() as connection:
            connection.sendall(head.encode())
            self.assertTrue(connection.recv(64).startswith(b"HTTP/1.1 200"))


class Refusing(Case):
    def tearDown(self):
        self.assertServes()

    def test_11_tampered(self):
        good = self.logged_in().cookie
        for place in (0, len(good) // 2, len(good) - 1):
            self.assertStranger(good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :])

    def test_12_expired_and_from_the_future(self):
        now = int(time.time())
        self.assertStranger(dumps({"user": "ada"}, now - 8 * 24 * 3600))
        self.assertStranger(dumps({"user": "ada"}, now + 3600))

    def test_13_of_a_foreign_key(self):
        foreign = Flask("foreign")
        foreign.secret_key = "another"
        serializer = SecureCookieSessionInterface().get_signing_serializer(foreign)
        self.assertStranger(serializer.dumps({"user": "ada"}))

    def test_14_larger_than_the_device(self):
        too_long = dumps({"x": os.urandom(2000).hex()})
        self.assertRefused(b"GET / HTTP/1.1\r\nCookie: session=" + too_long.encode() + b"\r\n\r\n")
        fits_the_head = dumps({"x": "ab" * 2000})
        # It is rightly signed and no session here: the device starts fresh.
        self.assertStranger(fits_the_head)

    def test_15_a_bomb(self):
        packed = zlib.compress(b"[" + b"0," * 500_000 + b"0]", 9)
        signer = SERIALIZER.make_signer()
        bomb = signer.sign(b"." + base64_encode(packed[:1000])).decode()
        self.assertStranger(bomb)


class Breaking(Case):
    def tearDown(self):
        self.assertServes()

    def test_21_half_a_request(self):
        with self.raw() as connection:
            connection.sendall(b"GET / HT")
        with self.raw() as connection:
            connection.sendall(b"GET / HT")
            self.assertServes()
            # The device gives up on it.
            self.assertEqual(connection.recv(1), b"")

    def test_22_giant_headers(self):
        self.assertRefused(b"GET / HTTP/1.1\r\nX: " + b"x" * 1900 + b"\r\nY: " + b"y" * 1900 + b"\r\n\r\n")

    def test_23_a_fifth_connection(self):
        four = [http.client.HTTPConnection("127.0.0.1", self.device.port, timeout=TIMEOUT_SECS) for _ in range(4)]
        client = self.logged_in()
        for connection in four:
            self.assertEqual(self.on_device(client, "GET", "/", connection=connection)[0], 200)
        # There is no backlog: a fifth is refused, and the four go on.
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.device.stats()
        for connection in four:
            self.assertEqual(self.on_device(client, "GET", "/", connection=connection)[0], 200)
            connection.close()
        self.device.wait(lambda stats: True)

    def test_24_resets_in_mid_request(self):
        for part in (b"GET / HTTP/1.1\r\nCookie: sess", b"POST /login HTTP/1.1\r\nContent-Length: 100\r\n\r\nuser="):
            for _ in range(8):
                with self.raw() as connection:
                    connection.sendall(part)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.device.wait(lambda stats: True)
        self.assertEqual(self.device.wait(lambda stats: stats["sessions"] == 1)["sessions"], 1)

    def test_24b_a_head_does_not_spoil_its_connection(self):
        with closing(http.client.HTTPConnection("127.0.0.1", self.device.port, timeout=TIMEOUT_SECS)) as connection:
            for method, status in (("HEAD", 405), ("GET", 200)):
                connection.request(method, "/login")
                response = connection.getresponse()
                response.read()
                self.assertEqual(response.status, status)

    def test_25_a_reboot_keeps_logins(self):
        client = self.logged_in()
        connection = http.client.HTTPConnection("127.0.0.1", self.device.port, timeout=2)
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.on_device(client, "POST", "/action", {"csrf": TOKEN, "action": "reboot"}, connection=connection)
        self.device.wait(lambda stats: stats["time"])
        status, page = self.on_device(client, "GET", "/")
        self.assertEqual(status, 200)
        self.assertRegex(page, "up for [0-9] s")


class Endurance(Case):
    def test_31_nothing_grows(self):
        client = self.logged_in()
        counts = []
        kept = [http.client.HTTPConnection("127.0.0.1", self.device.port, timeout=TIMEOUT_SECS) for _ in range(3)]
        for number in range(1, REQUESTS + 1):
            # One in three over a connection of its own.
            connection = kept[number % 3] if number % 3 else None
            if number % 50 == 1:
                client = self.logged_in()
                form = {"csrf": TOKEN, "action": "blink"}
                self.assertEqual(self.on_device(client, "POST", "/action", form, connection=connection)[0], 303)
            else:
                self.assertEqual(self.on_device(client, "GET", "/", connection=connection)[0], 200)
                self.assertEqual(SERIALIZER.loads(client.cookie)["visits"], (number - 1) % 50, "none is lost")
            if number in (REQUESTS // 10, REQUESTS):
                stats = self.device.stats()
                counts.append((stats["stack_used"], stats["sessions"]))
        for connection in kept:
            connection.close()
        (early_stack, early_sessions), (late_stack, late_sessions) = counts
        print(f"stack after {REQUESTS // 10} requests {early_stack} bytes, after {REQUESTS} {late_stack}", end=" ")
        self.assertEqual(early_sessions, late_sessions)
        # That an interrupt comes at the deepest moment may take long to happen.
        self.assertIn(late_stack - early_stack, range(SAVED_BYTES + 1))
        for stack in ("stack", "interrupts"):
            self.assertLess(stats[f"{stack}_used"], stats[stack])


class LateClock(unittest.TestCase):
    def test_41_no_cookie_counts_before_the_clock_is_set(self):
        device = Device(sntp=False)
        self.addCleanup(device.stop)
        cookie = dumps({"user": "ada", "csrf": TOKEN})
        self.assertEqual(Client(cookie).request(device.port, "GET", "/")[0], 303)
        client = Client()
        _, page = client.request(device.port, "GET", "/login")
        self.assertIn("name=now", page)
        self.assertIsNone(client.cookie)

        now = str(int(time.time()))
        form = {"user": "ada", "password": "wrong", "now": now}
        self.assertEqual(client.request(device.port, "POST", "/login", form)[0], 403)
        form = {"user": "ada", "password": "flask", "now": "1000000000"}
        self.assertEqual(client.request(device.port, "POST", "/login", form)[0], 503)
        self.assertEqual(device.stats()["time"], 0)

        form = {"user": "ada", "password": "flask", "now": now}
        self.assertEqual(client.request(device.port, "POST", "/login", form)[0], 303)
        self.assertEqual(client.request(device.port, "GET", "/")[0], 200)
        self.assertEqual(Client(cookie).request(device.port, "GET", "/")[0], 200)
        # The device sets it a second low, so that it is never ahead.
        self.assertGreaterEqual(device.stats()["time"], int(now) - 1)


class Guessing(unittest.TestCase):
    def test_45_passwords_cannot_be_guessed_quickly(self):
        device = Device()
        self.addCleanup(device.stop)
        client = Client()

        def log_in(password):
            _, page = client.request(device.port, "GET", "/login")
            form = {"user": "ada", "password": password, "csrf": token_of(page)}
            return client.request(device.port, "POST", "/login", form)[0]

        for _ in range(GUESSES):
            self.assertEqual(log_in("wrong"), 303)
        # Also who knows it has to wait, and who brings no cookie.
        self.assertEqual(log_in("flask"), 429)
        client = Client()
        self.assertEqual(log_in("flask"), 429)
        with closing(http.client.HTTPConnection("127.0.0.1", device.port, timeout=TIMEOUT_SECS)) as connection:
            _, page = client.request(device.port, "GET", "/login")
            body = urllib.parse.urlencode({"user": "ada", "password": "flask", "csrf": token_of(page)})
            headers = {"Cookie": f"session={client.cookie}", "Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", "/login", body, headers)
            self.assertEqual(connection.getresponse().headers["Retry-After"], str(GUESS_SECS))
        deadline = time.monotonic() + 2 * GUESS_SECS
        while (status := log_in("flask")) == 429 and time.monotonic() < deadline:
            pass
        self.assertEqual(status, 303)
        self.assertEqual(client.request(device.port, "GET", "/")[0], 200)
        # There is one guess more, not five.
        self.assertEqual([log_in("wrong"), log_in("wrong")], [303, 429])


class Running(unittest.TestCase):
    """run.py, which `cargo run` starts."""

    def started(self):
        """run.py and its QEMU, and the port, when the device answers."""
        command = [sys.executable, HERE / "run.py", DEVICE]
        # What is started in the background ignores Ctrl-C, and so do its children.
        heed = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=heed)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        for line in process.stdout:
            if match := re.match(r"open http://127\.0\.0\.1:(\d+)/", line):
                children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
                return process, [int(child) for child in children.split()], int(match[1])
        self.fail("run.py ended")

    def test_61_no_signal_leaves_qemu_running(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            process, children, port = self.started()
            self.assertEqual(len(children), 1)
            process.send_signal(number)
            process.wait(TIMEOUT_SECS)
            self.assertFalse(pathlib.Path(f"/proc/{children[0]}").exists(), number)
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()

    def test_62_the_page_s_recipe_logs_in(self):
        page = (HERE / "../../docs/firmware.md").read_text()
        recipe = re.search(r"```sh\n(device=.*?)```", page, re.DOTALL)[1]
        _, _, port = self.started()
        recipe = recipe.replace("127.0.0.1:8080", f"127.0.0.1:{port}")
        with tempfile.TemporaryDirectory() as folder:
            shown = subprocess.run(["sh", "-eu", "-c", recipe], cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_SECS)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("Logged in as <b>ada</b>, visit 1,", shown.stdout)


@unittest.skipUnless(OWN_KEY_DEVICE, "OWN_KEY_DEVICE names no firmware")
class OwnKey(unittest.TestCase):
    def test_51_the_key_made_at_first_boot_outlives_a_reboot(self):
        device = Device(firmware=OWN_KEY_DEVICE)
        self.addCleanup(device.stop)
        client = Client()
        _, page = client.request(device.port, "GET", "/login")
        form = {"user": "ada", "password": "flask", "csrf": token_of(page)}
        self.assertEqual(client.request(device.port, "POST", "/login", form)[0], 303)
        _, page = client.request(device.port, "GET", "/")
        connection = http.client.HTTPConnection("127.0.0.1", device.port, timeout=2)
        with self.assertRaises((OSError, http.client.HTTPException)):
            form = {"csrf": token_of(page), "action": "reboot"}
            client.request(device.port, "POST", "/action", form, connection=connection)
        connection.close()
        device.wait(lambda stats: stats["time"])
        status, page = client.request(device.port, "GET", "/")
        self.assertEqual(status, 200)
        self.assertIn("<b>ada</b>, visit 2, up for", page)
        # Another device has another key.
        other = Device(firmware=OWN_KEY_DEVICE)
        self.addCleanup(other.stop)
        self.assertEqual(client.request(other.port, "GET", "/")[0], 303)


@unittest.skipUnless(COUNTER, "COUNTER names no firmware")
class Counter(unittest.TestCase):
    def test_52_the_second_program_counts_and_refuses_to_give_a_session_twice(self):
        device = Device(sntp=True, firmware=COUNTER, wait=False)
        self.addCleanup(device.stop)
        client = Client()
        deadline = time.monotonic() + BOOT_SECS
        while time.monotonic() < deadline:
            try:
                if client.request(device.port, "GET", "/") == (200, "visit 1\n"):
                    break
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.1)
        for visit in range(2, 5):
            self.assertEqual(client.request(device.port, "GET", "/"), (200, f"visit {visit}\n"))
        status, text = client.request(device.port, "GET", "/twice")
        self.assertEqual((status, text), (500, "the session is in use already\n"))
        self.assertEqual(client.request(device.port, "GET", "/"), (200, "visit 5\n"))


@unittest.skipUnless(KEEPER, "KEEPER names no firmware")
class Keeper(unittest.TestCase):
    def test_53_a_session_in_flash_outlives_a_reboot_and_ends_when_it_is_ended(self):
        device = Device(firmware=KEEPER, wait=False)
        self.addCleanup(device.stop)
        client = Client()

        def first_answer(*expected):
            deadline = time.monotonic() + BOOT_SECS
            while time.monotonic() < deadline:
                try:
                    answer = client.request(device.port, "GET", "/")
                    # Before the time is known, nothing is kept.
                    if answer[0] != 503:
                        return self.assertEqual(answer, expected)
                except (OSError, http.client.HTTPException):
                    pass
                time.sleep(0.1)
            self.fail("the device does not answer")

        first_answer(200, "visit 1\n")
        cookie = client.cookie
        self.assertRegex(cookie, "^[A-Za-z0-9_-]{43}$")
        self.assertEqual(client.request(device.port, "GET", "/"), (200, "visit 2\n"))
        # There is room for four.
        others = [Client() for _ in range(3)]
        for other in others:
            self.assertEqual(other.request(device.port, "GET", "/"), (200, "visit 1\n"))
        connection = http.client.HTTPConnection("127.0.0.1", device.port, timeout=2)
        with self.assertRaises((OSError, http.client.HTTPException)):
            client.request(device.port, "POST", "/reboot", connection=connection)
        connection.close()
        first_answer(200, "visit 3\n")
        self.assertEqual([other.request(device.port, "GET", "/") for other in others], [(200, "visit 2\n")] * 3)
        # Whoever has a copy of the cookie is out as well: with a cookie session he is not.
        thief = Client(cookie)
        self.assertEqual(thief.request(device.port, "GET", "/"), (200, "visit 4\n"))
        self.assertEqual(client.request(device.port, "POST", "/end"), (200, "ended\n"))
        self.assertEqual(thief.request(device.port, "GET", "/"), (200, "visit 1\n"))
        self.assertNotEqual(thief.cookie, cookie)
        for visit in range(2, 200):
            self.assertEqual(thief.request(device.port, "GET", "/"), (200, f"visit {visit}\n"))
        self.assertEqual([other.request(device.port, "GET", "/") for other in others], [(200, "visit 3\n")] * 3)
        print(client.request(device.port, "GET", "/stats")[1].strip(), end=" ")


if __name__ == "__main__":
    unittest.main()
