//! Memory for a request's session, as much as it needs.
//!
//! A [`hipflask::Session`] has its room in one fixed array. So there are five sizes of them
//! behind one type, each four times the one before, and a session that needs more moves
//! into the next. Most never leave the first.

use std::ptr;

use hipflask::{
    SecureCookieSession,
    interface::server_side::ServerSideContext,
    zlib::{DeflateScratch, Scratch},
};

/// How much room a session has.
struct Size {
    /// The JSON text that there is room for.
    json_bytes: usize,
    make_context: fn() -> Box<ServerSideContext>,
    make_scratch: fn() -> Box<Scratch>,
}

impl Size {
    const fn of<const JSON: usize, const CAPACITY: usize, const SCRATCH: usize>() -> Self {
        assert!(CAPACITY == with_index(JSON), "a capacity is the text and the index");
        Self { json_bytes: JSON, make_context: context::<CAPACITY>, make_scratch: scratch::<SCRATCH> }
    }
}

/// A text and its index, which has 8 bytes for an entry, if there is no more than one
/// entry for each 64 bytes of text.
const fn with_index(json_bytes: usize) -> usize {
    json_bytes + json_bytes / 8
}

// The core compresses texts of up to 32 KiB. A cookie that holds more is refused.
static SIZES: [Size; 5] = [
    Size::of::<0x400, 0x480, 0x480>(),
    Size::of::<0x1000, 0x1200, 0x1200>(),
    Size::of::<0x4000, 0x4800, 0x4800>(),
    Size::of::<0x1_0000, 0x1_2000, 0x8000>(),
    Size::of::<0x4_0000, 0x4_8000, 0x8000>(),
];

// Where a build is not optimized, these have their arrays on the stack for a moment, and so
// they are not inlined.
#[inline(never)]
fn context<const N: usize>() -> Box<ServerSideContext> {
    Box::new(ServerSideContext::new(SecureCookieSession::<N>::new()))
}

#[inline(never)]
fn scratch<const N: usize>() -> Box<Scratch> {
    Box::new(DeflateScratch::<N>::new())
}

/// A request's session, and how much room it has. One in a cookie has no use for what a
/// context has for one in a store.
pub(crate) struct Room {
    pub(crate) context: Box<ServerSideContext>,
    size: &'static Size,
    /// The largest that it may have.
    last: &'static Size,
}

impl Room {
    /// The smallest room, which may grow up to `limit_bytes` bytes of JSON, rounded up to
    /// one of the sizes.
    pub(crate) fn new(limit_bytes: usize) -> Self {
        let [first, .., largest] = &SIZES;
        let last = SIZES.iter().find(|size| size.json_bytes >= limit_bytes).unwrap_or(largest);
        Self { context: (first.make_context)(), size: first, last }
    }

    /// More room, with nothing in it: of `needed_bytes`, as far as that is known, or else the
    /// most there may be, so that an error names that.
    pub(crate) fn larger(&self, needed_bytes: usize) -> Option<Self> {
        let allowed = self.size.json_bytes + 1..=self.last.json_bytes;
        let mut larger = SIZES.iter().filter(|size| allowed.contains(&size.json_bytes));
        let size =
            larger.find(|size| with_index(size.json_bytes) >= needed_bytes || ptr::eq(*size, self.last))?;
        Some(Self { context: (size.make_context)(), size, last: self.last })
    }

    /// A copy in as much room.
    pub(crate) fn copy(&self) -> Self {
        let mut copy = Self { context: (self.size.make_context)(), size: self.size, last: self.last };
        // It has as much room.
        let _ = copy.context.copy_from(&self.context);
        copy
    }

    /// The longest value that a store may keep of a session with as much room as this one may
    /// get: numbers may take more bytes there than as JSON.
    pub(crate) fn max_stored_bytes(&self) -> usize {
        self.last.json_bytes * 4
    }

    /// Memory to compress in what it holds.
    pub(crate) fn scratch(&self) -> Box<Scratch> {
        (self.size.make_scratch)()
    }
}
