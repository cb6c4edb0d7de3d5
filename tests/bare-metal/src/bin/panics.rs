//! Panics, and so must be found: it shows that the check for panics can fail.

#![no_std]
#![no_main]

use core::hint::black_box;

hipflask_bare_metal::firmware!(run);

fn run() -> u32 {
    let table = [1, 2, 3];
    table[black_box(7)]
}
