#!/usr/bin/env python3
"""Starts the Flask site, the axum program that has taken over three of its routes, and a small
proxy that makes them one site.

  cargo build --manifest-path examples/takeover/Cargo.toml
  SECRET_KEY=… python examples/takeover/serve.py          http://127.0.0.1:5000
"""

import http.client
import http.server
import os
import pathlib
import socketserver
import subprocess
import sys
import threading

from werkzeug.serving import WSGIRequestHandler, make_server

import flask_site

HERE = pathlib.Path(__file__).resolve().parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target"))
PROGRAM = TARGET / "debug" / "takeover"
MOVED = ("/login", "/account", "/logout")


class Quiet(WSGIRequestHandler):
    def log(self, *_):
        pass


class Proxy(http.server.BaseHTTPRequestHandler):
    """Hands each request to the program that has its path."""

    protocol_version = "HTTP/1.1"

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        port = self.server.axum_port if self.path.partition("?")[0] in MOVED else self.server.flask_port
        to = http.client.HTTPConnection("127.0.0.1", port)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("connection", "x-forwarded-for")}
        to.request(self.command, self.path, body, {**headers, "X-Forwarded-For": self.client_address[0]})
        answer = to.getresponse()
        page = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)
        to.close()

    do_GET = do_POST = forward

    def log_message(self, *_):
        pass


class ProxyServer(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


class Site:
    """Both programs behind one address, as long as it is open."""

    def __init__(self, secret_key, old_secret_key=None, clock_offset=0, port=0):
        site = flask_site.make_site(secret_key, old_secret_key)
        self.flask = make_server("127.0.0.1", 0, site, threaded=True, request_handler=Quiet)
        env = {**os.environ, "SECRET_KEY": secret_key, "OLD_SECRET_KEY": old_secret_key or "", "CLOCK_OFFSET": str(clock_offset)}
        self.axum = subprocess.Popen([PROGRAM], env=env, stdout=subprocess.PIPE, text=True)
        self.proxy = ProxyServer(("127.0.0.1", port), Proxy)
        self.proxy.flask_port, self.proxy.axum_port = self.flask.server_port, int(self.axum.stdout.readline())
        self.address = f"http://127.0.0.1:{self.proxy.server_port}"
        for server in (self.flask, self.proxy):
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for server in (self.proxy, self.flask):
            server.shutdown()
            server.server_close()
        self.axum.terminate()
        self.axum.wait()
        self.axum.stdout.close()


def main():
    if "SECRET_KEY" not in os.environ:
        sys.exit("set SECRET_KEY")
    with Site(os.environ["SECRET_KEY"], os.environ.get("OLD_SECRET_KEY"), port=int(os.environ.get("PORT", 5000))) as site:
        print(f"{site.address}   Flask serves it, and axum {', '.join(MOVED)}. Log in as ada, analytical engine.")
        site.axum.wait()


if __name__ == "__main__":
    main()
