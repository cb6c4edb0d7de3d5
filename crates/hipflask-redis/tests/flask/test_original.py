"""What Flask-Session 0.8.0 does where hipflask does otherwise: the left column of the table in
docs/compatibility.md, so that it is known when it is no longer true."""

import pickle
import unittest

import flask

from servers import SECRET_KEY, Browser, Flask, Redis, create_app


class Original(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.redis = Redis()
        cls.addClassCleanup(cls.redis.stop)
        cls.flask = Flask(cls.redis)
        cls.addClassCleanup(cls.flask.stop)
        # Errors are answers of 500, not exceptions in the tests.
        cls.flask.app.config["PROPAGATE_EXCEPTIONS"] = False

    def setUp(self):
        self.redis.client.flushall()
        self.browser = Browser()
        self.browser.get(self.flask, "/set?key=user&value=ada")

    def under_way(self, change=lambda session: None):
        """A request that has its session, and is not done yet."""
        app = self.flask.app
        context = app.test_request_context(headers={"Cookie": f"session={self.browser.cookie}"})
        context.push()
        self.addCleanup(context.pop)
        change(flask.session)
        return lambda: app.session_interface.save_session(app, flask.session._get_current_object(), app.make_response(""))

    def test_a_logout_is_undone_by_a_request_under_way(self):
        copied = Browser(self.browser.cookie)
        save = self.under_way(lambda session: session.get("user"))
        self.browser.get(self.flask, "/clear")
        self.assertEqual(copied.visit(self.flask, "/get?key=user")[0], 404)
        save()
        self.assertEqual(copied.get(self.flask, "/get?key=user"), "ada")

    def test_a_request_that_only_reads_overwrites_a_change(self):
        save = self.under_way(lambda session: session.get("user"))
        self.browser.get(self.flask, "/set?key=cart&value=full")
        save()
        self.assertEqual(self.browser.visit(self.flask, "/get?key=cart")[0], 404)

    def test_garbage_is_a_500_for_ever(self):
        self.redis.client.set(self.browser.key, b"garbage")
        for _ in range(3):
            self.assertEqual(self.browser.visit(self.flask, "/untouched")[0], 500)

    def test_a_pickle_is_loaded(self):
        self.redis.client.set(self.browser.key, pickle.dumps({"user": "bob"}))
        self.assertEqual(self.browser.get(self.flask, "/get?key=user"), "bob")

    def test_any_text_becomes_a_part_of_the_key(self):
        self.redis.client.set("session:a:b", b"\x81\xa4user\xa3bob")
        self.assertEqual(Browser("a:b").get(self.flask, "/get?key=user"), "bob")

    def test_a_deletion_lacks_the_attributes(self):
        self.flask.app.config.update(SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE="None")
        self.browser.get(self.flask, "/clear")
        self.flask.app.config.update(SESSION_COOKIE_SECURE=False, SESSION_COOKIE_SAMESITE=None)
        self.assertEqual(self.browser.set_cookie, "session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/")

    def test_an_empty_session_is_not_regenerated(self):
        self.redis.client.set("session:planted", b"\x80")
        with self.flask.app.test_request_context(headers={"Cookie": "session=planted"}):
            self.flask.app.session_interface.regenerate(flask.session)
            flask.session["user"] = "ada"
            self.assertEqual(flask.session.sid, "planted")

    def test_a_lifetime_below_a_second_fails(self):
        lifetime = self.flask.app.permanent_session_lifetime
        self.flask.app.permanent_session_lifetime = lifetime.resolution * 500_000
        self.addCleanup(setattr, self.flask.app, "permanent_session_lifetime", lifetime)
        self.assertEqual(Browser().visit(self.flask, "/set?key=user&value=ada")[0], 500)

    def test_a_signer_without_a_key_fails(self):
        app = create_app(self.redis, signer=True)
        app.secret_key = None
        client = app.test_client()
        client.set_cookie("session", "a")
        self.assertEqual(client.get("/untouched").status_code, 500)
        self.assertTrue(SECRET_KEY)


if __name__ == "__main__":
    unittest.main()
