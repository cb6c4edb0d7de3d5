//! Plain JSON, read straight into Rust types.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Debug,
};

use hipflask::{
    Error,
    json::CompactJson,
    signing::{KeyDerivation, Keyring, Signer, UrlSafeSerializer},
};
use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};

use super::{choices::Choices, sessions::base64};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Reset {
    user: u64,
    email: String,
    once: bool,
    next: Option<char>,
    seen: Vec<u8>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Choice {
    Nothing,
    Number(i64),
    Pair(i64, String),
    Named { a: f64 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Nested(Vec<Nested>);

fn keys() -> Keyring {
    Keyring::new(b"a key of the fuzzer", b"compact", KeyDerivation::Hmac)
}

fn loads<T: DeserializeOwned>(token: &[u8]) -> Result<T, Error> {
    let mut scratch = vec![0; 2 * token.len()];
    Ok(UrlSafeSerializer::new(keys(), CompactJson).loads(token, &mut scratch)?)
}

/// Behind a good signature any text is an error or a value of the type: the one that serde_json reads.
/// What was read is written, and reads as the same.
pub fn compact_json(data: &[u8]) {
    let mut choices = Choices::new(data);
    let kind = choices.below(17);
    let text = choices.rest();
    match kind {
        0 => agrees::<()>(text),
        1 => agrees::<bool>(text),
        2 => agrees::<i8>(text),
        3 => agrees::<u64>(text),
        4 => agrees::<i128>(text),
        5 => agrees::<f32>(text),
        6 => agrees::<f64>(text),
        7 => agrees::<char>(text),
        8 => agrees::<String>(text),
        9 => agrees::<Vec<Option<f64>>>(text),
        10 => agrees::<(i64, String, Option<char>)>(text),
        11 => agrees::<BTreeMap<String, Vec<String>>>(text),
        12 => agrees::<HashMap<u8, u8>>(text),
        13 => agrees::<Reset>(text),
        14 => agrees::<Vec<Choice>>(text),
        15 => agrees::<Nested>(text),
        _ => drop(loads::<(IgnoredAny, BTreeMap<String, IgnoredAny>)>(&signed(text))),
    }
}

fn signed(text: &[u8]) -> Vec<u8> {
    let mut token = Vec::new();
    Signer::new(keys()).sign(&base64(text), &mut token).unwrap();
    token
}

fn agrees<T: Serialize + DeserializeOwned + PartialEq + Debug>(text: &[u8]) {
    let value: T = match loads(&signed(text)) {
        Ok(value) => value,
        Err(Error::BadPayload(_) | Error::WrongType { .. } | Error::Depth) => return,
        Err(error) => panic!("{error:?}"),
    };
    // serde_json reads -0 as a float.
    if !text.windows(2).any(|pair| pair == b"-0") {
        // Nor does it read an integer as a key whose digits are escaped, but in two steps.
        let expected = serde_json::from_slice(text)
            .or_else(|_| serde_json::from_slice(text).and_then(serde_json::from_value::<T>));
        assert_eq!(expected.ok().as_ref(), Some(&value));
    }
    let (mut scratch, mut token) = (vec![0; 2 * text.len() + 400], Vec::new());
    UrlSafeSerializer::new(keys(), CompactJson).dumps(&value, &mut scratch, &mut token).unwrap();
    assert_eq!(loads(&token), Ok(value));
}
