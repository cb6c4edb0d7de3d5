"""Two servers and a browser."""

import atexit
import html.parser
import http.cookiejar
import os
import signal
import subprocess
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request

from werkzeug.serving import make_server

from app import create_app

TIMEOUT_SECS = 30

# Servers stop with the tests, also when those are interrupted or terminated.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.default_int_handler)


class FlaskServer:
    """The Flask application on a free port, in a thread."""

    def __init__(self, *arguments, create_app=create_app, **options):
        self.app = create_app(*arguments, **options)
        self.app.logger.disabled = True
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def loads(self, cookie):
        """What Flask reads in a session cookie."""
        return self.serializer().loads(cookie)

    def dumps(self, value):
        return self.serializer().dumps(value)

    def serializer(self):
        return self.app.session_interface.get_signing_serializer(self.app)


def rust_command(*options, **environment):
    """The example's command line, in an environment without keys but those given."""
    kept = {name: value for name, value in os.environ.items() if not name.endswith("SECRET_KEY")}
    return {"args": [os.environ["LOGIN_EXAMPLE"], "--port", "0", *options], "env": {**kept, **environment}}


class RustServer:
    """The example on a free port, in a process."""

    def __init__(self, *options, secret_key, old_secret_key=""):
        command = rust_command(*options, SECRET_KEY=secret_key, OLD_SECRET_KEY=old_secret_key)
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(**command, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        atexit.register(self.process.kill)
        words = self.process.stdout.readline().split()
        if len(words) < 3:
            log = self.log()
            self.stop()
            raise RuntimeError(f"the example did not start: {log}")
        self.url = words[2]

    def log(self):
        self.errors.seek(0)
        return self.errors.read().decode()

    def peak_memory_mib(self):
        """The most memory that the process ever had (Linux)."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024

    def stop(self):
        self.process.kill()
        self.process.wait()
        atexit.unregister(self.process.kill)
        self.process.stdout.close()
        self.errors.close()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Browser:
    """An ordinary client with a cookie jar. Cookies know no ports: servers on one host share them."""

    def __init__(self):
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), NoRedirect, urllib.request.HTTPCookieProcessor(self.jar)
        )
        self.page = None

    def get(self, server, path="/"):
        return self.send(server.url + path)

    def post(self, server, path, follow=True, **fields):
        """Posts a form with the token of the last page, unless another is given."""
        fields = {"csrf_token": self.page.csrf_token if self.page else "", **fields}
        return self.send(server.url + path, urllib.parse.urlencode(fields).encode(), follow)

    def send(self, url, body=None, follow=True):
        try:
            response = self.opener.open(url, body, timeout=TIMEOUT_SECS)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            self.page = Page(response.status, response.headers, response.read().decode())
        if follow and response.status == 303:
            return self.send(urllib.parse.urljoin(url, response.headers["Location"]))
        return self.page

    def log_in(self, server, name="ada", password="analytical engine", follow=True, **fields):
        self.get(server, "/login")
        return self.post(server, "/login", follow, name=name, password=password, **fields)

    @property
    def cookie(self):
        return next(iter(self.jar))


class Page(html.parser.HTMLParser):
    """A response, and what a user sees in it. Tags in messages are shown in brackets."""

    def __init__(self, status, headers, text):
        super().__init__()
        self.status = status
        self.headers = headers
        self.text = text
        self.csrf_token = ""
        self.messages = []
        self.texts = {}
        self.inside = None
        self.feed(text)
        self.close()

    @property
    def user(self):
        return self.texts.get("user")

    @property
    def visits(self):
        return int(self.texts["visits"])

    @property
    def note(self):
        # HTML ignores a line feed at the start of a textarea.
        return self.texts["note"].removeprefix("\n")

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        classes = attributes.get("class", "").split()
        if attributes.get("name") == "csrf_token":
            self.csrf_token = attributes["value"]
        if "message" in classes:
            self.inside = "li", len(self.messages)
            self.messages.append((classes[1], ""))
        elif self.inside:
            self.add(f"[{tag}]")
        elif attributes.get("id") in ("user", "visits", "note") and tag in ("strong", "textarea"):
            self.inside = tag, attributes["id"]
            self.texts[attributes["id"]] = ""

    def handle_endtag(self, tag):
        if self.inside and self.inside[0] == tag:
            self.inside = None
        elif self.inside:
            self.add(f"[/{tag}]")

    def handle_data(self, data):
        if self.inside:
            self.add(data)

    def add(self, text):
        place = self.inside[1]
        if isinstance(place, int):
            category, message = self.messages[place]
            self.messages[place] = category, message + text
        else:
            self.texts[place] += text
