//! Time since boot for embassy: SysTick interrupts a hundred times a second. (The
//! emulator loses some of a thousand, when its host is busy.)

use core::{cell::RefCell, task::Waker};

use cortex_m::peripheral::{SYST, syst::SystClkSource};
use critical_section::Mutex;
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

/// What QEMU's LM3S6965 runs at after reset.
const CORE_HZ: u32 = 12_500_000;
const TICK_HZ: u32 = embassy_time_driver::TICK_HZ as u32;

struct State {
    now: u64,
    next: u64,
    queue: Queue,
}

struct SysTickDriver(Mutex<RefCell<State>>);

embassy_time_driver::time_driver_impl!(
    static DRIVER: SysTickDriver =
        SysTickDriver(Mutex::new(RefCell::new(State { now: 0, next: u64::MAX, queue: Queue::new() })))
);

impl Driver for SysTickDriver {
    fn now(&self) -> u64 {
        critical_section::with(|cs| self.0.borrow_ref(cs).now)
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|cs| {
            let state = &mut *self.0.borrow_ref_mut(cs);
            if state.queue.schedule_wake(at, waker) {
                state.next = state.queue.next_expiration(state.now);
            }
        });
    }
}

/// Starts the ticks.
pub fn start(mut timer: SYST) {
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(CORE_HZ / TICK_HZ - 1);
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
}

/// Call on SysTick.
pub fn on_tick() {
    critical_section::with(|cs| {
        let state = &mut *DRIVER.0.borrow_ref_mut(cs);
        state.now += 1;
        if state.now >= state.next {
            state.next = state.queue.next_expiration(state.now);
        }
    });
}
