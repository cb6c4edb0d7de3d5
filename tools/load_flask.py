"""The application of crates/hipflask-axum/examples/load.rs in Flask, for tools/load.py."""
from flask import Flask, session
from flask.json.tag import TaggedJSONSerializer

app = Flask(__name__)
app.config.update(SECRET_KEY="dev", SESSION_COOKIE_SAMESITE="Lax")


@app.get("/start")
def start():
    session["_fresh"] = True
    session["_id"] = "0123456789abcdef" * 8
    session["_user_id"] = "1"
    session["csrf_token"] = "9939b05dd1a3763f5f856e065d277190d648994f"
    session["theme"] = "a theme whose name makes the session as long as it is: 314 bytes"
    session["visits"] = 100_000
    return str(len(TaggedJSONSerializer().dumps(dict(session))))


@app.get("/with")
def with_sessions():
    session["visits"] += 1
    return f"user {session['_user_id']}\n"


@app.get("/without")
def without():
    return "user 1\n"
