//! The conformance driver on the chip: reads `requests.jsonl` from the host,
//! over semihosting, and writes `answers.jsonl`. The driver's trees are on a
//! heap; the crate under test has none, but for its conversions to owned values.

#![no_std]
#![no_main]

#[macro_use]
extern crate alloc;

/// What std's prelude has and core's has not.
mod prelude {
    pub use alloc::{
        borrow::ToOwned,
        boxed::Box,
        string::{String, ToString},
        vec::Vec,
    };

    /// What std has for floats and core has not, for numbers that an `i64` holds.
    pub trait Rounding: Sized {
        fn floor(self) -> Self;
        fn fract(self) -> Self;
        fn round_ties_even(self) -> Self;
        fn trunc(self) -> Self;
    }

    impl Rounding for f64 {
        fn floor(self) -> Self {
            let whole = self as i64 as Self;
            if whole > self { whole - 1.0 } else { whole }
        }

        fn fract(self) -> Self {
            self - Rounding::trunc(self)
        }

        fn round_ties_even(self) -> Self {
            let below = Rounding::floor(self);
            let rest = self - below;
            let is_even = below as i64 % 2 == 0;
            if rest < 0.5 || (rest == 0.5 && is_even) { below } else { below + 1.0 }
        }

        fn trunc(self) -> Self {
            self as i64 as Self
        }
    }
}

include!(concat!(env!("OUT_DIR"), "/driver.rs"));

use core::{arch::asm, panic::PanicInfo};

use cortex_m as _;
use embedded_alloc::LlffHeap;
use prelude::*;

#[global_allocator]
static HEAP: LlffHeap = LlffHeap::empty();

/// The board's 16 MiB of PSRAM.
const PSRAM: (usize, usize) = (0x2100_0000, 16 << 20);

const OPEN: usize = 0x01;
const WRITE: usize = 0x05;
const WRITE0: usize = 0x04;
const READ: usize = 0x06;
const FILE_LEN: usize = 0x0c;
const EXIT: usize = 0x18;

fn host(operation: usize, arguments: &[usize]) -> usize {
    let mut result = operation;
    // SAFETY: the debugger's breakpoint; the callers lend what it reads and writes.
    unsafe { asm!("bkpt 0xab", inout("r0") result, in("r1") arguments.as_ptr(), options(nostack)) };
    result
}

fn open(name: &core::ffi::CStr, mode: usize) -> usize {
    host(OPEN, &[name.as_ptr() as usize, mode, name.count_bytes()])
}

fn exit() -> ! {
    // SAFETY: ends the emulator.
    unsafe { asm!("bkpt 0xab", in("r0") EXIT, in("r1") 0x2_0026, options(noreturn)) }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    // SAFETY: once, with memory that nothing else uses.
    unsafe { HEAP.init(PSRAM.0, PSRAM.1) };
    let requests = open(c"requests.jsonl", 1);
    let mut text = vec![0u8; host(FILE_LEN, &[requests])];
    host(READ, &[requests, text.as_mut_ptr() as usize, text.len()]);
    let answers = open(c"answers.jsonl", 5);
    for line in core::str::from_utf8(&text).unwrap_or_default().lines() {
        let mut answer = match driver::parse(line) {
            Ok(request) => driver::answer(&request).to_string(),
            Err(error) => format!("{error}"),
        };
        answer.push('\n');
        host(WRITE, &[answers, answer.as_ptr() as usize, answer.len()]);
    }
    exit()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let text = format!("{info}\n\0");
    // SAFETY: writes a text that ends with a zero.
    unsafe { asm!("bkpt 0xab", inout("r0") WRITE0 => _, in("r1") text.as_ptr()) };
    exit()
}
