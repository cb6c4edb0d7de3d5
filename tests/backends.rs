//! Each backend with its feature alone: `cargo test --test backends --features alloc`, and so on.

use hipflask::{
    Error, clock_fn,
    signing::{Keyring, SecretKeySource, Sha1, TimestampSigner},
};

/// `{"a":1}`, signed by Flask with the secret `dev` at 1700000000.
const COOKIE: &[u8] = b"eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk";

/// Whether the source's keys verify [`COOKIE`].
fn opens(secrets: &impl SecretKeySource) -> bool {
    let keys = Keyring::for_sessions_from(secrets).unwrap();
    let clock = clock_fn(|| Err(Error::ClockNotSet));
    TimestampSigner::new(&keys).unsign(COOKIE, None, &clock).is_ok()
}

/// All secrets of a source, the current one first.
fn secrets(source: &impl SecretKeySource) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    source.with_current(&mut |secret| all.push(secret.to_vec())).unwrap();
    source.with_fallbacks(&mut |secret| all.push(secret.to_vec())).unwrap();
    all
}

#[cfg(any(feature = "alloc", feature = "embedded"))]
const fn wipes_itself<T: zeroize::ZeroizeOnDrop>() {}

#[test]
fn secrets_in_memory_need_no_backend() {
    let source = hipflask::signing::Secrets { current: b"new", fallbacks: &[b"dev"] };
    assert!(opens(&source));
    assert_eq!(secrets(&source), [b"new", b"dev"]);
    let none: Keyring<Sha1> = Keyring::for_sessions(b"");
    assert!(!none.has_current());
}

/// What a firmware logs.
#[cfg(feature = "defmt")]
#[test]
fn what_a_firmware_logs_has_a_format() {
    const fn formats<T: defmt::Format>() {}
    formats::<Error>();
    formats::<hipflask::Opened>();
    formats::<hipflask::UnixTime>();
    #[cfg(feature = "embedded-storage")]
    formats::<hipflask::backends::embedded::FlashSecretError<u8>>();
}

#[cfg(feature = "embedded")]
mod embedded {
    use super::*;
    use core::cell::Cell;
    use hipflask::{
        Clock, UnixTime,
        backends::embedded::{
            NetworkClock, OffsetClock, SecretReader, SecretSlot, SntpRequest, StaticSecrets, http_date,
        },
    };

    const NONCE: [u8; 8] = [0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8];

    /// What chronyd 4.3 answered to [`NONCE`], with `local stratum 1`.
    const ANSWER: [u8; 48] = [
        0x24, 0x01, 0x00, 0xe7, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x7f, 0x7f, 0x01,
        0x01, //
        0xee, 0xb4, 0x78, 0x06, 0xea, 0xb1, 0xbb, 0x2c, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
        0xa8, //
        0xee, 0xb4, 0x78, 0x08, 0x56, 0xb3, 0x7a, 0x45, 0xee, 0xb4, 0x78, 0x08, 0x56, 0xbf, 0x9b, 0x1e,
    ];

    /// [`ANSWER`], changed at one place.
    fn changed(place: usize, bytes: &[u8]) -> [u8; 48] {
        let mut answer = ANSWER;
        answer[place..][..bytes.len()].copy_from_slice(bytes);
        answer
    }

    #[test]
    fn a_time_server_is_asked_and_understood() {
        let request = SntpRequest::new(NONCE);
        let mut question = [0; 48];
        question[0] = 0x23;
        question[40..].copy_from_slice(&NONCE);
        assert_eq!(request.packet(), question);
        // 0x56bf9b1e / 2^32 of a second.
        assert_eq!(request.time(&ANSWER), Some(UnixTime::new(1_795_815_816, 338_861)));
        // Extensions and a MAC stand behind it.
        assert_eq!(request.time(&[&ANSWER[..], &[7; 20]].concat()), request.time(&ANSWER));
        // The counter comes round on 2036-02-07 at 06:28:16.
        let at = |secs: u32| request.time(&changed(40, &secs.to_be_bytes())).map(UnixTime::secs);
        assert_eq!(at(u32::MAX), Some(2_085_978_495));
        assert_eq!(at(0), Some(2_085_978_496));
        // 1968 cannot be told.
        assert_eq!(at(1 << 31), None);
    }

