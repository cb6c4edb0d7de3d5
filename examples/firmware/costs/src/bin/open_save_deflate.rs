//! Opens a session, compressed or not, changes it and saves it compressed.

#![no_std]
#![no_main]

use firmware_costs::{
    measure,
    requests::{COOKIES, answer, keys, now, visit},
};
use hipflask::{Error, SecureCookieSessionInterface, clock_fn, zlib::DeflateScratch};
use static_cell::ConstStaticCell;

fn run() -> Result<usize, Error> {
    static SCRATCH: ConstStaticCell<DeflateScratch<1024>> = ConstStaticCell::new(DeflateScratch::new());
    let interface = SecureCookieSessionInterface::new(keys()?, clock_fn(now)).with_compression();
    let scratch = SCRATCH.try_take().ok_or(Error::Depth)?;
    answer(&interface, &COOKIES, scratch, visit)
}

#[firmware_costs::entry]
fn main() -> ! {
    measure(run)
}
