//! Routes of a Flask site that have moved to axum: `SECRET_KEY=… cargo run --example
//! site`, with the site's key. Whoever is logged in there is logged in here.

use std::error::Error;

use axum::{
    Form, Router,
    http::{StatusCode, header::SET_COOKIE},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use hipflask::cookie::SetCookie;
use hipflask_axum::{SameSite::Lax, Session, SessionError, Sessions};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // As the Flask app has it; `secure(true)` where there is HTTPS.
    let sessions = Sessions::from_env("SECRET_KEY")?.fallback_env("OLD_SECRET_KEY");
    let sessions = sessions.secure(false).same_site(Lax).check()?;
    let listener = TcpListener::bind("127.0.0.1:5002").await?;
    println!("http://{}/hello", listener.local_addr()?);
    axum::serve(listener, site(sessions)).await?;
    Ok(())
}

fn site(sessions: Sessions) -> Router {
    Router::new()
        .route("/hello", get(hello))
        .route("/goodbye", post(goodbye))
        .route("/about", get(about))
        .layer(sessions.layer())
}

/// Who is here, how often, and what was flashed, here or by the Flask app.
async fn hello(session: Session) -> Result<Response, SessionError> {
    let mut page = String::new();
    for flashed in session.take_flashed_messages().unwrap_or_default() {
        let message = if flashed.is_markup { flashed.message } else { escape(&flashed.message) };
        page += &format!("<p>{}: {message}</p>\n", escape(&flashed.category));
    }
    // Flask can flash what is not text. It is still there, and would be in the way for ever.
    session.remove("_flashes")?;
    let Some(user) = entry::<String>(&session, "user") else {
        return Ok((StatusCode::FORBIDDEN, Html(page + "<p>Nobody is logged in.</p>\n")).into_response());
    };
    let visits = entry::<u64>(&session, "visits").unwrap_or_default().saturating_add(1);
    session.insert("visits", &visits)?;
    let (user, csrf_token) = (escape(&user), escape(&csrf_token(&session)?));
    page += &format!(
        "<p>{user}, visit {visits}</p>\n\
         <form method=\"post\" action=\"/goodbye\">\n\
         <input type=\"hidden\" name=\"csrf_token\" value=\"{csrf_token}\">\n\
         <button>Log out</button>\n\
         </form>\n"
    );
    Ok(Html(page).into_response())
}

#[derive(Deserialize)]
struct Goodbye {
    #[serde(default)]
    csrf_token: String,
}

/// Logs out of every application that shares the session, also where it cannot be read
/// here.
async fn goodbye(session: Session, Form(form): Form<Goodbye>) -> Result<Response, SessionError> {
    // Nobody is logged in here with a session that cannot be read, and it has no token for
    // the form either. Otherwise a page of another site could end the session.
    if session.opened().is_ok()
        && !entry::<String>(&session, "csrf_token").is_some_and(|token| is_same(&token, &form.csrf_token))
    {
        let page = "<p>This form was not accepted. Please load the page again.</p>\n";
        return Ok((StatusCode::BAD_REQUEST, Html(page)).into_response());
    }
    session.start_fresh()?;
    session.flash("You are logged out.", "info")?;
    // By this one, Flask-Login would log the browser in again. Name, path and domain have to
    // be those of `REMEMBER_COOKIE_NAME`, `_PATH` and `_DOMAIN`, of which these are the defaults.
    let remember_token = SetCookie::deletion("remember_token");
    Ok(([(SET_COOKIE, remember_token.to_string())], Redirect::to("/hello")).into_response())
}

/// The same for everybody, so that caches may keep it: it does not use the session.
async fn about() -> &'static str {
    "Flask's sessions, in axum.\n"
}

/// An entry. One of another type is another route's, and must not shut anybody out.
fn entry<T: DeserializeOwned>(session: &Session, key: &str) -> Option<T> {
    session.get_as(key).ok().flatten()
}

/// The session's token for its forms, which no other site can know. It makes one where
/// there is none.
fn csrf_token(session: &Session) -> Result<String, SessionError> {
    if let Some(token) = entry::<String>(session, "csrf_token").filter(|token| !token.is_empty()) {
        return Ok(token);
    }
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    session.insert("csrf_token", &token)?;
    Ok(token)
}

/// Whether a form has the session's token. It takes as long wherever the first difference
/// is, so that the time does not tell the token letter by letter. No form has an empty one.
fn is_same(token: &str, of_form: &str) -> bool {
    let differences = token.bytes().zip(of_form.bytes()).fold(0, |all, (a, b)| all | a ^ b);
    !token.is_empty() && token.len() == of_form.len() && std::hint::black_box(differences) == 0
}

