//! As `open_save`, with MACs that the chip does not compute: a secure element at the other
//! end of the serial line does. (Here it is tools/firmware_costs.py.) So neither SHA-1 nor
//! HMAC is linked.

#![no_std]
#![no_main]

use firmware_costs::{
    measure,
    requests::{COOKIES, answer, now, visit},
    serial,
};
use hipflask::{
    Error, SecureCookieSessionInterface, clock_fn,
    signing::{Mac, MacTag, NoCompression, SigningKeys},
};

/// It holds the keys of Flask's sessions, each under a number, and tells none of them.
struct SecureElement;

impl SigningKeys for SecureElement {
    type Mac = ElementMac;

    fn current(&self) -> Result<ElementMac, Error> {
        Ok(ElementMac::start(0))
    }

    fn fallback(&self, index: usize) -> Option<Result<ElementMac, Error>> {
        (index == 0).then(|| Ok(ElementMac::start(1)))
    }
}

/// The MAC that the element is computing. Starting another one ends it.
struct ElementMac;

impl ElementMac {
    fn start(key_number: u8) -> Self {
        serial::send(&[b's', key_number]);
        Self
    }
}

impl Mac for ElementMac {
    fn update(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(255) {
            serial::send(&[b'u', piece.len() as u8]);
            serial::send(piece);
        }
    }

    fn finish(self) -> Result<MacTag, Error> {
        serial::send(b"f");
        let mut tag = [0; 20];
        tag.fill_with(serial::receive);
        MacTag::new(&tag).ok_or(Error::MacUnavailable)
    }
}

fn run() -> Result<usize, Error> {
    let interface = SecureCookieSessionInterface::new(SecureElement, clock_fn(now));
    answer(&interface, &COOKIES, &mut NoCompression, visit)
}

#[firmware_costs::entry]
fn main() -> ! {
    measure(run)
}
