//! What every program here has: the same start, the same panic handler, a way
//! to count and to report. `empty` has all of it too, and is subtracted.

#![no_std]

pub mod requests;

#[cfg_attr(target_arch = "arm", path = "lm3s6965.rs")]
#[cfg_attr(target_arch = "riscv32", path = "virt.rs")]
mod board;

use core::{ffi::CStr, hint::black_box, panic::PanicInfo};

pub use board::{entry, serial};
use hipflask::Error;

/// Calls `run`, and tells how many instructions that took. The emulator counts
/// time in instructions, so the figure is exact and the same each time.
#[inline(never)]
pub fn instructions<R>(run: impl FnOnce() -> R) -> (R, u32) {
    let start = board::start_count();
    let result = run();
    (result, board::count_since(start))
}

/// Writes `name number` on a line.
pub fn report(name: &CStr, number: u32) {
    board::semihosting(4, name.as_ptr() as usize);
    let mut text = *b" 0000000000\n\0";
    let mut rest = number;
    for digit in text.iter_mut().skip(1).take(10).rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    board::semihosting(4, text.as_ptr() as usize);
}

unsafe extern "C" {
    /// Where the RAM ends that is not the stack's.
    static __euninit: u32;
}

/// What no program writes by chance.
const PAINT: u32 = 0xcccc_cccc;

/// Runs what a program is about, and reports the stack that it takes.
pub fn measure(run: fn() -> Result<usize, Error>) -> ! {
    let end = &raw const __euninit as usize;
    let before = board::stack_pointer();
    for at in (end..before).step_by(4) {
        // SAFETY: words of RAM below the stack.
        unsafe { (at as *mut u32).write_volatile(PAINT) };
    }
    // Each program has all the cookies, so that they count for none.
    black_box((&requests::COOKIES, &requests::UNCOMPRESSED_COOKIES));
    let result = black_box(run)();
    let mut at = end;
    // SAFETY: as above.
    while at < before && unsafe { (at as *const u32).read_volatile() } == PAINT {
        at += 4;
    }
    report(if result.is_ok() { c"stack" } else { c"failed" }, (before - at) as u32);
    exit()
}

/// Ends the emulator.
pub fn exit() -> ! {
    board::semihosting(0x18, 0x2_0026);
    loop {
        core::hint::spin_loop();
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    black_box(info);
    report(c"failed", 0);
    exit()
}
