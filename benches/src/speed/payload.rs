//! The payload with ordinary crates: base64, flate2 on zlib-rs, serde_json.
//!
//! As a server shares it between requests: nothing is kept from one call to
//! the next, so every call has a decompressor or compressor of its own.

use std::io::{Read, Write};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};

use crate::{
    peer::Form,
    tagged::{Dict, Tagged, untag},
};

/// The longest JSON text that is read.
const LIMIT: u64 = 100 * 1024;

/// The session of a payload.
pub fn load(payload: &[u8]) -> Option<Dict> {
    let text = match payload.strip_prefix(b".") {
        Some(payload) => {
            let stream = URL_SAFE_NO_PAD.decode(payload).ok()?;
            // JSON is up to about four times as long as its stream.
            let mut text = Vec::with_capacity(4 * stream.len());
            ZlibDecoder::new(&stream[..]).take(LIMIT).read_to_end(&mut text).ok()?;
            text
        }
        None => URL_SAFE_NO_PAD.decode(payload).ok()?,
    };
    match untag(serde_json::from_slice(&text).ok()?)? {
        Tagged::Dict(session) => Some(session),
        _ => None,
    }
}

/// Writes the payload of a session behind what is in `out`.
pub fn dump(session: &Tagged, form: Form, out: &mut String) {
    let text = serde_json::to_vec(session).expect("a session to write");
    if form == Form::Compressed {
        let mut encoder = ZlibEncoder::new(Vec::with_capacity(text.len()), Compression::new(6));
        let stream = encoder.write_all(&text).and_then(|()| encoder.finish()).expect("a stream");
        if stream.len() + 1 < text.len() {
            out.push('.');
            URL_SAFE_NO_PAD.encode_string(stream, out);
            return;
        }
    }
    URL_SAFE_NO_PAD.encode_string(text, out);
}
