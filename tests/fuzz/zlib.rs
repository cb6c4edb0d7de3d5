//! zlib streams, read and written.

use hipflask::{
    Error,
    zlib::{self, DeflateScratch, Inflated, Source},
};

use super::choices::Choices;

/// The most that a stream may unfold to here.
const ROOM: usize = 1 << 15;

/// A source that gives a few bytes at a time.
struct Trickle<'s> {
    rest: &'s [u8],
    at_once: usize,
}

impl Source for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        self.rest.read(&mut buffer[..self.at_once])
    }
}

fn inflated(stream: &[u8], room: usize) -> (Result<Inflated, Error>, Vec<u8>) {
    let mut out = vec![0; room];
    let answer = zlib::inflate_counting(&mut { stream }, &mut out);
    out.truncate(answer.map_or(0, |inflated| inflated.len_bytes));
    (answer, out)
}

/// A stream gives the same output whether it comes in one piece or in many, and in exactly as much
/// room as it takes; in any less it does not fit. Bytes behind its end do not matter.
pub fn inflate(data: &[u8]) {
    let mut choices = Choices::new(data);
    let at_once = 1 + choices.below(48);
    let room = choices.below(256) * 64;
    let stream = choices.rest();

    let (answer, out) = inflated(stream, ROOM);
    let mut trickled = vec![0; ROOM];
    let in_pieces = zlib::inflate_counting(&mut Trickle { rest: stream, at_once }, &mut trickled);
    assert_eq!(in_pieces, answer);

    let Ok(Inflated { len_bytes, consumed_bytes, .. }) = answer else {
        assert!(matches!(answer, Err(Error::BadPayload(_) | Error::Capacity { capacity_bytes: ROOM, .. })));
        assert!(inflated(stream, room).0.is_err());
        return;
    };
    assert_eq!(trickled[..len_bytes], out);
    assert_eq!(inflated(&stream[..consumed_bytes], len_bytes), (answer, out.clone()));
    assert!(matches!(inflated(&stream[..consumed_bytes - 1], ROOM).0, Err(Error::BadPayload(_))));
    match inflated(stream, room).0 {
        Err(Error::Capacity { needed_bytes, capacity_bytes }) => {
            assert!(capacity_bytes == room && room < needed_bytes && needed_bytes <= len_bytes);
        }
        fits => assert!(fits == answer && len_bytes <= room),
    }
}

/// Any text inflates to itself. The stream is at most as long as it may be, ends where it says, and
/// is the same in memory that was used before.
pub fn deflate(data: &[u8]) {
    const CAPACITY: usize = 4096;
    let mut choices = Choices::new(data);
    let before = choices.bytes(16);
    // A fuzzer makes short inputs. Repeating one gives matches at a distance.
    let repeats = 1 + choices.below(8);
    let mut text = choices.rest().repeat(repeats);
    text.truncate(CAPACITY);

    let pack = |scratch: &mut DeflateScratch<CAPACITY>, text: &[u8], max_len_bytes| {
        scratch.input_mut()[..text.len()].copy_from_slice(text);
        let deflated = scratch.deflate(text.len(), max_len_bytes).unwrap();
        assert_eq!(deflated.input, text);
        deflated.stream.map(<[u8]>::to_vec)
    };
    let mut scratch = Box::new(DeflateScratch::new());
    let stream = pack(&mut scratch, &text, usize::MAX).unwrap();
    let (answer, out) = inflated(&stream, text.len());
    let lengths = answer.map(|done| (done.len_bytes, done.consumed_bytes));
    assert_eq!((lengths, out), (Ok((text.len(), stream.len())), text.clone()));
    // Stored blocks are the worst case: five bytes each, and six around all.
    assert!(stream.len() <= text.len() + 16);

    pack(&mut scratch, before, usize::MAX);
    assert_eq!(pack(&mut scratch, &text, stream.len()).as_ref(), Some(&stream));
    assert_eq!(pack(&mut scratch, &text, stream.len() - 1), None);
}
