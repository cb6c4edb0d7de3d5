//! Equality as Python has it.

use ::alloc::{
    borrow::Cow,
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use super::OwnedValue;

impl PartialEq for OwnedValue {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Str(a) | Self::Markup(a), Self::Str(b) | Self::Markup(b)) => a == b,
            (Self::List(a), Self::List(b)) | (Self::Tuple(a), Self::Tuple(b)) => a == b,
            (Self::Dict(a), Self::Dict(b)) => a.len() == b.len() && by_key(a) == by_key(b),
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Uuid(a), Self::Uuid(b)) => a == b,
            (Self::DateTime(a), Self::DateTime(b)) => a == b,
            (Self::Custom { key: a, value: x }, Self::Custom { key: b, value: y }) => a == b && x == y,
            // Two doubles are compared as such; other numbers as integers,
            // without rounding.
            (Self::Float(a), Self::Float(b)) => a == b,
            _ => integer(self).is_some_and(|a| integer(other) == Some(a)),
        }
    }
}

/// A dict's entries in the order of their keys, of which a program can make equal ones.
fn by_key(entries: &[(String, OwnedValue)]) -> Vec<&(String, OwnedValue)> {
    let mut entries = entries.iter().collect::<Vec<_>>();
    entries.sort_by_key(|(key, _)| key);
    entries
}

/// The value in decimal, if it is an integer in Python's eyes or equals one.
fn integer(value: &OwnedValue) -> Option<Cow<'_, str>> {
    match value {
        OwnedValue::Bool(value) => Some(i64::from(*value).to_string().into()),
        OwnedValue::Int(value) => Some(value.to_string().into()),
        OwnedValue::BigInt(digits) => Some(digits.into()),
        // A double's decimal expansion is exact; no fraction means no loss.
        OwnedValue::Float(value) if value.is_finite() && value % 1.0 == 0.0 => {
            let digits: String = format!("{:.0}", value);
            Some(if digits == "-0" { "0".into() } else { digits.into() })
        }
        _ => None,
    }
}
