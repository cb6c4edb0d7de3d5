"""A Redis, the example `shared`, a Flask application with Flask-Session that answers the same
paths, and a browser that goes to both."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from http.cookies import SimpleCookie

import flask
import flask_session
import redis
from werkzeug.serving import make_server

PATIENCE_SECS = 20
SECRET_KEY = "päss wörd"
COOKIE = "session"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(holds, what):
    deadline = time.monotonic() + PATIENCE_SECS
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} does not come")
        time.sleep(0.01)


class Redis:
    """A real `redis-server` on a free port, with a folder of its own."""

    def __init__(self, *options):
        self.port, self.folder = free_port(), tempfile.mkdtemp(prefix="hipflask-redis-")
        self.options = options or ("--save", "", "--appendonly", "no")
        self.url = f"redis://127.0.0.1:{self.port}/"
        self.client = redis.Redis(port=self.port)
        self.start()

    def start(self):
        place = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.folder, "--logfile", "redis.log"]
        self.process = subprocess.Popen(["redis-server", *place, *self.options], stdout=subprocess.DEVNULL)
        eventually(self.answers, "Redis")

    def answers(self):
        try:
            return self.client.ping()
        except (redis.exceptions.ConnectionError, redis.exceptions.BusyLoadingError):
            return False

    def kill(self):
        """As a loss of power would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Axum:
    """The example, in a process."""

    def __init__(self, redis, *options):
        self.port = free_port()
        command = [os.environ["SHARED_EXAMPLE"], "--port", str(self.port), "--redis", redis.url, *options]
        self.log = tempfile.TemporaryFile()
        environment = {**os.environ, "SECRET_KEY": SECRET_KEY}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=self.log)
        self.process.stdout.readline()

    def logged(self):
        self.log.seek(0)
        return self.log.read().decode()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()


def create_app(store, signer=False, codec="msgpack", permanent=True):
    app = flask.Flask("shared")
    app.secret_key = SECRET_KEY
    app.config.update(
        SESSION_TYPE="redis",
        SESSION_REDIS=redis.Redis(port=store.port),
        SESSION_USE_SIGNER=signer,
        SESSION_SERIALIZATION_FORMAT=codec,
        SESSION_PERMANENT=permanent,
    )
    flask_session.Session(app)
    app.logger.disabled = True

    @app.get("/set")
    def set_():
        flask.session[flask.request.args["key"]] = flask.request.args["value"]
        return flask.request.args["value"]

    @app.get("/get")
    def get():
        value = flask.session.get(flask.request.args["key"])
        return ("no such key", 404) if value is None else str(value)

    @app.get("/keys")
    def keys():
        return json.dumps(list(flask.session))

    @app.get("/clear")
    def clear():
        flask.session.clear()
        return "cleared"

    @app.get("/regenerate")
    def regenerate():
        app.session_interface.regenerate(flask.session)
        return "regenerated"

    @app.get("/untouched")
    def untouched():
        return "untouched"

    @app.post("/update")
    def update():
        """Puts in what a test has in `app.values`: any Python values."""
        flask.session.update(app.values)
        return "updated"

    return app


class Flask:
    """The same paths, answered by Flask in a thread."""

    def __init__(self, store, **options):
        self.app = create_app(store, **options)
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.port = self.server.server_port
        # Nothing but the tests' own output.
        self.server.RequestHandlerClass.log = lambda *arguments: None
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Browser:
    """Keeps the session's cookie, and sends it to whichever server it visits."""

    def __init__(self, cookie=None):
        self.cookie = cookie
        self.set_cookie = self.vary = None

    def visit(self, server, path, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECS)
        headers = {"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        text = response.read().decode()
        self.set_cookie, self.vary = response.getheader("Set-Cookie"), response.getheader("Vary")
        connection.close()
        for name, morsel in SimpleCookie(self.set_cookie or "").items():
            assert name == COOKIE
            self.cookie = None if morsel["max-age"] == "0" else morsel.value
        return response.status, text

    def get(self, server, path):
        status, text = self.visit(server, path)
        assert status == 200, (path, status, text)
        return text

    @property
    def sid(self):
        """The id in the cookie, signed or not."""
        return self.cookie.rpartition(".")[0] or self.cookie

    @property
    def key(self):
        return f"session:{self.sid}"
