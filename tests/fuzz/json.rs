//! Tagged JSON, read and written.

use hipflask::{
    Error,
    backends::alloc::OwnedValue,
    json::{JsonTag, Kind, MAX_DEPTH, SESSION_JSON_SERIALIZER, TaggedJsonSerializer},
};
use serde_json::Value as Json;

use super::{
    choices::Choices,
    values::{assert_same, is_wrapped, json_of, levels, read},
};

/// Tags of an application's own: one beside Flask's, one in the place of Flask's.
const TAGS: &[JsonTag] = &[
    JsonTag::new(" x", |value| matches!(value.kind(), Kind::List(_))),
    JsonTag::new(" u", |value| matches!(value.kind(), Kind::Number(_))).force(),
];

/// JSON text is read or refused. What is read is written, reads as the same, and is written as the
/// same. Read as plain JSON it is what serde_json reads.
pub fn json(data: &[u8]) {
    let mut choices = Choices::new(data);
    let serializer = match choices.below(5) {
        0 => TaggedJsonSerializer::plain(),
        1 => SESSION_JSON_SERIALIZER.register(TAGS).unwrap(),
        _ => choices.serializer(),
    };
    let text = choices.rest();
    let mut buffer = text.to_vec();
    let ours = match serializer.loads(&mut buffer) {
        Ok(value) => {
            read(value);
            let once = json_of(serializer, value);
            let mut buffer = once.clone();
            let again = serializer.loads(&mut buffer).unwrap();
            assert_same(&value.into(), &again.into());
            assert_eq!(
                json_of(serializer, again).escape_ascii().to_string(),
                once.escape_ascii().to_string()
            );
            Ok(once)
        }
        Err(error @ (Error::BadPayload(_) | Error::Depth)) => Err(error),
        Err(error) => panic!("{error:?}"),
    };
    if format!("{serializer:?}") == format!("{:?}", TaggedJsonSerializer::plain()) {
        agrees_with_serde_json(text, ours.as_deref().map_err(|error| *error));
    }
}

/// serde_json reads what JSON is and no more. Python reads `NaN` and numbers of any size too.
fn agrees_with_serde_json(text: &[u8], ours: Result<&[u8], Error>) {
    match (ours, serde_json::from_slice::<Json>(text)) {
        // It reads -0 as a float.
        (Ok(ours), Ok(theirs)) if !text.windows(2).any(|pair| pair == b"-0") => {
            assert_eq!(serde_json::from_slice::<Json>(ours).ok(), Some(theirs));
        }
        (Err(Error::BadPayload(_)), Ok(theirs)) => panic!("refused: {theirs:?}"),
        (Ok(_), Err(error)) => {
            let reason = error.to_string();
            let only_python_s = reason.contains("number out of range")
                || reason.contains("recursion limit")
                || text.iter().any(|byte| matches!(byte, b'N' | b'I'));
            assert!(only_python_s, "{reason}");
        }
        _ => {}
    }
}

/// A value is the same once it was written and read. It takes exactly the memory that the error
/// asks for, never more than its text, and none is too deep that Flask's tags do not make too deep.
pub fn encode(data: &[u8]) {
    let mut choices = Choices::new(data);
    let serializer = choices.serializer();
    let value = choices.value();
    // The wrapper of the whole is no level: its text may have one more.
    let levels = levels(&value) - usize::from(is_wrapped(&value));
    let needed_bytes = match serializer.encode(&value, &mut []) {
        Err(Error::Capacity { needed_bytes, capacity_bytes: 0 }) => needed_bytes,
        Err(Error::Depth) => {
            assert!(levels > MAX_DEPTH);
            return;
        }
        other => panic!("{other:?}"),
    };
    assert!(levels <= MAX_DEPTH);

    let mut scratch = vec![0; needed_bytes];
    let full = Error::Capacity { needed_bytes, capacity_bytes: needed_bytes - 1 };
    assert_eq!(serializer.encode(&value, &mut scratch[1..]).err(), Some(full));
    let encoded = serializer.encode(&value, &mut scratch).unwrap();
    read(encoded);
    assert_same(&value, &encoded.into());

    let text = json_of(serializer, encoded);
    assert!(needed_bytes <= text.len());
    assert_eq!(serializer.dumps_to_string(&value).unwrap().as_bytes(), text);
    let mut buffer = text.clone();
    let again = serializer.loads(&mut buffer).unwrap();
    assert_same(&value, &OwnedValue::from(again));
    assert_eq!(json_of(serializer, again), text);
}
