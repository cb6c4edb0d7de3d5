//! The layer among other layers, and around every kind of response.

mod common;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State, WebSocketUpgrade},
    http::{
        Response, StatusCode,
        header::{ETAG, SET_COOKIE, VARY},
    },
    middleware::{Next, from_fn},
    response::IntoResponse,
    routing::{any, get},
};
use common::*;
use hipflask_axum::{Session, SessionError};
use http_body_util::{BodyExt as _, Full};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tower::{Layer as _, ServiceBuilder, ServiceExt as _, service_fn};
use tower_http::catch_panic::CatchPanicLayer;

async fn visit(session: Session) -> Result<&'static str, SessionError> {
    session.modify::<u64>("visits", |visits| *visits += 1)?;
    Ok("It is counted.\n")
}

/// As in Flask, the headers are out when the body is made.
#[tokio::test]
async fn what_a_streamed_body_does_comes_too_late() {
    async fn streaming(session: Session, State(seen): State<Seen>) -> Result<Body, SessionError> {
        session.insert("visits", &1)?;
        let body = futures_of(3).map_frame(move |frame| {
            // Reading still works.
            seen.lock().unwrap().push(session.get_as::<u64>("visits").unwrap());
            session.insert("visits", &5).unwrap();
            frame
        });
        Ok(Body::new(body))
    }
    let seen = Seen::default();
    let site = Router::new().route("/", get(streaming)).with_state(seen.clone());
    let answer = ask(site, "GET", "/", ZOE).await;
    assert_eq!((answer.status, answer.page.as_str()), (200, "..."));
    assert_eq!(answer.set_cookies, [ZOE_ONCE]);
    assert_eq!(*seen.lock().unwrap(), [Some(1), Some(5), Some(5)]);
}

type Seen = Arc<Mutex<Vec<Option<u64>>>>;

/// A body of so many pieces.
fn futures_of(
    pieces: usize,
) -> impl http_body_util::BodyExt<Data = Bytes, Error = Infallible> + Send + 'static {
    struct Pieces(usize);
    impl axum::body::HttpBody for Pieces {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
            std::task::Poll::Ready(self.0.checked_sub(1).map(|rest| {
                self.0 = rest;
                Ok(http_body::Frame::data(Bytes::from_static(b".")))
            }))
        }
    }
    Pieces(pieces)
}

/// A task that goes on when the response is out.
#[tokio::test]
async fn what_a_task_does_later_is_lost() {
    let (done, wait) = tokio::sync::oneshot::channel::<()>();
    let task = Arc::new(Mutex::new(None));
    let (of_handler, wait) = (task.clone(), Arc::new(Mutex::new(Some(wait))));
    let handler = move |session: Session| async move {
        let wait = wait.lock().unwrap().take().unwrap();
        let late = session.clone();
        *of_handler.lock().unwrap() = Some(tokio::spawn(async move {
            wait.await.unwrap();
            late.insert("visits", &7)?;
            late.get_as::<u64>("visits")
        }));
        visit(session).await
    };
    let answer = ask(Router::new().route("/", get(handler)), "GET", "/", ZOE).await;
    assert_eq!(answer.set_cookies, [ZOE_ONCE]);
    done.send(()).unwrap();
    let task = task.lock().unwrap().take().unwrap();
    assert_eq!(task.await.unwrap(), Ok(Some(7)));
}

/// What the handler did before is kept where the panic becomes a response inside of the
/// layer, as it is in Flask.
#[tokio::test]
async fn a_panic_saves_what_came_before_it() {
    async fn panicking(session: Session) -> Result<(), SessionError> {
        session.insert("visits", &1)?;
        session.with(|_| panic!("in a closure, with the session locked"))
    }
    let site = Router::new().route("/", get(panicking)).route("/visit", get(visit));
    let answer = ask(site.clone().layer(CatchPanicLayer::new()), "GET", "/", ZOE).await;
    assert_eq!((answer.status, answer.set_cookies), (500, vec![ZOE_ONCE.to_owned()]));
    assert_eq!(answer.vary, ["Cookie"]);

    // Around it, nothing is saved, and the site goes on.
    let site = site.layer(sessions().layer()).layer(CatchPanicLayer::new());
    let answer = answer_of(site.clone(), request("GET", "/", ZOE)).await;
    assert_eq!((answer.status, answer.set_cookies.len()), (500, 0));
    assert_eq!(answer_of(site, request("GET", "/visit", ZOE)).await.set_cookies, [ZOE_ONCE]);
}

/// An extractor that fails, a route that is not there and a wrong method are responses too.
#[tokio::test]
async fn errors_of_others_are_saved_and_vary() {
    async fn counting(
        session: Session,
        request: Request,
        next: Next,
    ) -> Result<impl IntoResponse, SessionError> {
        visit(session).await?;
        Ok(next.run(request).await)
    }
    async fn failing(session: Session, _number: axum::extract::Path<u64>) -> Result<(), SessionError> {
        session.insert("visits", &9)
    }
    let site = Router::new().route("/{number}", get(failing)).fallback(|| async { StatusCode::NOT_FOUND });
    let site = site.layer(from_fn(counting));
    for (method, path, status) in [("GET", "/text", 400), ("GET", "/no/such", 404), ("POST", "/1", 405)] {
        let answer = ask(site.clone(), method, path, ZOE).await;
        assert_eq!((answer.status, &answer.set_cookies[..]), (status, &[ZOE_ONCE.to_owned()][..]));
        assert!(answer.vary_cookie());
    }
}

