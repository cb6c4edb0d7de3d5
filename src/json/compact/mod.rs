//! Plain compact JSON, read straight into Rust types by `serde-json-core`.
//!
//! `serde-json-core` is small and quick to err: it panics on map keys of most
//! types, takes `null` for a float, hands out text with its escapes still in
//! it, skips over ignored values without looking at them, and recurses as deep
//! as the text goes. So it never meets a text or a type that it mistakes:
//!
//! - `check` looks at the whole text first, without recursion;
//! - `guard` stands between it and the type that is read.
//!
//! It is not asked to write at all. Its writer panics on `char`, on 128-bit
//! integers and on whatever a `Serialize` refuses, writes bytes without quotes,
//! and spells floats and control characters as Python does not. Tokens are
//! written by [`TaggedJsonSerializer::plain`](super::TaggedJsonSerializer::plain),
//! byte for byte as by itsdangerous.

mod check;
mod guard;

use serde::Deserialize;
use serde_json_core::de;

use super::{
    form::{STRING, span::split_string},
    number::Number,
    value::{Kind, Value},
};
use crate::error::{Error, Mismatch};

/// itsdangerous' default payload, plain compact JSON, as a Rust type: for tokens
/// between programs of your own, such as password resets or device pairing.
///
/// Give it to a [`UrlSafeSerializer`](crate::signing::UrlSafeSerializer) or a
/// [`UrlSafeTimedSerializer`](crate::signing::UrlSafeTimedSerializer); their
/// `dumps` and `loads` then take and give a type of yours. A Python program on
/// the other side uses itsdangerous' class of the same name, as it comes. It is
/// not for Flask's sessions, which are tagged JSON, and they do not take it.
///
/// [`TaggedJsonSerializer::plain`](super::TaggedJsonSerializer::plain) signs and
/// reads the same tokens: it takes less flash, links no panic, reads a few more
/// of them, and gives a [`Value`] to look at. This gives the type at once.
///
/// ```
/// use hipflask::{UnixTime, clock_fn, json::CompactJson, sink::SliceSink};
/// use hipflask::signing::{KeyDerivation, Keyring, Loaded, UrlSafeTimedSerializer};
///
/// #[derive(serde::Serialize, serde::Deserialize)]
/// struct Pairing<'a> {
///     device: &'a str,
///     slot: u8,
/// }
///
/// let clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
/// // Python: URLSafeTimedSerializer("secret", salt="pairing").dumps({"device": "Küche", "slot": 3})
/// let keys: Keyring = Keyring::new(b"secret", b"pairing", KeyDerivation::DjangoConcat);
/// let tokens = UrlSafeTimedSerializer::new(keys, CompactJson);
///
/// let (mut scratch, mut out) = ([0; 64], [0; 128]);
/// let mut sink = SliceSink::new(&mut out);
/// tokens.dumps(&Pairing { device: "Küche", slot: 3 }, &clock, &mut scratch, &mut sink)?;
/// assert_eq!(sink.written(), b"eyJkZXZpY2UiOiJLw7xjaGUiLCJzbG90IjozfQ.ZVPxAA.8VB79XwOax0BDTaBrrdYr1ezWgs");
///
/// let loaded: Loaded<Pairing> = tokens.loads(sink.written(), Some(600), &clock, &mut scratch)?;
/// assert_eq!((loaded.value.device, loaded.value.slot), ("Küche", 3));
/// # Ok::<(), hipflask::Error>(())
/// ```
///
/// # What goes through
///
/// | Rust | JSON |
/// |---|---|
/// | `bool`, text, `char`, `Option`, `()` | the same |
/// | integers of up to 64 bits | the same; `i128` and `u128` as far as they fit |
/// | finite floats | as Python spells them |
/// | lists and tuples | a list, of exactly as many values |
/// | structs, maps whose keys are text | a dict |
/// | maps whose keys are integers or bools | a dict; the keys are text, and are read as such |
/// | enums | `"Variant"` or `{"Variant": ...}` |
///
/// All else is an error. Where writing would make what cannot be read (bytes,
/// NaN, larger integers, other keys, more than [`MAX_DEPTH`](super::MAX_DEPTH)
/// levels), it is [`Error::NotSerializable`] or [`Error::Depth`].
///
/// Reading is [`Error::BadPayload`] for what is not JSON by RFC 8259, and for
/// `\u` escapes of surrogates, even in pairs (itsdangerous writes the letters
/// that they make as they are); [`Error::Depth`] for deeper nesting; and
/// [`Error::WrongType`] for what is no value of the type: a number out of its
/// range, a struct's field twice, and any type that has to ask what comes next
/// (untagged and internally tagged enums, `#[serde(flatten)]`). A `&str` can be
/// borrowed only from text without escapes: `heapless::String` takes any.
/// Unknown fields are skipped, after they were checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a unit: its name is its value")]
pub struct CompactJson;

impl CompactJson {
    /// Reads `text` into a `T`. Strings with escapes go through `unescaped`,
    /// one at a time.
    pub(crate) fn loads<'t, T: Deserialize<'t>>(
        self,
        text: &'t [u8],
        unescaped: &mut [u8],
    ) -> Result<T, Error> {
        check::check(text)?;
        let capacity_bytes = text.len().saturating_add(unescaped.len());
        let failed = |error| match error {
            de::Error::EscapedStringIsTooLong => {
                Error::Capacity { needed_bytes: capacity_bytes.saturating_add(1), capacity_bytes }
            }
            _ => Mismatch::Value.into(),
        };
        let mut reader = de::Deserializer::new(text, Some(unescaped));
        let value = guard::deserialize(&mut reader).map_err(failed)?;
        reader.end().map_err(failed)?;
        Ok(value)
    }

    /// Whether every number in `value` can be read again: a finite one, and an
    /// integer of 64 bits.
    pub(crate) fn can_read_numbers(self, value: Value<'_>) -> bool {
        let mut rest = value.span();
        while let [first, behind @ ..] = rest {
            rest = match *first {
                STRING => split_string(rest).1,
                b'-' | b'0'..=b'9' | b'N' | b'I' => {
                    let (scalar, behind) = Value::split(rest);
                    match scalar.kind() {
                        Kind::Number(number) if is_readable(number) => {}
                        _ => return false,
                    }
                    behind
                }
                _ => behind,
            };
        }
        true
    }
}

fn is_readable(number: Number<'_>) -> bool {
    if number.is_integer() {
        number.as_i64().is_some() || number.as_u64().is_some()
    } else {
        // NaN and the infinities end with a letter.
        number.0.last().is_some_and(u8::is_ascii_digit)
    }
}
