//! Sessions as a store has them, read and written as msgspec does. msgpack is compared with a model
//! of it, which is short because it may use as much memory and stack as it likes.

use std::collections::HashSet;

use hipflask::{
    Error, SecureCookieSession, Session,
    error::PayloadError,
    interface::server_side::{Codec, EXT},
    json::MAX_DEPTH,
};

use super::{choices::Choices, values::read_unsorted};

/// Room for whatever the shortest input makes.
type Large = SecureCookieSession<{ 160 * 1024 }>;

/// The most that an input is long.
const LONGEST: usize = 4096;

/// What a store has is read or refused, as msgspec would, but for what is documented. What is read
/// is written, and then reads and is written as the same; in a smaller session too, or there is no
/// room.
pub fn codecs(data: &[u8]) {
    let mut choices = Choices::new(data);
    let codec = [Codec::MsgPack, Codec::Json, Codec::TaggedJson][choices.below(3)];
    let small = choices.below(2) == 0;
    let stored = choices.rest();
    let stored = &stored[..stored.len().min(LONGEST)];

    let mut session = Box::new(Large::new());
    session.insert("before", &1).unwrap();
    let outcome = codec.decode(stored, &mut session);
    if stored.first().is_some_and(|first| *first >= 0x80) {
        agrees_with_model(codec, stored, &session, outcome);
    }
    let Ok(read_by) = outcome else {
        assert!(session.is_empty() && !session.modified());
        return;
    };
    session.iter().for_each(|(_, value)| read_unsorted(value));
    if small {
        let mut small = Box::new(SecureCookieSession::<512>::new());
        match codec.decode(stored, &mut small) {
            Ok(by) => assert_eq!((by, &encoded(codec, &small)), (read_by, &encoded(codec, &session))),
            Err(error) => assert!(error.is_capacity(), "{error:?}"),
        }
    }
    match encoded(codec, &session) {
        Ok(once) => {
            assert_eq!(codec.decode(&once, &mut session), Ok(codec));
            assert_eq!(encoded(codec, &session).as_ref(), Ok(&once));
        }
        // What msgspec has in one format and not in the other.
        Err(Error::NoForm { .. } | Error::DictKey { .. }) => {
            assert!(codec != Codec::MsgPack || read_by == Codec::Json);
        }
        Err(error) => panic!("{error:?}"),
    }
}

fn encoded(codec: Codec, session: &Session) -> Result<Vec<u8>, Error> {
    let mut written = Vec::new();
    codec.encode(session, &mut written)?;
    Ok(written)
}

fn agrees_with_model(codec: Codec, stored: &[u8], session: &Session, outcome: Result<Codec, Error>) {
    let mut rest = stored;
    let model = Model::read(&mut rest, 0).filter(|_| rest.is_empty());
    let Some(model @ Model::Dict(_)) = model else {
        let refused = outcome.expect_err("msgspec refuses it");
        assert!(
            refused.is_bad_data() || matches!(refused, Error::DictKey { .. } | Error::Depth),
            "{refused:?}"
        );
        return;
    };
    let kept = model.kept(1, codec);
    match (kept, outcome) {
        // Of several reasons, either may find another one first.
        (Err(_), Err(Error::Depth | Error::DictKey { .. } | Error::BadPayload(PayloadError::EqualKeys))) => {}
        (Ok(()), Ok(Codec::MsgPack)) if codec == Codec::MsgPack => {
            let mut expected = Vec::new();
            model.write(&mut expected, true);
            assert_eq!(encoded(codec, session), Ok(expected));
        }
        (Ok(()), Ok(Codec::MsgPack)) => {}
        (kept, outcome) => panic!("{kept:?} {outcome:?}"),
    }
}

/// What msgspec makes of msgpack.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Model {
    /// A value that is written as it was read.
    Plain(u8),
    Int(i128),
    Float(u64),
    Str(String),
    Bytes(Vec<u8>),
    Date {
        secs: i64,
        micros: u32,
    },
    Ext(i8, Vec<u8>),
    List(Vec<Model>),
    Dict(Vec<(Model, Model)>),
}

/// Why the crate does not keep what msgspec reads.
#[derive(Clone, Copy, Debug)]
enum Reason {
    Depth,
    Key,
    EqualKeys,
}

