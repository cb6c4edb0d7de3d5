//! QEMU's machine `virt`, for programs that are built for RISC-V.

use core::arch::asm;

pub use riscv_rt::entry;

/// Starts to count, from what it returns.
pub fn start_count() -> u32 {
    let count;
    // SAFETY: reads the number of instructions. With `-icount shift=0` they are nothing else.
    unsafe { asm!("csrr {}, minstret", out(reg) count, options(nomem, nostack)) };
    count
}

/// The instructions since then.
pub fn count_since(start: u32) -> u32 {
    start_count().wrapping_sub(start)
}

/// Asks the emulator for something.
pub fn semihosting(operation: usize, argument: usize) {
    // SAFETY: the debugger's breakpoint, between two instructions that do nothing and tell
    // it from others; they must not be compressed. Both uses only read memory.
    unsafe {
        asm!(
            ".balign 16",
            ".option push",
            ".option norvc",
            "slli zero, zero, 0x1f",
            "ebreak",
            "srai zero, zero, 7",
            ".option pop",
            inout("a0") operation => _, in("a1") argument, options(nostack),
        );
    }
}

#[inline(always)]
pub fn stack_pointer() -> usize {
    let at;
    // SAFETY: reads the stack pointer.
    unsafe { asm!("mv {}, sp", out(reg) at, options(nomem, nostack)) };
    at
}

/// The UART, a 16550.
pub mod serial {
    const DATA: *mut u8 = 0x1000_0000 as *mut u8;
    const STATUS: *const u8 = 0x1000_0005 as *const u8;
    const RECEIVED: u8 = 1;
    const TRANSMITTER_IS_EMPTY: u8 = 1 << 5;

    /// Sends them all.
    #[inline(never)]
    pub fn send(bytes: &[u8]) {
        for byte in bytes {
            // SAFETY: the registers of the UART, which nothing else uses.
            unsafe {
                while STATUS.read_volatile() & TRANSMITTER_IS_EMPTY == 0 {}
                DATA.write_volatile(*byte);
            }
        }
    }

    /// Waits for the next one.
    #[must_use]
    pub fn receive() -> u8 {
        // SAFETY: as above.
        unsafe {
            while STATUS.read_volatile() & RECEIVED == 0 {}
            DATA.read_volatile()
        }
    }
}
