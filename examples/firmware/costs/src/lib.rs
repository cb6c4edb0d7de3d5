//! What every program here has: the same start, the same panic handler, a way
//! to count and to report. `empty` has all of it too, and is subtracted.

#![no_std]

pub mod requests;
pub mod serial;

use core::{arch::asm, ffi::CStr, hint::black_box, panic::PanicInfo};

use hipflask::Error;

const SYST_CSR: *mut u32 = 0xe000_e010 as *mut u32;
const SYST_RVR: *mut u32 = 0xe000_e014 as *mut u32;
const SYST_CVR: *mut u32 = 0xe000_e018 as *mut u32;
const RELOAD: u32 = 0x00ff_ffff;

/// A tick of SysTick, and an instruction with `-icount shift=7`, in nanoseconds.
const TICK_NANOS: u32 = 80;
const INSTRUCTION_NANOS: u32 = 128;

/// Calls `run`, and tells how many instructions that took. The emulator counts
/// time in instructions, so the figure is exact and the same each time.
#[inline(never)]
pub fn instructions<R>(run: impl FnOnce() -> R) -> (R, u32) {
    // SAFETY: SysTick, which nothing else uses.
    let start = unsafe {
        SYST_RVR.write_volatile(RELOAD);
        SYST_CVR.write_volatile(0);
        SYST_CSR.write_volatile(5);
        SYST_CVR.read_volatile()
    };
    let result = run();
    // SAFETY: as above.
    let end = unsafe { SYST_CVR.read_volatile() };
    let ticks = start.wrapping_sub(end) & RELOAD;
    (result, (u64::from(ticks) * u64::from(TICK_NANOS) / u64::from(INSTRUCTION_NANOS)) as u32)
}

fn semihosting(operation: usize, argument: usize) {
    // SAFETY: the debugger's breakpoint; both uses only read memory.
    unsafe { asm!("bkpt 0xab", inout("r0") operation => _, in("r1") argument, options(nostack)) };
}

/// Writes `name number` on a line.
pub fn report(name: &CStr, number: u32) {
    semihosting(4, name.as_ptr() as usize);
    let mut text = *b" 0000000000\n\0";
    let mut rest = number;
    for digit in text.iter_mut().skip(1).take(10).rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    semihosting(4, text.as_ptr() as usize);
}

unsafe extern "C" {
    static _stack_end: u32;
}

/// Runs what a program is about, and reports the stack that it takes.
pub fn measure(run: fn() -> Result<usize, Error>) -> ! {
    let before: usize;
    // SAFETY: reads the stack pointer.
    unsafe { asm!("mov {}, sp", out(reg) before, options(nomem, nostack)) };
    // Each program has all the cookies, so that they count for none.
    black_box((&requests::COOKIES, &requests::UNCOMPRESSED_COOKIES));
    let result = black_box(run)();
    let mut at = &raw const _stack_end as usize;
    // SAFETY: words of RAM in the stack. cortex-m-rt has filled it with these.
    while at < before && unsafe { (at as *const u32).read_volatile() } == 0xcccc_cccc {
        at += 4;
    }
    report(if result.is_ok() { c"stack" } else { c"failed" }, (before - at) as u32);
    exit()
}

/// Ends the emulator.
pub fn exit() -> ! {
    semihosting(0x18, 0x2_0026);
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
