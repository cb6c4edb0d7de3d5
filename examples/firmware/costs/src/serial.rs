//! A serial line, byte by byte: the chip's first UART, a PL011.

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
