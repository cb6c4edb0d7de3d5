//! Nothing: what the others are measured against.

#![no_std]
#![no_main]

use firmware_costs::{measure, requests::now};

#[firmware_costs::entry]
fn main() -> ! {
    measure(|| Ok(now()?.secs() as usize))
}
