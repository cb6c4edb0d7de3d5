//! Whether a format has a form for all that a session holds, before anything is written.

use super::{
    Codec, EXT, UnwritableMarkup, ext_parts,
    walk::{Part, Walk},
};
use crate::{
    error::{Error, KeyName, TypeName},
    json::{Kind, Number, Value},
    session::Session,
};

/// Refuses a session that cannot be written, by the key at which that is.
pub(super) fn check(codec: Codec, markup: UnwritableMarkup, session: &Session) -> Result<(), Error> {
    for (key, entry) in session {
        let mut kinds = KeyKinds::default();
        for part in Walk::new(entry) {
            match part {
                Part::Dict => kinds.open(),
                Part::EndDict => kinds.close(),
                Part::Key { text, is_number, .. } if codec != Codec::MsgPack => {
                    kinds.note(is_number);
                    let is_bool = is_number && matches!(text, "true" | "false");
                    let found = if is_bool { TypeName::Bool } else { TypeName::Int };
                    let is_refused = match codec {
                        Codec::Json => is_bool || kinds.are_mixed(),
                        _ => is_number,
                    };
                    if is_refused {
                        return Err(Error::DictKey { key: KeyName::new(key), found });
                    }
                }
                Part::Leaf(value) => {
                    if let Some(found) = unwritable(codec, markup, value) {
                        return Err(Error::NoForm { key: KeyName::new(key), found });
                    }
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Which kinds of keys the open dicts have: a bit for each, the innermost lowest.
#[derive(Default)]
struct KeyKinds {
    texts: u64,
    numbers: u64,
}

impl KeyKinds {
    const fn open(&mut self) {
        (self.texts, self.numbers) = (self.texts << 1, self.numbers << 1);
    }

    const fn close(&mut self) {
        (self.texts, self.numbers) = (self.texts >> 1, self.numbers >> 1);
    }

    const fn note(&mut self, is_number: bool) {
        *if is_number { &mut self.numbers } else { &mut self.texts } |= 1;
    }

    /// Whether the innermost dict has both.
    const fn are_mixed(&self) -> bool {
        self.texts & self.numbers & 1 != 0
    }
}

/// What a value is that has no form.
fn unwritable(codec: Codec, markup: UnwritableMarkup, value: Value<'_>) -> Option<TypeName> {
    match (codec, value.kind()) {
        (Codec::MsgPack | Codec::Json, Kind::Markup(_)) if markup == UnwritableMarkup::Refuse => {
            Some(TypeName::Markup)
        }
        (Codec::MsgPack, Kind::Custom { key: EXT, value }) if ext_parts(value).is_some() => None,
        (_, Kind::Custom { .. }) => Some(TypeName::Custom),
        (Codec::MsgPack, Kind::Number(number)) if number.is_integer() => {
            (number.as_i64().is_none() && number.as_u64().is_none()).then_some(TypeName::Int)
        }
        (Codec::TaggedJson, Kind::Number(number)) if is_named_by_bits(number) => Some(TypeName::Float),
        _ => None,
    }
}

/// Whether it is a NaN other than Python's own.
fn is_named_by_bits(number: Number<'_>) -> bool {
    number.as_str().strip_prefix("NaN").is_some_and(|bits| !bits.is_empty())
}
