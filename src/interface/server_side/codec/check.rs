//! Whether a format has a form for all that a session holds, before anything is written.

use super::{
    Codec, EXT, UnwritableMarkup,
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
        for part in Walk::new(entry) {
            match part {
                Part::Leaf(value) => {
                    if let Some(found) = unwritable(codec, markup, value) {
                        return Err(Error::NoForm { key: KeyName::new(key), found });
                    }
                }
                Part::Key { text, is_number: true, .. } if codec != Codec::MsgPack => {
                    let is_bool = matches!(text, "true" | "false");
                    let found = if is_bool { TypeName::Bool } else { TypeName::Int };
                    return Err(Error::DictKey { key: KeyName::new(key), found });
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// What a value is that has no form.
fn unwritable(codec: Codec, markup: UnwritableMarkup, value: Value<'_>) -> Option<TypeName> {
    match (codec, value.kind()) {
        (Codec::MsgPack | Codec::Json, Kind::Markup(_)) if markup == UnwritableMarkup::Refuse => {
            Some(TypeName::Markup)
        }
        (Codec::MsgPack, Kind::Custom { key: EXT, .. }) => None,
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