/// Text as HTML.
fn escape(text: &str) -> String {
    let mut html = String::new();
    for letter in text.chars() {
        match letter {
            '&' => html += "&amp;",
            '<' => html += "&lt;",
            '>' => html += "&gt;",
            '"' => html += "&quot;",
            '\'' => html += "&#39;",
            _ => html.push(letter),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, to_bytes},
        http::{
            Request,
            header::{CONTENT_TYPE, COOKIE, VARY},
        },
    };
    use hipflask::{UnixTime, clock_fn};
    use tower::ServiceExt as _;

    use super::*;

    const ZOE: &str = "session=eyJ1c2VyIjoiWm9cdTAwZWIifQ.ZVPxAA.CTxB9uAyToSMQr_DcacEN7J-1Jg";
    const REMEMBER_TOKEN_IS_GONE: &str =
        "remember_token=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/";
    const NOBODY: &str = "<p>Nobody is logged in.</p>\n";

    /// Flask: `{"_flashes": [("info", 5)], "user": 7}`, and `{"user": "ada", "visits": -1}`.
    const FOREIGN_USER: &str =
        "session=eyJfZmxhc2hlcyI6W3siIHQiOlsiaW5mbyIsNV19XSwidXNlciI6N30.ZVPxAA.n6WfXOOMBWpwDPEuzWPp3mIfS3w";
    const FOREIGN_VISITS: &str =
        "session=eyJ1c2VyIjoiYWRhIiwidmlzaXRzIjotMX0.ZVPxAA.y1JfPN0_LUo7Clo1vlJ2lD57d4Y";

    /// A cookie of tests/cookies.py.
    fn flasks(name: &str) -> &'static str {
        let line = |line: &'static str| line.split_once(' ').filter(|(first, _)| *first == name);
        include_str!("../tests/cookies.txt").lines().find_map(line).unwrap().1
    }

    struct Answer {
        status: u16,
        page: String,
        set_cookies: Vec<String>,
        vary: bool,
    }

    async fn ask(method: &str, path: &str, cookie: &str, form: &str) -> Answer {
        let clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
        let sessions = Sessions::secret_key("dev").clock(clock).flask_defaults();
        let request = Request::builder().method(method).uri(path).header(COOKIE, cookie);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = request.body(Body::from(form.to_owned())).unwrap();
        let response = site(sessions).oneshot(request).await.unwrap();
        let set_cookies = response.headers().get_all(SET_COOKIE).iter();
        Answer {
            status: response.status().as_u16(),
            set_cookies: set_cookies.map(|value| value.to_str().unwrap().to_owned()).collect(),
            vary: response.headers().get_all(VARY).iter().eq(["Cookie"]),
            page: String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap(),
        }
    }

    /// A form's line with the session's token, as a browser sends it.
    fn form_of(page: &str) -> String {
        let (_, after) = page.split_once("name=\"csrf_token\" value=\"").unwrap();
        format!("csrf_token={}", after.split_once('"').unwrap().0)
    }

    #[tokio::test]
    async fn who_logs_out_is_logged_out_of_flask_login_too() {
        let hello = ask("GET", "/hello", ZOE, "").await;
        assert!(hello.status == 200 && hello.page.starts_with("<p>Zoë, visit 1</p>\n"), "{}", hello.page);
        let goodbye = ask("POST", "/goodbye", &hello.set_cookies[0], &form_of(&hello.page)).await;
        assert_eq!((goodbye.status, goodbye.set_cookies.len(), goodbye.vary), (303, 2, true));
        assert_eq!(goodbye.set_cookies[0], REMEMBER_TOKEN_IS_GONE);

        let hello = ask("GET", "/hello", &goodbye.set_cookies[1], "").await;
        assert_eq!(hello.page, format!("<p>info: You are logged out.</p>\n{NOBODY}"));
        assert!(hello.set_cookies[0].starts_with("session=; Expires=Thu, 01 Jan 1970"));
    }

    #[tokio::test]
    async fn no_other_site_logs_anybody_out() {
        let token = "csrf_token=9939b05dd1a3763f5f856e065d277190d648994f";
        let user = flasks("user");
        assert_eq!(ask("POST", "/goodbye", user, token).await.status, 303);
        for (cookie, form) in [
            (user, ""),
            (user, "csrf_token="),
            (user, &token[..49]),
            (ZOE, "csrf_token="),
            (ZOE, token),
            ("", ""),
        ] {
            let answer = ask("POST", "/goodbye", cookie, form).await;
            assert_eq!((answer.status, answer.set_cookies.len(), answer.vary), (400, 0, true), "{form}");
        }
    }

    #[tokio::test]
    async fn who_cannot_be_read_here_can_log_out() {
        for name in ["half_emoji", "deep", "large"] {
            assert_eq!(ask("GET", "/about", flasks(name), "").await.status, 200);
            let hello = ask("GET", "/hello", flasks(name), "").await;
            assert_eq!((hello.status, hello.set_cookies.len(), hello.vary), (500, 0, true), "{name}");
            let goodbye = ask("POST", "/goodbye", flasks(name), "").await;
            assert_eq!((goodbye.status, goodbye.set_cookies.len(), goodbye.vary), (303, 2, true), "{name}");
            let hello = ask("GET", "/hello", &goodbye.set_cookies[1], "").await;
            assert_eq!(hello.page, format!("<p>info: You are logged out.</p>\n{NOBODY}"));
        }
    }

    #[tokio::test]
    async fn foreign_entries_shut_nobody_out() {
        let answer = ask("GET", "/hello", FOREIGN_USER, "").await;
        assert_eq!((answer.status, answer.page.as_str()), (403, NOBODY));
        let answer = ask("GET", "/hello", FOREIGN_VISITS, "").await;
        assert!(answer.status == 200 && answer.page.starts_with("<p>ada, visit 1</p>\n"), "{}", answer.page);
    }

    #[test]
    fn no_text_is_markup() {
        assert_eq!(escape("<a href=\"'&\">"), "&lt;a href=&quot;&#39;&amp;&quot;&gt;");
    }
}
