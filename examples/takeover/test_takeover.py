"""Both programs as one site, with a cookie jar and with Chromium.

  tools/takeover.sh
"""

import http.cookiejar
import re
import tempfile
import unittest
import urllib.error
import urllib.parse
import urllib.request

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from serve import Site

KEY, NEW_KEY = "the key of the tests", "its successor"
# Where each program logs in and out.
FLASK, AXUM = ("/", "/flask/login", "/flask/logout"), ("/login", "/login", "/logout")
BOTH = {"Flask": FLASK, "axum": AXUM}


class Browser:
    """A cookie jar that follows redirects."""

    def __init__(self, site, agent="a browser"):
        self.site, self.jar = site, http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        self.opener.addheaders = [("User-Agent", agent)]

    def ask(self, path, fields=None):
        data = urllib.parse.urlencode(fields).encode() if fields is not None else None
        try:
            answer = self.opener.open(self.site.address + path, data)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.status, self.page = answer.status, answer.read().decode()
        return self

    def send(self, path, **fields):
        """Sends a form with the token of the page that is open."""
        return self.ask(path, {"csrf_token": self.token(), **fields})

    def token(self):
        return re.search('name="csrf_token" value="([^"]*)"', self.page)[1]

    def text(self, id):
        return re.search(f'<p id="{id}">(.*?)</p>', self.page)[1]

    def messages(self):
        return re.findall("<li>(.*?)</li>", self.page)

    def cookies(self):
        return {cookie.name: cookie for cookie in self.jar}

    def drop(self, name):
        cookie = self.cookies()[name]
        self.jar.clear(cookie.domain, cookie.path, name)

    def log_in(self, program, remember=False, password="analytical engine"):
        page, path, _ = program
        fields = {"remember": "on"} if remember else {}
        return self.ask(page).send(path, name="ada", password=password, **fields)

    def users(self):
        """Who is logged in: in Flask, in axum."""
        of_flask = self.ask("/").text("user")
        return of_flask, self.ask("/account").text("user") if 'id="user"' in self.page else "nobody"


class Takeover(unittest.TestCase):
    def setUp(self):
        self.site = self.enterContext(Site(KEY))

    def assert_logged_out(self, browser):
        self.assertEqual(browser.ask("/").text("user"), "nobody")
        self.assertIn("Please log in to access this page.", browser.ask("/account").messages())

    def test_a_login_is_known_to_both(self):
        for name, program in BOTH.items():
            with self.subTest(name):
                browser = Browser(self.site)
                browser.log_in(program)
                self.assertEqual(browser.messages(), [f"{name} logged you in."])
                self.assertEqual(browser.users(), ("user 1, fresh", "user 1, fresh"))

    def test_a_wrong_password_logs_nobody_in(self):
        browser = Browser(self.site).log_in(AXUM, password="wrong")
        self.assertEqual(browser.messages(), ["This name and this password do not belong together."])
        self.assert_logged_out(browser)

    def test_a_form_of_either_is_taken_by_the_other(self):
        browser = Browser(self.site).log_in(FLASK)
        # The page is axum's, and Flask takes the note, flashes, and sends the browser back to axum.
        browser.ask("/account").send("/note", note="<b>Zoë</b>")
        self.assertEqual((browser.status, browser.messages()), (200, ["Flask took the note."]))
        self.assertEqual(browser.text("note"), "&lt;b&gt;Zoë&lt;/b&gt;")
        # The page is Flask's, and axum logs out.
        browser.ask("/").send("/logout")
        self.assertEqual((browser.status, browser.messages()), (200, ["axum logged you out."]))
        self.assert_logged_out(browser)

    def test_a_form_without_the_session_s_token_is_refused_by_both(self):
        browser, other = Browser(self.site).log_in(FLASK), Browser(self.site).log_in(AXUM)
        for path in ("/note", "/logout"):
            for token, why in ((other.ask("/account").token(), "do not match"), ("x", "is invalid"), ("", "is missing")):
                browser.ask(path, {"csrf_token": token, "note": "x"})
                self.assertEqual(browser.status, 400)
                self.assertIn(f"The CSRF token{'s' if why == 'do not match' else ''} {why}.", browser.page)
        self.assertEqual(browser.users(), ("user 1, fresh", "user 1, fresh"))

    def test_a_date_a_uuid_and_a_tuple_are_the_same_in_both(self):
        for name, program in BOTH.items():
            with self.subTest(name):
                browser = Browser(self.site).log_in(program)
                of_flask, of_axum = (browser.ask(path).text("kept") for path in ("/", "/account"))
                self.assertRegex(of_flask, r"^..., \d\d ... \d{4} \d\d:\d\d:\d\d GMT [0-9a-f]{32} \(3, 4\)$")
                self.assertEqual(of_axum, of_flask.replace("(3, 4)", "Some((3, 4))"))
                self.assertIsNotNone(browser.cookies()["session"].expires, "it is permanent")

    def test_whoever_is_remembered_is_so_by_both(self):
        for name, program in BOTH.items():
            for first in ("/", "/account"):
                with self.subTest(name, first=first):
                    browser = Browser(self.site).log_in(program, remember=True)
                    browser.drop("session")
                    self.assertEqual(browser.ask(first).text("user"), "user 1, not fresh")
                    self.assertEqual(browser.users(), ("user 1, not fresh", "user 1, not fresh"))

    def test_a_logout_is_one_from_both(self):
        for name, program in BOTH.items():
            for other_name, other in BOTH.items():
                with self.subTest(f"in by {name}, out by {other_name}"):
                    browser = Browser(self.site).log_in(program, remember=True)
                    self.assertIn("remember_token", browser.cookies())
                    browser.ask("/account" if other is FLASK else "/").send(other[2])
                    self.assertEqual(browser.messages(), [f"{other_name} logged you out."])
                    self.assertNotIn("remember_token", browser.cookies())
                    self.assert_logged_out(browser)

    def test_a_session_in_another_browser_is_not_fresh_in_either(self):
        for name, program in BOTH.items():
            for first in ("/", "/account"):
                with self.subTest(name, first=first):
                    browser = Browser(self.site).log_in(program)
                    thief = Browser(self.site, agent="another browser")
                    for cookie in browser.jar:
                        thief.jar.set_cookie(cookie)
                    self.assertEqual(thief.ask(first).text("user"), "user 1, not fresh")

    def test_clocks_may_differ_by_a_second_in_both_directions(self):
        for offset in (-1, 1):
            with self.subTest(offset), Site(KEY, clock_offset=offset) as site:
                for program in BOTH.values():
                    browser = Browser(site).log_in(program)
                    self.assertEqual(browser.users(), ("user 1, fresh", "user 1, fresh"))
                    browser.ask("/account").send("/note", note="on time")
                    self.assertEqual((browser.status, browser.text("note")), (200, "on time"))
                    browser.ask("/").send("/logout")
                    self.assertEqual(browser.status, 200)
                    self.assert_logged_out(browser)

    def test_a_new_key_keeps_sessions_and_ends_forms_and_what_remembers(self):
        with Site(NEW_KEY, KEY) as rotated:
            for name, program in BOTH.items():
                with self.subTest(name):
                    browser = Browser(self.site).log_in(program, remember=True)
                    old_form = browser.ask("/account").token()
                    browser.site = rotated
                    self.assertEqual(browser.users(), ("user 1, fresh", "user 1, fresh"))
                    for path in ("/note", "/logout"):
                        self.assertEqual(browser.ask(path, {"csrf_token": old_form, "note": "x"}).status, 400)
                        self.assertIn("The CSRF token is invalid.", browser.page)
                    browser.ask("/account").send("/note", note="x")
                    self.assertEqual(browser.status, 200)
                    browser.drop("session")
                    self.assert_logged_out(browser)