    #[test]
    fn what_does_not_answer_the_question_is_not_believed() {
        let request = SntpRequest::new(NONCE);
        for (answer, why) in [
            (changed(0, &[0xe4]), "the server does not know the time"),
            (changed(0, &[0x23]), "a client"),
            (changed(0, &[0x25]), "a broadcast"),
            (changed(1, &[0]), "kiss of death"),
            (changed(1, &[16]), "unsynchronized"),
            (changed(24, &[0]), "another question"),
            (changed(31, &[0]), "another question"),
        ] {
            assert_eq!(request.time(&answer), None, "{why}");
        }
        for len in 0..48 {
            assert_eq!(request.time(&ANSWER[..len]), None, "{len} bytes");
        }
        // What chronyd answers before it knows the time.
        let unset = [0xe4, 0, 0, 0xe7];
        assert_eq!(request.time(&changed(0, &unset)), None);
    }

    #[test]
    fn the_date_of_a_response_is_read() {
        assert_eq!(http_date(b" Sun, 06 Nov 1994 08:49:37 GMT "), Some(UnixTime::from_secs(784_111_777)));
        for refused in [
            &b""[..],
            b"Sunday, 06-Nov-94 08:49:37 GMT",
            b"Sun Nov  6 08:49:37 1994",
            b"Wed, 31 Dec 1969 23:59:59 GMT",
            b"Sun, 06 Nov 1994 08:49:37 \xff",
        ] {
            assert_eq!(http_date(refused), None);
        }
    }

    #[test]
    fn a_clock_set_from_the_network_never_goes_back() {
        let uptime = Cell::new(0);
        let clock = NetworkClock::new(|| uptime.get(), UnixTime::from_secs(1000));
        let now = || clock.now().map(UnixTime::secs);
        assert_eq!(now(), Err(Error::ClockNotSet));
        assert!(!clock.hear(UnixTime::new(999, 999_999)));
        assert_eq!(now(), Err(Error::ClockNotSet));
        // One second low, but not earlier than can be.
        assert!(clock.hear(UnixTime::from_secs(1000)));
        assert_eq!(now(), Ok(1000));
        uptime.set(100);
        assert_eq!(now(), Ok(1099));
        // Ahead by twenty seconds: it waits for them.
        assert!(clock.hear(UnixTime::from_secs(1080)));
        assert_eq!(now(), Ok(1099));
        uptime.set(120);
        assert_eq!(now(), Ok(1099));
        uptime.set(121);
        assert_eq!(now(), Ok(1100));
        // Behind: it follows at once.
        assert!(clock.hear(UnixTime::from_secs(5000)));
        assert_eq!(now(), Ok(4999));
        // Nobody asked it, and it had said so.
        uptime.set(221);
        assert!(clock.hear(UnixTime::from_secs(2000)));
        assert_eq!(now(), Ok(5099));
        // A counter that starts anew does not bring the past back.
        uptime.set(0);
        assert_eq!(now(), Err(Error::ClockNotSet));
        assert!(clock.hear(UnixTime::from_secs(2000)));
        assert_eq!(now(), Ok(5099));
    }

    #[test]
    fn a_clock_is_not_set_until_it_is_set() {
        let uptime = Cell::new(10);
        let clock = OffsetClock::new(|| uptime.get());
        assert_eq!(clock.now(), Err(Error::ClockNotSet));
        clock.set(UnixTime::new(1_700_000_000, 999_999));
        assert_eq!(clock.now(), Ok(UnixTime::from_secs(1_700_000_000)));
        uptime.set(70);
        assert_eq!(clock.now(), Ok(UnixTime::from_secs(1_700_000_060)));
        clock.set(UnixTime::from_secs(1));
        assert_eq!(clock.now(), Ok(UnixTime::from_secs(1)));
    }

    #[test]
    fn a_counter_that_runs_backwards_unsets_the_clock() {
        let uptime = Cell::new(1000);
        let clock = OffsetClock::new(|| uptime.get());
        clock.set(UnixTime::from_secs(1_700_000_000));
        uptime.set(2000);
        clock.now().unwrap();
        // After the time of setting, and still backwards.
        uptime.set(1999);
        assert_eq!(clock.now(), Err(Error::ClockNotSet));
        // It cannot be trusted again by itself.
        uptime.set(3000);
        assert_eq!(clock.now(), Err(Error::ClockNotSet));
        clock.set(UnixTime::from_secs(1_700_009_000));
        assert_eq!(clock.now(), Ok(UnixTime::from_secs(1_700_009_000)));
    }

    #[test]
    fn time_past_64_bits_unsets_the_clock() {
        let uptime = Cell::new(0);
        let clock = OffsetClock::new(|| uptime.get());
        clock.set(UnixTime::from_secs(u64::MAX - 1));
        uptime.set(1);
        assert_eq!(clock.now(), Ok(UnixTime::from_secs(u64::MAX)));
        uptime.set(2);
        assert_eq!(clock.now(), Err(Error::ClockNotSet));
    }

