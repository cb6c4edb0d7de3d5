//! Only the dictionary: a session of a JSON text, changed and written again.

#![no_std]
#![no_main]

use core::hint::black_box;

use hipflask::{Error, SecureCookieSession, SessionMap, json::SESSION_JSON_SERIALIZER, sink::SliceSink};

hipflask_bare_metal::firmware!(run);

fn run() -> Result<usize, Error> {
    let text: &[u8] = black_box(br#"{"user":"Zo\u00eb","visits":1}"#);
    let mut session = SecureCookieSession::<512>::new();
    session.load(SESSION_JSON_SERIALIZER, |room| {
        room.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        Ok(text.len())
    })?;
    let visits: u32 = session.get_as("visits")?.unwrap_or_default();
    session.insert("visits", &visits.wrapping_add(1))?;
    let mut out = [0; 256];
    let mut sink = SliceSink::new(&mut out);
    session.dump(&mut sink)?;
    Ok(black_box(sink.written()).len())
}
