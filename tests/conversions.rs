//! The types of the uuid, jiff and chrono crates: read as what Flask has, and
//! written as Flask's own where they are told to.

mod common;

use std::{borrow::Cow, net::IpAddr, path::PathBuf};

use chrono::Utc;
use common::VecSink;
use hipflask::{
    Error,
    json::{Encode, SESSION_JSON_SERIALIZER},
};
use serde::{Deserialize, de::DeserializeOwned};

const UUID: &str = r#"{" u":"00112233445566778899aabbccddeeff"}"#;
const DATE: &str = r#"{" d":"Tue, 14 Nov 2023 22:13:20 GMT"}"#;
const ID: u128 = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff;

fn load<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let mut buffer = text.as_bytes().to_vec();
    SESSION_JSON_SERIALIZER.loads(&mut buffer)?.to()
}

fn dump(value: &dyn Encode) -> Result<String, Error> {
    let mut scratch = [0; 512];
    let mut sink = VecSink::default();
    SESSION_JSON_SERIALIZER.dumps(value, &mut scratch, &mut sink)?;
    Ok(String::from_utf8(sink.0).unwrap())
}

#[track_caller]
fn wrong<T: DeserializeOwned>(text: &str) {
    assert!(load::<T>(text).is_err_and(Error::is_wrong_type), "{text}");
}

