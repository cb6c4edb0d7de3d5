//! Nothing: what the others are measured against.

#![no_std]
#![no_main]

use firmware_costs::{measure, now};

#[cortex_m_rt::entry]
fn main() -> ! {
    measure(now)
}
