"""What the tests share: cookies that Flask signs and reads, and steps on the page.

PAGE, in the environment, is the file that `tools/web.sh` built."""

import datetime
import os
import pathlib
import unittest
import uuid

import flask
import itsdangerous
from browser import Browser
from flask.sessions import SecureCookieSessionInterface
from markupsafe import Markup
from selenium.common.exceptions import NoSuchElementException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

PAGE = pathlib.Path(os.environ["PAGE"]).resolve()
KEY = "a key of this test"
DAY = 86_400
UTC = datetime.timezone.utc

EVERY_TYPE = {
    "nothing": None,
    "yes": True,
    "big": 2**70,
    "less": -7,
    "float": 1.0,
    "small": 5e-324,
    "name": "Zoë",
    "pair": ("tea", 3),
    "list": [1, [2, [3]]],
    "dict": {"a": {"b": {"c": "deep"}}},
    "empty": {},
    "bytes": b"\x00\xffpng",
    "markup": Markup("<b>bold</b>"),
    "uuid": uuid.UUID("6f1c0d5a-9b3e-4f7a-8c2d-1e0f9a8b7c6d"),
    "date": datetime.datetime(2026, 11, 27, 23, 30, 5, tzinfo=UTC),
}


def app(key=KEY):
    app = flask.Flask("page")
    app.secret_key = key
    return app


def serializer(key=KEY, salt="cookie-session", at=None):
    """Flask's own, but for another salt or time."""
    made = SecureCookieSessionInterface().get_signing_serializer(app(key))
    made.salt = salt.encode()
    if at is not None:

        class Signer(itsdangerous.TimestampSigner):
            def get_timestamp(self):
                return at

        made.signer = Signer
    return made


def signed(session, **how):
    return serializer(**how).dumps(session)


def opened(cookie, key=KEY):
    return serializer(key).loads(cookie)


def signer():
    return itsdangerous.TimestampSigner(KEY, "cookie-session", key_derivation="hmac")


def set_cookie(session):
    """The header's value with which a Flask app answers."""
    site = app()

    @site.get("/")
    def index():
        flask.session.update(session)
        return ""

    return site.test_client().get("/").headers["Set-Cookie"]


class Case(unittest.TestCase):
    """Opens the page for each test. The page must not complain, ask for anything, or go anywhere."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.quit)

    def setUp(self):
        self.browser.look_like()
        self.browser.visit(PAGE.as_uri())

    def tearDown(self):
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(self.browser.events(), [])

    def paste(self, text, key=None):
        if key is not None:
            self.browser.fill("key", key)
        self.browser.fill("cookie", text)

    def verdict(self):
        """Whether it looks good, and what it says."""
        verdict = self.browser.at("verdict")
        looks = verdict.get_attribute("class").split()
        return next(name for name in ("good", "bad", "open") if name in looks), verdict.text

    def row(self, *path):
        """The row of the tree at a path of keys."""
        inside = self.browser.at("tree")
        for key in path:
            for item in inside.find_elements(By.XPATH, "./ul/li | ./details/ul/li"):
                if item.find_element(By.CSS_SELECTOR, ".key").text == str(key):
                    inside = item
                    break
            else:
                raise NoSuchElementException(f"{key} of {path}")
        return inside

    def value(self, *path):
        return self.row(*path).find_element(By.CSS_SELECTOR, ".value").text

    def type(self, *path):
        return self.row(*path).find_element(By.CSS_SELECTOR, ".type").text

    def edit(self, path, text, apply=True):
        """Edits a value by the keyboard."""
        self.row(*path).find_element(By.XPATH, ".//button[text()='Edit']").send_keys(Keys.ENTER)
        field = self.browser.driver.switch_to.active_element
        if field.tag_name != "select":
            field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text)
        if apply:
            field.send_keys(Keys.ENTER)
        return field

    def edited(self):
        """The cookie that the page made."""
        return self.browser.text("#edited-cookie")

    def copied(self, name):
        """What a button copied: what is then pasted into the field."""
        field = self.browser.at("cookie")
        before = field.get_attribute("value")
        self.browser.button(name).click()
        self.browser.until(lambda: self.browser.button("Copied"))
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(Keys.CONTROL, "v")
        text = field.get_attribute("value")
        self.paste(before)
        return text
