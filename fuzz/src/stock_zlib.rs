//! hipflask's zlib beside stock zlib, which `tests/fuzz` has no need to build.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use hipflask::{
    error::{Error, PayloadError},
    zlib::{DeflateScratch, inflate_counting},
};

/// The most that a text is long, and a stream unfolds to.
const CAPACITY: usize = 32_768;

/// Any stream is inflated or refused as stock zlib does it; any text is compressed to its bytes.
pub fn stock_zlib(data: &[u8]) {
    let Some((choice, data)) = data.split_first() else { return };
    match choice {
        0..128 => inflates_alike(data),
        // A fuzzer makes short inputs. Repeating one gives matches at a distance.
        _ => deflates_alike(&data.repeat(usize::from(choice - 127))),
    }
}

fn inflates_alike(stream: &[u8]) {
    let (mut ours, mut theirs) = (vec![0; CAPACITY], vec![0; CAPACITY]);
    let answer = inflate_counting(&mut { stream }, &mut ours);
    let mut zlib = Decompress::new(true);
    let expected = match zlib.decompress(stream, &mut theirs, FlushDecompress::Finish) {
        Ok(Status::StreamEnd) => Ok((zlib.total_out() as usize, zlib.total_in() as usize)),
        // Either side may be the first to see that a stream is too long and broken.
        _ if answer.is_err_and(Error::is_capacity) => return,
        _ => Err(Error::BadPayload(PayloadError::Zlib)),
    };
    assert_eq!(answer.map(|done| (done.len_bytes, done.consumed_bytes)), expected);
    if let Ok((len_bytes, _)) = expected {
        assert_eq!(ours[..len_bytes], theirs[..len_bytes]);
    }
}

fn deflates_alike(text: &[u8]) {
    let text = &text[..text.len().min(CAPACITY)];
    let mut scratch = Box::new(DeflateScratch::<CAPACITY>::new());
    scratch.input_mut()[..text.len()].copy_from_slice(text);
    let ours = scratch.deflate(text.len(), usize::MAX).unwrap().stream.unwrap();

    let mut theirs = vec![0; 2 * CAPACITY];
    let mut zlib = Compress::new(Compression::new(6), true);
    let status = zlib.compress(text, &mut theirs, FlushCompress::Finish).unwrap();
    assert_eq!(status, Status::StreamEnd);
    assert_eq!(ours, &theirs[..zlib.total_out() as usize]);
}
