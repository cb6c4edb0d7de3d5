//! zlib: what Python's stock zlib writes and answers.

use hipflask::{
    error::{Error, PayloadError},
    zlib::{self, DeflateScratch, Source},
};

/// Streams that `zlib.compress` made: see `tools/zlib_corpus.py`.
const CORPUS: &[u8] = include_bytes!("data/zlib/corpus.bin");
/// Damaged streams, and what zlib says to them.
const MUTANTS: &[u8] = include_bytes!("data/zlib/mutants.bin");
/// Where deflate takes longest, of all that was found.
const WORST: &[u8] = include_bytes!("data/zlib/worst.zlib");

const CAPACITY: usize = 32_768;

fn number(rest: &mut &[u8]) -> usize {
    let (number, after) = rest.split_first_chunk().unwrap();
    *rest = after;
    u32::from_le_bytes(*number) as usize
}

fn bytes<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let len = number(rest);
    let (bytes, after) = rest.split_at(len);
    *rest = after;
    bytes
}

fn corpus() -> impl Iterator<Item = (&'static [u8], Vec<u8>)> {
    let mut rest = CORPUS;
    std::iter::from_fn(move || {
        (!rest.is_empty()).then(|| {
            let stream = bytes(&mut rest);
            (stream, inflate(stream).unwrap())
        })
    })
}

fn inflate(mut stream: &[u8]) -> Result<Vec<u8>, Error> {
    let mut out = vec![0; 1 << 18];
    let len = zlib::inflate(&mut stream, &mut out)?;
    out.truncate(len);
    Ok(out)
}

fn scratch(input: &[u8]) -> Box<DeflateScratch<CAPACITY>> {
    let mut scratch = Box::new(DeflateScratch::new());
    scratch.input_mut()[..input.len()].copy_from_slice(input);
    scratch
}

#[test]
fn deflates_to_the_bytes_that_python_writes() {
    for (index, (stream, data)) in corpus().enumerate() {
        let mut scratch = scratch(&data);
        let deflated = scratch.deflate(data.len(), 2 * CAPACITY).unwrap();
        assert!(deflated.stream == Some(stream), "stream {index}, of {} bytes", data.len());
        assert!(deflated.input == data);
    }
}

#[test]
fn a_used_scratch_gives_the_same_bytes_as_a_new_one() {
    let mut scratch = scratch(&[]);
    for (stream, data) in corpus() {
        scratch.input_mut()[..data.len()].copy_from_slice(&data);
        assert!(scratch.deflate(data.len(), 2 * CAPACITY).unwrap().stream == Some(stream));
    }
}

#[test]
fn deflate_stops_at_the_longest_length_allowed() {
    for (stream, data) in corpus() {
        let mut scratch = scratch(&data);
        assert!(scratch.deflate(data.len(), stream.len()).unwrap().stream == Some(stream));
        let short = scratch.deflate(data.len(), stream.len() - 1).unwrap();
        assert!(short.stream.is_none());
        assert!(short.input == data);
    }
}

#[test]
fn every_capacity_from_the_input_on_will_do() {
    // Python: zlib.compress(b"a" * 40)
    let expected = b"x\x9cKL$\x0e\x00\x006\xeb\x0f)";
    let mut exact = DeflateScratch::<40>::new();
    assert_eq!(exact.capacity_bytes(), 40);
    exact.input_mut().fill(b'a');
    assert_eq!(exact.deflate(40, 38).unwrap().stream, Some(&expected[..]));
    assert_eq!(exact.deflate(41, 39).unwrap_err(), Error::Capacity { needed_bytes: 41, capacity_bytes: 40 });
    let mut large = Box::new(DeflateScratch::<40_000>::new());
    assert_eq!(large.capacity_bytes(), CAPACITY);
    assert_eq!(large.input_mut().len(), CAPACITY);
    assert!(large.deflate(CAPACITY, CAPACITY).is_ok());
    assert!(large.deflate(CAPACITY + 1, CAPACITY).unwrap_err().is_capacity());
    assert!(DeflateScratch::<0>::new().deflate(0, 100).unwrap().stream.is_none());
}