class Chromium(unittest.TestCase):
    """The same way in a real browser, which has its own idea of cookies."""

    def setUp(self):
        self.site = self.enterContext(Site(KEY))
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        profile = self.enterContext(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        for flag in ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"):
            options.add_argument(flag)
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.addCleanup(self.driver.quit)

    def open(self, path):
        self.driver.get(self.site.address + path)

    def click(self, button):
        """Clicks a button, and waits until the page that answers stands."""
        before = self.driver.find_element(By.TAG_NAME, "html")
        self.driver.find_element(By.XPATH, f"//button[text()='{button}']").click()
        WebDriverWait(self.driver, 30, poll_frequency=0.02).until(lambda driver: driver.find_element(By.TAG_NAME, "html") != before)

    def fill(self, **fields):
        for name, text in fields.items():
            self.driver.find_element(By.NAME, name).send_keys(text)

    def shown(self, id):
        return self.driver.find_element(By.ID, id).text

    def messages(self):
        return [message.text for message in self.driver.find_elements(By.TAG_NAME, "li")]

    def test_a_visit(self):
        # Log in by axum, to be remembered.
        self.open("/login")
        self.fill(name="ada", password="analytical engine")
        self.driver.find_element(By.NAME, "remember").click()
        self.click("Log in")
        self.assertEqual((self.shown("user"), self.messages()), ("user 1, fresh", ["axum logged you in."]))
        # Flask knows it, and takes a form of axum's.
        self.fill(note="from axum")
        self.click("Note")
        self.assertEqual((self.shown("note"), self.messages()), ("from axum", ["Flask took the note."]))
        self.open("/")
        self.assertEqual((self.driver.title, self.shown("user"), self.shown("note")), ("Flask", "user 1, fresh", "from axum"))
        remember = self.driver.get_cookie("remember_token")
        self.assertTrue(remember["httpOnly"] and remember["expiry"])
        # The session's cookie is gone, and both still know who it is.
        self.driver.delete_cookie("session")
        self.open("/account")
        self.assertEqual(self.shown("user"), "user 1, not fresh")
        self.open("/")
        self.assertEqual(self.shown("user"), "user 1, not fresh")
        # Log out by axum, with Flask's form.
        self.click("Log out")
        self.assertEqual((self.driver.title, self.shown("user"), self.messages()), ("Flask", "nobody", ["axum logged you out."]))
        self.assertIsNone(self.driver.get_cookie("remember_token"))
        self.open("/account")
        self.assertEqual(self.messages(), ["Please log in to access this page."])
        # Log in by Flask and out by it, with axum's page in between.
        self.open("/")
        self.fill(name="ada", password="analytical engine")
        self.click("Log in")
        self.open("/account")
        self.assertEqual(self.shown("user"), "user 1, fresh")
        self.open("/")
        self.click("Log out of Flask")
        self.open("/account")
        self.assertEqual((self.driver.title, self.messages()), ("axum", ["Please log in to access this page."]))


if __name__ == "__main__":
    unittest.main()
