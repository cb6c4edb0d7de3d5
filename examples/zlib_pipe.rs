//! Answers requests over a pipe, for `tools/zlib_compare.py`.
//!
//! Both ways, a batch is its length (`u32`, little-endian) and then its frames.
//! A request is `i` (inflate) or `d` (deflate), the longest output allowed
//! (`u32`), the length of what follows (`u32`) and that. An answer is a status
//! (0 done, 1 refused, 2 does not fit), the bytes consumed (`u32`), the output's
//! length (`u32`) and the output. With `--cfg hipflask_trace`, the request `p` is answered
//! by how often each of deflate's paths was taken so far (name, space, number, newline).

use std::io::{self, Read, Write};

use hipflask::{
    Error,
    zlib::{self, DeflateScratch},
};

const CAPACITY: usize = 32_768;

fn main() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut work = vec![0; 1 << 20];
    let mut scratch = Box::new(DeflateScratch::<CAPACITY>::new());
    let mut len = [0; 4];
    while input.read_exact(&mut len).is_ok() {
        let mut batch = vec![0; u32::from_le_bytes(len) as usize];
        input.read_exact(&mut batch)?;
        let mut answers = Vec::new();
        let mut rest = batch.as_slice();
        while let Some((&op, after)) = rest.split_first() {
            rest = after;
            match op {
                b'i' => inflate(&mut rest, &mut work, &mut answers),
                b'd' => deflate(&mut rest, &mut scratch, &mut answers),
                #[cfg(hipflask_trace)]
                b'p' => answer(&mut answers, 0, 0, paths().as_bytes()),
                other => panic!("unknown request {other}"),
            }
        }
        output.write_all(&(answers.len() as u32).to_le_bytes())?;
        output.write_all(&answers)?;
        output.flush()?;
    }
    Ok(())
}

fn number(rest: &mut &[u8]) -> usize {
    let (number, after) = rest.split_first_chunk().expect("a number");
    *rest = after;
    u32::from_le_bytes(*number) as usize
}

fn bytes<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let len = number(rest);
    let (bytes, after) = rest.split_at(len);
    *rest = after;
    bytes
}

fn answer(answers: &mut Vec<u8>, status: u8, consumed_bytes: usize, output: &[u8]) {
    answers.push(status);
    answers.extend((consumed_bytes as u32).to_le_bytes());
    answers.extend((output.len() as u32).to_le_bytes());
    answers.extend(output);
}

fn inflate(rest: &mut &[u8], work: &mut [u8], answers: &mut Vec<u8>) {
    let capacity = number(rest);
    let mut stream = bytes(rest);
    let out = &mut work[..capacity];
    match zlib::inflate_counting(&mut stream, out) {
        Ok(done) => answer(answers, 0, done.consumed_bytes, &out[..done.len_bytes]),
        Err(Error::Capacity { .. }) => answer(answers, 2, 0, &[]),
        Err(_) => answer(answers, 1, 0, &[]),
    }
}

fn deflate(rest: &mut &[u8], scratch: &mut zlib::Scratch, answers: &mut Vec<u8>) {
    let longest = number(rest);
    let input = bytes(rest);
    scratch.input_mut()[..input.len()].copy_from_slice(input);
    match scratch.deflate(input.len(), longest).expect("an input of up to 32 KiB").stream {
        Some(stream) => answer(answers, 0, input.len(), stream),
        None => answer(answers, 2, 0, &[]),
    }
}

#[cfg(hipflask_trace)]
fn paths() -> String {
    zlib::hits().map(|(path, count)| format!("{path} {count}\n")).collect()
}
