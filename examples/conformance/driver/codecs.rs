//! Server-side sessions, as Flask-Session stores them.

use hipflask::{
    Error, SecureCookieSession, Session,
    interface::server_side::Codec,
    sink::{CountSink, SliceSink},
};
use serde_json::{Value as Json, json};

use super::{
    request::{Failure, bytes, failure, hex, text},
    typed::{Typed, dict},
};

/// Room for a session.
type Room = SecureCookieSession<{ 1024 * 1024 }>;

fn codec(request: &Json) -> Result<Codec, Failure> {
    match request["codec"].as_str() {
        Some("msgpack") => Ok(Codec::MsgPack),
        Some("json") => Ok(Codec::Json),
        _ => Err(failure("Other")),
    }
}

fn loaded(request: &Json, session: &mut Session) -> Result<Codec, Failure> {
    let codec = codec(request)?;
    // Whatever it is that cannot be read, Flask-Session says no more than that.
    codec.decode(&bytes(&request["data"])?, session).map_err(|_| failure("BadPayload"))
}

fn stored(codec: Codec, session: &Session) -> Result<Json, Failure> {
    let mut count = CountSink::default();
    codec.encode(session, &mut count).map_err(Error::from)?;
    let mut room = vec![0; count.len_bytes()];
    let mut sink = SliceSink::new(&mut room);
    codec.encode(session, &mut sink).map_err(Error::from)?;
    Ok(json!({"ok": true, "data": hex(sink.written())}))
}

pub fn load(request: &Json) -> Result<Json, Failure> {
    let mut session = Room::new();
    loaded(request, &mut session)?;
    Ok(json!({"ok": true, "value": dict(session.iter())}))
}

pub fn dump(request: &Json) -> Result<Json, Failure> {
    let codec = codec(request)?;
    let mut session = Room::new();
    session.reset(codec.serializer());
    session.replace(&Typed(&request["value"]))?;
    stored(codec, &session)
}

pub fn resave(request: &Json) -> Result<Json, Failure> {
    let mut session = Room::new();
    // Here the other format is not tried.
    let codec = codec(request)?;
    if loaded(request, &mut session)? != codec {
        return Err(failure("BadPayload"));
    }
    for operation in request["ops"].as_array().into_iter().flatten() {
        let key = text(&operation[1])?;
        let changed = if operation[0] == "set" {
            session.insert(&key, &Typed(&operation[2]))
        } else {
            session.remove(&key).map(drop)
        };
        changed.map_err(|_| failure("BadPayload"))?;
    }
    stored(codec, &session).map_err(|_| failure("BadPayload"))
}
