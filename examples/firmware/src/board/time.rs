//! Time since boot for embassy: SysTick interrupts a hundred times a second, and a
//! timer counts seconds. Interrupts get lost while nobody runs the emulator; what
//! is missing is added when a second has passed.

use core::{cell::RefCell, task::Waker};

use cortex_m::peripheral::{SYST, syst::SystClkSource};
use critical_section::Mutex;
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

/// What QEMU's LM3S6965 runs at after reset.
const CORE_HZ: u32 = 12_500_000;
const TICK_HZ: u32 = embassy_time_driver::TICK_HZ as u32;

/// The first general-purpose timer.
const TIMER: usize = 0x4003_0000;
const CFG: usize = 0x00;
const CTL: usize = 0x0c;
const TAMATCHR: usize = 0x30;
const TAR: usize = 0x48;
/// A counter of seconds.
const CFG_RTC: u32 = 1;
/// Timer A: enable; RTC: go on while a debugger halts the chip.
const CTL_ON: u32 = 0x11;

fn write(register: usize, value: u32) {
    // SAFETY: a register of the timer, which only this module uses.
    unsafe { ((TIMER + register) as *mut u32).write_volatile(value) }
}

fn seconds() -> u64 {
    // SAFETY: as above; reading it changes nothing.
    u64::from(unsafe { ((TIMER + TAR) as *const u32).read_volatile() })
}

struct State {
    now: u64,
    /// What the timer said at the start: the emulator's outlives a soft reset.
    first_second: u64,
    next: u64,
    queue: Queue,
}

struct SysTickDriver(Mutex<RefCell<State>>);

embassy_time_driver::time_driver_impl!(
    static DRIVER: SysTickDriver =
        SysTickDriver(Mutex::new(RefCell::new(State { now: 0, first_second: 0, next: u64::MAX, queue: Queue::new() })))
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
    // Off and on: its first second begins now.
    write(CTL, 0);
    write(CFG, CFG_RTC);
    write(TAMATCHR, u32::MAX);
    write(CTL, CTL_ON);
    critical_section::with(|cs| DRIVER.0.borrow_ref_mut(cs).first_second = seconds());
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
        let whole_seconds = seconds().saturating_sub(state.first_second);
        state.now = (state.now + 1).max(whole_seconds * u64::from(TICK_HZ));
        if state.now >= state.next {
            state.next = state.queue.next_expiration(state.now);
        }
    });
}
