//! Times hipflask's zlib against flate2 on zlib-rs and miniz_oxide.
//!
//! `cargo run --release --bin zlib` in this directory. All candidates run in
//! turn, many rounds over; the fastest round of each counts, and what is printed
//! beside the microseconds is the ratio to hipflask (above 1: hipflask is faster).
//! The other crates reuse their state where they can.
//!
//! `cargo run --release --bin zlib -- FILE...` times hipflask's deflate on what
//! zlib streams hold (up to 32 KiB each), as a multiple of the time per byte of the payload S4.

mod timing;

use std::{env, fs, hint::black_box};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use hipflask::SecureCookieSession;
use hipflask::zlib::{self, DeflateScratch};
use miniz_oxide::{deflate::core as miniz_deflate, inflate::core as miniz_inflate};
use timing::interleaved;

const CAPACITY: usize = 32_768;

const PAYLOADS: [(&str, &[u8]); 5] = [
    ("S1 tiny", include_bytes!("../../tests/data/zlib/payload-s1.json")),
    ("S2 flask-login", include_bytes!("../../tests/data/zlib/payload-s2.json")),
    ("S3 tagged", include_bytes!("../../tests/data/zlib/payload-s3.json")),
    ("S4 cart", include_bytes!("../../tests/data/zlib/payload-s4.json")),
    ("S5 tokens", include_bytes!("../../tests/data/zlib/payload-s5.json")),
];

fn main() {
    let files: Vec<String> = env::args().skip(1).collect();
    if files.is_empty() {
        let mut inputs: Vec<(String, Vec<u8>)> =
            PAYLOADS.iter().map(|&(name, data)| (name.to_owned(), data.to_vec())).collect();
        // Round sizes, of text like S4's and S3's in turn.
        let text: Vec<u8> = [PAYLOADS[2].1, PAYLOADS[3].1, PAYLOADS[4].1].concat();
        for len in [512, 1_024, 4_096] {
            inputs.push((format!("mixed {len}"), text[..len].to_vec()));
        }
        deflate(&inputs);
        inflate(&inputs);
        memory();
    } else {
        worst(&files);
    }
}

/// What a program lends to compress (the JSON text, and four bytes for each of
/// its bytes), and what a session takes.
fn memory() {
    println!("memory");
    let sizes = [
        size_of::<DeflateScratch<1_024>>(),
        size_of::<DeflateScratch<4_096>>(),
        size_of::<DeflateScratch<8_192>>(),
        size_of::<DeflateScratch<16_384>>(),
    ];
    for (kib, bytes) in [1, 4, 8, 16].into_iter().zip(sizes) {
        println!("to compress {kib:>2} KiB of JSON {bytes:>7} B");
    }
    let session = size_of::<SecureCookieSession<1_024>>();
    println!("a session of 1,024 bytes {session:>10} B");
}

fn print(name: &str, len: usize, [ours, zlib_rs, miniz]: [f64; 3]) {
    println!(
        "{name:<16} {len:>6} B {:>9.2} us   zlib-rs {:>8.2} us ({:>5.2})   miniz_oxide {:>8.2} us ({:>5.2})",
        ours / 1e3,
        zlib_rs / 1e3,
        zlib_rs / ours,
        miniz / 1e3,
        miniz / ours
    );
}

fn deflate(inputs: &[(String, Vec<u8>)]) {
    println!("deflate, level 6");
    let mut scratch = Box::new(DeflateScratch::<CAPACITY>::new());
    let mut zlib_rs = Compress::new(Compression::new(6), true);
    let flags = miniz_deflate::create_comp_flags_from_zip_params(6, 15, 0);
    let mut miniz = miniz_deflate::CompressorOxide::new(flags);
    for (name, input) in inputs {
        let (mut out, mut miniz_out) = (vec![0; 2 * CAPACITY], vec![0; 2 * CAPACITY]);
        let times = interleaved([
            &mut || {
                scratch.input_mut()[..input.len()].copy_from_slice(black_box(input));
                black_box(scratch.deflate(input.len(), 2 * CAPACITY).unwrap().stream.unwrap());
            },
            &mut || {
                zlib_rs.reset();
                black_box(zlib_rs.compress(black_box(input), &mut out, FlushCompress::Finish).unwrap());
            },
            &mut || {
                miniz.reset();
                black_box(miniz_deflate::compress(
                    &mut miniz,
                    black_box(input),
                    &mut miniz_out,
                    miniz_deflate::TDEFLFlush::Finish,
                ));
            },
        ]);
        print(name, input.len(), times);
    }
}

fn inflate(inputs: &[(String, Vec<u8>)]) {
    println!("inflate");
    let mut scratch = Box::new(DeflateScratch::<CAPACITY>::new());
    let mut zlib_rs = Decompress::new(true);
    let mut miniz = Box::new(miniz_inflate::DecompressorOxide::new());
    for (name, input) in inputs {
        scratch.input_mut()[..input.len()].copy_from_slice(input);
        let stream = scratch.deflate(input.len(), 2 * CAPACITY).unwrap().stream.unwrap().to_vec();
        let (mut ours_out, mut out, mut miniz_out) =
            (vec![0; CAPACITY], vec![0; CAPACITY], vec![0; CAPACITY]);
        let flags = miniz_inflate::inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER
            | miniz_inflate::inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF
            | miniz_inflate::inflate_flags::TINFL_FLAG_COMPUTE_ADLER32;
        let times = interleaved([
            &mut || {
                let mut source: &[u8] = black_box(&stream);
                black_box(zlib::inflate(&mut source, &mut ours_out).unwrap());
            },
            &mut || {
                zlib_rs.reset(true);
                black_box(zlib_rs.decompress(black_box(&stream), &mut out, FlushDecompress::Finish).unwrap());
            },
            &mut || {
                miniz.init();
                black_box(miniz_inflate::decompress(
                    &mut miniz,
                    black_box(&stream),
                    &mut miniz_out,
                    0,
                    flags,
                ));
            },
        ]);
        print(name, input.len(), times);
    }
}

/// How many times as long as S4 a byte of each file takes, measured in turn with S4.
fn worst(files: &[String]) {
    let mut scratch = Box::new(DeflateScratch::<CAPACITY>::new());
    let mut other_scratch = Box::new(DeflateScratch::<CAPACITY>::new());
    let base = PAYLOADS[3].1;
    for file in files {
        let stream = fs::read(file).expect("a file to read");
        let mut input = vec![0; CAPACITY];
        let len = zlib::inflate(&mut stream.as_slice(), &mut input).expect("a zlib stream");
        input.truncate(len);
        let [of_base, of_input] = interleaved([
            &mut || {
                scratch.input_mut()[..base.len()].copy_from_slice(black_box(base));
                black_box(scratch.deflate(base.len(), 2 * CAPACITY).unwrap().stream.is_some());
            },
            &mut || {
                other_scratch.input_mut()[..input.len()].copy_from_slice(black_box(&input));
                black_box(other_scratch.deflate(input.len(), 2 * CAPACITY).unwrap().stream.is_some());
            },
        ]);
        let (of_base, of_input) = (of_base / base.len() as f64, of_input / input.len() as f64);
        println!("{file}: {of_input:.1} ns a byte, {:.2} times S4's {of_base:.1}", of_input / of_base);
    }
}
