"""The tree of values."""

import base64
import datetime
import json
import random
import unittest
import uuid

from flask.json.tag import TaggedJSONSerializer
from markupsafe import Markup
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from support import EVERY_TYPE, KEY, Case, signed, signer


def payload(text):
    return base64.urlsafe_b64encode(text).rstrip(b"=")


class Contents(Case):
    def test_every_type_is_shown_as_what_it_is(self):
        self.browser.look_like(zone="Asia/Tokyo")
        self.paste(signed(EVERY_TYPE))
        for key, value, type in (
            ("nothing", "None", "None"),
            ("yes", "True", "bool"),
            ("big", str(2**70), "int"),
            ("less", "-7", "int"),
            ("float", "1.0", "float"),
            ("small", "5e-324", "float"),
            ("name", "Zoë", "str"),
            ("empty", "empty", "dict, 0 entries"),
            ("bytes", "00 ff 70 6e 67", "bytes, 5 bytes"),
            ("markup", "<b>bold</b>", "Markup"),
            ("uuid", str(EVERY_TYPE["uuid"]), "UUID"),
        ):
            with self.subTest(key):
                self.assertEqual((self.value(key), self.type(key)), (value, type))
        self.assertEqual(self.type("pair"), "tuple, 2 items")
        self.assertEqual((self.value("pair", 0), self.value("pair", 1)), ("tea", "3"))
        self.assertEqual(self.type("list"), "list, 2 items")
        self.assertEqual(self.value("dict", "a", "b", "c"), "deep")
        self.assertEqual(self.value("date"), "27 Nov 2026, 23:30:05 UTC")
        self.assertEqual(self.type("date"), "datetime")
        self.assertRegex(self.row("date").find_element(By.CSS_SELECTOR, ".local").text, r"^28 Nov 2026, 08:30:05 (GMT\+9|JST), local$")

    def test_the_tree_folds_by_the_keyboard_and_as_a_whole(self):
        self.paste(signed(EVERY_TYPE))
        summary = self.row("dict").find_element(By.TAG_NAME, "summary")
        inside = self.row("dict", "a")
        self.assertTrue(inside.is_displayed())
        summary.send_keys(Keys.ENTER)
        self.assertFalse(inside.is_displayed())
        summary.send_keys(Keys.SPACE)
        self.assertTrue(inside.is_displayed())
        self.browser.button("Fold").click()
        self.assertFalse(any(item.is_displayed() for item in self.browser.all(".tree li li")))
        self.browser.button("Unfold").click()
        self.assertTrue(all(item.is_displayed() for item in self.browser.all(".tree li li")))

    def test_what_is_copied_is_the_same_session(self):
        self.paste(signed(EVERY_TYPE))
        self.assertEqual(TaggedJSONSerializer().loads(self.copied("Copy as JSON")), EVERY_TYPE)
        names = {"Markup": Markup, "UUID": uuid.UUID, "datetime": datetime}
        copied = eval(self.copied("Copy as Python"), names)
        self.assertEqual(copied, EVERY_TYPE)
        self.assertEqual({key: type(value) for key, value in copied.items()}, {key: type(value) for key, value in EVERY_TYPE.items()})

    def test_a_payload_that_cannot_be_read_says_why(self):
        self.paste(signer().sign(payload(b"{'single': 'quotes'}")).decode(), KEY)
        self.assertIn("payload", self.browser.text("#tree").lower())
        self.assertFalse(self.browser.at("copy-json").is_displayed())

    def test_a_value_of_64_kb_is_shown_and_a_cookie_of_more_is_refused(self):
        letters = "".join(random.Random(5).choices("abcdefghij", k=48_000))
        # In base64, 48,000 letters are 64,000.
        cookie = signer().sign(payload(json.dumps({"long": letters}, separators=(",", ":")).encode())).decode()
        self.assertGreater(len(cookie), 64_000)
        self.paste(cookie, KEY)
        self.assertEqual(self.verdict()[0], "good")
        self.browser.button("Show all 48,000 letters").click()
        self.assertEqual(self.value("long"), letters)
        self.paste("x" * 70_000)
        self.assertIn("65536", self.browser.text("#notes"))
        self.assertFalse(self.browser.at("result").is_displayed())

    def test_64_kb_of_text_in_a_small_cookie_are_shown(self):
        self.paste(signed({"long": "x" * 65_000}), KEY)
        self.browser.button("Show all 65,000 letters").click()
        self.assertEqual(len(self.value("long")), 65_000)

    def test_there_is_room_for_the_longest_answer(self):
        # These take the most room in the answer for each byte of the session.
        self.paste(signed({"lists": [[]] * 21_800}), KEY)
        self.assertEqual(self.type("lists"), "list, 21,800 items")
        self.assertEqual(self.verdict()[0], "good")

    def test_a_long_list_is_shown_in_pieces(self):
        self.paste(signed({"items": list(range(9_000))}), KEY)
        self.assertEqual(self.type("items"), "list, 9,000 items")
        rows = lambda: len(self.browser.all(".tree li li .row"))
        self.assertEqual(rows(), 200)
        self.browser.button("Show more (8,800 left)").click()
        self.assertEqual(rows(), 400)
        self.assertEqual(self.browser.all(".tree li li .value")[399].text, "399")


if __name__ == "__main__":
    unittest.main()