    #[test]
    fn secrets_are_read_into_a_buffer_by_slot() {
        let read = |slot, buffer: &mut [u8; 4]| {
            let secret: &[u8] = match slot {
                SecretSlot::Current => b"new",
                SecretSlot::Fallback(0) => b"dev",
                SecretSlot::Fallback(_) => b"",
            };
            buffer[..secret.len()].copy_from_slice(secret);
            Ok(secret.len())
        };
        assert_eq!(secrets(&SecretReader::new(read)), [b"new"]);
        let source = SecretReader::new(read).with_fallbacks(2);
        assert_eq!(secrets(&source), [b"new", b"dev"]);
        assert!(opens(&source));
    }

    #[test]
    fn a_reader_that_fails_or_lies_about_the_length_is_an_error() {
        let failing = SecretReader::<4, _>::new(|_, _| Err(Error::MacUnavailable));
        assert_eq!(failing.with_current(&mut |_| panic!()), Err(Error::MacUnavailable));
        let too_long = SecretReader::<4, _>::new(|_, _| Ok(5));
        assert_eq!(
            too_long.with_current(&mut |_| panic!()),
            Err(Error::Capacity { needed_bytes: 5, capacity_bytes: 4 })
        );
    }

    #[test]
    fn static_secrets_open_a_cookie() {
        static SECRETS: StaticSecrets = StaticSecrets { current: b"dev", fallbacks: &[] };
        assert!(opens(&SECRETS));
    }

    #[test]
    fn debug_shows_no_secret() {
        let reader = SecretReader::<7, _>::new(|_, buffer| {
            *buffer = *b"hunter2";
            Ok(7)
        });
        let secrets = StaticSecrets { current: b"hunter2", fallbacks: &[b"hunter1"] };
        let clock = OffsetClock::new(|| 0);
        let text = format!("{reader:?} {secrets:?} {clock:?}");
        assert_eq!(
            text,
            "SecretReader { fallbacks: 0, .. } Secrets { .. } OffsetClock { offset: Offset(Cell { value: None }), .. }"
        );
    }

    #[test]
    fn keys_made_of_them_are_wiped() {
        const { wipes_itself::<Keyring>() };
    }
}

#[cfg(feature = "embedded-time")]
mod embedded_time_clock {
    use super::*;
    use core::cell::Cell;
    use embedded_time::{Instant, fraction::Fraction};
    use hipflask::{Clock, UnixTime, backends::embedded::EmbeddedTimeClock};

    /// Counts thirds of a second, or ticks of three seconds; none when it stands.
    struct Counter<'a, const NUMERATOR: u32, const DENOMINATOR: u32>(&'a Cell<Option<u64>>);

    impl<const N: u32, const D: u32> embedded_time::Clock for Counter<'_, N, D> {
        type T = u64;
        const SCALING_FACTOR: Fraction = Fraction::new(N, D);

        fn try_now(&self) -> Result<Instant<Self>, embedded_time::clock::Error> {
            self.0.get().map(Instant::new).ok_or(embedded_time::clock::Error::NotRunning)
        }
    }

    #[test]
    fn ticks_become_seconds_in_either_direction_of_the_fraction() {
        let ticks = Cell::new(Some(300));
        let thirds = EmbeddedTimeClock::new(Counter::<1, 3>(&ticks));
        assert_eq!(thirds.now(), Err(Error::ClockNotSet));
        thirds.set(UnixTime::from_secs(1_700_000_000)).unwrap();
        ticks.set(Some(302));
        assert_eq!(thirds.now(), Ok(UnixTime::from_secs(1_700_000_000)));
        ticks.set(Some(303));
        assert_eq!(thirds.now(), Ok(UnixTime::from_secs(1_700_000_001)));

        let threes = EmbeddedTimeClock::new(Counter::<3, 1>(&ticks));
        threes.set(UnixTime::from_secs(1_700_000_000)).unwrap();
        ticks.set(Some(305));
        assert_eq!(threes.now(), Ok(UnixTime::from_secs(1_700_000_006)));
    }

    #[test]
    fn a_clock_that_stands_or_overflows_is_not_set() {
        let ticks = Cell::new(None);
        let clock = EmbeddedTimeClock::new(Counter::<3, 1>(&ticks));
        assert_eq!(clock.set(UnixTime::from_secs(1)), Err(Error::ClockNotSet));
        ticks.set(Some(u64::MAX));
        assert_eq!(clock.set(UnixTime::from_secs(1)), Err(Error::ClockNotSet));
        ticks.set(Some(0));
        clock.set(UnixTime::from_secs(1)).unwrap();
        ticks.set(None);
        assert_eq!(clock.now(), Err(Error::ClockNotSet));
    }

    #[test]
    fn a_zero_denominator_is_not_set() {
        let ticks = Cell::new(Some(1));
        let clock = EmbeddedTimeClock::new(Counter::<1, 0>(&ticks));
        assert_eq!(clock.set(UnixTime::from_secs(1)), Err(Error::ClockNotSet));
    }
}