#[tokio::test]
async fn head_and_not_modified_have_the_same_headers() {
    async fn not_modified(session: Session) -> Result<impl IntoResponse, SessionError> {
        visit(session).await?;
        Ok((StatusCode::NOT_MODIFIED, [(ETAG, "\"1\"")]))
    }
    let site = Router::new().route("/", get(visit)).route("/304", get(not_modified));
    for (method, path, status) in [("HEAD", "/", 200), ("GET", "/304", 304), ("HEAD", "/304", 304)] {
        let answer = ask(site.clone(), method, path, ZOE).await;
        assert_eq!((answer.status, answer.page.as_str()), (status, ""), "{method} {path}");
        assert_eq!(answer.set_cookies, [ZOE_ONCE]);
        assert!(answer.vary_cookie());
    }
}

/// The handshake's response has the session's headers; what is said later cannot have any.
#[tokio::test]
async fn a_websocket_has_the_session_of_its_handshake() {
    async fn socket(upgrade: WebSocketUpgrade, session: Session) -> Result<impl IntoResponse, SessionError> {
        session.insert("visits", &1)?;
        Ok(upgrade.on_upgrade(async move |mut socket| {
            while let Some(Ok(message)) = socket.recv().await {
                let user: String = session.get_as("user").unwrap().unwrap();
                let text = format!("{user}: {}", message.to_text().unwrap());
                socket.send(text.into()).await.unwrap();
            }
        }))
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let site = Router::new().route("/", any(socket)).layer(sessions().layer());
    let server = tokio::spawn(async move { axum::serve(listener, site).await });

    let mut client = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {address}\r\nCookie: {ZOE}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    client.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains(&format!("set-cookie: {ZOE_ONCE}\r\n")), "{head}");
    assert!(head.contains("vary: Cookie\r\n"), "{head}");

    // A text frame, masked with zeros, and its echo.
    client.write_all(b"\x81\x82\0\0\0\0hi").await.unwrap();
    let mut frame = [0; 10];
    client.read_exact(&mut frame).await.unwrap();
    assert_eq!(&frame[..2], b"\x81\x08");
    assert_eq!(str::from_utf8(&frame[2..]), Ok("Zoë: hi"));
    server.abort();
}

/// Each would save its own session, and the browser keep the one that knows less.
#[tokio::test]
async fn the_layer_around_a_layer_counts() {
    async fn named(session: Session) -> Result<String, SessionError> {
        visit(session.clone()).await?;
        Ok(session.get_as("user")?.unwrap_or_default())
    }
    let inner = Router::new().route("/visit", get(named)).layer(sessions().cookie_name("other").layer());
    let nested = Router::new().nest("/api", inner.clone());
    let twice = Router::new().nest("/api", Router::new().nest("/v1", inner));
    for (site, path) in [(nested, "/api/visit"), (twice, "/api/v1/visit")] {
        let answer = ask(site, "GET", path, ZOE).await;
        assert_eq!((answer.status, answer.page.as_str()), (200, "Zoë"));
        assert_eq!(answer.set_cookies, [ZOE_ONCE]);
        assert!(answer.vary_cookie());
    }
}

/// Two parts of a site that have sessions of their own.
#[tokio::test]
async fn two_layers_side_by_side_have_two_sessions() {
    let part = |name: &str| Router::new().route("/", get(visit)).layer(sessions().cookie_name(name).layer());
    let site = Router::new().nest("/a", part("a")).nest("/b", part("b"));
    let cookies = format!("{}; {}", ZOE.replace("session", "a"), ZOE.replace("session", "b"));
    for (path, name) in [("/a", "a"), ("/b", "b")] {
        let answer = answer_of(site.clone(), request("GET", path, &cookies)).await;
        assert_eq!(answer.set_cookies, [ZOE_ONCE.replace("session", name)]);
    }
}

/// Without axum's types: any service, with a body and an error of its own.
#[tokio::test]
async fn any_tower_service_has_sessions() {
    let service = service_fn(async |request: axum::http::Request<Full<Bytes>>| {
        let session = Session::of(request.extensions()).unwrap().clone();
        if request.uri().path() == "/error" {
            session.insert("visits", &1).unwrap();
            return Err("no response at all");
        }
        session.insert("path", request.uri().path()).unwrap();
        Ok(Response::new(Full::new(request.into_body().collect().await.unwrap().to_bytes())))
    });
    let service = ServiceBuilder::new().layer(sessions().max_cookie_size(150).layer()).service(service);
    let request = |path: &str| axum::http::Request::builder().uri(path).body(Full::from("a body")).unwrap();
    let response = service.clone().oneshot(request("/")).await.unwrap();
    assert!(response.headers().contains_key(SET_COOKIE) && response.headers()[VARY] == "Cookie");
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "a body");

    // What cannot be saved is a response without the handler's body.
    let refused = service
        .clone()
        .oneshot(request(&(0..99).map(|n| format!("/{n}")).collect::<String>()))
        .await
        .unwrap();
    assert!(refused.status() == 500 && !refused.headers().contains_key(SET_COOKIE));
    assert_eq!(refused.headers()[VARY], "Cookie");
    assert_eq!(refused.into_body().collect().await.unwrap().to_bytes(), "");

    assert_eq!(service.oneshot(request("/error")).await.unwrap_err(), "no response at all");
}

/// A service may only be called when it has said that it is ready.
#[tokio::test]
async fn the_service_that_is_ready_is_the_one_that_is_called() {
    let service = tower::limit::ConcurrencyLimitLayer::new(1)
        .layer(service_fn(async |_: Request| Ok::<_, Infallible>(Response::new(Body::empty()))));
    let mut service = sessions().layer().layer(service);
    for _ in 0..3 {
        let ready = service.ready().await.unwrap();
        let response = tower::Service::call(ready, request("GET", "/", ZOE)).await.unwrap();
        assert_eq!(response.status(), 200);
    }
}
