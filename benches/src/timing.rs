//! Times several candidates in one run.

use std::time::{Duration, Instant};

/// How long one round of a candidate takes at least: long beside the clock's
/// own cost, short beside what the system lets a program run undisturbed.
const ROUND: Duration = Duration::from_micros(40);
const ROUNDS: usize = 1_000;

/// The nanoseconds a call of each candidate. All run in turn, many rounds over, and
/// the fastest round of each counts: that is the one which nothing disturbed.
pub fn interleaved<const N: usize>(mut candidates: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut calls = [1; N];
    for (candidate, calls) in candidates.iter_mut().zip(&mut calls) {
        while time(candidate, *calls) < ROUND {
            *calls *= 2;
        }
    }
    let mut best = [f64::MAX; N];
    for _ in 0..ROUNDS {
        for ((candidate, best), calls) in candidates.iter_mut().zip(&mut best).zip(calls) {
            *best = best.min(time(candidate, calls).as_nanos() as f64 / f64::from(calls));
        }
    }
    best
}

/// How long so many calls take.
pub fn time(candidate: &mut dyn FnMut(), calls: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..calls {
        candidate();
    }
    start.elapsed()
}
