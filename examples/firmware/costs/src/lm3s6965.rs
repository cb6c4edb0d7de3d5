//! A TI LM3S6965, for programs that are built for Arm.

use core::arch::asm;

pub use cortex_m_rt::entry;

const SYST_CSR: *mut u32 = 0xe000_e010 as *mut u32;
const SYST_RVR: *mut u32 = 0xe000_e014 as *mut u32;
const SYST_CVR: *mut u32 = 0xe000_e018 as *mut u32;
const RELOAD: u32 = 0x00ff_ffff;

/// A tick of SysTick, and an instruction with `-icount shift=7`, in nanoseconds.
const TICK_NANOS: u32 = 80;
const INSTRUCTION_NANOS: u32 = 128;

/// Starts to count, from what it returns.
pub fn start_count() -> u32 {
    // SAFETY: SysTick, which nothing else uses.
    unsafe {
        SYST_RVR.write_volatile(RELOAD);
        SYST_CVR.write_volatile(0);
        SYST_CSR.write_volatile(5);
        SYST_CVR.read_volatile()
    }
}

/// The instructions since then.
pub fn count_since(start: u32) -> u32 {
    // SAFETY: as above.
    let end = unsafe { SYST_CVR.read_volatile() };
    let ticks = start.wrapping_sub(end) & RELOAD;
    (u64::from(ticks) * u64::from(TICK_NANOS) / u64::from(INSTRUCTION_NANOS)) as u32
}

/// Asks the emulator for something.
pub fn semihosting(operation: usize, argument: usize) {
    // SAFETY: the debugger's breakpoint; both uses only read memory.
    unsafe { asm!("bkpt 0xab", inout("r0") operation => _, in("r1") argument, options(nostack)) };
}

#[inline(always)]
pub fn stack_pointer() -> usize {
    let at;
    // SAFETY: reads the stack pointer.
    unsafe { asm!("mov {}, sp", out(reg) at, options(nomem, nostack)) };
    at
}

/// The first UART, a PL011.
pub mod serial {
    const DATA: *mut u32 = 0x4000_c000 as *mut u32;
    const FLAGS: *const u32 = 0x4000_c018 as *const u32;
    const CONTROL: *mut u32 = 0x4000_c030 as *mut u32;
    const RECEIVER_IS_EMPTY: u32 = 1 << 4;
    const TRANSMITTER_IS_FULL: u32 = 1 << 5;
    /// The UART, its transmitter and its receiver are on.
    const ON: u32 = 0x301;

    /// Sends them all.
    #[inline(never)]
    pub fn send(bytes: &[u8]) {
        for byte in bytes {
            // SAFETY: the registers of the UART, which nothing else uses.
            unsafe {
                CONTROL.write_volatile(ON);
                while FLAGS.read_volatile() & TRANSMITTER_IS_FULL != 0 {}
                DATA.write_volatile(u32::from(*byte));
            }
        }
    }

    /// Waits for the next one.
    #[must_use]
    pub fn receive() -> u8 {
        // SAFETY: as above.
        unsafe {
            while FLAGS.read_volatile() & RECEIVER_IS_EMPTY != 0 {}
            DATA.read_volatile() as u8
        }
    }
}