#[test]
fn scratch_takes_five_bytes_an_input_byte() {
    assert_eq!(size_of::<DeflateScratch<4096>>(), 5 * 4096);
}

#[test]
fn damaged_streams_get_zlibs_answers() {
    let mut rest = MUTANTS;
    let mut accepted = 0;
    let mut out = vec![0; 1 << 18];
    while !rest.is_empty() {
        let stream = bytes(&mut rest);
        let (&status, after) = rest.split_first().unwrap();
        rest = after;
        let (consumed_bytes, len_bytes) = (number(&mut rest), number(&mut rest));
        let adler = number(&mut rest);
        match zlib::inflate_counting(&mut { stream }, &mut out) {
            Ok(done) => {
                assert_eq!(status, 0, "{stream:02x?}");
                assert_eq!(
                    (done.consumed_bytes, done.len_bytes),
                    (consumed_bytes, len_bytes),
                    "{stream:02x?}"
                );
                // The stream ends with its checksum: it is the one of the output.
                assert_eq!(&(adler as u32).to_be_bytes(), &stream[consumed_bytes - 4..consumed_bytes]);
                accepted += 1;
            }
            Err(error) => {
                assert_eq!((status, error), (1, Error::BadPayload(PayloadError::Zlib)), "{stream:02x?}")
            }
        }
    }
    assert!(accepted > 60, "{accepted}");
}

#[test]
fn a_stream_cut_anywhere_is_refused() {
    for (stream, _) in corpus().filter(|(stream, _)| stream.len() < 100) {
        for len in 0..stream.len() {
            assert!(
                matches!(inflate(&stream[..len]), Err(Error::BadPayload(_))),
                "{len} of {}",
                stream.len()
            );
        }
    }
}

#[test]
fn output_is_bounded_by_the_slice() {
    for (stream, data) in corpus() {
        let mut out = vec![0; data.len()];
        assert_eq!(zlib::inflate(&mut { stream }, &mut out), Ok(data.len()));
        assert!(out == data);
        if let Some(less) = data.len().checked_sub(1) {
            let error = zlib::inflate(&mut { stream }, &mut out[..less]).unwrap_err();
            let Error::Capacity { needed_bytes, capacity_bytes } = error else { panic!("{error:?}") };
            assert!(capacity_bytes == less && needed_bytes > less && needed_bytes <= data.len());
        }
    }
}

/// Gives its bytes in pieces of one length.
struct Trickle<'a>(&'a [u8], usize);

impl Source for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        assert!(buffer.len() >= 48, "{}", buffer.len());
        self.0.read(&mut buffer[..self.1])
    }
}

#[test]
fn a_source_may_give_any_number_of_bytes() {
    for (stream, data) in corpus() {
        for at_once in [1, 2, 3, 7] {
            let mut out = vec![0; data.len()];
            let done = zlib::inflate_counting(&mut Trickle(stream, at_once), &mut out).unwrap();
            assert_eq!(done.consumed_bytes, stream.len());
            assert!(out == data);
        }
    }
}

struct Broken;

impl Source for Broken {
    fn read(&mut self, _: &mut [u8]) -> Result<usize, Error> {
        Err(Error::Depth)
    }
}

/// A source that claims more than it was lent.
struct Liar;

impl Source for Liar {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        buffer.fill(0xff);
        Ok(usize::MAX)
    }
}

#[test]
fn a_sources_error_is_passed_on_and_its_lies_do_no_harm() {
    assert_eq!(zlib::inflate(&mut Broken, &mut [0; 8]), Err(Error::Depth));
    assert!(matches!(zlib::inflate(&mut Liar, &mut [0; 8]), Err(Error::BadPayload(_))));
}

#[test]
fn worst_input_deflates_to_the_bytes_that_python_writes() {
    let data = inflate(WORST).unwrap();
    let mut scratch = scratch(&data);
    assert!(scratch.deflate(data.len(), 2 * CAPACITY).unwrap().stream == Some(WORST));
}
