"""Chromium with a page in it, and what the page did there."""

import json
import tempfile

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
IGNORED = (NoSuchElementException, StaleElementReferenceException)


class Browser:
    """A browser that is started once and opens a page many times."""

    def __init__(self):
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in FLAGS.split():
            options.add_argument(flag)
        options.add_argument(f"--user-data-dir={self.profile.name}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))

    def quit(self):
        self.driver.quit()
        self.profile.cleanup()

    def cdp(self, command, **parameters):
        return self.driver.execute_cdp_cmd(command, parameters)

    def look_like(self, width=1280, height=900, scale=1, scheme="light", zone="UTC"):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False)
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.cdp("Emulation.setTimezoneOverride", timezoneId=zone)

    def visit(self, url):
        """Opens the page, and forgets what happened until it stood."""
        self.driver.get(url)
        self.until(lambda: self.run("return document.getElementById('example').onclick !== null"))
        self.events()
        self.complaints()

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def until(self, condition):
        wait = WebDriverWait(self.driver, 30, poll_frequency=0.02, ignored_exceptions=IGNORED)
        return wait.until(lambda _: condition())

    def at(self, id):
        return self.driver.find_element(By.ID, id)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        """The text that is shown there."""
        return self.driver.find_element(By.CSS_SELECTOR, selector).text

    def button(self, name, within="body"):
        """The button that is called so, by its label or by its text."""
        for button in self.all(f"{within} button"):
            if name in (button.get_attribute("aria-label"), button.text) and button.is_displayed():
                return button
        raise NoSuchElementException(name)

    def fill(self, id, text):
        """Puts text into a field at once, as pasting it does."""
        self.run(
            "const field = document.getElementById(arguments[0]); field.value = arguments[1];"
            "field.dispatchEvent(new Event('input', { bubbles: true }))",
            id,
            text,
        )

    def events(self):
        """Requests and navigations since the last call: (what, where)."""
        events = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            method, about = message["method"], message["params"]
            if method == "Network.requestWillBeSent":
                events.append(("request", about["request"]["url"]))
            elif method in ("Network.webSocketCreated", "Network.webTransportCreated"):
                events.append(("request", about["url"]))
            elif method in ("Page.frameRequestedNavigation", "Page.navigatedWithinDocument", "Page.windowOpen"):
                events.append(("navigation", about["url"]))
            elif method == "Page.frameNavigated":
                events.append(("navigation", about["frame"]["url"]))
        return events

    def complaints(self):
        """What the console complains about since the last call."""
        return [entry for entry in self.driver.get_log("browser") if entry["level"] in ("WARNING", "SEVERE")]
