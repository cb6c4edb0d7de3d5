//! A stand-in for flash. QEMU does not emulate writing this chip's flash, so
//! this is RAM that a soft reset leaves alone, behind the traits that a flash
//! driver has: erased bytes are 0xFF, and writing only clears bits.

use core::{
    convert::Infallible,
    mem::MaybeUninit,
    ops::Range,
    sync::atomic::{AtomicBool, Ordering},
};

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use embedded_storage_async::nor_flash as in_time;

/// A page of the chip's flash, as far as this is one.
const PAGE_BYTES: usize = 128;
/// The page of the secret key.
pub const SECRET: u32 = 0;
/// Two pages for what changes: one is in use while the other is erased.
pub const STORE: Range<u32> = PAGE_BYTES as u32..BYTES as u32;
const BYTES: usize = 3 * PAGE_BYTES;

/// A page of the flash that sessions are kept in.
pub const SESSION_PAGE_BYTES: usize = 1024;
/// Its two pages.
pub const SESSIONS: Range<u32> = 0..SESSION_BYTES as u32;
const SESSION_BYTES: usize = 2 * SESSION_PAGE_BYTES;

/// Shows that the region was erased once since power came on.
const FORMATTED: u32 = 0x464c_5348;

struct Region<const N: usize> {
    formatted: u32,
    bytes: [u8; N],
}

#[unsafe(link_section = ".uninit.flash")]
static mut REGION: MaybeUninit<Region<BYTES>> = MaybeUninit::uninit();

#[unsafe(link_section = ".uninit.sessions")]
static mut SESSION_REGION: MaybeUninit<Region<SESSION_BYTES>> = MaybeUninit::uninit();

/// A region with pages of `PAGE` bytes.
pub struct Flash<const PAGE: usize = PAGE_BYTES>(&'static mut [u8]);

impl Flash {
    /// The region, erased if power was off. Takes the token that cortex-m-rt
    /// gives out once, so there is only one.
    pub fn new(_once: &cortex_m::Peripherals) -> Self {
        // SAFETY: made once.
        Self(unsafe { taken::<BYTES>((&raw mut REGION).cast()) })
    }
}

impl Flash<SESSION_PAGE_BYTES> {
    /// The region that sessions are kept in, for a program that does so.
    ///
    /// # Panics
    /// The second time.
    pub fn for_sessions() -> Self {
        static IS_TAKEN: AtomicBool = AtomicBool::new(false);
        assert!(!IS_TAKEN.swap(true, Ordering::Relaxed), "there is one region");
        // SAFETY: made once, as it was asked here.
        Self(unsafe { taken::<SESSION_BYTES>((&raw mut SESSION_REGION).cast()) })
    }
}

/// The bytes of a region, erased if power was off.
///
/// # Safety
/// Nothing else refers to the region, now or later.
unsafe fn taken<const N: usize>(region: *mut Region<N>) -> &'static mut [u8] {
    // SAFETY: as the caller says. Any bytes are a Region, and those of memory that
    // was never written are whatever the chip woke up with.
    let region = unsafe { &mut *region };
    // SAFETY: as above; volatile, so that the compiler takes what is there.
    if unsafe { (&raw const region.formatted).read_volatile() } != FORMATTED {
        region.bytes.fill(0xff);
        region.formatted = FORMATTED;
    }
    &mut region.bytes
}

impl<const PAGE: usize> Flash<PAGE> {
    fn range(&mut self, from: u32, len: usize) -> &mut [u8] {
        let from = from as usize;
        self.0.get_mut(from..from.saturating_add(len)).unwrap_or_default()
    }
}

impl<const PAGE: usize> ErrorType for Flash<PAGE> {
    type Error = Infallible;
}

impl<const PAGE: usize> ReadNorFlash for Flash<PAGE> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        let stored = self.range(offset, bytes.len());
        bytes.iter_mut().zip(stored).for_each(|(to, from)| *to = *from);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl<const PAGE: usize> NorFlash for Flash<PAGE> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Infallible> {
        self.range(from, to.saturating_sub(from) as usize).fill(0xff);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Infallible> {
        let stored = self.range(offset, bytes.len());
        stored.iter_mut().zip(bytes).for_each(|(to, from)| *to &= from);
        Ok(())
    }
}

// The same for who awaits it.
impl<const PAGE: usize> in_time::ReadNorFlash for Flash<PAGE> {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        ReadNorFlash::read(self, offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl<const PAGE: usize> in_time::NorFlash for Flash<PAGE> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Infallible> {
        NorFlash::erase(self, from, to)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Infallible> {
        NorFlash::write(self, offset, bytes)
    }
}
