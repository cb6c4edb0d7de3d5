//! Bytes as choices, so that a fuzzer that changes bytes changes what is done.

use std::collections::BTreeMap;

use hipflask::{
    backends::alloc::OwnedValue,
    json::{DateTime, SESSION_JSON_SERIALIZER, TaggedJsonSerializer, Uuid},
};

/// Keys that a session, a tag or a wrapper gives a meaning to, and a few others.
const KEYS: [&str; 14] = [
    "a",
    "b",
    "",
    "_permanent",
    "_flashes",
    " t",
    " di",
    " d__",
    " t__",
    " x",
    "\u{e9}",
    "\u{ffff}",
    "\u{1f600}",
    "\"\\\n\u{7f}",
];

/// What bytes beyond ASCII stand for: both sides of every border that an encoding has.
const LETTERS: [char; 12] = [
    '\u{80}',
    '\u{e9}',
    '\u{7ff}',
    '\u{800}',
    '\u{2028}',
    '\u{d7ff}',
    '\u{e000}',
    '\u{fffd}',
    '\u{ffff}',
    '\u{10000}',
    '\u{1f600}',
    '\u{10ffff}',
];

/// Choices, read off the front. Past the end each is the first one, and no container has items.
pub(super) struct Choices<'d> {
    rest: &'d [u8],
}

impl<'d> Choices<'d> {
    pub(super) const fn new(data: &'d [u8]) -> Self {
        Self { rest: data }
    }

    /// What no choice has used.
    pub(super) const fn rest(&self) -> &'d [u8] {
        self.rest
    }

    pub(super) fn bytes(&mut self, len: usize) -> &'d [u8] {
        let (bytes, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        bytes
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let bytes = self.bytes(N);
        array[..bytes.len()].copy_from_slice(bytes);
        array
    }

    pub(super) fn number(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        let [byte] = self.array();
        usize::from(byte) % limit
    }

    pub(super) fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    pub(super) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Flask's serializer, or one that keeps the order of keys, or letters outside ASCII.
    pub(super) fn serializer(&mut self) -> TaggedJsonSerializer {
        SESSION_JSON_SERIALIZER.with_sort_keys(!self.flag()).with_ensure_ascii(!self.flag())
    }

    pub(super) fn text(&mut self) -> String {
        let len = match self.below(32) {
            31 => 200,
            len => len,
        };
        let letter = |byte: &u8| match byte {
            0..0x80 => char::from(*byte),
            _ => LETTERS[usize::from(*byte) % LETTERS.len()],
        };
        self.bytes(len).iter().map(letter).collect()
    }

    pub(super) fn key(&mut self) -> String {
        match self.below(KEYS.len() + 2) {
            at if at < KEYS.len() => KEYS[at].to_owned(),
            _ => self.text(),
        }
    }

    /// Any value that a session can hold but for its depth, which reaches past the limit.
    pub(super) fn value(&mut self) -> OwnedValue {
        self.value_within(4)
    }

    fn value_within(&mut self, levels: usize) -> OwnedValue {
        match self.below(18) {
            0 => OwnedValue::Null,
            1 => OwnedValue::Bool(self.flag()),
            2 => OwnedValue::Int(i64::from(self.below(256) as i8)),
            3 => OwnedValue::Int(self.number() as i64),
            4 => OwnedValue::BigInt(self.big_integer()),
            5 => OwnedValue::Float(f64::from_bits(self.number())),
            6 => OwnedValue::Float(f64::from(self.below(256) as i8) / 4.0),
            7 | 8 => OwnedValue::Str(self.text()),
            9 if levels > 0 => OwnedValue::List(self.items(levels)),
            10 if levels > 0 => OwnedValue::Tuple(self.items(levels)),
            11 if levels > 0 => {
                let entries: BTreeMap<_, _> =
                    (0..self.count()).map(|_| (self.key(), self.value_within(levels - 1))).collect();
                OwnedValue::Dict(entries.into_iter().collect())
            }
            12 => OwnedValue::Bytes(self.text().into_bytes()),
            13 => OwnedValue::Markup(self.text()),
            14 => OwnedValue::Uuid(Uuid(self.array())),
            15 => self.date(),
            16 => self.nested(levels),
            _ => OwnedValue::List(vec![]),
        }
    }

    fn count(&mut self) -> usize {
        self.below(5).min(self.rest.len())
    }

    fn items(&mut self, levels: usize) -> Vec<OwnedValue> {
        (0..self.count()).map(|_| self.value_within(levels - 1)).collect()
    }

    /// One that an `i64` does not hold.
    fn big_integer(&mut self) -> String {
        let sign = self.pick(&["", "-"]);
        let digits = self.bytes(30).iter().map(|byte| char::from(b'0' + byte % 10));
        format!("{sign}9{}", digits.chain(['0'; 20]).collect::<String>())
    }

    /// A second from the year 100 on: earlier ones read as others, in Flask too.
    fn date(&mut self) -> OwnedValue {
        const YEAR_100: u64 = 59_011_459_200;
        const YEAR_10000: u64 = 253_402_300_800;
        let secs = (self.number() % (YEAR_10000 + YEAR_100)) as i64 - YEAR_100 as i64;
        DateTime::from_unix_secs(secs).map_or(OwnedValue::Null, OwnedValue::DateTime)
    }

    /// A chain of containers around a value.
    fn nested(&mut self, levels: usize) -> OwnedValue {
        let (count, kind) = (self.below(70), self.below(4));
        let inner = if levels > 0 { self.value_within(levels - 1) } else { OwnedValue::Null };
        (0..count).fold(inner, |inner, _| match kind {
            0 => OwnedValue::List(vec![inner]),
            1 => OwnedValue::Tuple(vec![inner]),
            2 => OwnedValue::Dict(vec![("a".into(), inner)]),
            _ => OwnedValue::Dict(vec![(" t".into(), inner)]),
        })
    }
}
