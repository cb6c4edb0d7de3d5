//! Looking at values: all of it, how deep it is, whether two are the same.

use hipflask::{
    Error,
    backends::alloc::OwnedValue,
    json::{Kind, TaggedJsonSerializer, Value},
};
use serde::de::IgnoredAny;

/// The JSON text of a value.
pub(super) fn json_of(serializer: TaggedJsonSerializer, value: Value<'_>) -> Vec<u8> {
    let mut text = Vec::new();
    let Ok(()) = serializer.write(value, &mut text);
    text
}

/// Two values are the same, NaN and the sign of zero included, which `==` does not see.
#[track_caller]
pub(super) fn assert_same(one: &OwnedValue, other: &OwnedValue) {
    assert_eq!(format!("{one:?}"), format!("{other:?}"));
}

/// The levels of JSON that a value takes: containers, tags and wrappers.
pub(super) fn levels(value: &OwnedValue) -> usize {
    let deepest = |items: &[OwnedValue]| items.iter().map(levels).max().unwrap_or(0);
    match value {
        OwnedValue::List(items) => 1 + deepest(items),
        OwnedValue::Tuple(items) => 2 + deepest(items),
        OwnedValue::Dict(entries) => {
            let inside = entries.iter().map(|(_, value)| levels(value)).max().unwrap_or(0);
            1 + usize::from(is_wrapped(value)) + inside
        }
        OwnedValue::Bytes(_) | OwnedValue::Markup(_) | OwnedValue::Uuid(_) | OwnedValue::DateTime(_) => 1,
        _ => 0,
    }
}

/// Whether it is a dict that Flask would take for a tag, which is wrapped.
pub(super) fn is_wrapped(value: &OwnedValue) -> bool {
    let is_tag = |key: &str| [" di", " t", " b", " m", " u", " d"].contains(&key);
    matches!(value, OwnedValue::Dict(entries) if entries.len() == 1 && is_tag(&entries[0].0))
}

/// Reads all of a value in every way there is. Its dicts are sorted.
pub(super) fn read(value: Value<'_>) {
    read_ordered(value, true);
}

/// As [`read`], where dicts have the order in which they came.
pub(super) fn read_unsorted(value: Value<'_>) {
    read_ordered(value, false);
}

fn read_ordered(value: Value<'_>, sorted: bool) {
    let _ = format!("{value:?}");
    assert!(value.to::<IgnoredAny>().is_ok());
    read_parts(value, sorted);
}

fn read_parts(value: Value<'_>, sorted: bool) {
    let _ = (value.is_truthy(), value.as_bool(), value.to::<bool>(), value.to::<(f32, &str)>());
    let _ = (value.to::<Vec<u8>>(), value.to::<Option<u128>>(), value.to::<String>(), value.to::<char>());
    match value.kind() {
        Kind::Number(number) => {
            assert_eq!(number.as_i64(), number.as_i128().and_then(|number| number.try_into().ok()));
            assert_eq!(number.as_u64(), number.as_i128().and_then(|number| number.try_into().ok()));
            assert_eq!(value.as_i64(), number.as_i64());
            assert!(number.as_i128().is_none_or(|integer| number.as_f64() == integer as f64));
        }
        Kind::Str(text) | Kind::Markup(text) => assert_eq!(value.as_str(), Some(text)),
        Kind::List(list) | Kind::Tuple(list) => {
            assert_eq!(list.get(0).is_none(), list.is_empty());
            assert!(list.get(list.len()).is_none());
            list.iter().for_each(|item| read_parts(item, sorted));
        }
        Kind::Dict(dict) => {
            assert_eq!(dict.iter().next().is_none(), dict.is_empty());
            assert!(!sorted || dict.iter().zip(dict.iter().skip(1)).all(|((one, _), (next, _))| one < next));
            assert_eq!(dict.keys().count(), dict.len());
            dict.iter().for_each(|(_, value)| read_parts(value, sorted));
        }
        Kind::Bytes(bytes) => {
            assert_eq!(value.to::<[u8; 2]>().is_ok(), bytes.len() == 2);
            let mut buffer = vec![0; bytes.len()];
            assert_eq!(bytes.read(&mut buffer), Ok(&bytes.iter().collect::<Vec<u8>>()[..]));
            if let Some((_, smaller)) = buffer.split_first_mut() {
                assert!(bytes.read(smaller).is_err_and(Error::is_capacity));
            }
        }
        Kind::Custom { value, .. } => read_parts(value, sorted),
        _ => {}
    }
}