#[cfg(feature = "alloc")]
mod alloc {
    use super::*;
    use hipflask::{
        Clock, SecureCookieSession, UnixTime,
        backends::alloc::{OwnedSecrets, OwnedValue},
        json::{DateTime, JsonTag, Kind, MAX_DEPTH, SESSION_JSON_SERIALIZER, Uuid},
        sink::Sink,
    };

    /// One of each type, as Flask writes it.
    const EVERYTHING: &str = concat!(
        r#"{"big":123456789012345678901234567890,"bool":true,"bytes":{" b":"AP8="},"#,
        r#""date":{" d":"Tue, 14 Nov 2023 22:13:20 GMT"},"dict":{" di":{" t__":1}},"float":1e+16,"#,
        r#""int":-3,"list":[1,2.5],"markup":{" m":"<b>"},"null":null,"str":"\u00e9","#,
        r#""tuple":{" t":[{" t":[]}]},"uuid":{" u":"00000000000000000000000000000001"}}"#,
    );

    fn everything() -> OwnedValue {
        let mut uuid = [0; 16];
        uuid[15] = 1;
        OwnedValue::Dict(
            [
                ("big", OwnedValue::BigInt("123456789012345678901234567890".into())),
                ("bool", true.into()),
                ("bytes", OwnedValue::Bytes(vec![0, 255])),
                ("date", OwnedValue::DateTime(DateTime::from_unix_secs(1_700_000_000).unwrap())),
                ("dict", OwnedValue::Dict(vec![(" t".into(), 1.into())])),
                ("float", 1e16.into()),
                ("int", (-3).into()),
                ("list", OwnedValue::List(vec![1.into(), 2.5.into()])),
                ("markup", OwnedValue::Markup("<b>".into())),
                ("null", OwnedValue::Null),
                ("str", "é".into()),
                ("tuple", OwnedValue::Tuple(vec![OwnedValue::Tuple(vec![])])),
                ("uuid", OwnedValue::Uuid(Uuid(uuid))),
            ]
            .map(|(key, value)| (key.into(), value))
            .into(),
        )
    }

    #[test]
    fn every_type_is_read_and_written_as_flask_does() {
        assert_eq!(SESSION_JSON_SERIALIZER.loads_owned(EVERYTHING).unwrap(), everything());
        assert_eq!(SESSION_JSON_SERIALIZER.dumps_to_string(&everything()).unwrap(), EVERYTHING);
    }

    #[test]
    fn an_owned_value_moves_through_a_session() {
        let mut session = SecureCookieSession::<1024>::new();
        session.insert("all", &everything()).unwrap();
        assert_eq!(OwnedValue::from(session.get("all").unwrap()), everything());
        session.insert("name", &String::from("Zoë")).unwrap();
        assert_eq!(session.get_as::<String>("name").unwrap().unwrap(), "Zoë");
        let list: Option<Vec<String>> = session.get_as("missing").unwrap();
        assert_eq!(list, None);
        assert!(matches!(session.get("name").unwrap().to::<Vec<u8>>(), Err(Error::WrongType { .. })));
    }

    #[test]
    fn dicts_are_compared_both_ways() {
        let dict = |entries: &[(&str, i64)]| {
            OwnedValue::Dict(entries.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect())
        };
        assert_eq!(dict(&[("a", 1), ("b", 2)]), dict(&[("b", 2), ("a", 1)]));
        let (twice, both) = (dict(&[("a", 1), ("a", 1)]), dict(&[("a", 1), ("b", 2)]));
        assert_ne!(twice, both);
        assert_ne!(both, twice);
    }

