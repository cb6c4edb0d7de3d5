//! NOR flash in RAM whose power can be cut: erased bytes are 0xFF, writing clears bits, and
//! a word is written once between two erasures.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};

/// Flash with words of `WORD` bytes and pages of `PAGE` bytes. With `REWRITES`, bits of a
/// word that was written may be cleared later.
#[derive(Clone)]
pub struct EmulatedFlash<const WORD: usize, const PAGE: usize, const REWRITES: bool> {
    bytes: Vec<u8>,
    is_written: Vec<bool>,
    steps: usize,
    steps_until_cut: Option<usize>,
    fails_to_read: bool,
    random: u64,
}

/// The power is off, or the flash is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

impl NorFlashError for Failed {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::Other
    }
}

impl<const WORD: usize, const PAGE: usize, const REWRITES: bool> EmulatedFlash<WORD, PAGE, REWRITES> {
    /// Erased flash.
    pub fn new(pages: usize) -> Self {
        Self {
            bytes: vec![0xff; pages * PAGE],
            is_written: vec![false; pages * PAGE / WORD],
            steps: 0,
            steps_until_cut: None,
            fails_to_read: false,
            random: 0x9e37_79b9_7f4a_7c15,
        }
    }

    /// How many words were written and pages erased since the last start.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Cuts the power in the middle of the step after so many others.
    pub fn cut_after(&mut self, steps: usize) {
        self.steps_until_cut = Some(steps);
    }

    /// The power comes back.
    pub fn restart(&mut self) {
        self.steps = 0;
        self.steps_until_cut = None;
    }

    /// Reading fails from now on, or does no more.
    pub fn fail_to_read(&mut self, fails: bool) {
        self.fails_to_read = fails;
    }

    /// What it holds, to look at and to damage.
    #[allow(dead_code, reason = "not every test does")]
    pub fn bytes(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Of xorshift64.
    fn random(&mut self) -> u8 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random.to_be_bytes()[0]
    }

    fn is_off(&self) -> bool {
        self.steps_until_cut == Some(self.steps)
    }
}

impl<const WORD: usize, const PAGE: usize, const REWRITES: bool> ErrorType
    for EmulatedFlash<WORD, PAGE, REWRITES>
{
    type Error = Failed;
}

impl<const WORD: usize, const PAGE: usize, const REWRITES: bool> ReadNorFlash
    for EmulatedFlash<WORD, PAGE, REWRITES>
{
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Failed> {
        check_read(self, offset, bytes.len()).expect("a driver is asked for what there is");
        if self.fails_to_read {
            return Err(Failed);
        }
        bytes.copy_from_slice(&self.bytes[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.len()
    }
}

impl<const WORD: usize, const PAGE: usize, const REWRITES: bool> NorFlash
    for EmulatedFlash<WORD, PAGE, REWRITES>
{
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Failed> {
        check_erase(self, from, to).expect("whole pages are erased");
        for page in (from as usize..to as usize).step_by(PAGE) {
            if self.is_off() {
                // Each bit is what it was, or erased.
                for place in page..page + PAGE {
                    let erased = self.random();
                    self.bytes[place] |= erased;
                }
                self.is_written[page / WORD..][..PAGE / WORD].fill(true);
                return Err(Failed);
            }
            self.steps += 1;
            self.bytes[page..][..PAGE].fill(0xff);
            self.is_written[page / WORD..][..PAGE / WORD].fill(false);
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Failed> {
        check_write(self, offset, bytes.len()).expect("whole words are written");
        for (word, bytes) in (offset as usize / WORD..).zip(bytes.chunks(WORD)) {
            if self.is_off() {
                // Each bit is what it was, or what it was to be.
                for (place, byte) in (word * WORD..).zip(bytes) {
                    let kept = self.random();
                    self.bytes[place] &= byte | kept;
                }
                self.is_written[word] = true;
                return Err(Failed);
            }
            self.steps += 1;
            assert!(REWRITES || !self.is_written[word], "a word is written twice");
            self.is_written[word] = true;
            self.bytes[word * WORD..].iter_mut().zip(bytes).for_each(|(stored, byte)| *stored &= byte);
        }
        Ok(())
    }
}
