//! How deep the stack ever was. cortex-m-rt fills it with a pattern at reset.

const PAINT: u32 = 0xcccc_cccc;

unsafe extern "C" {
    static _stack_start: u32;
    static _stack_end: u32;
}

/// The most bytes of stack that were in use since boot, and how many there are.
pub fn high_water_bytes() -> (usize, usize) {
    let top = &raw const _stack_start as usize;
    let end = &raw const _stack_end as usize;
    let words = (end..top).step_by(4);
    // SAFETY: aligned words of RAM below the stack's start.
    let untouched =
        words.take_while(|word| unsafe { (*word as *const u32).read_volatile() } == PAINT).count();
    (top - end - 4 * untouched, top - end)
}
