//! The LM3S6965's Ethernet controller, as QEMU emulates it: a word-wide FIFO
//! for packets in and one for packets out.

use core::{cell::RefCell, task::Context};

use critical_section::Mutex;
use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use embassy_sync::waitqueue::WakerRegistration;

/// The controller's interrupt.
pub const INTERRUPT: i16 = 42;

const BASE: usize = 0x4004_8000;
/// Raw interrupt status when read, acknowledge when written.
const RIS: usize = 0x00;
const IM: usize = 0x04;
const RCTL: usize = 0x08;
const TCTL: usize = 0x0c;
const DATA: usize = 0x10;
const IA0: usize = 0x14;
const IA1: usize = 0x18;
/// How many packets wait in the receive FIFO.
const NP: usize = 0x34;
const TR: usize = 0x38;

/// A packet was received. Only this one is acknowledged: acknowledging a
/// transmit error would reset the transmit FIFO.
const RXINT: u32 = 1;
/// Transmit: enable, pad short packets, append the checksum, full duplex.
const TCTL_ON: u32 = 0x17;
/// Receive: enable, and multicast.
const RCTL_ON: u32 = 0x03;

const HEADER_BYTES: usize = 14;
/// With its header. IP promises that packets of 576 bytes get through
/// (RFC 791); more would only cost RAM.
const MTU_BYTES: usize = HEADER_BYTES + 600;
/// The FIFO wants or gives two bytes of length before each packet.
const LENGTH_BYTES: usize = 2;
const CHECKSUM_BYTES: usize = 4;
/// A packet with its length and checksum, in whole words.
const BUFFER_BYTES: usize = (LENGTH_BYTES + MTU_BYTES + CHECKSUM_BYTES).next_multiple_of(4);

static RECEIVED: Mutex<RefCell<WakerRegistration>> = Mutex::new(RefCell::new(WakerRegistration::new()));

fn read(register: usize) -> u32 {
    // SAFETY: a register of the controller at its address; reading DATA takes
    // a word out of the FIFO, which only this driver does.
    unsafe { ((BASE + register) as *const u32).read_volatile() }
}

fn write(register: usize, value: u32) {
    // SAFETY: as above.
    unsafe { ((BASE + register) as *mut u32).write_volatile(value) }
}

/// Call on [`INTERRUPT`].
pub fn on_interrupt() {
    write(RIS, RXINT);
    critical_section::with(|cs| RECEIVED.borrow_ref_mut(cs).wake());
}

/// The driver, and room for a packet each way.
pub struct Ethernet {
    rx: [u8; BUFFER_BYTES],
    tx: [u8; BUFFER_BYTES],
}

impl Ethernet {
    /// The room, before the controller runs. There must be only one.
    pub const fn idle() -> Self {
        Self { rx: [0; BUFFER_BYTES], tx: [0; BUFFER_BYTES] }
    }

    /// Starts the controller.
    pub fn start(&mut self) {
        write(TCTL, TCTL_ON);
        write(RCTL, RCTL_ON);
        write(IM, RXINT);
        // SAFETY: the handler only wakes a task.
        unsafe { cortex_m::peripheral::NVIC::unmask(Line) };
    }

    /// Takes a packet out of the FIFO: where it is in the buffer. One that is
    /// too long is dropped.
    fn take(&mut self) -> Option<&mut [u8]> {
        let first = read(DATA).to_le_bytes();
        let len = usize::from(u16::from_le_bytes([first[0], first[1]]));
        let rest = len.div_ceil(4).saturating_sub(1);
        let (words, _) = self.rx.as_chunks_mut::<4>();
        let mut words = words.iter_mut();
        if let Some(word) = words.next() {
            *word = first;
        }
        for _ in 0..rest {
            let word = read(DATA).to_le_bytes();
            if let Some(slot) = words.next() {
                *slot = word;
            }
        }
        self.rx.get_mut(LENGTH_BYTES..len.checked_sub(CHECKSUM_BYTES)?)
    }
}

#[derive(Clone, Copy)]
struct Line;

// SAFETY: the number of the controller's interrupt.
unsafe impl cortex_m::interrupt::InterruptNumber for Line {
    fn number(self) -> u16 {
        INTERRUPT as u16
    }
}

/// A packet that was received.
pub struct Received<'a>(&'a mut [u8]);

/// The room for a packet to send.
pub struct Sending<'a>(&'a mut [u8; BUFFER_BYTES]);

impl Driver for &'static mut Ethernet {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Sending<'a>;

    fn receive(&mut self, cx: &mut Context<'_>) -> Option<(Received<'_>, Sending<'_>)> {
        critical_section::with(|cs| RECEIVED.borrow_ref_mut(cs).register(cx.waker()));
        if read(NP) == 0 {
            return None;
        }
        let len = self.take()?.len();
        let packet = self.rx.get_mut(LENGTH_BYTES..LENGTH_BYTES + len)?;
        Some((Received(packet), Sending(&mut self.tx)))
    }

    fn transmit(&mut self, _cx: &mut Context<'_>) -> Option<Sending<'_>> {
        Some(Sending(&mut self.tx))
    }

    fn link_state(&mut self, _cx: &mut Context<'_>) -> LinkState {
        LinkState::Up
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = MTU_BYTES;
        capabilities.max_burst_size = Some(1);
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        let [a, b, c, d] = read(IA0).to_le_bytes();
        let [e, f, ..] = read(IA1).to_le_bytes();
        HardwareAddress::Ethernet([a, b, c, d, e, f])
    }
}

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, f: F) -> R {
        f(self.0)
    }
}

impl TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let len = len.min(MTU_BYTES);
        // The length that the FIFO wants does not count the Ethernet header.
        let [low, high] = (len.saturating_sub(HEADER_BYTES) as u16).to_le_bytes();
        self.0[0] = low;
        self.0[1] = high;
        let result = f(&mut self.0[LENGTH_BYTES..LENGTH_BYTES + len]);
        let (words, _) = self.0.as_chunks::<4>();
        for word in words.iter().take((LENGTH_BYTES + len).div_ceil(4)) {
            write(DATA, u32::from_le_bytes(*word));
        }
        write(TR, 1);
        result
    }
}
