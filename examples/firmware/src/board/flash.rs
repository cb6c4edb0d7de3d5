//! A stand-in for flash. QEMU does not emulate writing this chip's flash, so
//! this is RAM that a soft reset leaves alone, behind the traits that a flash
//! driver has: erased bytes are 0xFF, and writing only clears bits.

use core::{convert::Infallible, mem::MaybeUninit};

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use embedded_storage_async::nor_flash as in_time;

const PAGE_BYTES: usize = 128;
/// The page of the secret key.
pub const SECRET: u32 = 0;
/// Two pages for what changes: one is in use while the other is erased.
pub const STORE: core::ops::Range<u32> = PAGE_BYTES as u32..BYTES as u32;
const BYTES: usize = 3 * PAGE_BYTES;
/// Shows that the region was erased once since power came on.
const FORMATTED: u32 = 0x464c_5348;

struct Region {
    formatted: u32,
    bytes: [u8; BYTES],
}

#[unsafe(link_section = ".uninit.flash")]
static mut REGION: MaybeUninit<Region> = MaybeUninit::uninit();

/// The region.
pub struct Flash(&'static mut [u8; BYTES]);

impl Flash {
    /// The region, erased if power was off. Takes the token that cortex-m-rt
    /// gives out once, so there is only one.
    pub fn new(_once: &cortex_m::Peripherals) -> Self {
        // SAFETY: made once. Any bytes are a Region, and those of memory that
        // was never written are whatever the chip woke up with.
        let region = unsafe { &mut *(&raw mut REGION).cast::<Region>() };
        // SAFETY: as above; volatile, so that the compiler takes what is there.
        if unsafe { (&raw const region.formatted).read_volatile() } != FORMATTED {
            region.bytes.fill(0xff);
            region.formatted = FORMATTED;
        }
        Self(&mut region.bytes)
    }

    fn range(&mut self, from: u32, len: usize) -> &mut [u8] {
        let from = from as usize;
        self.0.get_mut(from..from.saturating_add(len)).unwrap_or_default()
    }
}

impl ErrorType for Flash {
    type Error = Infallible;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        let stored = self.range(offset, bytes.len());
        bytes.iter_mut().zip(stored).for_each(|(to, from)| *to = *from);
        Ok(())
    }

    fn capacity(&self) -> usize {
        BYTES
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE_BYTES;

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
impl in_time::ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Infallible> {
        ReadNorFlash::read(self, offset, bytes)
    }

    fn capacity(&self) -> usize {
        BYTES
    }
}

impl in_time::NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE_BYTES;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Infallible> {
        NorFlash::erase(self, from, to)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Infallible> {
        NorFlash::write(self, offset, bytes)
    }
}
