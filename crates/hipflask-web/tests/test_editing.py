"""Values are changed and signed again, and Flask reads them."""

import datetime
import time
import unittest
import uuid

from markupsafe import Markup
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from support import EVERY_TYPE, KEY, UTC, Case, opened, serializer, signed


class Editing(Case):
    def test_every_type_is_edited_and_flask_reads_it(self):
        self.paste(signed(EVERY_TYPE), KEY)
        expected = dict(EVERY_TYPE)
        for key, typed, value in (
            ("yes", "False", False),
            ("big", "-99999999999999999999999", -99999999999999999999999),
            ("float", "2.25", 2.25),
            ("name", 'Ada "L"', 'Ada "L"'),
            ("bytes", "de ad be ef", b"\xde\xad\xbe\xef"),
            ("markup", "<i>new</i>", Markup("<i>new</i>")),
            ("uuid", "00000000-0000-0000-0000-0000000000ff", uuid.UUID(int=255)),
            ("date", "1999-12-31 23:59:59", datetime.datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ):
            with self.subTest(key):
                self.edit([key], typed)
                expected[key] = value
                session = opened(self.edited())
                self.assertEqual(session, expected)
                self.assertIs(type(session[key]), type(value))
                self.assertIn("changed", self.row(key).find_element(By.CSS_SELECTOR, ".row").get_attribute("class"))
        self.edit(["dict", "a", "b", "c"], "changed")
        self.edit(["pair", 1], "4")
        expected |= {"dict": {"a": {"b": {"c": "changed"}}}, "pair": ("tea", 4)}
        self.assertEqual(opened(self.edited()), expected)

    def test_the_focus_stays_where_one_works(self):
        self.paste(signed({"a": "b", "in": {"c": 1, "d": 2}}), KEY)
        label = lambda: self.browser.driver.switch_to.active_element.get_attribute("aria-label")
        self.edit(["in", "d"], "3")
        self.assertEqual(label(), "Edit d")
        self.edit(["a"], "x", apply=False).send_keys(Keys.ESCAPE)
        self.assertEqual(label(), "Edit a")
        self.assertEqual(opened(self.edited()), {"a": "b", "in": {"c": 1, "d": 3}})
        self.edit(["in", "c"], "", apply=False)
        self.browser.button("Remove c").send_keys(Keys.ENTER)
        self.assertEqual(self.browser.driver.switch_to.active_element.text, "Edit as JSON")

    def test_what_is_no_value_of_the_type_is_refused_and_nothing_is_lost(self):
        self.paste(signed(EVERY_TYPE), KEY)
        for key, typed in (("big", "1.5"), ("float", "x"), ("bytes", "abc"), ("uuid", "12"), ("date", "yesterday")):
            with self.subTest(key):
                field = self.edit([key], typed)
                self.assertEqual(field.get_attribute("aria-invalid"), "true")
                self.assertEqual(field.get_attribute("value"), typed)
                field.send_keys(Keys.ESCAPE)
        # It looks like a date, but there is no such day.
        self.edit(["date"], "2026-02-30 00:00:00")
        self.assertNotEqual(self.browser.text("#edit-error"), "")
        self.assertFalse(self.browser.at("edited").is_displayed())

    def test_an_entry_is_removed_and_edits_are_undone(self):
        self.paste(signed({"a": 1, "b": "two"}), KEY)
        self.edit(["b"], "", apply=False)
        self.browser.button("Remove b").click()
        self.assertEqual(opened(self.edited()), {"a": 1})
        self.browser.button("Undo edits").click()
        self.assertFalse(self.browser.at("edited").is_displayed())
        self.assertEqual(self.value("b"), "two")

    def test_the_json_is_edited_as_a_whole(self):
        self.paste(signed({"a": 1, "big": 2**70, "float": 1.0}), KEY)
        self.browser.button("Edit as JSON").click()
        text = self.browser.at("json").get_attribute("value")
        self.assertIn(f'"big": {2**70}', text)
        self.browser.fill("json", text.replace('"a": 1', '"a": {" t": [1, {" b": "AP8="}]}, "é": "\\ud83d\\ude00"'))
        self.browser.button("Apply", "#json-editor").click()
        expected = {"a": (1, b"\x00\xff"), "é": "\U0001f600", "big": 2**70, "float": 1.0}
        self.assertEqual(opened(self.edited()), expected)

        self.browser.button("Edit as JSON").click()
        self.browser.fill("json", '{"a": ')
        self.browser.button("Apply", "#json-editor").click()
        self.assertNotEqual(self.browser.text("#edit-error"), "")
        self.assertEqual(self.browser.at("json").get_attribute("value"), '{"a": ')
        self.browser.button("Cancel", "#json-editor").click()
        self.assertEqual(opened(self.edited()), expected)

    def test_it_is_signed_now_or_at_the_time_that_it_had(self):
        at = int(time.time()) - 5000
        self.paste(signed({"a": 1}, at=at), KEY)
        before = int(time.time())
        self.edit(["a"], "2")
        _, signed_at = serializer().loads(self.edited(), return_timestamp=True)
        self.assertTrue(before <= signed_at.timestamp() <= time.time())
        self.browser.all("input[name=signed-at]")[1].send_keys(Keys.SPACE)
        session, signed_at = serializer().loads(self.edited(), return_timestamp=True)
        self.assertEqual((session, signed_at.timestamp()), ({"a": 2}, at))

    def test_it_is_signed_once_there_is_a_key_with_the_salt_that_is_set(self):
        self.paste(signed({"a": "b" * 300}, salt="other"))
        self.edit(["a"], "c" * 300)
        self.assertEqual(self.browser.text("#edited-note"), "Type a secret key to sign it.")
        self.browser.fill("salt", "other")
        self.browser.fill("key", KEY)
        cookie = self.edited()
        self.assertTrue(cookie.startswith("."))
        self.assertEqual(serializer(salt="other").loads(cookie), {"a": "c" * 300})
        self.assertEqual(self.copied("Copy"), cookie)

    def test_the_new_cookie_can_be_looked_into(self):
        self.paste(signed({"a": "old"}), KEY)
        self.edit(["a"], "new")
        cookie = self.edited()
        self.browser.button("Look into it").click()
        self.assertEqual(self.browser.at("cookie").get_attribute("value"), cookie)
        self.assertEqual((self.value("a"), self.verdict()[0]), ("new", "good"))
        self.assertFalse(self.browser.at("edited").is_displayed())


if __name__ == "__main__":
    unittest.main()
