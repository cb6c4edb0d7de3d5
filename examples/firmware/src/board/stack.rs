//! The stacks: the program's and the interrupts', and how deep each ever was.

use core::arch::asm;

/// What cortex-m-rt fills the program's stack with at reset.
const PAINT: u32 = 0xcccc_cccc;
/// Interrupts do not interrupt each other here, so one at a time is on it.
const INTERRUPT_BYTES: usize = 512;

#[repr(align(8))]
struct InterruptStack([u32; INTERRUPT_BYTES / 4]);

static mut INTERRUPT_STACK: InterruptStack = InterruptStack([0; INTERRUPT_BYTES / 4]);

unsafe extern "C" {
    static _stack_start: u32;
    static _stack_end: u32;
}

/// Gives interrupts a stack of their own. What is on the program's stack is then
/// its own, but for the registers that the core saves there.
///
/// Call once, before there are interrupts.
pub(super) fn split() {
    let stack = &raw mut INTERRUPT_STACK;
    // SAFETY: nothing else refers to it, and no interrupt uses it yet.
    unsafe { (*stack).0.fill(PAINT) };
    let top = stack as usize + INTERRUPT_BYTES;
    // SAFETY: the program goes on where it is on its stack, under the name of
    // PSP; MSP, which interrupts use, becomes the end of memory that is theirs.
    unsafe {
        asm!(
            "mrs {scratch}, msp",
            "msr psp, {scratch}",
            "movs {scratch}, #2",
            "msr control, {scratch}",
            "isb",
            "msr msp, {top}",
            scratch = out(reg) _,
            top = in(reg) top,
        );
    }
}

/// The most bytes of the program's stack that were in use since boot, and how
/// many there are.
pub fn high_water_bytes() -> (usize, usize) {
    let end = &raw const _stack_end;
    high_water(end, &raw const _stack_start as usize - end as usize)
}

/// The same of the interrupts' stack.
pub fn interrupt_high_water_bytes() -> (usize, usize) {
    high_water((&raw const INTERRUPT_STACK).cast(), INTERRUPT_BYTES)
}

/// Of the stack that ends at `end` and has `bytes`.
fn high_water(end: *const u32, bytes: usize) -> (usize, usize) {
    // SAFETY: aligned words of RAM, all within the stack.
    let untouched =
        (0..bytes / 4).take_while(|word| unsafe { end.add(*word).read_volatile() } == PAINT).count();
    (bytes - 4 * untouched, bytes)
}