    #[test]
    fn a_registered_tag_comes_and_goes() {
        const TAGS: &[JsonTag] = &[JsonTag::new(" od", |value| matches!(value.kind(), Kind::List(_)))];
        let serializer = SESSION_JSON_SERIALIZER.register(TAGS).unwrap();
        let text = r#"[{" od":[1,{" t":[2]}]}]"#;
        let value = serializer.loads_owned(text).unwrap();
        let OwnedValue::List(items) = &value else { panic!("{value:?}") };
        assert!(matches!(&items[0], OwnedValue::Custom { key, .. } if key == " od"));
        assert_eq!(serializer.dumps_to_string(&value).unwrap(), text);
        // Elsewhere nobody could read it.
        assert_eq!(SESSION_JSON_SERIALIZER.dumps_to_string(&value), Err(Error::NotSerializable));
        let refused = OwnedValue::Custom { key: " od".into(), value: Box::new(1.into()) };
        assert_eq!(serializer.dumps_to_string(&refused), Err(Error::NotSerializable));
    }

    #[test]
    fn what_flask_could_not_write_is_refused() {
        let deep = |levels| (0..levels).fold(OwnedValue::Null, |inside, _| OwnedValue::List(vec![inside]));
        assert!(SESSION_JSON_SERIALIZER.dumps_to_string(&deep(MAX_DEPTH)).is_ok());
        assert_eq!(SESSION_JSON_SERIALIZER.dumps_to_string(&deep(MAX_DEPTH + 1)), Err(Error::Depth));
        let twice = OwnedValue::Dict(vec![("a".into(), 1.into()), ("a".into(), 2.into())]);
        assert_eq!(SESSION_JSON_SERIALIZER.dumps_to_string(&twice), Err(Error::NotSerializable));
        let number = OwnedValue::BigInt("12 monkeys".into());
        assert_eq!(SESSION_JSON_SERIALIZER.dumps_to_string(&number), Err(Error::NotSerializable));
        assert!(matches!(SESSION_JSON_SERIALIZER.loads_owned("[1"), Err(Error::BadPayload(_))));
    }

    /// The comments are the Python expressions; both sides are asked.
    #[test]
    fn equality_is_pythons() {
        use OwnedValue::{BigInt, Bool, Bytes, Dict, Float, Int, List, Markup, Null, Str, Tuple};
        let entries = |keys: [&str; 2]| Dict(keys.map(|key| (key.into(), Int(key.len() as i64))).into());
        let equal = [
            (Bool(true), Int(1)),                                          // True == 1
            (Bool(false), Float(-0.0)),                                    // False == -0.0
            (Int(3), Float(3.0)),                                          // 3 == 3.0
            (BigInt("9223372036854775808".into()), Float(2_f64.powi(63))), // 2**63 == 2.0**63
            (BigInt("1".into()), Int(1)),                                  // 1 == 1
            (Str("a".into()), Markup("a".into())),                         // "a" == Markup("a")
            (entries(["a", "bb"]), entries(["bb", "a"])),                  // order does not count
        ];
        for (a, b) in equal {
            assert_eq!(a, b);
            assert_eq!(b, a);
        }
        let different = [
            (List(vec![]), Tuple(vec![])),           // [] != ()
            (Int(i64::MAX), Float(i64::MAX as f64)), // 2**63 - 1 != 2.0**63
            (Float(f64::NAN), Float(f64::NAN)),      // nan != nan
            (Int(3), Float(3.5)),                    // 3 != 3.5
            (Bytes(b"a".into()), Str("a".into())),   // b"a" != "a"
            (Null, Bool(false)),                     // None != False
            (Null, Int(0)),                          // None != 0
            (entries(["a", "bb"]), entries(["a", "cc"])),
            (entries(["a", "bb"]), Dict(vec![("a".into(), Int(1))])),
        ];
        for (a, b) in different {
            assert_ne!(a, b);
            assert_ne!(b, a);
        }
    }

