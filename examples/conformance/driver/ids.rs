//! The ids of server-side sessions, signed as Flask-Session signs them.

use hipflask::{
    interface::server_side::{SessionId, SessionIdCookie},
    signing::{Keyring, Signer},
};
use serde_json::{Value as Json, json};

use super::request::{Failure, bytes, failure};

/// Flask-Session signs with the newest key, and knows no other.
fn signer(request: &Json) -> Result<Signer<Keyring>, Failure> {
    let newest = request["keys"].as_array().and_then(|keys| keys.last());
    let newest = newest.ok_or_else(|| failure("Other"))?;
    Ok(Signer::new(Keyring::for_session_ids(&bytes(newest)?)))
}

pub fn sign(request: &Json) -> Result<Json, Failure> {
    let id = SessionId::parse(&bytes(&request["sid"])?)?;
    let cookie = SessionIdCookie::new(&id, Some(&signer(request)?))?;
    Ok(json!({"ok": true, "cookie": cookie.to_string()}))
}

pub fn unsign(request: &Json) -> Result<Json, Failure> {
    let cookie = bytes(&request["cookie"])?;
    let id = signer(request)?.unsign(&cookie).map_err(|_| failure("BadSignature"))?.to_vec();
    let id = SessionId::parse(&id).map_err(|_| failure("BadSignature"))?;
    Ok(json!({"ok": true, "sid": id.as_str()}))
}
