//! What several test files share: a seeded generator, changes that it makes, a sink that grows.

#![allow(dead_code)]

use std::convert::Infallible;

use hipflask::{Error, Session, sink::Sink};

/// Marsaglia's xorshift64: the same numbers on every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 16) % limit as u64) as usize
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Bytes that mean something to one of the readers.
pub(crate) const TELLING: &[u8] =
    b"\0\x01\t\n\r \"\\'(),./:;<=>?[]{}-+_eEuN0159aAzZ\x7f\x80\xbf\xc0\xed\xf4\xfc\xfd\xfe\xff";

/// `bytes` with one to four small changes.
pub(crate) fn mutated(random: &mut Random, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let to = at + random.below(bytes.len() - at + 1);
        match random.below(8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = random.pick(TELLING),
            2 => bytes.insert(at, random.pick(TELLING)),
            3 => bytes.truncate(at),
            4 => drop(bytes.drain(at..to.min(at + 9))),
            5 => drop(bytes.splice(at..at, bytes[at..to].to_vec())),
            6 => drop(bytes.splice(at..to, other[random.below(other.len() + 1)..].iter().copied())),
            _ => bytes.insert(at, random.below(256) as u8),
        }
    }
    bytes
}

/// Takes everything.
#[derive(Default)]
pub(crate) struct VecSink(pub(crate) Vec<u8>);

impl Sink for VecSink {
    type Error = Infallible;

    fn write(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// Makes `session` that of a JSON text, with the serializer that it has.
pub(crate) fn load(session: &mut Session, text: &[u8]) -> Result<(), Error> {
    let serializer = session.serializer();
    let buffer = session.buffer();
    let capacity = Error::Capacity { needed_bytes: text.len(), capacity_bytes: buffer.len() };
    buffer.get_mut(..text.len()).ok_or(capacity)?.copy_from_slice(text);
    session.load(serializer, text.len())
}
