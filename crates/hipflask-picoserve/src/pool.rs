//! Where the sessions are while their requests are answered.

use core::cell::{Cell, RefCell};

use hipflask::{RequestContext, SecureCookieSession, interface::server_side::ServerSideContext};

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
pub struct Pool<const BYTES: usize, const PLACES: usize>(
    Places<RequestContext<SecureCookieSession<BYTES>>, PLACES>,
);

impl<const BYTES: usize, const PLACES: usize> Pool<BYTES, PLACES> {
    /// Makes a pool of free places.
    #[must_use]
    pub const fn new() -> Self {
        Self(Places::of([const { Place::new(RequestContext::new(SecureCookieSession::new())) }; PLACES]))
    }

    /// How many places are taken now.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.0.taken()
    }

    /// Waits for a free place.
    pub(crate) async fn take(&'static self) -> Taken<RequestContext> {
        let (place, queue) = self.0.take().await;
        Taken { place, queue }
    }
}

impl<const BYTES: usize, const PLACES: usize> Default for Pool<BYTES, PLACES> {
    fn default() -> Self {
        Self::new()
    }
}

/// A [`Pool`] for server-side sessions. It is some 90 bytes larger for each place, which
/// has the session's id too.
pub struct ServerSidePool<const BYTES: usize, const PLACES: usize>(
    Places<ServerSideContext<SecureCookieSession<BYTES>>, PLACES>,
);

impl<const BYTES: usize, const PLACES: usize> ServerSidePool<BYTES, PLACES> {
    /// Makes a pool of free places.
    #[must_use]
    pub const fn new() -> Self {
        Self(Places::of([const { Place::new(ServerSideContext::new(SecureCookieSession::new())) }; PLACES]))
    }

    /// How many places are taken now.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.0.taken()
    }

    /// Waits for a free place.
    pub(crate) async fn take(&'static self) -> Taken<ServerSideContext> {
        let (place, queue) = self.0.take().await;
        Taken { place, queue }
    }
}

impl<const BYTES: usize, const PLACES: usize> Default for ServerSidePool<BYTES, PLACES> {
    fn default() -> Self {
        Self::new()
    }
}

/// Places, and who waits for one.
struct Places<X, const PLACES: usize> {
    places: [Place<X>; PLACES],
    queue: Queue,
}

impl<X, const PLACES: usize> Places<X, PLACES> {
    const fn of(places: [Place<X>; PLACES]) -> Self {
        const { assert!(PLACES > 0, "without a place, every request waits for ever") };
        Self { places, queue: Queue::new() }
    }

    fn taken(&self) -> usize {
        self.places.iter().filter(|place| place.is_taken.get()).count()
    }

    async fn take(&self) -> (&Place<X>, &Queue) {
        let free = || self.places.iter().find(|place| !place.is_taken.replace(true));
        (self.queue.wait(free).await, &self.queue)
    }
}

/// A place for what is known of one request's session, of any size.
pub(crate) struct Place<X: ?Sized> {
    is_taken: Cell<bool>,
    pub(crate) context: RefCell<X>,
}

impl<X> Place<X> {
    const fn new(context: X) -> Self {
        Self { is_taken: Cell::new(false), context: RefCell::new(context) }
    }
}

/// A place until it is dropped, also when the connection breaks.
pub(crate) struct Taken<X: ?Sized + 'static> {
    pub(crate) place: &'static Place<X>,
    queue: &'static Queue,
}

impl<X: ?Sized> Drop for Taken<X> {
    fn drop(&mut self) {
        self.place.is_taken.set(false);
        self.queue.wake();
    }
}
