//! Where the sessions are while their requests are answered.

use core::cell::{Cell, RefCell};

use hipflask::{RequestContext, SecureCookieSession, Session};

use crate::queue::Queue;

/// `PLACES` places for sessions of `BYTES` bytes each. A request has one from its
/// headers to the end of its response. When all are taken, the next request waits.
///
/// `BYTES` is the size of the session's JSON, and 8 bytes more for each entry. A new
/// pool is zeros and nothing else, so a `static` one takes no flash:
///
/// ```
/// use hipflask_picoserve::Pool;
/// use static_cell::ConstStaticCell;
///
/// static POOL: ConstStaticCell<Pool<512, 2>> = ConstStaticCell::new(Pool::new());
///
/// let pool: &'static Pool<512, 2> = POOL.take();
/// assert_eq!(pool.taken(), 0);
/// ```
pub struct Pool<const BYTES: usize, const PLACES: usize> {
    places: [Place<SecureCookieSession<BYTES>>; PLACES],
    queue: Queue,
}

impl<const BYTES: usize, const PLACES: usize> Pool<BYTES, PLACES> {
    /// Makes a pool of free places.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(PLACES > 0, "without a place, every request waits for ever") };
        Self { places: [const { Place::new() }; PLACES], queue: Queue::new() }
    }

    /// How many places are taken now.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.places.iter().filter(|place| place.is_taken.get()).count()
    }

    /// Waits for a free place.
    pub(crate) async fn take(&'static self) -> Taken {
        let free = || self.places.iter().find(|place| !place.is_taken.replace(true));
        Taken { place: self.queue.wait(free).await, queue: &self.queue }
    }
}

impl<const BYTES: usize, const PLACES: usize> Default for Pool<BYTES, PLACES> {
    fn default() -> Self {
        Self::new()
    }
}

/// A place for one request's session, of any size.
pub(crate) struct Place<S: ?Sized = Session> {
    is_taken: Cell<bool>,
    pub(crate) context: RefCell<RequestContext<S>>,
}

impl<const BYTES: usize> Place<SecureCookieSession<BYTES>> {
    const fn new() -> Self {
        Self {
            is_taken: Cell::new(false),
            context: RefCell::new(RequestContext::new(SecureCookieSession::new())),
        }
    }
}

/// A place until it is dropped, also when the connection breaks.
pub(crate) struct Taken {
    pub(crate) place: &'static Place,
    queue: &'static Queue,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.place.is_taken.set(false);
        self.queue.wake();
    }
}
