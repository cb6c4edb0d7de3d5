"""The page is for everybody: contrast, size, keyboard, names."""

import pathlib
import random
import unittest

from selenium.webdriver.common.keys import Keys
from support import PAGE, Case, signed

CONTRAST = (pathlib.Path(__file__).parent / "contrast.js").read_text()
ROLES = ("button", "textbox", "combobox", "radio", "spinbutton", "meter", "DisclosureTriangle", "radiogroup")


class Access(Case):
    def states(self):
        """Goes through what the page can look like."""
        yield "empty"
        self.browser.button("Load an example").click()
        yield "example"
        self.edit(["name"], "Ada")
        self.edit(["_user_id"], "x", apply=False)
        yield "edited"
        self.browser.fill("key", " dev")
        self.browser.run("settings.open = true")
        yield "with hints"
        self.browser.fill("key", "dev")
        self.browser.fill("lifetime", "1")
        self.browser.fill("lifetime-unit", "60")
        self.browser.run("config.open = true")
        yield "expired"
        self.browser.button("Edit as JSON").click()
        self.browser.fill("json", "{")
        self.browser.button("Apply", "#json-editor").click()
        yield "as JSON"
        noise = "".join(random.Random(3).choices("0123456789abcdef", k=9000))
        self.paste(f"Cookie: session={signed({'long': 'x' * 3000, f'a{chr(0x202e)}b': noise})}; session=x")
        yield "too large, and two of them"
        self.paste("Cookie: a=b")
        yield "no cookie"

    def everywhere(self, **look):
        self.browser.look_like(**look)
        self.browser.visit(PAGE.as_uri())
        for state in self.states():
            with self.subTest(**look, state=state):
                yield

    def test_every_text_has_a_contrast_of_4_5_in_the_light_and_in_the_dark(self):
        for scheme in ("light", "dark"):
            for _ in self.everywhere(scheme=scheme):
                texts = self.browser.run(CONTRAST)
                self.assertGreater(len(texts), 10)
                self.assertEqual([text for text in texts if text["contrast"] < 4.5], [])

    def test_nothing_is_wider_than_the_window(self):
        # 640 pixels of twice the size are 1280 at a zoom of 200 %.
        for width, scale in ((1280, 1), (640, 2), (360, 1), (320, 1)):
            for _ in self.everywhere(width=width, scale=scale):
                self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), width)
                outside = self.browser.run(
                    "return [...document.querySelectorAll('body *')].filter(e => e.checkVisibility() &&"
                    "  !e.closest('.visually-hidden, .paste') && e.getBoundingClientRect().right > innerWidth + 0.5)"
                    "  .map(e => e.outerHTML.slice(0, 90))"
                )
                self.assertEqual(outside, [])

    def test_text_of_twice_the_size_fits(self):
        for _ in self.everywhere(width=640):
            self.browser.run("document.documentElement.style.fontSize = '200%'")
            self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 640)

    def test_every_control_has_a_name(self):
        for _ in self.everywhere():
            nodes = self.browser.cdp("Accessibility.getFullAXTree")["nodes"]
            controls = [node for node in nodes if not node["ignored"] and node["role"]["value"] in ROLES]
            self.assertGreater(len(controls), 1)
            self.assertEqual([node["role"] for node in controls if not node["name"]["value"].strip()], [])

    def test_every_control_is_reached_by_the_keyboard_and_shows_it(self):
        self.browser.button("Load an example").click()
        expected = self.browser.run(
            "return [...document.querySelectorAll('button, input, select, textarea, summary')]"
            ".filter(e => e.checkVisibility() && !e.disabled).length"
        )
        reached = set()
        while True:
            self.browser.driver.switch_to.active_element.send_keys(Keys.TAB)
            focused = self.browser.driver.switch_to.active_element
            if focused.tag_name == "body":
                # The browser begins again at the first one.
                continue
            if focused.id in reached:
                break
            reached.add(focused.id)
            outlined = self.browser.run(
                "return [arguments[0], arguments[0].parentElement].some(e =>"
                "  getComputedStyle(e).outlineStyle !== 'none' && parseFloat(getComputedStyle(e).outlineWidth) >= 2)",
                focused,
            )
            self.assertTrue(outlined, focused.get_attribute("outerHTML"))
        self.assertEqual(len(reached), expected)

    def test_the_page_says_its_language_and_its_headings_form_a_tree(self):
        self.assertEqual(self.browser.run("return document.documentElement.lang"), "en")
        self.browser.button("Load an example").click()
        self.edit(["name"], "Ada")
        levels = [int(heading.tag_name[1]) for heading in self.browser.all("h1, h2, h3") if heading.is_displayed()]
        self.assertEqual((levels[0], levels.count(1)), (1, 1))
        self.assertTrue(all(after - before <= 1 for before, after in zip(levels, levels[1:])))

    def test_without_scripts_the_explanation_stays(self):
        self.browser.cdp("Emulation.setScriptExecutionDisabled", value=True)
        try:
            self.browser.driver.get(PAGE.as_uri())
            self.assertIn("scripts are switched off", self.browser.text("noscript"))
            for part in ("Payload", "Time", "Signature"):
                self.assertIn(part, self.browser.text("#explained"))
            self.assertEqual([field for field in self.browser.all("button, textarea, input") if field.is_displayed()], [])
        finally:
            self.browser.cdp("Emulation.setScriptExecutionDisabled", value=False)
        # That was the visit.
        self.browser.events()


if __name__ == "__main__":
    unittest.main()
