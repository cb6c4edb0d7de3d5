"""Signature, time and size."""

import datetime
import random
import time
import unittest

import itsdangerous
from flask.sessions import SecureCookieSessionInterface
from selenium.webdriver.common.keys import Keys
from support import DAY, KEY, UTC, Case, set_cookie, signed


def date(secs):
    return datetime.datetime.fromtimestamp(secs, UTC).strftime("%-d %b %Y, %H:%M:%S UTC")


class Signature(Case):
    def test_the_key_is_judged_while_it_is_typed(self):
        self.paste(signed({"n": 1}))
        self.assertEqual(self.verdict()[0], "open")
        field = self.browser.at("key")
        for letter in KEY[:-1]:
            field.send_keys(letter)
            self.assertEqual(self.verdict()[0], "bad")
        field.send_keys(KEY[-1])
        self.assertEqual(self.verdict()[0], "good")
        self.assertIn("Holds, with the key; it lasts 31 d", self.verdict()[1])
        field.send_keys(Keys.BACKSPACE)
        self.assertEqual(self.verdict()[0], "bad")

    def test_the_salt_with_which_it_would_hold_is_named_and_taken(self):
        self.paste(signed({"n": 1}, salt="wtf-csrf-token"), KEY)
        self.assertEqual(self.verdict()[0], "bad")
        self.assertIn("wtf-csrf-token", self.browser.text("#ways"))
        self.browser.button("Use this").click()
        self.assertEqual(self.verdict()[0], "good")
        self.assertEqual(self.browser.at("salt").get_attribute("value"), "wtf-csrf-token")

    def test_the_accidents_of_writing_a_key_down_are_named(self):
        for cookie_key, typed, hint in (
            (KEY, f" {KEY} ", "space around"),
            (f"{KEY}\n", KEY, "line end"),
            (KEY, f"'{KEY}'", "quotes"),
            (b"\x01\x02\xff", "0102ff", "hex"),
        ):
            with self.subTest(hint):
                self.paste(signed({"n": 1}, key=cookie_key), typed)
                self.assertEqual(self.verdict()[0], "bad")
                self.assertIn(hint, self.browser.text("#ways"))
                self.browser.button("Use this").click()
                self.assertEqual(self.verdict()[0], "good")

    def test_keys_are_read_as_the_program_reads_them(self):
        self.paste(signed({"n": 1}, key=b"\x01\x02\xff"))
        for typed in ("hex:0102ff", "b64:AQL/", r"python:b'\x01\x02\xff'"):
            self.browser.fill("key", typed)
            self.assertEqual(self.verdict()[0], "good", typed)
        self.browser.fill("key", "hex:0")
        self.assertEqual(self.verdict()[0], "bad")
        self.assertIn("hex", self.verdict()[1])

    def test_the_key_is_hidden_until_somebody_asks(self):
        self.browser.button("Load an example").click()
        self.assertEqual(self.browser.at("key").get_attribute("type"), "password")
        self.browser.button("Show the key").click()
        self.assertEqual(self.browser.at("key").get_attribute("type"), "text")
        self.assertEqual(self.browser.at("show-key").get_attribute("aria-pressed"), "true")


class Time(Case):
    def test_the_age_and_the_end_of_a_lifetime_that_one_sets(self):
        self.browser.look_like(zone="America/New_York")
        at = int(time.time()) - 2 * DAY - 3 * 3600 - 60
        self.paste(signed({"n": 1}, at=at), KEY)
        times = self.browser.text("#times")
        self.assertIn(f"Signed\n{date(at)}", times)
        self.assertRegex(times, r"(EST|EDT|GMT-[45]), local")
        self.assertIn("Age\n2 days 3 h", times)
        self.assertIn(f"Valid until\n{date(at + 31 * DAY)}", times)
        self.assertIn("28 days 20 h left", times)
        self.assertEqual(self.verdict()[0], "good")

        self.browser.fill("lifetime", "1")
        times = self.browser.text("#times")
        self.assertIn(f"Valid until\n{date(at + DAY)}", times)
        self.assertIn("expired 1 day 3 h ago", times)
        self.assertEqual(self.verdict(), ("bad", "Holds, with the key, but expired 1 d 3 h ago: it lasts 1 d 0 h."))

        self.browser.fill("lifetime-unit", "3600")
        self.browser.fill("lifetime", "60.5")
        self.assertIn(f"Valid until\n{date(at + 60 * 3600 + 1800)}", self.browser.text("#times"))
        self.assertEqual(self.verdict()[0], "good")

    def test_a_lifetime_may_be_anything(self):
        self.paste(signed({"n": 1}), KEY)
        for lifetime in ("", "-5", "1e300", "9999999999", "0.00001"):
            self.browser.fill("lifetime", lifetime)
            self.assertIn("Valid until", self.browser.text("#times"))
            self.assertTrue(self.browser.at("result").is_displayed())

    def test_a_cookie_from_the_future(self):
        self.paste(signed({"n": 1}, at=int(time.time()) + 4000), KEY)
        self.assertEqual(self.verdict()[0], "bad")
        self.assertIn("ahead of the clock", self.verdict()[1])
        self.assertIn("in the future", self.browser.text("#times"))

    def test_a_token_without_a_time(self):
        plain = itsdangerous.URLSafeSerializer(KEY, "cookie-session", signer_kwargs={"key_derivation": "hmac"})
        self.paste(plain.dumps({"n": 1}), KEY)
        self.assertEqual(self.verdict()[0], "bad")
        self.assertIn("no time", self.verdict()[1])

    def test_a_value_without_a_signature(self):
        self.paste("eyJuIjoxfQ", KEY)
        self.assertEqual(self.verdict()[0], "bad")
        self.assertIn("None", self.verdict()[1])


class Size(Case):
    def test_the_size_is_flask_s_and_the_largest_entries_are_named(self):
        session = {"a": "x", "basket": ["tea"] * 40, "_flashes": [("info", "m" * 90)], "note": "n" * 200}
        header = set_cookie(session)
        self.paste(f"Set-Cookie: {header}")
        self.assertIn(f"{len(header)} of 4,096 bytes", self.browser.text("#size"))
        self.assertEqual(self.browser.at("bar").get_attribute("aria-valuenow"), str(len(header)))
        width = "return bar.firstElementChild.getBoundingClientRect().width / bar.getBoundingClientRect().width"
        self.assertAlmostEqual(self.browser.run(width), len(header) / 4096, places=2)
        # The braces of a dict are not the entry's.
        sizes = {key: len(SecureCookieSessionInterface.serializer.dumps({key: value})) - 2 for key, value in session.items()}
        largest = sorted(sizes, key=sizes.get, reverse=True)
        self.assertEqual([row.text for row in self.browser.all("#largest tr")], [f"{key} {sizes[key]} bytes" for key in largest])

    def test_a_cookie_that_browsers_drop_is_marked(self):
        noise = "".join(random.Random(7).choices("0123456789abcdefghijklmnopqrstuvwxyz", k=6000))
        self.paste(signed({"noise": noise}), KEY)
        self.assertIn("Browsers may drop it", self.browser.text("#size"))
        self.assertIn("over", self.browser.at("bar").get_attribute("class").split())


if __name__ == "__main__":
    unittest.main()