    /// Comparing every child twice would take 2**62 steps.
    #[test]
    fn deep_values_are_compared_once() {
        let deep = format!("{}1{}", r#"{"a":"#.repeat(MAX_DEPTH - 2), "}".repeat(MAX_DEPTH - 2));
        let load = |text: &str| SESSION_JSON_SERIALIZER.loads_owned(text).unwrap();
        assert_eq!(load(&deep), load(&deep));
    }

    #[test]
    fn accessors_answer_for_their_own_type_only() {
        let all = everything();
        let get = |key| all.get(key).unwrap();
        assert_eq!(
            (get("str").as_str(), get("markup").as_str(), get("int").as_str()),
            (Some("é"), Some("<b>"), None)
        );
        assert_eq!((get("int").as_i64(), get("float").as_i64(), get("big").as_i64()), (Some(-3), None, None));
        assert_eq!((get("int").as_f64(), get("float").as_f64()), (Some(-3.0), Some(1e16)));
        assert_eq!(get("big").as_f64(), Some(1.2345678901234568e29));
        assert_eq!(OwnedValue::BigInt("9".repeat(400)).as_f64(), None);
        assert_eq!((get("bool").as_bool(), get("int").as_bool()), (Some(true), None));
        assert_eq!((get("bytes").as_bytes(), get("str").as_bytes()), (Some(&[0, 255][..]), None));
        assert_eq!(get("list").as_slice().map(<[_]>::len), Some(2));
        assert_eq!((all.get("missing"), get("str").get("x")), (None, None));
        assert_eq!(OwnedValue::from(u64::MAX), OwnedValue::BigInt("18446744073709551615".into()));
    }

    #[test]
    fn owned_secrets_drop_empty_ones_and_keep_the_order() {
        let mut source = OwnedSecrets::new("new");
        for fallback in ["old", "", "dev"] {
            source.push_fallback(fallback);
        }
        assert_eq!(secrets(&source), [b"new", b"old", b"dev"]);
        assert_eq!(source.fallbacks_len(), 2);
        assert!(opens(&source));
        assert!(secrets(&OwnedSecrets::new("")).is_empty());
        const { wipes_itself::<OwnedSecrets>() };
    }

    #[test]
    fn a_boxed_clock_is_chosen_at_run_time() {
        fn is_shared<T: Clock + Send + Sync>(_: &T) {}
        let set: Box<dyn Clock + Send + Sync> = Box::new(clock_fn(|| Ok(UnixTime::new(7, 8))));
        let unset: Box<dyn Clock + Send + Sync> = Box::new(clock_fn(|| Err(Error::ClockNotSet)));
        is_shared(&set);
        assert_eq!([set, unset].map(|clock| clock.now()), [Ok(UnixTime::new(7, 8)), Err(Error::ClockNotSet)]);
    }

    /// Whoever sets a clock shares it with a session interface.
    #[test]
    fn a_clock_behind_any_pointer_is_a_clock() {
        fn now(clock: impl Clock) -> Result<UnixTime, Error> {
            clock.now()
        }
        let clock = clock_fn(|| Ok(UnixTime::new(7, 8)));
        let expected = Ok(UnixTime::new(7, 8));
        assert_eq!(now(clock), expected);
        assert_eq!(now(&clock as &dyn Clock), expected);
        assert_eq!(now(Box::new(clock)), expected);
        assert_eq!(now(std::rc::Rc::new(clock)), expected);
        assert_eq!(now(std::rc::Rc::new(clock) as std::rc::Rc<dyn Clock>), expected);
        assert_eq!(now(std::sync::Arc::new(clock)), expected);
        assert_eq!(now(std::sync::Arc::new(clock) as std::sync::Arc<dyn Clock + Send + Sync>), expected);
        assert_eq!(format!("{clock:?}"), "ClockFn { .. }");
    }

    #[test]
    fn a_vector_grows_as_a_sink() {
        let mut sink = vec![b'a'];
        let Ok(()) = sink.write(b"bc");
        assert_eq!(sink, b"abc");
    }

    #[test]
    fn debug_shows_no_secret() {
        let mut source = OwnedSecrets::new("hunter2");
        source.push_fallback("hunter1");
        assert_eq!(format!("{source:?}"), "OwnedSecrets { .. }");
    }
}

#[cfg(feature = "std")]
mod std_backend {
    use super::*;
    use hipflask::{
        Clock, SecureCookieSession,
        backends::std::{EnvSecrets, FileSecrets, FileSecretsReason, IoSink, SystemClock},
        sink::Sink,
    };
    use std::{
        fs, io,
        path::PathBuf,
        time::{Duration, SystemTime, UNIX_EPOCH},
    };

    /// A file that is gone when the test is.
    struct TempFile(PathBuf);

    impl TempFile {
        fn new(name: &str, contents: &[u8]) -> Self {
            let path = std::env::temp_dir().join(format!("hipflask-{}-{name}", std::process::id()));
            fs::write(&path, contents).unwrap();
            Self(path)
        }
    }

    impl Drop for TempFile {
        fn drop(&mut self) {
            let _ = fs::remove_file(&self.0);
        }
    }

    #[test]
    fn the_system_clock_tells_the_systems_time() {
        let before = SystemTime::now();
        let now = SystemClock.now().unwrap();
        let now = UNIX_EPOCH + Duration::new(now.secs(), now.subsec_micros() * 1000);
        assert!(before <= now + Duration::from_micros(1) && now <= SystemTime::now());
    }

