//! A session as a server keeps it: the value in Redis under Flask-Session's key.

use hipflask::{Error, SecureCookieSession, backends::alloc::OwnedValue, interface::server_side::Codec};
use serde_json::{Value as Json, json};

use crate::{
    entries,
    key::{from_base64, from_hex, unescape},
    text::{self, Palette, labelled},
    typed,
};

/// The most that is read: the capacity of a session that holds it.
const CAPACITY_BYTES: usize = 256 * 1024;

/// The tags of Flask's JSON, by which it is told from plain JSON.
const TAGS: [&str; 6] = [" t", " b", " m", " u", " d", " di"];

/// A session that a server keeps.
///
/// ```
/// use hipflask_inspect::{Palette, Stored};
///
/// // redis-cli prints a value in quotes where it is a terminal's.
/// let stored = Stored::new(br#""\x82\xa8_user_id\xa11\xa4seen\xd7\xff\x00)a\xc0e\x93}%""#, None)?;
/// assert_eq!(stored.codec_name(), "msgpack");
/// assert!(stored.text(&Palette::PLAIN).contains("the user '1' is logged in"));
/// # Ok::<(), hipflask::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stored {
    /// How long the value is.
    pub len_bytes: usize,
    /// What it was read by.
    pub codec: Codec,
    /// A dict.
    pub value: OwnedValue,
    /// A sentence on each entry that Flask or an extension of it keeps in a session.
    pub entries: Vec<(String, String)>,
}

impl Stored {
    /// Reads a value by `codec`, or by the codec that it looks like. It may be as redis-cli
    /// prints it, in quotes and with escapes, or hex or base64 behind `hex:` or `b64:`.
    ///
    /// # Errors
    /// As [`Codec::decode`]. What Python pickled is never read.
    pub fn new(given: &[u8], codec: Option<Codec>) -> Result<Self, Error> {
        let bytes = bytes(given);
        let read = read(&bytes, codec);
        // redis-cli ends a raw value with a line.
        match (read, bytes.strip_suffix(b"\n")) {
            (Err(error), Some(bytes)) => self::read(bytes, codec).map_err(|_| error),
            (read, _) => read,
        }
    }

    /// The codec's name in Flask-Session, or `tagged JSON`.
    #[must_use]
    pub const fn codec_name(&self) -> &'static str {
        match self.codec {
            Codec::MsgPack => "msgpack",
            Codec::Json => "json",
            _ => "tagged JSON",
        }
    }

    /// The report for people.
    #[must_use]
    pub fn text(&self, palette: &Palette) -> String {
        let size = format!("{} bytes of {}", self.len_bytes, self.codec_name());
        let entries = text::entries(&self.entries, palette);
        format!("{}\n{}\n{entries}", labelled("stored", &size, "", palette), text::outermost(&self.value))
    }

    /// The report for programs.
    #[must_use]
    pub fn json(&self) -> Json {
        let entries = self.entries.iter().map(|(key, sentence)| json!({"key": key, "sentence": sentence}));
        json!({
            "schema": 1,
            "len_bytes": self.len_bytes,
            "codec": self.codec_name(),
            "value": typed::to_json(&self.value),
            "entries": entries.collect::<Vec<_>>(),
        })
    }
}

fn bytes(given: &[u8]) -> Vec<u8> {
    let trimmed = given.trim_ascii();
    let quoted = trimmed.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    let bytes = if let Some(quoted) = quoted {
        unescape(quoted, true)
    } else if let Some(hex) = trimmed.strip_prefix(b"hex:") {
        from_hex(hex)
    } else if let Some(base64) = trimmed.strip_prefix(b"b64:") {
        from_base64(base64)
    } else {
        None
    };
    bytes.unwrap_or_else(|| given.to_vec())
}

fn read(bytes: &[u8], codec: Option<Codec>) -> Result<Stored, Error> {
    let mut session = Box::new(SecureCookieSession::<CAPACITY_BYTES>::new());
    let mut read_by = codec.unwrap_or_default().decode(bytes, &mut *session)?;
    if codec.is_none() && read_by == Codec::Json && session.iter().any(|(_, value)| has_tag(&value.into())) {
        read_by = Codec::TaggedJson.decode(bytes, &mut *session)?;
    }
    let session: Vec<_> = session.iter().map(|(key, value)| (key.to_owned(), value.into())).collect();
    Ok(Stored {
        len_bytes: bytes.len(),
        codec: read_by,
        entries: entries::explain(&session),
        value: OwnedValue::Dict(session),
    })
}

/// Whether there is a dict that Flask would have written for another type.
fn has_tag(value: &OwnedValue) -> bool {
    match value {
        OwnedValue::Dict(entries) => match &entries[..] {
            [(key, _)] if TAGS.contains(&key.as_str()) => true,
            entries => entries.iter().any(|(_, value)| has_tag(value)),
        },
        OwnedValue::List(items) => items.iter().any(has_tag),
        _ => false,
    }
}
