"""Nothing leaves the page, and it goes nowhere."""

import http.server
import re
import threading
import unittest

from support import PAGE, Case

# What a script in the page could try in order to send something. `done` is called when
# the attempt is over, as far as the browser says.
WAYS_OUT = {
    "fetch": "fetch(url).then(done, done)",
    "XMLHttpRequest": "const r = new XMLHttpRequest(); r.onloadend = done; r.open('GET', url); r.send()",
    "beacon": "navigator.sendBeacon(url, 'x'); done()",
    "image": "const i = new Image(); i.onload = i.onerror = done; i.src = url",
    "script": "const s = document.createElement('script'); s.onload = s.onerror = done; s.src = url; document.head.append(s)",
    "style": "const l = document.createElement('link'); l.rel = 'stylesheet'; l.onload = l.onerror = done; l.href = url;"
    " document.head.append(l)",
    "frame": "const f = document.createElement('iframe'); f.onload = done; f.src = url; document.body.append(f)",
    "event source": "const e = new EventSource(url); e.onopen = e.onerror = () => { e.close(); done() }",
    "web socket": "const w = new WebSocket(url.replace('http', 'ws')); w.onopen = w.onerror = done",
    "font": "new FontFace('f', `url(${url})`).load().then(done, done)",
    "form": "const f = document.createElement('form'); const i = document.createElement('iframe'); i.name = f.target = 'in';"
    " i.onload = done; f.action = url; f.method = 'post'; document.body.append(i, f); f.submit(); i.contentWindow ? done() : 0",
}
POLICY = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"]*)">\n')


class Server(http.server.ThreadingHTTPServer):
    """Serves a page at every path, and keeps what it was asked for."""

    def __init__(self, page):
        self.asked = asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            do_POST = do_GET

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *about):
        self.shutdown()
        super().__exit__(*about)


class Quiet(Case):
    def try_ways_out(self, page, target):
        self.browser.driver.set_script_timeout(20)
        with Server(page) as host:
            self.browser.visit(host.url)
            for name, way in WAYS_OUT.items():
                with self.subTest(name):
                    self.browser.driver.execute_async_script(
                        "const [place, name, finish] = arguments; const url = `${place}${name.replace(' ', '-')}`;"
                        f"const done = () => finish(); try {{ {way} }} catch {{ done() }}",
                        target.url,
                        name,
                    )
            return host.asked

    def forget(self):
        self.browser.driver.get("about:blank")
        self.browser.complaints()
        self.browser.events()

    def test_the_policy_forbids_every_way_out(self):
        page = PAGE.read_bytes()
        self.assertRegex(
            POLICY.search(page)[1].decode(),
            r"^default-src 'none'; script-src 'sha256-[A-Za-z0-9+/]{43}=' 'wasm-unsafe-eval'; "
            r"style-src 'sha256-[A-Za-z0-9+/]{43}='; base-uri 'none'; form-action 'none'$",
        )
        with Server(b"") as target:
            asked = self.try_ways_out(page, target)
            self.assertEqual(target.asked, [])
            self.assertEqual(asked, ["/"])
        self.forget()

    def test_without_the_policy_the_same_attempts_arrive(self):
        page = POLICY.sub(b"", PAGE.read_bytes())
        with Server(b"") as target:
            self.try_ways_out(page, target)
            self.browser.until(lambda: len(set(target.asked)) >= len(WAYS_OUT))
            self.assertEqual({path.strip("/").replace("-", " ") for path in target.asked}, set(WAYS_OUT))
            counted = {url for what, url in self.browser.events() if what == "request" and target.url.partition(":")[2] in url}
            self.assertGreaterEqual(len(counted), len(WAYS_OUT) - 2)
        self.forget()

    def test_served_it_asks_for_nothing_but_itself(self):
        with Server(PAGE.read_bytes()) as host:
            self.browser.visit(host.url)
            self.browser.button("Load an example").click()
            self.edit(["name"], "Ada")
            self.browser.button("Look into it").click()
            self.assertEqual(self.verdict()[0], "good")
            self.assertEqual(host.asked, ["/"])

    def test_a_navigation_would_be_counted(self):
        self.browser.run("history.pushState(null, '', '#there')")
        self.assertEqual([what for what, _ in self.browser.events()], ["navigation"])

    def test_it_works_offline(self):
        conditions = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.browser.cdp("Network.enable")
        self.browser.cdp("Network.emulateNetworkConditions", offline=True, **conditions)
        try:
            self.browser.visit(PAGE.as_uri())
            self.browser.button("Load an example").click()
            self.assertEqual(self.verdict()[0], "good")
        finally:
            self.browser.cdp("Network.emulateNetworkConditions", offline=False, **conditions)

    def test_nothing_in_the_file_names_another_place_or_parses_html(self):
        page = re.sub(r'"[A-Za-z0-9+/=]{1000,}"', "", PAGE.read_text())
        self.assertEqual(re.findall(r"https?:|//\w+\.\w+|\b(?:src|href|action)=", page), [])
        self.assertEqual(re.findall(r"\w*(?:innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|Function\(|location|window\.open)", page), [])


if __name__ == "__main__":
    unittest.main()