    #[test]
    fn variables_hold_one_secret_each() {
        // Cargo sets these for every test.
        let name = std::env::var("CARGO_PKG_NAME").unwrap();
        let edition = std::env::var("CARGO_PKG_VERSION").unwrap();
        let source =
            EnvSecrets { current: "CARGO_PKG_NAME", fallbacks: &["HIPFLASK_NOT_SET", "CARGO_PKG_VERSION"] };
        assert_eq!(secrets(&source), [name.into_bytes(), edition.into_bytes()]);
        assert!(secrets(&EnvSecrets { current: "HIPFLASK_NOT_SET", fallbacks: &[] }).is_empty());
        let keys: Keyring = Keyring::from_source(
            &EnvSecrets { current: "HIPFLASK_NOT_SET", fallbacks: &[] },
            b"",
            hipflask::signing::KeyDerivation::Hmac,
        )
        .unwrap();
        assert!(!keys.has_current());
    }

    /// Signs with what every reader knows, or lets in anybody who signs with it.
    const BLANK: [&[u8]; 5] = [b" ", b"\t \n\n", b"\r", "\u{a0}\u{3000}\x0b".as_bytes(), b"\0\0\0\0\n"];

    /// Changing this process's own environment would be unsafe code, so that the
    /// test runs itself again in another one.
    #[test]
    fn a_blank_variable_holds_no_secret_and_any_other_is_taken_as_it_is() {
        const VARIABLE: &str = "HIPFLASK_TEST_SECRET";
        let source = EnvSecrets { current: VARIABLE, fallbacks: &[VARIABLE] };
        if let Ok(value) = std::env::var(VARIABLE) {
            let is_blank = value.trim().is_empty();
            let expected = if is_blank { vec![] } else { vec![value.clone().into_bytes(); 2] };
            assert_eq!(secrets(&source), expected);
            let keys: Keyring =
                Keyring::from_source(&source, b"", hipflask::signing::KeyDerivation::Hmac).unwrap();
            assert_eq!(keys.has_current(), !is_blank);
            return;
        }
        let name = "std_backend::a_blank_variable_holds_no_secret_and_any_other_is_taken_as_it_is";
        for value in ["", " ", "\t \r\n", "\u{a0}\u{3000}", " dev\r\n", "\u{feff}dev"] {
            let mut child = std::process::Command::new(std::env::current_exe().unwrap());
            let output = child.args(["--exact", name]).env(VARIABLE, value).output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && text.contains("1 passed"), "{value:?}: {text}");
        }
    }

    #[test]
    fn one_line_end_is_not_part_of_a_files_secret() {
        let cases: [(&[u8], &[u8]); 9] = [
            (b"dev", b"dev"),
            (b"dev\n", b"dev"),
            (b"dev\r\n", b"dev"),
            (b"dev\n\n", b"dev\n"),
            (b" dev \n", b" dev "),
            (b"a\nb\r", b"a\nb\r"),
            // Random bytes are a secret, whatever is among them.
            (b"\0 \t\x01", b"\0 \t\x01"),
            (b"\xff \n", b"\xff "),
            (b"\xff\xfe\x00\x01\r\n", b"\xff\xfe\x00\x01"),
        ];
        for (number, (contents, secret)) in cases.into_iter().enumerate() {
            let file = TempFile::new(&format!("line-{number}"), contents);
            assert_eq!(secrets(&FileSecrets::read(&file.0).unwrap()), [secret]);
        }
        let (new, old) = (TempFile::new("new", b"new"), TempFile::new("old", b"dev\n"));
        let mut source = FileSecrets::read(&new.0).unwrap();
        source.read_fallback(&old.0).unwrap();
        assert!(opens(&source));
        const { wipes_itself::<FileSecrets>() };
    }

    #[test]
    fn a_file_without_a_secret_is_an_error_that_names_it() {
        let reason = |contents: &[u8]| {
            let file = TempFile::new(&format!("bad-{}", contents.len()), contents);
            FileSecrets::read(&file.0).unwrap_err().reason
        };
        assert!(matches!(reason(b""), FileSecretsReason::Empty));
        assert!(matches!(reason(b"\r\n"), FileSecretsReason::Empty));
        assert!(matches!(reason(&[b'x'; 4097]), FileSecretsReason::TooLong));
        for blank in BLANK {
            assert!(matches!(reason(blank), FileSecretsReason::Blank), "{blank:?}");
        }
        // What Windows' editors and shells put before a text is not seen in it.
        for marked in [&b"\xef\xbb\xbfdev"[..], b"\xef\xbb\xbf", b"\xff\xfed\0e\0v\0", b"\xfe\xff\0d\0e\0v"] {
            assert!(matches!(reason(marked), FileSecretsReason::ByteOrderMark), "{marked:?}");
        }
        let mut secrets = FileSecrets::read(&TempFile::new("current", b"dev").0).unwrap();
        let blank = TempFile::new("blank-fallback", b" \n");
        assert!(matches!(secrets.read_fallback(&blank.0).unwrap_err().reason, FileSecretsReason::Blank));
        assert!(FileSecrets::read(&TempFile::new("longest", &[b'x'; 4096]).0).is_ok());

        let error = FileSecrets::read("/nowhere/session-key").unwrap_err();
        assert_eq!(error.path, PathBuf::from("/nowhere/session-key"));
        assert!(error.to_string().starts_with("no secret key from /nowhere/session-key: "));
        assert!(std::error::Error::source(&error).is_some_and(|source| source.is::<io::Error>()));
    }

