//! What every program here has: the same start, the same panic handler, and
//! a way to count and to report. `empty` has all of it too, and is subtracted.

#![no_std]

use core::{arch::asm, hint::black_box, panic::PanicInfo};

use hipflask::{
    Error, SecureCookieSessionInterface, UnixTime,
    signing::{KeyDerivation, Keyring, Sha1},
};

/// When all cookies are made and opened, in Unix seconds.
pub const NOW_SECS: u64 = 1_700_000_000;

/// A clock that the optimiser knows nothing of.
pub fn now() -> Result<UnixTime, Error> {
    Ok(UnixTime::from_secs(black_box(NOW_SECS)))
}

/// Flask's keys for the secret `dev`, and one older secret.
pub fn keys() -> Keyring<Sha1, 1> {
    let mut keys = Keyring::new(black_box(b"dev"), SecureCookieSessionInterface::SALT, KeyDerivation::Hmac);
    let _ = keys.push_fallback(black_box(b"old"), SecureCookieSessionInterface::SALT, KeyDerivation::Hmac);
    keys
}

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
pub fn report(name: &core::ffi::CStr, number: u32) {
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
    static _stack_start: u32;
    static _stack_end: u32;
}

/// Runs what a program is about: with its stack and its instructions counted.
pub fn measure<R>(run: fn() -> R) -> ! {
    let (result, count) = instructions(run);
    black_box(&result);
    let (top, end) = (&raw const _stack_start as usize, &raw const _stack_end as usize);
    let mut at = end;
    // SAFETY: words of RAM below the stack's start.
    while at < top && unsafe { (at as *const u32).read_volatile() } == 0xcccc_cccc {
        at += 4;
    }
    report(c"stack", (top - at) as u32);
    report(c"instructions", count);
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
    report(c"panic", 1);
    exit()
}
