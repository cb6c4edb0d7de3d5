//! Could panic: it shows that the check for panics can fail.

#![no_std]
#![no_main]

use core::hint::black_box;

#[firmware_costs::entry]
fn main() -> ! {
    firmware_costs::measure(|| Ok([1, 2, 3][black_box(0)]))
}
