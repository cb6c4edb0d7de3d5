//! Nothing: what the others are measured against.

#![no_std]
#![no_main]

hipflask_bare_metal::firmware!(run);

fn run() -> u32 {
    0
}
