//! How much memory a request takes for its session: `cargo run -p hipflask-server --example room`.

use hipflask_server::{Adapter, Cookies, Lifecycle, Said, Session, SessionError};

struct Plain;

impl Adapter for Plain {
    type Layer = Lifecycle;

    fn layer(lifecycle: Lifecycle) -> Lifecycle {
        lifecycle
    }
}

type Sessions = hipflask_server::Sessions<Plain, Cookies, Said, Said>;

fn main() -> Result<(), SessionError> {
    println!("   JSON  in use    room  bytes");
    for len in [0, 100, 300, 1_000, 3_000, 12_600, 30_000, 60_000] {
        let lifecycle = hipflask_server::Sessions::secret_key("dev").flask_defaults();
        let session = empty(lifecycle)?;
        session.insert("text", &"a".repeat(len))?;
        let mut json = Vec::new();
        let (used, room) = session.with(|session| {
            let Ok(()) = session.dump(&mut json);
            (session.used_bytes(), session.capacity_bytes())
        })?;
        println!("{:7} {used:7} {room:7}", json.len());
    }
    Ok(())
}

/// The session of a request without a cookie, for which nothing is waited.
fn empty(sessions: Sessions) -> Result<Session, SessionError> {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };
    let lifecycle = sessions.layer();
    match pin!(lifecycle.begin("", None)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(session) => Ok(session),
        Poll::Pending => Err(SessionError::NoLayer),
    }
}