impl Model {
    fn read(rest: &mut &[u8], depth: usize) -> Option<Self> {
        fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
            let (taken, behind) = rest.split_at_checked(len)?;
            *rest = behind;
            Some(taken)
        }
        fn number(rest: &mut &[u8], len: usize) -> Option<u64> {
            Some(take(rest, len)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
        }
        // So deep that the crate refuses it anyway.
        if depth > LONGEST.min(500) {
            return None;
        }
        let byte = take(rest, 1)?[0];
        let low = usize::from(byte & 0xF);
        let signed =
            |number: u64, bits: u32| i128::from((number << (64 - bits)).cast_signed() >> (64 - bits));
        Some(match byte {
            0x00..=0x7F => Self::Int(byte.into()),
            0xE0..=0xFF => Self::Int(byte.cast_signed().into()),
            0xCC..=0xCF => Self::Int(number(rest, 1 << (byte - 0xCC))?.into()),
            0xD0..=0xD3 => Self::Int(signed(number(rest, 1 << (byte - 0xD0))?, 8 << (byte - 0xD0))),
            0xC0 | 0xC2 | 0xC3 => Self::Plain(byte),
            0xCB => Self::Float(number(rest, 8)?),
            0xCA => {
                let bits = number(rest, 4)? as u32;
                let value = f32::from_bits(bits);
                let nan = u64::from(bits >> 31) << 63 | 0x7FF8 << 48 | u64::from(bits & 0x7F_FFFF) << 29;
                Self::Float(if value.is_nan() { nan } else { f64::from(value).to_bits() })
            }
            0xA0..=0xBF | 0xD9..=0xDB => {
                let len = if byte < 0xC0 {
                    usize::from(byte & 0x1F)
                } else {
                    number(rest, 1 << (byte - 0xD9))? as usize
                };
                Self::Str(String::from_utf8(take(rest, len)?.to_vec()).ok()?)
            }
            0xC4..=0xC6 => {
                let len = number(rest, 1 << (byte - 0xC4))? as usize;
                Self::Bytes(take(rest, len)?.to_vec())
            }
            0xC7..=0xC9 | 0xD4..=0xD8 => {
                let len =
                    if byte < 0xD0 { number(rest, 1 << (byte - 0xC7))? as usize } else { 1 << (byte - 0xD4) };
                let code = take(rest, 1)?[0].cast_signed();
                let data = take(rest, len)?;
                if code != -1 {
                    return Some(Self::Ext(code, data.to_vec()));
                }
                let mut data = data;
                let (nanos, secs) = match len {
                    4 => (0, number(&mut data, 4)?.cast_signed()),
                    8 => {
                        let both = number(&mut data, 8)?;
                        (both >> 34, (both & ((1 << 34) - 1)).cast_signed())
                    }
                    12 => (number(&mut data, 4)?, number(&mut data, 8)?.cast_signed()),
                    _ => return None,
                };
                if nanos > 999_999_999 {
                    return None;
                }
                let micros = ((nanos + 500) / 1000) as u32;
                let (secs, micros) =
                    if micros == 1_000_000 { (secs.checked_add(1)?, 0) } else { (secs, micros) };
                if !(-62_135_596_800..253_402_300_800).contains(&secs) {
                    return None;
                }
                Self::Date { secs, micros }
            }
            0x90..=0x9F | 0xDC | 0xDD => {
                let len = if byte < 0xC0 { low } else { number(rest, 2 << (byte - 0xDC))? as usize };
                Self::List((0..len).map(|_| Self::read(rest, depth + 1)).collect::<Option<_>>()?)
            }
            0x80..=0x8F | 0xDE | 0xDF => {
                let len = if byte < 0xC0 { low } else { number(rest, 2 << (byte - 0xDE))? as usize };
                let entry = |_| {
                    let key = Self::read(rest, depth + 1)?;
                    // What Python cannot hash.
                    let is_key = !matches!(key, Self::Dict(_) | Self::Ext(..));
                    Some((key, Self::read(rest, depth + 1)?)).filter(|_| is_key)
                };
                Self::Dict((0..len).map(entry).collect::<Option<_>>()?)
            }
            0xC1 => return None,
        })
    }

    /// Whether the crate keeps it, which is on the given level if it is a list or a dict.
    fn kept(&self, level: usize, codec: Codec) -> Result<(), Reason> {
        let deepest = match self {
            Self::List(items) => {
                items.iter().try_for_each(|item| item.kept(level + 1, codec))?;
                level
            }
            Self::Dict(entries) => {
                let is_session = level == 1;
                let is_sorted = codec == Codec::TaggedJson;
                let mut keys = HashSet::new();
                for (key, _) in entries {
                    let same = match key {
                        Self::Str(_) => key.clone(),
                        Self::Int(_) if !is_session && !is_sorted => key.clone(),
                        Self::Plain(bool @ (0xC2 | 0xC3)) if !is_session && !is_sorted => {
                            Self::Int((bool - 0xC2).into())
                        }
                        _ => return Err(Reason::Key),
                    };
                    // What is sorted keeps the last, as a session does.
                    if !keys.insert(same) && !is_session && !is_sorted {
                        return Err(Reason::EqualKeys);
                    }
                }
                let is_tag = |key: &str| {
                    [" t", " di", " b", " m", " u", " d"].contains(&key) || !is_sorted && key == EXT
                };
                let is_wrapped = !is_session
                    && keys.len() == 1
                    && matches!(keys.iter().next(), Some(Self::Str(key)) if is_tag(key));
                let level = level + usize::from(is_wrapped);
                entries.iter().try_for_each(|(_, value)| value.kept(level + 1, codec))?;
                level
            }
            Self::Bytes(_) | Self::Date { .. } => level,
            Self::Ext(..) => level + 2,
            _ => level - 1,
        };
        if deepest > MAX_DEPTH { Err(Reason::Depth) } else { Ok(()) }
    }

