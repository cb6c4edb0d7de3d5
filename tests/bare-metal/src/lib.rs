//! What every firmware here has: an entry point and a panic handler.

#![no_std]

use core::{hint, panic::PanicInfo};

/// Makes the entry point call `run`.
#[macro_export]
macro_rules! firmware {
    ($run:path) => {
        #[unsafe(no_mangle)]
        extern "C" fn start() -> ! {
            let _ = core::hint::black_box($run());
            loop {
                core::hint::spin_loop();
            }
        }
    };
}

/// Firmwares link without it, or `tools/bare-metal.sh` complains.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    hint::black_box(info);
    loop {
        hint::spin_loop();
    }
}

/// Where text goes.
pub struct Uart;

impl core::fmt::Write for Uart {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        hint::black_box(text);
        Ok(())
    }
}
