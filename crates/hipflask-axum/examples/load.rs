//! What sessions cost a server: `tools/load.py` asks this one, with sessions and without.
//!
//! - `/start` puts 314 bytes of JSON into the session, as a site with Flask-Login and
//!   Flask-WTF has them.
//! - `/with` reads the session, changes and saves it, as Flask does: compressed.
//! - `/uncompressed` does so without compression.
//! - `/without` answers the same, and knows no sessions.

use std::{env, error::Error};

use axum::{Router, routing::get};
use hipflask_axum::{SameSite::Lax, Session, SessionError, Sessions};
use tokio::net::TcpListener;

/// One thread, so that one processor is the limit.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let sessions = || Sessions::secret_key("dev").secure(false).same_site(Lax);
    let compressed = Router::new().route("/start", get(start)).route("/with", get(with));
    let uncompressed = Router::new().route("/uncompressed", get(with));
    let app = Router::new()
        .route("/without", get(without))
        .merge(compressed.layer(sessions().layer()))
        .merge(uncompressed.layer(sessions().compress(false).layer()));
    let port = env::args().nth(1).unwrap_or_else(|| "0".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn start(session: Session) -> Result<String, SessionError> {
    session.insert("_fresh", &true)?;
    session.insert("_id", &"0123456789abcdef".repeat(8))?;
    session.insert("_user_id", "1")?;
    session.insert("csrf_token", "9939b05dd1a3763f5f856e065d277190d648994f")?;
    session.insert("theme", "a theme whose name makes the session as long as it is: 314 bytes")?;
    session.insert("visits", &100_000)?;
    let mut json = Vec::new();
    session.with(|session| session.dump(&mut json))?.unwrap_or_else(|never| match never {});
    Ok(json.len().to_string())
}

async fn with(session: Session) -> Result<String, SessionError> {
    session.modify::<u64>("visits", |visits| *visits += 1)?;
    Ok(page(&session.get_as::<String>("_user_id")?.unwrap_or_default()))
}

async fn without() -> String {
    page("1")
}

fn page(user: &str) -> String {
    format!("user {user}\n")
}
