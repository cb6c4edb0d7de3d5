"""The login example's pages as a Flask application, with Flask-WTF: the same session keys.

`SECRET_KEY=... flask --app app run` serves it beside the example with the same key.
"""

import os
from datetime import timedelta

from flask import Flask, flash, redirect, render_template_string, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_wtf import CSRFProtect
from markupsafe import Markup
from werkzeug.security import check_password_hash

USERS = {
    "ada": "scrypt:32768:8:1$7tnkd5bnYNYR8XV1$5d79852890b086463b35702f1893087ae4461d002040dc2cdd0e29df2b8ba24b"
    "0e5f3b1219787e67f969f8136602b8077fa73298853f725f00675247cbbdf722",
    "Zoë": "scrypt:32768:8:1$6yWxq5UGkQl3SVVl$3966a5755d35cbfaa040ded6979a3974b1afc5698db323981cc222d5e2494730"
    "6efa0e09e673f2eee3ee00a5a569d76bc4a4a22706429f3eec1f2e335e5194f4",
}

LAYOUT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Flask</title>
<ul>
{% for category, message in get_flashed_messages(with_categories=true) %}
<li class="message {{ category }}">{{ message }}</li>
{% endfor %}
</ul>
"""
TOKEN = '<input type="hidden" name="csrf_token" value="{{ csrf_token() }}">'

LOGIN = f"""{LAYOUT}
<form method="post" action="/login">{TOKEN}
<label>Name <input name="name" value="{{{{ name }}}}"></label>
<label>Password <input name="password" type="password"></label>
<label><input name="stay" type="checkbox" value="yes"> Stay logged in</label>
<button>Log in</button>
</form>"""

HOME = f"""{LAYOUT}
<p>You are <strong id="user">{{{{ session.user }}}}</strong>, visit <strong id="visits">{{{{ session.visits }}}}</strong>.</p>
<form method="post" action="/note">{TOKEN}
<label>Your note <textarea id="note" name="note">
{{{{ session.note }}}}</textarea></label>
<button>Save the note</button>
</form>
<form method="post" action="/logout">{TOKEN}
<button>Log out</button>
</form>"""


def create_app(secret_key, fallbacks=(), lifetime_secs=None):
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=secret_key, SECRET_KEY_FALLBACKS=list(fallbacks), SESSION_COOKIE_SAMESITE="Lax"
    )
    if lifetime_secs is not None:
        app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(seconds=lifetime_secs)
    CSRFProtect(app)

    @app.get("/")
    def home():
        if "user" not in session:
            return redirect("/login", 303)
        session["visits"] = session.get("visits", 0) + 1
        return render_template_string(HOME)

    @app.get("/login")
    def login_form():
        return redirect("/", 303) if "user" in session else render_template_string(LOGIN)

    @app.post("/login")
    def login():
        name = request.form["name"]
        if name not in USERS or not check_password_hash(USERS[name], request.form["password"]):
            flash("This name and this password do not belong together.", "error")
            return render_template_string(LOGIN, name=name), 403
        session.clear()
        session["user"] = name
        if request.form.get("stay"):
            session.permanent = True
        flash(Markup("Welcome, <strong>{}</strong>.").format(name), "success")
        return redirect("/", 303)

    @app.post("/note")
    def note():
        if "user" not in session:
            return redirect("/login", 303)
        session["note"] = request.form["note"].replace("\r\n", "\n")
        flash("The note is saved.", "success")
        return redirect("/", 303)

    @app.post("/logout")
    def logout():
        session.clear()
        flash("You are logged out.", "info")
        return redirect("/login", 303)

    return app


def create_flask_login_app(secret_key):
    """Another application on the same host, of Flask-Login: it remembers its users in a cookie of its own."""
    app = Flask(__name__)
    app.secret_key = secret_key

    class User(UserMixin):
        def __init__(self, id):
            self.id = id

    LoginManager(app).user_loader(User)

    @app.get("/remember")
    def remember():
        login_user(User("ada"), remember=True)
        return "remembered"

    @app.get("/")
    def home():
        return current_user.id if current_user.is_authenticated else "nobody"

    return app


if "SECRET_KEY" in os.environ:
    app = create_app(os.environ["SECRET_KEY"])
