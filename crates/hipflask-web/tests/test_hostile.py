"""What somebody else wrote is shown, and does nothing."""

import random
import unittest

from markupsafe import Markup
from support import EVERY_TYPE, KEY, Case, opened, signed

TEXTS = (
    "<script>window.caught = 1</script>",
    "</script><script>window.caught = 1</script>",
    "<img src=x onerror='window.caught = 1'>",
    "javascript:window.caught=1",
    '"><svg onload=window.caught=1>',
    "${window.caught = 1}",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "</textarea></style><b>",
    "",
)


class Hostile(Case):
    def tearDown(self):
        self.assertFalse(self.browser.run("return 'caught' in window"))
        super().tearDown()

    def elements(self):
        """How many elements there are of each kind that could do something."""
        kinds = ("script", "img", "svg", "iframe", "style", "link", "a", "form", "object", "b:not(#parts b, .way b)")
        return {kind: len(self.browser.all(kind)) for kind in kinds}

    def test_scripts_in_keys_and_values_are_text(self):
        before = self.elements()
        for text in TEXTS:
            with self.subTest(text):
                self.paste(signed({text: text, "in": {text: [text, Markup(text)]}}), KEY)
                self.assertEqual(self.verdict()[0], "good")
                self.assertEqual(self.value("in", text or '""', 0), text)
                self.assertEqual(self.elements(), before)
                self.edit(["in", text or '""', 0], "fine")
                self.assertEqual(opened(self.edited()), {text: text, "in": {text: ["fine", Markup(text)]}})
                self.assertEqual(self.elements(), before)

    def test_scripts_in_names_lines_keys_and_salts_are_text(self):
        before = self.elements()
        cookie = signed({"n": 1})
        for text in TEXTS:
            with self.subTest(text):
                self.paste(f"Cookie: {text}={text}; session={cookie}", text)
                self.browser.fill("salt", text)
                self.browser.fill("name", text)
                self.paste(text)
                self.paste(f"{text}.{text}.{text}")
                self.browser.fill("name", "session")
                self.browser.fill("salt", "cookie-session")
                self.paste(f"{text}={text}")
                self.assertEqual(self.elements(), before)

    def test_what_cannot_be_seen_is_spelled_out(self):
        self.paste(signed({"a\u202eb": "x\u200by\u202ez\x00\n\u2028"}))
        self.assertEqual(self.value(r"a\u202eb"), r"x\u200by\u202ez\x00\n\u2028")

    def test_nothing_that_is_pasted_breaks_the_page(self):
        chance = random.Random(11)
        cookie = signed(EVERY_TYPE)
        alphabet = [*"abcXYZ019-_.=;:, \"'\\\n\t{}[]<>&%", "é", "\U0001f600", "\x00", "\u202e", "session=", "Cookie: "]
        for _ in range(300):
            text = list(cookie) if chance.random() < 0.7 else []
            for _ in range(chance.randrange(1, 12)):
                place = chance.randrange(len(text) + 1)
                text[place : place + chance.randrange(3)] = chance.choices(alphabet, k=chance.randrange(4))
            self.paste("".join(text), "".join(chance.choices(alphabet, k=chance.randrange(6))))
        # Half a surrogate pair, which only a script can put there.
        self.browser.run("cookie.value = '\\ud800.a.b'; cookie.dispatchEvent(new Event('input'))")
        self.paste(cookie, KEY)
        self.assertEqual(self.verdict()[0], "good")

    def test_the_deepest_session_is_shown_and_edited(self):
        deep = "end"
        for _ in range(60):
            deep = [deep]
        self.paste(signed({"deep": deep}), KEY)
        self.edit(["deep"] + [0] * 60, "new")
        session = opened(self.edited())["deep"]
        for _ in range(60):
            [session] = session
        self.assertEqual(session, "new")


if __name__ == "__main__":
    unittest.main()
