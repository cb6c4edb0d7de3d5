//! The fuzz targets, without a fuzzer: over their seeds and over small changes of them.
#![cfg(all(feature = "alloc", feature = "compact-json", feature = "flask-login", feature = "flask-wtf"))]

mod common;
#[path = "fuzz/mod.rs"]
mod targets;

use common::Random;

/// How many inputs each target is given.
const INPUTS: usize = 3000;

fn run(name: &str) {
    let (_, target) = targets::TARGETS.into_iter().find(|(target, _)| *target == name).unwrap();
    let seeds = targets::seeds::seeds(name);
    seeds.iter().for_each(|seed| target(seed));
    let mut random = Random(name.len() as u64);
    for _ in 0..INPUTS {
        let one = random.below(seeds.len());
        let other = random.below(seeds.len());
        target(&common::mutated(&mut random, &seeds[one], &seeds[other]));
    }
}

#[test]
fn cookie_header() {
    run("cookie_header");
}

#[test]
fn token() {
    run("token");
}

#[test]
fn inflate() {
    run("inflate");
}

#[test]
fn deflate() {
    run("deflate");
}

#[test]
fn json() {
    run("json");
}

#[test]
fn encode() {
    run("encode");
}

#[test]
fn compact_json() {
    run("compact_json");
}

#[test]
fn open_cookie() {
    run("open_cookie");
}

#[test]
fn open_payload() {
    run("open_payload");
}

#[test]
fn codecs() {
    run("codecs");
}

#[test]
fn operations() {
    run("operations");
}

#[test]
fn extensions() {
    run("extensions");
}
