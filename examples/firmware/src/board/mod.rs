//! The board: a TI LM3S6965 as QEMU's machine `lm3s6965evb` emulates it. All
//! `unsafe` code of the firmware is in here.

pub mod ethernet;
pub mod executor;
pub mod flash;
pub mod host;
pub mod stack;
pub mod time;

use core::panic::PanicInfo;

use cortex_m_rt::exception;
use static_cell::ConstStaticCell;

/// What a program gets of the board.
pub struct Board {
    /// The network, started.
    pub ethernet: &'static mut ethernet::Ethernet,
    /// Where things are kept.
    pub flash: flash::Flash,
}

/// Starts the timer and the network, and gives interrupts a stack of their own.
///
/// # Panics
/// The second time.
pub fn start() -> Board {
    static ETHERNET: ConstStaticCell<ethernet::Ethernet> = ConstStaticCell::new(ethernet::Ethernet::idle());
    let ethernet = ETHERNET.take();
    let once = cortex_m::Peripherals::take().unwrap();
    stack::split();
    let flash = flash::Flash::new(&once);
    time::start(once.SYST);
    ethernet.start();
    Board { ethernet, flash }
}

/// Restarts the chip. RAM keeps what the start-up code does not write.
pub fn reboot() -> ! {
    cortex_m::peripheral::SCB::sys_reset()
}

#[exception]
fn SysTick() {
    time::on_tick();
}

#[exception]
unsafe fn DefaultHandler(interrupt: i16) {
    if interrupt == ethernet::INTERRUPT {
        ethernet::on_interrupt();
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    host::log(format_args!("{info}"));
    host::exit()
}