    fn write(&self, out: &mut Vec<u8>, is_session: bool) {
        /// The shortest of these forms: in the code itself, or behind it in 1, 2 or 4 bytes.
        fn head(out: &mut Vec<u8>, len: usize, short: Option<(u8, usize)>, codes: [Option<u8>; 3]) {
            match (short, codes) {
                (Some((code, end)), _) if len < end => out.push(code | len as u8),
                (_, [Some(code), ..]) if len < 1 << 8 => out.extend([code, len as u8]),
                (_, [_, Some(code), _]) if len < 1 << 16 => {
                    out.push(code);
                    out.extend((len as u16).to_be_bytes());
                }
                (_, [.., code]) => {
                    out.extend(code);
                    out.extend((len as u32).to_be_bytes());
                }
            }
        }
        match self {
            Self::Plain(byte) => out.push(*byte),
            Self::Int(value) => match *value {
                -32..128 => out.push(*value as u8),
                128..0x100 => out.extend([0xCC, *value as u8]),
                0x100..0x1_0000 => out.extend([&[0xCD][..], &(*value as u16).to_be_bytes()].concat()),
                0x1_0000..0x1_0000_0000 => out.extend([&[0xCE][..], &(*value as u32).to_be_bytes()].concat()),
                0x1_0000_0000.. => out.extend([&[0xCF][..], &(*value as u64).to_be_bytes()].concat()),
                -0x80..-32 => out.extend([0xD0, *value as u8]),
                -0x8000..-0x80 => out.extend([&[0xD1][..], &(*value as i16).to_be_bytes()].concat()),
                -0x8000_0000..-0x8000 => out.extend([&[0xD2][..], &(*value as i32).to_be_bytes()].concat()),
                _ => out.extend([&[0xD3][..], &(*value as i64).to_be_bytes()].concat()),
            },
            Self::Float(bits) => out.extend([&[0xCB][..], &bits.to_be_bytes()].concat()),
            Self::Str(text) => {
                head(out, text.len(), Some((0xA0, 32)), [Some(0xD9), Some(0xDA), Some(0xDB)]);
                out.extend(text.as_bytes());
            }
            Self::Bytes(bytes) => {
                head(out, bytes.len(), None, [Some(0xC4), Some(0xC5), Some(0xC6)]);
                out.extend(bytes);
            }
            Self::Date { secs, micros } => {
                let nanos = micros * 1000;
                if nanos == 0 && (0..1 << 32).contains(secs) {
                    out.extend([&[0xD6, 0xFF][..], &(*secs as u32).to_be_bytes()].concat());
                } else if (0..1 << 34).contains(secs) {
                    let both = u64::from(nanos) << 34 | secs.cast_unsigned();
                    out.extend([&[0xD7, 0xFF][..], &both.to_be_bytes()].concat());
                } else {
                    out.extend([&[0xC7, 12, 0xFF][..], &nanos.to_be_bytes(), &secs.to_be_bytes()].concat());
                }
            }
            Self::Ext(code, data) => {
                match data.len() {
                    len @ (1 | 2 | 4 | 8 | 16) => out.push(0xD4 + len.ilog2() as u8),
                    len => head(out, len, None, [Some(0xC7), Some(0xC8), Some(0xC9)]),
                }
                out.push(code.cast_unsigned());
                out.extend(data);
            }
            Self::List(items) => {
                head(out, items.len(), Some((0x90, 16)), [None, Some(0xDC), Some(0xDD)]);
                items.iter().for_each(|item| item.write(out, false));
            }
            Self::Dict(entries) => {
                let mut unique: Vec<(&Self, &Self)> = Vec::new();
                for (key, value) in entries {
                    match unique.iter_mut().find(|(other, _)| is_session && *other == key) {
                        Some((_, old)) => *old = value,
                        None => unique.push((key, value)),
                    }
                }
                head(out, unique.len(), Some((0x80, 16)), [None, Some(0xDE), Some(0xDF)]);
                for (key, value) in unique {
                    key.write(out, false);
                    value.write(out, false);
                }
            }
        }
    }
}
