//! embassy's executor, asleep with WFI between events: the usual one uses WFE,
//! which QEMU takes for "do nothing" and spins.

use core::{
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll},
};

use embassy_executor::{Spawner, raw};
use static_cell::StaticCell;

static WORK: AtomicBool = AtomicBool::new(true);

#[unsafe(export_name = "__pender")]
fn pender(_context: *mut ()) {
    WORK.store(true, Ordering::Release);
}

/// Runs the tasks that `start` spawns, for ever.
pub fn run(start: impl FnOnce(Spawner)) -> ! {
    static EXECUTOR: StaticCell<raw::Executor> = StaticCell::new();
    let executor: &'static raw::Executor = EXECUTOR.init_with(|| raw::Executor::new(core::ptr::null_mut()));
    start(executor.spawner());
    loop {
        WORK.store(false, Ordering::Relaxed);
        // SAFETY: polled from here only.
        unsafe { executor.poll() };
        // With interrupts off, none can come between the check and WFI, which
        // wakes up all the same when one is waiting.
        cortex_m::interrupt::disable();
        if !WORK.load(Ordering::Acquire) {
            cortex_m::asm::wfi();
        }
        // SAFETY: they were on.
        unsafe { cortex_m::interrupt::enable() };
    }
}

/// A future whose stack frame is its own. The compiler merges futures that
/// await each other into one function, whose frame has room for all of them
/// at once; what is deep down then pays for what is over.
pub struct Apart<F>(F);

impl<F: Future> Apart<F> {
    /// Sets `future` apart.
    pub const fn new(future: F) -> Self {
        Self(future)
    }
}

impl<F: Future> Future for Apart<F> {
    type Output = F::Output;

    #[inline(never)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the only field is pinned with the whole and never moved.
        unsafe { self.map_unchecked_mut(|apart| &mut apart.0) }.poll(cx)
    }
}
