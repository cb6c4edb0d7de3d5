"""A Flask site of one file: Flask-Login with "remember me", Flask-WTF, flash messages, and a
permanent session with a date, a UUID and a tuple. Its routes `/login`, `/account` and `/logout`
have moved to axum: see src/main.rs."""

import datetime
import uuid

from flask import Flask, flash, redirect, render_template_string, request, session
from flask_login import LoginManager, UserMixin, current_user, login_fresh, login_required, login_user, logout_user
from flask_wtf import CSRFProtect

USERS = {"1": ("ada", "analytical engine")}

PAGE = """<!doctype html><title>Flask</title>
<ul>{% for message in get_flashed_messages() %}<li>{{ message }}</li>{% endfor %}</ul>
{% macro field() %}<input type="hidden" name="csrf_token" value="{{ csrf_token() }}">{% endmacro %}
{% if user.is_authenticated %}
<p id="user">user {{ user.id }}, {{ "fresh" if fresh else "not fresh" }}</p>
<p id="kept">{{ since }} {{ basket.hex }} {{ size }}</p>
<p id="note">{{ note }}</p>
<form method="post" action="/note">{{ field() }}<input name="note"><button>Note</button></form>
<form method="post" action="/logout">{{ field() }}<button>Log out</button></form>
<form method="post" action="/flask/logout">{{ field() }}<button>Log out of Flask</button></form>
<a href="/account">account</a>
{% else %}
<p id="user">nobody</p>
<form method="post" action="/flask/login">{{ field() }}<input name="name"><input name="password" type="password">
<input name="remember" type="checkbox"><button>Log in</button></form>
{% endif %}"""


class User(UserMixin):
    def __init__(self, user_id):
        self.id = user_id


def make_site(secret_key, old_secret_key=None):
    site = Flask(__name__)
    site.config.update(SECRET_KEY=secret_key, SESSION_COOKIE_SAMESITE="Lax")
    if old_secret_key:
        site.config["SECRET_KEY_FALLBACKS"] = [old_secret_key]
    CSRFProtect(site)
    manager = LoginManager(site)
    manager.login_view = "/login"
    manager.user_loader(lambda user_id: User(user_id) if user_id in USERS else None)

    @site.get("/")
    def home():
        kept = {name: session.get(name) for name in ("since", "basket", "size", "note")}
        if kept["since"]:
            kept["since"] = kept["since"].strftime("%a, %d %b %Y %H:%M:%S GMT")
        # Who it is comes before how fresh that is.
        user = current_user._get_current_object()
        return render_template_string(PAGE, user=user, fresh=login_fresh(), **kept)

    @site.post("/flask/login")
    def log_in():
        for user_id, credentials in USERS.items():
            if credentials == (request.form["name"], request.form["password"]):
                login_user(User(user_id), remember="remember" in request.form)
                session.permanent = True
                session["since"] = datetime.datetime.now(datetime.timezone.utc)
                session["basket"] = uuid.uuid4()
                session["size"] = (3, 4)
                flash("Flask logged you in.")
        return redirect("/")

    @site.post("/flask/logout")
    def log_out():
        logout_user()
        flash("Flask logged you out.")
        return redirect("/")

    @site.post("/note")
    @login_required
    def note():
        session["note"] = request.form["note"]
        flash("Flask took the note.")
        return redirect("/account")

    return site
