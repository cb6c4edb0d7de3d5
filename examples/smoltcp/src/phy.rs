//! The board's Ethernet driver, as smoltcp wants one. It speaks embassy's trait,
//! which asks for the same and for a waker: there is none, the loop polls.

use core::task::{Context, Waker};

use embassy_net_driver::{Driver as _, HardwareAddress, RxToken as _, TxToken as _};
use firmware::board::ethernet::{Ethernet, Received, Sending};
use smoltcp::{
    phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken},
    time::Instant,
    wire::EthernetAddress,
};

pub struct Phy(&'static mut Ethernet);

pub struct In<'a>(Received<'a>);

pub struct Out<'a>(Sending<'a>);

impl Phy {
    pub const fn new(ethernet: &'static mut Ethernet) -> Self {
        Self(ethernet)
    }

    /// The chip's own address.
    pub fn address(&self) -> EthernetAddress {
        match self.0.hardware_address() {
            HardwareAddress::Ethernet(address) => EthernetAddress(address),
            _ => EthernetAddress::default(),
        }
    }
}

impl Device for Phy {
    type RxToken<'a> = In<'a>;
    type TxToken<'a> = Out<'a>;

    fn receive(&mut self, _: Instant) -> Option<(In<'_>, Out<'_>)> {
        let (received, sending) = self.0.receive(&mut Context::from_waker(Waker::noop()))?;
        Some((In(received), Out(sending)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Out<'_>> {
        self.0.transmit(&mut Context::from_waker(Waker::noop())).map(Out)
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = self.0.capabilities().max_transmission_unit;
        capabilities.max_burst_size = Some(1);
        capabilities
    }
}

impl RxToken for In<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        self.0.consume(|packet| f(packet))
    }
}

impl TxToken for Out<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        self.0.consume(len, f)
    }
}
