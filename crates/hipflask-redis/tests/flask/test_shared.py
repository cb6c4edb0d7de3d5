"""One Redis, two languages: each server goes on with the sessions of the other."""

import datetime
import itertools
import json
import pickle
import unittest

import msgspec

from servers import Axum, Browser, Flask, Redis, eventually

LIFETIME_SECS = 31 * 24 * 60 * 60
CODECS = {"msgpack": msgspec.msgpack, "json": msgspec.json}

# What a Flask handler may put in, of every kind that comes back as what it was, and some.
VALUES = {
    "when": datetime.datetime(2024, 1, 2, 3, 4, 5, 678, tzinfo=datetime.timezone.utc),
    "long ago": datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=datetime.timezone.utc),
    "nested": {"z": 1, "a": {"y": [1, [2, {"x": None}]], "b": ()}},
    "floats": [0.1, -0.0, 1e16, 5e-324, 1e300, 1.0],
    "ints": [0, -1, 127, 128, -33, 2**63, 2**64 - 1, -(2**63)],
    "bytes": b"\x00\xff" * 20,
    "Zoë ☃ 🎉": "ü" * 300,
    "control": "\x00\x1f\x7f\u2028\"\\/",
    "empty": ["", {}, [], None, True, False],
}


class Shared(unittest.TestCase):
    signer, codec, permanent = False, "msgpack", True

    @classmethod
    def setUpClass(cls):
        cls.redis = Redis()
        cls.addClassCleanup(cls.redis.stop)
        options = ["--codec", cls.codec, *(["--signer"] if cls.signer else [])]
        cls.axum = Axum(cls.redis, *options)
        cls.addClassCleanup(cls.axum.stop)
        cls.flask = Flask(cls.redis, signer=cls.signer, codec=cls.codec, permanent=cls.permanent)
        cls.addClassCleanup(cls.flask.stop)

    def setUp(self):
        self.redis.client.flushall()

    def both_ways(self):
        """Each server first, with a browser that has no cookie yet."""
        for first, second in ((self.axum, self.flask), (self.flask, self.axum)):
            with self.subTest(first=type(first).__name__):
                self.redis.client.flushall()
                yield first, second, Browser()

    def stored(self, browser):
        return CODECS[self.codec].decode(self.redis.client.get(browser.key))

    def is_permanent(self, first):
        return self.permanent or first is self.axum

    def test_each_reads_what_the_other_wrote_and_writes_on(self):
        for first, second, browser in self.both_ways():
            browser.get(first, "/set?key=user&value=Zo%C3%AB")
            sid, permanence = browser.sid, ["_permanent"] * self.is_permanent(first)
            self.assertEqual(len(sid), 43)
            self.assertEqual(browser.cookie.count("."), int(self.signer))
            self.assertEqual("Expires=" in browser.set_cookie, bool(permanence))
            self.assertEqual(browser.get(second, "/get?key=user"), "Zoë")
            browser.get(second, "/set?key=theme&value=dark")
            self.assertEqual(browser.get(first, "/get?key=theme"), "dark")
            for server in (first, second):
                self.assertEqual(json.loads(browser.get(server, "/keys")), [*permanence, "user", "theme"])
                self.assertEqual(browser.visit(server, "/get?key=nothing")[0], 404)
            self.assertEqual(browser.sid, sid)
            self.assertEqual(self.redis.client.keys(), [browser.key.encode()])
            self.assertEqual(self.redis.client.ttl(browser.key), LIFETIME_SECS)

    def test_what_the_other_side_wrote_stays_byte_for_byte(self):
        browser, encode = Browser(), CODECS[self.codec].encode
        self.flask.app.values = VALUES
        self.assertEqual(browser.visit(self.flask, "/update", method="POST")[0], 200)
        before = self.redis.client.get(browser.key)
        browser.get(self.axum, "/untouched")
        browser.get(self.axum, "/keys")
        self.assertEqual(self.redis.client.get(browser.key), before)

        browser.get(self.axum, "/set?key=mine&value=1")
        contents = {**self.stored(browser)}
        self.assertEqual(contents.pop("mine"), "1")
        # All but the new entry: the same bytes, in the same order.
        expected = encode({**CODECS[self.codec].decode(before), "mine": "1"})
        self.assertEqual(self.redis.client.get(browser.key), expected)
        self.assertEqual(encode(contents), before)
        browser.get(self.axum, "/set?key=empty&value=")
        self.assertEqual(list(self.stored(browser)), [*contents, "mine"])

    def test_regenerate_moves_the_session_and_the_old_id_is_worth_nothing(self):
        for first, second, browser in self.both_ways():
            browser.get(first, "/set?key=user&value=ada")
            planted = Browser(browser.cookie)
            browser.get(second, "/regenerate")
            self.assertNotEqual(browser.cookie, planted.cookie)
            self.assertEqual(self.redis.client.keys(), [browser.key.encode()])
            for server in (first, second):
                self.assertEqual(browser.get(server, "/get?key=user"), "ada")
                self.assertEqual(planted.visit(server, "/get?key=user")[0], 404)

    def test_a_logout_is_one_on_both_sides(self):
        for first, second, browser in self.both_ways():
            browser.get(first, "/set?key=user&value=ada")
            copied = Browser(browser.cookie)
            browser.get(second, "/clear")
            self.assertIsNone(browser.cookie)
            self.assertEqual(self.redis.client.keys(), [])
            for server in (first, second):
                self.assertEqual(copied.visit(server, "/get?key=user")[0], 404)
                # Who has the old id gets a new one with the next login.
                old = Browser(copied.cookie)
                old.get(server, "/set?key=user&value=mallory")
                self.assertNotEqual(old.cookie, copied.cookie)

    def test_a_session_that_expired_is_a_fresh_one(self):
        for first, second, browser in self.both_ways():
            browser.get(first, "/set?key=user&value=ada")
            self.redis.client.pexpire(browser.key, 1)
            eventually(lambda: not self.redis.client.exists(browser.key), "the end")
            self.assertEqual(browser.visit(second, "/get?key=user")[0], 404)
            before = browser.sid
            browser.get(second, "/set?key=user&value=ada")
            self.assertNotEqual(browser.sid, before)

    def test_a_visit_renews_the_session_and_its_cookie(self):
        for first, second, browser in self.both_ways():
            browser.get(first, "/set?key=user&value=ada")
            for server in (first, second):
                self.redis.client.expire(browser.key, LIFETIME_SECS // 2)
                value = self.redis.client.get(browser.key)
                browser.get(server, "/untouched")
                self.assertEqual(self.redis.client.ttl(browser.key), LIFETIME_SECS)
                self.assertEqual(browser.set_cookie is not None, self.is_permanent(first))
                self.assertEqual(self.redis.client.get(browser.key), value)

    def test_the_response_varies_with_the_cookie_where_the_session_was_used(self):
        browser = Browser()
        browser.get(self.axum, "/keys")
        self.assertEqual(browser.vary.lower(), "cookie")
        browser.get(self.axum, "/untouched")
        self.assertEqual((browser.vary, browser.cookie, self.redis.client.keys()), (None, None, []))

    def test_garbage_and_pickles_are_fresh_sessions_and_stay(self):
        pickled = pickle.dumps({"user": "ada"})
        for garbage in (b"", b"\x00", b"\xc1", b"[1]", b"\x91\x01", b"{", pickled, pickled[:-1], b"x" * 10_000_000):
            with self.subTest(garbage=garbage[:20]):
                browser = Browser()
                browser.get(self.axum, "/set?key=user&value=ada")
                old, cookie = browser.key, browser.cookie
                self.redis.client.set(old, garbage)
                status, text = browser.visit(self.axum, "/get?key=user")
                # What is too large to be looked at is an error for whoever asks for it.
                self.assertEqual(status, 500 if len(garbage) > 1_000_000 else 404, text)
                self.assertEqual(browser.get(self.axum, "/untouched"), "untouched")
                if status == 404:
                    browser.get(self.axum, "/set?key=user&value=ada")
                    self.assertNotEqual(browser.cookie, cookie)
                self.assertEqual(self.redis.client.get(old), garbage)
        self.assertIn("pickle", self.axum.logged())

    def test_a_key_of_another_type_is_a_fresh_session(self):
        browser = Browser()
        browser.get(self.axum, "/set?key=user&value=ada")
        self.redis.client.delete(browser.key)
        self.redis.client.rpush(browser.key, "1")
        self.assertEqual(browser.visit(self.axum, "/get?key=user")[0], 404)
        self.assertEqual(browser.get(self.axum, "/keys"), '["_permanent"]')

    def test_a_made_up_id_is_not_adopted(self):
        for value in ("a" * 43, "a", "a:b", "*", "../x", "%00", "a" * 5000):
            browser = Browser(value)
            browser.get(self.axum, "/set?key=user&value=mallory")
            self.assertNotEqual(browser.cookie, value)
            self.assertEqual(len(browser.sid), 43)


# One class for each way in which a site may be set up.
for signer, codec, permanent in itertools.product((False, True), ("msgpack", "json"), (True, False)):
    name = f"Shared_{'signed' if signer else 'bare'}_{codec}_{'permanent' if permanent else 'browser'}"
    globals()[name] = type(name, (Shared,), {"signer": signer, "codec": codec, "permanent": permanent})
del Shared


class OtherFormat(unittest.TestCase):
    """A site that changes its format reads what it wrote before."""

    def test_each_reads_the_other_s_other_format(self):
        redis = Redis()
        self.addCleanup(redis.stop)
        for ours, theirs in (("json", "msgpack"), ("msgpack", "json")):
            axum, flask = Axum(redis, "--codec", ours), Flask(redis, codec=theirs)
            self.addCleanup(axum.stop)
            self.addCleanup(flask.stop)
            browser = Browser()
            browser.get(flask, "/set?key=user&value=ada")
            self.assertEqual(browser.get(axum, "/get?key=user"), "ada")
            browser.get(axum, "/set?key=theme&value=dark")
            written = CODECS[ours].decode(redis.client.get(browser.key))
            self.assertEqual(json.loads(browser.get(flask, "/keys")), ["_permanent", "user", "theme"])
            self.assertEqual(written, {"_permanent": True, "user": "ada", "theme": "dark"})


class Down(unittest.TestCase):
    """A Redis that is away, and comes back."""

    def test_only_who_asks_is_told_and_the_service_recovers_by_itself(self):
        redis = Redis("--save", "", "--appendonly", "yes", "--appendfsync", "always")
        self.addCleanup(redis.stop)
        axum = Axum(redis)
        self.addCleanup(axum.stop)
        browser = Browser()
        browser.get(axum, "/set?key=user&value=ada")
        cookie = browser.cookie
        redis.kill()
        status, text = browser.visit(axum, "/get?key=user")
        self.assertEqual((status, browser.vary), (503, "Cookie"), text)
        self.assertEqual(browser.visit(axum, "/clear")[0], 503)
        self.assertEqual(browser.get(axum, "/untouched"), "untouched")
        self.assertEqual(browser.cookie, cookie)
        redis.start()
        self.assertTrue(any(browser.visit(axum, "/get?key=user") == (200, "ada") for _ in range(200)))
        self.assertNotIn(browser.sid, axum.logged())


if __name__ == "__main__":
    unittest.main()
