//! What the emulator's host does for the board, over Arm's semihosting: a
//! console, settings for a run, and entropy. On a real chip these are a UART,
//! constants, and the random number generator.

use core::{arch::asm, fmt};

const OPEN: usize = 0x01;
const CLOSE: usize = 0x02;
const WRITE0: usize = 0x04;
const READ: usize = 0x06;
const GET_CMDLINE: usize = 0x15;
const EXIT: usize = 0x18;

const APPLICATION_EXIT: usize = 0x2_0026;

fn call(operation: usize, argument: usize) -> usize {
    let mut result = operation;
    // SAFETY: the debugger's breakpoint. It reads and writes what `argument`
    // points to, which each caller lends for that long.
    unsafe { asm!("bkpt 0xab", inout("r0") result, in("r1") argument, options(nostack)) };
    result
}

/// The console.
#[derive(Default)]
pub struct Console {
    line: heapless::Vec<u8, 64>,
}

impl Console {
    fn flush(&mut self) {
        if self.line.push(0).is_ok() {
            call(WRITE0, self.line.as_ptr() as usize);
        }
        self.line.clear();
    }
}

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if self.line.len() + 1 == self.line.capacity() {
                self.flush();
            }
            let _ = self.line.push(byte);
        }
        Ok(())
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Writes a line to the console.
pub fn log(line: fmt::Arguments<'_>) {
    use fmt::Write as _;
    let _ = writeln!(Console::default(), "{line}");
}

/// Fills `buffer` from the host's random number generator. This board has
/// none of its own. `None` if the host gives too little.
pub fn entropy(buffer: &mut [u8]) -> Option<()> {
    let path = c"/dev/urandom";
    // Mode 1 is binary reading.
    let file = call(OPEN, [path.as_ptr() as usize, 1, path.count_bytes()].as_ptr() as usize);
    if file == usize::MAX {
        return None;
    }
    let missing = call(READ, [file, buffer.as_mut_ptr() as usize, buffer.len()].as_ptr() as usize);
    call(CLOSE, [file].as_ptr() as usize);
    (missing == 0).then_some(())
}

/// The number that the run was started with as `name=number`.
pub fn setting(name: &str) -> Option<u16> {
    let mut buffer = [0u8; 128];
    let mut block = [buffer.as_mut_ptr() as usize, buffer.len()];
    if call(GET_CMDLINE, block.as_mut_ptr() as usize) != 0 {
        return None;
    }
    let line = core::str::from_utf8(buffer.get(..block[1])?).ok()?;
    line.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('=')?.parse().ok())
}

/// Ends the emulator.
pub fn exit() -> ! {
    call(EXIT, APPLICATION_EXIT);
    loop {
        cortex_m::asm::wfi();
    }
}