    #[test]
    fn debug_shows_no_secret() {
        let file = TempFile::new("debug", b"hunter2");
        let text = format!("{:?}", FileSecrets::read(&file.0).unwrap());
        assert_eq!(text, "FileSecrets(OwnedSecrets { .. })");
        assert!(!format!("{:?}", EnvSecrets { current: "PATH", fallbacks: &[] }).contains('/'));
    }

    #[test]
    fn an_io_sink_takes_everything_or_says_why() {
        let mut session = SecureCookieSession::<64>::new();
        session.insert("a", &1).unwrap();
        let mut sink = IoSink(Vec::new());
        session.dump(&mut sink).unwrap();
        assert_eq!(sink.0, br#"{"a":1}"#);
        let mut room = [0; 2];
        let mut full = IoSink(&mut room[..]);
        assert_eq!(full.write(b"abc").unwrap_err().kind(), io::ErrorKind::WriteZero);
    }

    #[test]
    fn an_error_travels_in_an_io_error() {
        let error = io::Error::from(Error::BadSignature);
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let inside = error.get_ref().and_then(|inside| inside.downcast_ref::<Error>());
        assert_eq!(inside, Some(&Error::BadSignature));
        assert_eq!(io::Error::from(Error::ClockNotSet).kind(), io::ErrorKind::Other);
    }
}

#[cfg(feature = "http")]
mod http_types {
    use hipflask::{
        Config, RequestContext, Response, SecureCookieSession, SecureCookieSessionInterface, UnixTime,
        clock_fn,
        interface::Request,
        signing::{KeyDerivation, Keyring, NoCompression},
    };
    use http::{HeaderMap, HeaderValue};

    /// A session goes from any of them into any of them, over several lines of cookies.
    #[test]
    fn headers_are_a_request_and_a_response() {
        fn visit<R: Response>(request: &(impl Request + ?Sized), response: &mut R) {
            let salt = Keyring::SESSION_SALT;
            let keys: Keyring = Keyring::new(b"dev", salt, KeyDerivation::Hmac);
            let clock = clock_fn(|| Ok(UnixTime::from_secs(1_700_000_000)));
            let interface = SecureCookieSessionInterface::new(keys, clock);
            let config = Config::new();
            let mut context = RequestContext::new(SecureCookieSession::<64>::new());
            context.open(&interface, &config, request);
            let session = context.session().unwrap();
            let before: u32 = session.get_as("a").unwrap().unwrap();
            session.insert("a", &(before + 1)).unwrap();
            let mut scratch = NoCompression;
            let saved = context.save(&interface, &config, &mut scratch).unwrap();
            assert!(saved.apply(response).is_ok());
        }
        let mut request = http::Request::new(());
        let cookies = ["theme=dark", "session=eyJhIjoxfQ.ZVPxAA.D3QXMI0ZQYNZDxORB__kVZyT7hk"];
        for cookie in cookies {
            request.headers_mut().append("cookie", HeaderValue::from_static(cookie));
        }
        let mut headers: [HeaderMap; 3] = Default::default();
        visit(&request, &mut headers[0]);
        visit(request.headers(), &mut headers[1]);
        visit(&request.into_parts().0, &mut headers[2]);
        for headers in headers {
            let cookie = "session=eyJhIjoyfQ.ZVPxAA.icfJIsgIGE1Fh1OwMioTFAKM22A; HttpOnly; Path=/";
            assert_eq!(headers.get_all("set-cookie").iter().collect::<Vec<_>>(), [cookie]);
            assert_eq!(headers.get_all("vary").iter().collect::<Vec<_>>(), ["Cookie"]);
            assert!(headers["set-cookie"].is_sensitive());
        }
    }
}
