"""The login example and a Flask application share sessions: each goes on where the other stopped."""

import concurrent.futures
import http.client
import logging
import random
import re
import subprocess
import tempfile
import time
import unittest
import urllib.parse
import uuid
from datetime import datetime, timezone

from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from markupsafe import Markup

from app import create_flask_login_app
from support import TIMEOUT_SECS, Browser, FlaskServer, RustServer, rust_command

KEY = "a key for tests only"
OTHER_KEY = "another key for tests only"
ZOE = {"name": "Zoë", "password": "grüße aus köln"}
NOTE = "Grüße, 日本語 😀\n<b>&amp; \"quotes\"</b>\\ \x7f"
SAVED = ("success", "The note is saved.")

logging.getLogger("werkzeug").setLevel(logging.CRITICAL)


class Interop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.flask = FlaskServer(KEY)
        cls.addClassCleanup(cls.flask.stop)
        cls.rust = RustServer(secret_key=KEY)
        cls.addClassCleanup(cls.rust.stop)

    def start_flask(self, *arguments, **options):
        server = FlaskServer(*arguments, **options)
        self.addCleanup(server.stop)
        return server

    def start_rust(self, *options, secret_key=KEY, **more):
        server = RustServer(*options, secret_key=secret_key, **more)
        self.addCleanup(server.stop)
        return server

    def loads(self, answer):
        """The session that an answer sets, as Flask reads it."""
        return self.flask.loads(re.match("session=([^;]*)", answer.getheader("Set-Cookie"))[1])

    def both_ways(self):
        for first, second in ((self.flask, self.rust), (self.rust, self.flask)):
            with self.subTest(first=type(first).__name__):
                yield first, second, Browser()

    def test_a_login_is_recognised_with_its_message(self):
        for first, second, browser in self.both_ways():
            browser.log_in(first, **ZOE, follow=False)
            page = browser.get(second)
            self.assertEqual((page.status, page.user), (200, "Zoë"))
            self.assertEqual(page.messages, [("success", "Welcome, [strong]Zoë[/strong].")])
            # Shown once, on either side.
            self.assertEqual(browser.get(first).messages, [])

    def test_what_one_side_puts_in_and_flashes_the_other_shows(self):
        for first, second, browser in self.both_ways():
            browser.log_in(first)
            browser.post(first, "/note", note=NOTE, follow=False)
            page = browser.get(second)
            self.assertEqual((page.user, page.note, page.messages), ("ada", NOTE, [SAVED]))

    def test_a_recognised_user_goes_on_with_the_other_sides_form(self):
        # The csrf token is of the first server, and is accepted by the second.
        for first, second, browser in self.both_ways():
            browser.log_in(first)
            page = browser.post(second, "/note", note="from here")
            self.assertEqual((page.user, page.note, page.messages), ("ada", "from here", [SAVED]))
            self.assertEqual(browser.get(first).note, "from here")

    def test_visits_are_counted_on_both_sides(self):
        for first, second, browser in self.both_ways():
            browser.log_in(first, follow=False)
            visits = [browser.get(server).visits for server in (first, second, second, first, second)]
            self.assertEqual(visits, [1, 2, 3, 4, 5])

    def test_a_large_session_is_compressed(self):
        note = "Ein Satz über Füchse und Hunde. " * 60
        for first, second, browser in self.both_ways():
            browser.log_in(first)
            browser.post(first, "/note", note=note, follow=False)
            self.assertEqual(browser.cookie.value[0], ".")
            self.assertLess(len(browser.cookie.value), 1000)
            self.assertEqual(browser.get(second).note, note)
            # The other side compressed it again.
            self.assertEqual(browser.cookie.value[0], ".")
            self.assertEqual(browser.get(first).note, note)

    def test_types_that_rust_does_not_know_about_survive(self):
        contents = {
            "user": "ada",
            "tuple": (1, [2.5, None], {"nested": True}),
            "when": datetime(2024, 2, 29, 12, tzinfo=timezone.utc),
            "id": uuid.UUID(int=7),
            "bytes": b"\x00\xff",
            "markup": Markup("<i>x</i>"),
            "big": 10**30,
            " t": {" b": "not a tag"},
        }
        cookie = self.flask.dumps(contents)
        answer = raw_get(self.rust, ("Cookie", f"session={cookie}"))
        loaded = self.loads(answer)
        self.assertRegex(loaded.pop("csrf_token"), "^[0-9a-f]{40}$")
        self.assertEqual(loaded, {**contents, "visits": 1})
        self.assertIs(type(loaded["tuple"]), tuple)
        self.assertIs(type(loaded["markup"]), Markup)

    def test_only_the_right_password_logs_in(self):
        for server in (self.flask, self.rust):
            for name, password in (("ada", "x"), ("ada", ""), ("ada", ZOE["password"]), ("nobody", "x"), ("", "")):
                browser = Browser()
                page = browser.log_in(server, name, password)
                self.assertEqual((page.status, page.user, len(page.messages)), (403, None, 1))
                self.assertIsNone(browser.get(server).user)

    def test_a_logout_counts_on_both_sides(self):
        for first, second, browser in self.both_ways():
            browser.log_in(first)
            browser.get(second)
            browser.post(second, "/logout", follow=False)
            page = browser.get(first)
            self.assertEqual((page.user, page.messages), (None, [("info", "You are logged out.")]))
            self.assertIsNone(browser.get(second).user)

    def test_a_rotated_key(self):
        new_flask = self.start_flask(OTHER_KEY, [KEY])
        new_rust = self.start_rust(secret_key=OTHER_KEY, old_secret_key=KEY)
        for old, new, newer in ((self.rust, new_flask, new_rust), (self.flask, new_rust, new_flask)):
            with self.subTest(rotated=type(new).__name__):
                browser = Browser()
                browser.log_in(old)
                self.assertEqual(browser.get(new).user, "ada")
                # It is signed with the new key now.
                self.assertEqual(browser.get(newer).user, "ada")
                self.assertIsNone(browser.get(old).user)

    def test_a_key_file_is_the_same_as_a_key_in_the_environment(self):
        with self.temporary_file(f"{OTHER_KEY}\n") as new, self.temporary_file(KEY) as old:
            rust = self.start_rust("--key-file", new.name, "--old-key-file", old.name, secret_key="")
            browser = Browser()
            browser.log_in(self.flask)
            self.assertEqual(browser.get(rust).user, "ada")
            self.assertIsNone(browser.get(self.flask).user)

    def temporary_file(self, text):
        file = tempfile.NamedTemporaryFile("w")
        file.write(text)
        file.flush()
        return file

    def test_a_session_expires(self):
        # An hour passes between the login and the next visit.
        for lifetime_secs, user in ((600, None), (7200, "ada")):
            with self.subTest(lifetime_secs=lifetime_secs):
                an_hour_ago = self.start_rust("--clock-offset", "-3600")
                flask = self.start_flask(KEY, lifetime_secs=lifetime_secs)
                browser = Browser()
                browser.log_in(an_hour_ago)
                self.assertEqual(browser.get(flask).user, user)

                in_an_hour = self.start_rust("--clock-offset", "3600", "--lifetime", str(lifetime_secs))
                browser = Browser()
                browser.log_in(self.flask)
                self.assertEqual(browser.get(in_an_hour).user, user)
                self.assertEqual("the signature has expired" in in_an_hour.log(), user is None)

    def test_a_session_from_the_future_is_not_trusted(self):
        in_an_hour = self.start_rust("--clock-offset", "3600")
        browser = Browser()
        browser.log_in(in_an_hour)
        self.assertIsNone(browser.get(self.flask).user)
        browser = Browser()
        browser.log_in(self.flask)
        self.assertIsNone(browser.get(self.start_rust("--clock-offset", "-3600")).user)

    def test_a_session_that_was_tampered_with_is_not_trusted(self):
        for first, second, browser in self.both_ways():
            browser.log_in(first)
            cookie = browser.cookie
            good = cookie.value
            self.assertEqual(browser.get(second).user, "ada")
            payload, timestamp, signature = good.split(".")
            for bad in (
                f"{flip(payload)}.{timestamp}.{signature}",
                f"{payload}.{flip(timestamp)}.{signature}",
                f"{payload}.{timestamp}.{flip(signature)}",
                f"{payload}.{timestamp}",
                payload,
            ):
                for server in (first, second):
                    cookie.value = bad
                    browser.jar.clear()
                    browser.jar.set_cookie(cookie)
                    self.assertIsNone(browser.get(server).user, bad)

    def test_another_key_is_not_trusted(self):
        other_flask, other_rust = self.start_flask(OTHER_KEY), self.start_rust(secret_key=OTHER_KEY)
        for first, others in ((self.flask, other_rust), (self.rust, other_flask)):
            browser = Browser()
            browser.log_in(first)
            self.assertIsNone(browser.get(others).user)

    def test_a_signed_cookie_that_does_not_decode_is_answered_with_500(self):
        signer = TimestampSigner(KEY, salt="cookie-session", key_derivation="hmac")
        cookie = signer.sign(b"bm90IEpTT04").decode()
        for server in (self.flask, self.rust):
            answer = raw_get(server, ("Cookie", f"session={cookie}"))
            self.assertEqual((answer.status, answer.getheader("Set-Cookie")), (500, None))

    def test_the_cookie_has_the_same_attributes(self):
        for fields, expires in (({}, False), ({"stay": "yes"}, True)):
            attributes = []
            for server in (self.flask, self.rust):
                browser = Browser()
                page = browser.log_in(server, **fields, follow=False)
                set_cookie = page.headers["Set-Cookie"]
                self.assertEqual(browser.cookie.expires is not None, expires)
                if expires:
                    self.assertAlmostEqual(browser.cookie.expires - time.time(), 31 * 86400, delta=60)
                set_cookie = re.sub("^session=[^;]*|(?<=Expires=)[^;]*", "*", set_cookie)
                attributes.append((set_cookie, page.headers.get_all("Vary")))
            self.assertEqual(*attributes)

    def test_a_session_that_stays_is_sent_anew_by_either_side(self):
        for first, second, browser in self.both_ways():
            browser.log_in(first, stay="yes")
            self.assertIsNotNone(browser.get(second, "/nowhere").headers["Set-Cookie"])
            self.assertIsNotNone(browser.cookie.expires)

    def test_a_form_without_its_token_is_refused_for_flask_wtfs_reason(self):
        stranger = Browser()
        for first, second, browser in self.both_ways():
            browser.log_in(first)
            stranger.log_in(first)
            good = browser.page.csrf_token
            foreign = URLSafeTimedSerializer(OTHER_KEY, salt="wtf-csrf-token").dumps("x")
            for token, reason in (
                ("", "token is missing"),
                ("x", "token is invalid"),
                (foreign, "token is invalid"),
                (flip(good), "token is invalid"),
                (browser.cookie.value, "token is invalid"),
                (stranger.page.csrf_token, "tokens do not match"),
            ):
                page = browser.post(second, "/logout", csrf_token=token)
                self.assertEqual(page.status, 400)
                self.assertIn(f"The CSRF {reason}.", page.text)
            page = Browser().post(second, "/logout", csrf_token=good)
            self.assertEqual(page.status, 400)
            self.assertIn("The CSRF session token is missing.", page.text)
            self.assertEqual(browser.get(first).user, "ada")

    def test_a_form_can_stay_open_for_an_hour(self):
        for age_secs, status in ((3660, 400), (3540, 303)):
            for server in (self.flask, self.rust):
                browser = Browser()
                browser.log_in(self.start_rust("--clock-offset", str(-age_secs)))
                page = browser.post(server, "/logout", follow=False)
                self.assertEqual(page.status, status)
                self.assertEqual("The CSRF token has expired." in page.text, status == 400)

    def test_a_form_that_an_old_key_signed_is_refused_as_by_flask_wtf(self):
        for new in (self.start_flask(OTHER_KEY, [KEY]), self.start_rust(secret_key=OTHER_KEY, old_secret_key=KEY)):
            browser = Browser()
            browser.log_in(self.rust)
            page = browser.post(new, "/note", note="new")
            self.assertEqual(page.status, 400)
            self.assertIn("The CSRF token is invalid.", page.text)
            browser.get(new)
            self.assertEqual(browser.post(new, "/note", note="new").note, "new")

    def test_a_logout_is_one_for_flask_login_too(self):
        site = self.start_flask(KEY, create_app=create_flask_login_app)
        browser = Browser()
        browser.get(site, "/remember")
        self.assertEqual(browser.get(site).text, "ada")
        browser.log_in(self.rust)
        # It is remembered, though nothing of the session before the login is left.
        self.assertEqual(browser.get(site).text, "ada")
        browser.get(self.rust)
        page = browser.post(self.rust, "/logout", follow=False)
        deletion = "remember_token=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"
        self.assertIn(deletion, page.headers.get_all("Set-Cookie"))
        self.assertEqual(browser.get(site).text, "nobody")

    def test_many_wrong_passwords_at_once_take_turns(self):
        rust = self.start_rust()
        browser = Browser()
        form = browser.get(rust, "/login")
        cookie = f"session={browser.cookie.value}"
        fields = {"csrf_token": form.csrf_token, "name": "ada", "password": "wrong"}

        def attempt(_):
            return raw_post(rust, "/login", fields, ("Cookie", cookie))

        with concurrent.futures.ThreadPoolExecutor(40) as attempts:
            answers = list(attempts.map(attempt, range(40)))
        # Who waits too long is told to come again.
        self.assertLessEqual({answer.status for answer in answers}, {403, 503})
        self.assertIn(403, {answer.status for answer in answers})
        for answer in answers:
            self.assertEqual(answer.getheader("Retry-After"), "5" if answer.status == 503 else None)
        # A hash takes 19 MiB: 40 take 760.
        self.assertLess(rust.peak_memory_mib(), 150)
        self.assertEqual(browser.log_in(rust).user, "ada")

    def test_a_login_leaves_nothing_of_the_session_before(self):
        browser = Browser()
        browser.get(self.rust, "/login")
        before = self.flask.loads(browser.cookie.value)["csrf_token"]
        browser.log_in(self.rust)
        self.assertNotEqual(self.flask.loads(browser.cookie.value)["csrf_token"], before)

    def test_an_error_page_saves_the_session(self):
        browser = Browser()
        browser.get(self.rust, "/login")
        page = browser.post(self.rust, "/login", name="<ada>", password="wrong")
        self.assertEqual((page.status, page.messages[0][0]), (403, "error"))
        self.assertIsNotNone(page.headers["Set-Cookie"])
        page = browser.post(self.rust, "/login", name="ada", password="analytical engine")
        self.assertEqual(page.user, "ada")

    def test_a_page_that_fails_half_way_saves_what_it_did_before(self):
        # There is room for the counter in the session's 32 KiB, and none for a form's token.
        cookie = self.flask.dumps({"user": "ada", "x": "x" * 32_690})
        answer = raw_get(self.rust, ("Cookie", f"session={cookie}"))
        self.assertEqual((answer.status, answer.getheader("Vary")), (500, "Cookie"))
        self.assertEqual(self.loads(answer)["visits"], 1)

    def test_what_does_not_fit_into_a_cookie_is_a_500_and_changes_nothing(self):
        browser = Browser()
        browser.log_in(self.rust)
        browser.post(self.rust, "/note", note="short")
        characters = random.Random(1)
        note = "".join(chr(characters.randrange(0x4E00, 0x9FA5)) for _ in range(2000))
        page = browser.post(self.rust, "/note", note=note)
        self.assertEqual((page.status, page.headers["Set-Cookie"]), (500, None))
        self.assertEqual(page.headers["Vary"], "Cookie")
        self.assertEqual(browser.get(self.rust).note, "short")

    def test_a_form_that_is_too_long_is_refused(self):
        browser = Browser()
        browser.log_in(self.rust)
        self.assertEqual(browser.post(self.rust, "/note", note="x" * 12_000_000).status, 413)
        self.assertEqual(browser.post(self.rust, "/note", note="x" * 66_000).status, 413)
        browser.get(self.rust)
        page = browser.post(self.rust, "/note", note="x" * 60_000)
        self.assertEqual(page.messages, [("error", "The note is too long.")])

    def test_several_cookie_headers(self):
        browser = Browser()
        browser.log_in(self.flask)
        session = ("Cookie", f"session={browser.cookie.value}")
        # The second is not ASCII, as another application on the same host may leave it.
        for other in (("Cookie", "other=1"), ("Cookie", b"other=\xe9")):
            for headers in ([other, session], [session, other]):
                self.assertEqual(raw_get(self.rust, *headers).status, 200)

    def test_a_page_that_does_not_look_at_the_session_can_be_cached(self):
        browser = Browser()
        browser.log_in(self.flask)
        headers = browser.get(self.rust, "/style.css").headers
        self.assertEqual((headers["Vary"], headers["Set-Cookie"]), (None, None))

    def test_without_a_key_the_example_does_not_start(self):
        command = rust_command()
        done = subprocess.run(**command, capture_output=True, text=True, timeout=TIMEOUT_SECS)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("--generate-key", done.stderr)


def flip(text):
    """The text with another letter in its middle."""
    middle = len(text) // 2
    return text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1 :]


def raw_get(server, *headers):
    """The answer to GET / with exactly these headers."""
    return raw(server, "GET", "/", headers)


def raw_post(server, path, fields, *headers):
    """The answer to a form, sent with these headers and its length."""
    body = urllib.parse.urlencode(fields).encode()
    return raw(server, "POST", path, [*headers, ("Content-Length", str(len(body)))], body)


def raw(server, method, path, headers, body=b""):
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=TIMEOUT_SECS)
    try:
        connection.putrequest(method, path)
        for header in headers:
            connection.putheader(*header)
        connection.endheaders(body)
        response = connection.getresponse()
        response.read()
        return response
    finally:
        connection.close()


if __name__ == "__main__":
    unittest.main()