#[test]
fn a_uuid_is_read_as_the_uuid_crate_s() {
    let id = uuid::Uuid::from_u128(ID);
    assert_eq!(load(UUID), Ok(id));
    assert_eq!(load(UUID), Ok(Some(id)));
    assert_eq!(load(&format!("[{UUID},{UUID}]")), Ok(vec![id; 2]));
    assert_eq!(load(UUID), Ok(uuid::fmt::Simple::from(id)));
    #[derive(Deserialize, PartialEq, Debug)]
    struct Cart {
        id: uuid::Uuid,
    }
    assert_eq!(load(&format!(r#"{{"id":{UUID}}}"#)), Ok(Cart { id }));
    // Text is read as the uuid crate reads it: where the program wrote it as text.
    assert_eq!(load(&format!("{:?}", id.to_string())), Ok(id));
    wrong::<uuid::Uuid>(DATE);
    wrong::<uuid::Uuid>(r#""now""#);
    wrong::<uuid::Uuid>("7");
    wrong::<uuid::Uuid>("[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]");
}

#[derive(Deserialize)]
enum Named {
    #[serde(rename = "00112233445566778899aabbccddeeff", alias = "Tue, 14 Nov 2023 22:13:20 GMT")]
    Value,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Untagged {
    Id { _id: uuid::Uuid },
    Text { _text: String },
}

#[derive(Deserialize)]
#[serde(transparent)]
struct Text {
    _text: String,
}

#[derive(Deserialize)]
struct Borrowing<'a> {
    #[serde(borrow)]
    _text: Cow<'a, str>,
}

/// Whatever asks for text, and how: neither is a `str` in Flask.
#[test]
fn a_uuid_and_a_date_are_no_text() {
    for text in [UUID, DATE] {
        wrong::<String>(text);
        wrong::<Box<str>>(text);
        wrong::<Cow<'_, str>>(text);
        wrong::<heapless::String<64>>(text);
        wrong::<char>(text);
        wrong::<PathBuf>(text);
        wrong::<IpAddr>(text);
        wrong::<Named>(text);
        wrong::<Untagged>(text);
        wrong::<Text>(text);
        wrong::<Untagged>(&format!(r#"{{"_text":{text}}}"#));
        wrong::<Vec<u8>>(text);
        wrong::<[u8; 16]>(text);
        wrong::<serde_json::Value>(text);
        wrong::<jiff::Timestamp>(text);
        wrong::<chrono::DateTime<Utc>>(text);
        let object = format!(r#"{{"_text":{text}}}"#);
        let mut buffer = object.clone().into_bytes();
        let value = SESSION_JSON_SERIALIZER.loads(&mut buffer).unwrap();
        assert!(matches!(value.to::<Borrowing<'_>>(), Err(Error::WrongType { .. })));
        let mut buffer = text.as_bytes().to_vec();
        let value = SESSION_JSON_SERIALIZER.loads(&mut buffer).unwrap();
        assert!(value.to::<&str>().is_err_and(Error::is_wrong_type));
    }
}

/// The documentation warns of it.
#[test]
fn written_as_they_are_they_become_text() {
    let id = uuid::Uuid::from_u128(ID);
    assert_eq!(dump(&id).as_deref(), Ok(r#""00112233-4455-6677-8899-aabbccddeeff""#));
    let now = 1_700_000_000;
    let jiff = jiff::Timestamp::from_second(now).unwrap();
    assert_eq!(dump(&jiff).as_deref(), Ok(r#""2023-11-14T22:13:20Z""#));
    let chrono = chrono::DateTime::from_timestamp(now, 0).unwrap();
    assert_eq!(dump(&chrono).as_deref(), Ok(r#""2023-11-14T22:13:20Z""#));
}

#[cfg(feature = "uuid")]
mod uuids {
    use super::*;
    use hipflask::json::Uuid;

    #[derive(serde::Serialize, Deserialize, PartialEq, Debug)]
    struct Cart {
        #[serde(with = "hipflask::json::uuid")]
        id: uuid::Uuid,
        #[serde(with = "hipflask::json::uuid::option")]
        coupon: Option<uuid::Uuid>,
    }

    #[test]
    fn a_field_is_flask_s_uuid() {
        let id = uuid::Uuid::from_u128(ID);
        for (coupon, json) in [(None, "null"), (Some(id), UUID)] {
            let cart = Cart { id, coupon };
            let json = format!(r#"{{"coupon":{json},"id":{UUID}}}"#);
            assert_eq!(dump(&cart).as_deref(), Ok(json.as_str()));
            assert_eq!(load(&json), Ok(cart));
        }
        wrong::<Cart>(&format!(r#"{{"coupon":null,"id":"{id}"}}"#));
        wrong::<Cart>(&format!(r#"{{"coupon":"{id}","id":{UUID}}}"#));
    }

    #[test]
    fn each_is_the_other() {
        for id in [0, 1, ID, u128::MAX] {
            let id = uuid::Uuid::from_u128(id);
            assert_eq!(uuid::Uuid::from(Uuid::from(id)), id);
            assert_eq!(Uuid::from(id).to_string(), id.simple().to_string());
        }
    }
}

#[cfg(any(feature = "jiff", feature = "chrono"))]
mod dates {
    use super::*;
    use hipflask::json::{DateTime, TaggedJsonSerializer};
    use std::fmt::Debug;

    const FIRST: i64 = -62_135_596_800_000_000;
    const LAST: i64 = 253_402_300_799_999_999;

    fn micros(unix_micros: i64) -> DateTime {
        DateTime::from_unix_micros(unix_micros).unwrap()
    }

    fn plain(value: &dyn Encode) -> Result<usize, Error> {
        let mut scratch = [0; 512];
        TaggedJsonSerializer::plain().encode(value, &mut scratch).map(|_| 0)
    }

    /// A struct of a field and an optional one, as it is written and read.
    fn check_fields<T, F>(at: T, fields: fn(T, Option<T>) -> F)
    where
        T: Copy + Debug,
        F: serde::Serialize + DeserializeOwned + PartialEq + Debug,
    {
        for (left, json) in [(None, "null"), (Some(at), DATE)] {
            let json = format!(r#"{{"at":{DATE},"left":{json}}}"#);
            assert_eq!(dump(&fields(at, left)).as_deref(), Ok(json.as_str()));
            assert_eq!(load(&json), Ok(fields(at, left)));
        }
        wrong::<F>(&format!(r#"{{"at":"2023-11-14T22:13:20Z","left":{DATE}}}"#));
        wrong::<F>(&format!(r#"{{"at":{DATE},"left":"2023-11-14T22:13:20Z"}}"#));
        wrong::<F>(&format!(r#"{{"at":{DATE},"left":{UUID}}}"#));
        assert_eq!(plain(&fields(at, None)), Err(Error::NotSerializable));
    }

    #[cfg(feature = "jiff")]
    mod timestamps {
        use super::*;
        use jiff::Timestamp;

        #[derive(serde::Serialize, Deserialize, PartialEq, Debug)]
        struct Visit {
            #[serde(with = "hipflask::json::jiff")]
            at: Timestamp,
            #[serde(with = "hipflask::json::jiff::option")]
            left: Option<Timestamp>,
        }

        #[test]
        fn a_field_is_flask_s_datetime() {
            let now = Timestamp::from_second(1_700_000_000).unwrap();
            check_fields(now, |at, left| Visit { at, left });
            let visit = Visit { at: Timestamp::MIN, left: None };
            assert_eq!(dump(&visit), Err(Error::NotSerializable));
            let visit = Visit { at: now, left: Some(Timestamp::MIN) };
            assert_eq!(dump(&visit), Err(Error::NotSerializable));
            let last = r#"{" d":"Fri, 31 Dec 9999 23:59:59 GMT"}"#;
            wrong::<Visit>(&format!(r#"{{"at":{last},"left":null}}"#));
            wrong::<Visit>(&format!(r#"{{"at":{DATE},"left":{last}}}"#));
        }

        #[test]
        fn each_is_the_other_where_both_are() {
            for unix_micros in [FIRST, -1_000_001, -1, 0, 1, 1_700_000_000_250_000] {
                let timestamp = Timestamp::from_microsecond(unix_micros).unwrap();
                assert_eq!(DateTime::try_from(timestamp), Ok(micros(unix_micros)));
                assert_eq!(Timestamp::try_from(micros(unix_micros)), Ok(timestamp));
            }
            for (nanos, unix_micros) in [(-1, -1), (-1000, -1), (-1001, -2), (999, 0), (1999, 1)] {
                let timestamp = Timestamp::from_nanosecond(nanos).unwrap();
                assert_eq!(DateTime::try_from(timestamp), Ok(micros(unix_micros)));
            }
            let early = Timestamp::from_microsecond(FIRST - 1).unwrap();
            assert_eq!(DateTime::try_from(early), Err(Error::DateOutOfRange));
            assert_eq!(DateTime::try_from(Timestamp::MIN), Err(Error::DateOutOfRange));
            // The last of jiff's is one of Python's.
            let last = DateTime::try_from(Timestamp::MAX).unwrap();
            assert!(Timestamp::try_from(last).is_ok());
            assert_eq!(Timestamp::try_from(micros(last.unix_micros() + 1)), Err(Error::DateOutOfRange));
            assert_eq!(Timestamp::try_from(micros(LAST)), Err(Error::DateOutOfRange));
        }
    }

    #[cfg(feature = "chrono")]
    mod chronos {
        use super::*;

        #[derive(serde::Serialize, Deserialize, PartialEq, Debug)]
        struct Visit {
            #[serde(with = "hipflask::json::chrono")]
            at: chrono::DateTime<Utc>,
            #[serde(with = "hipflask::json::chrono::option")]
            left: Option<chrono::DateTime<Utc>>,
        }

        #[test]
        fn a_field_is_flask_s_datetime() {
            let now = chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap();
            check_fields(now, |at, left| Visit { at, left });
            for far in [chrono::DateTime::<Utc>::MIN_UTC, chrono::DateTime::<Utc>::MAX_UTC] {
                assert_eq!(dump(&Visit { at: far, left: None }), Err(Error::NotSerializable));
                assert_eq!(dump(&Visit { at: now, left: Some(far) }), Err(Error::NotSerializable));
            }
        }

        #[test]
        fn each_is_the_other_in_the_years_of_python() {
            for unix_micros in [FIRST, -1_000_001, -1, 0, 1, 1_700_000_000_250_000, LAST] {
                let date = chrono::DateTime::from_timestamp_micros(unix_micros).unwrap();
                assert_eq!(DateTime::try_from(date), Ok(micros(unix_micros)));
                assert_eq!(chrono::DateTime::from(micros(unix_micros)), date);
            }
            for (nanos, unix_micros) in [(-1, -1), (-1000, -1), (-1001, -2), (999, 0), (1999, 1)] {
                let date = chrono::DateTime::from_timestamp_nanos(nanos);
                assert_eq!(DateTime::try_from(date), Ok(micros(unix_micros)));
            }
            for unix_micros in [FIRST - 1, LAST + 1] {
                let date = chrono::DateTime::from_timestamp_micros(unix_micros).unwrap();
                assert_eq!(DateTime::try_from(date), Err(Error::DateOutOfRange));
            }
            // 23:59:60.5
            let leap = chrono::DateTime::from_timestamp(1_483_228_799, 1_500_000_000).unwrap();
            assert_eq!(DateTime::try_from(leap), Ok(micros(1_483_228_799_999_999)));
            let offset = chrono::FixedOffset::east_opt(3600).unwrap();
            let there = chrono::DateTime::from_timestamp(7, 0).unwrap().with_timezone(&offset);
            assert_eq!(DateTime::try_from(there), Ok(micros(7_000_000)));
        }
    }
}
