"""The field for the cookie, and its colours."""

import base64
import unittest

from selenium.webdriver.common.keys import Keys
from support import EVERY_TYPE, KEY, Case, opened, set_cookie, signed


class Cookie(Case):
    def coloured(self):
        pieces = self.browser.run(
            "return [...document.querySelectorAll('#coloured span')].map(span => [span.className, span.textContent])"
        )
        return {name: "".join(text for of, text in pieces if of == name) for name in ("beside", "payload", "time", "signature")}

    def test_the_three_parts_are_coloured_wherever_the_cookie_stands(self):
        small, large = signed({"user": "Zoë"}), signed({"user": "a" * 500})
        self.assertTrue(large.startswith("."))
        for cookie in (small, large):
            payload, time, signature = cookie.rsplit(".", 2)
            parts = {"payload": payload, "time": time, "signature": signature}
            for before, behind in (
                ("", ""),
                ("session=", ""),
                ("Cookie: theme=dark; session=", "; other=1"),
                ("Set-Cookie: session=", "; HttpOnly; Path=/"),
                ("  ", "  "),
            ):
                with self.subTest(before=before, compressed=cookie.startswith(".")):
                    self.paste(before + cookie + behind)
                    self.assertEqual(self.coloured(), {"beside": before + behind, **parts})
            for part, text in parts.items():
                self.assertIn(f"{part.title()} {len(text)} letters", self.browser.text("#parts"))

    def test_the_colours_lie_under_the_text(self):
        self.paste(f"Cookie: session={signed(EVERY_TYPE)}\n")
        for width in (1280, 360):
            self.browser.look_like(width=width)
            field, coloured = self.browser.run(
                "return ['cookie', 'coloured'].map(id => { const element = document.getElementById(id);"
                "  const { x, y, width, height } = element.getBoundingClientRect(); const style = getComputedStyle(element);"
                "  return [x, y, width, height, style.font, style.padding, style.letterSpacing, style.wordBreak, style.whiteSpace]; })"
            )
            self.assertEqual(field, coloured)
            self.assertTrue(self.browser.run("return cookie.scrollHeight <= cookie.clientHeight"))

    def test_a_pasted_header_shows_what_flask_put_into_it(self):
        header = set_cookie({"user": "Zoë", "pair": (1, 2)})
        self.paste(f"Set-Cookie: {header}", KEY)
        self.assertEqual(self.value("user"), "Zoë")
        self.assertEqual(self.verdict()[0], "good")

    def test_of_two_cookies_of_the_name_each_can_be_shown(self):
        self.paste(f"Cookie: session={signed({'n': 'first'})}; session={signed({'n': 'second'})}", KEY)
        self.assertEqual(self.value("n"), "first")
        self.browser.all("#choice input")[1].send_keys(Keys.SPACE)
        self.assertEqual(self.value("n"), "second")
        self.assertEqual(self.coloured()["payload"], signed({"n": "second"}).rsplit(".", 2)[0])

    def test_the_second_cookie_is_left_when_there_is_none(self):
        self.paste(f"Cookie: session=a; session=b; admin={signed({'n': 1})}", KEY)
        self.browser.all("#choice input")[1].send_keys(Keys.SPACE)
        self.browser.fill("name", "admin")
        self.assertEqual(self.value("n"), "1")
        self.assertFalse(self.browser.at("choice").is_displayed())

    def test_another_name_finds_another_cookie(self):
        self.paste(f"Cookie: session=x; admin={signed({'n': 1})}", KEY)
        self.browser.fill("name", "admin")
        self.assertEqual(self.value("n"), "1")

    def test_what_is_no_cookie_is_said_so(self):
        self.paste("Cookie: theme=dark")
        self.assertIn("session", self.browser.text("#notes"))
        self.assertFalse(self.browser.at("result").is_displayed())
        self.paste("nonsense")
        self.assertEqual(self.verdict()[0], "bad")
        self.paste("   ")
        self.assertFalse(self.browser.at("result").is_displayed())
        self.assertFalse(self.browser.at("notes").is_displayed())

    def test_what_is_another_thing_than_a_session_is_named(self):
        header, claims = (base64.urlsafe_b64encode(text).rstrip(b"=").decode() for text in (b'{"alg":"HS256"}', b'{"sub":"1"}'))
        for pasted, name in (
            (f"{header}.{claims}.{'a' * 43}", "JSON Web Token"),
            (f"Cookie: remember_token=42|{'ab' * 64}", "remember_token"),
            (f"session={'5Ee0lqxkRk8Sw_oNO3fqVZ5lS2oHzJzO2sIOJ2Wt9pw'}", "Flask-Session"),
        ):
            with self.subTest(name):
                self.paste(pasted, KEY)
                self.assertIn(name, self.browser.text("#notes"))
                self.assertNotEqual(self.verdict()[0], "good")
                self.assertFalse(self.browser.at("parts").is_displayed())

    def test_an_example_comes_by_one_click_and_goes_by_one(self):
        self.browser.button("Load an example").click()
        self.assertEqual(self.verdict()[0], "good")
        session = opened(self.browser.at("cookie").get_attribute("value").rpartition("session=")[2], "dev")
        types = {type(value).__name__ for value in (*session.values(), *session["_flashes"][0])}
        self.assertLessEqual({"bytes", "UUID", "datetime", "dict", "list", "Markup"}, types)
        self.browser.button("Clear").click()
        self.assertFalse(self.browser.at("result").is_displayed())
        self.assertEqual(self.browser.at("cookie").get_attribute("value"), "")


if __name__ == "__main__":
    unittest.main()
