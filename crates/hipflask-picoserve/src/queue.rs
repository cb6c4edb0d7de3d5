//! Waiting for something that other requests have.

use core::{
    cell::{RefCell, RefMut},
    future::poll_fn,
    task::Poll,
};

use embassy_sync::waitqueue::MultiWakerRegistration;

/// How many tasks wait without being woken for nothing. More of them work too.
const TASKS: usize = 4;

/// The tasks that wait. All are woken when something comes back, and look again.
pub(crate) struct Queue(RefCell<MultiWakerRegistration<TASKS>>);

impl Queue {
    pub(crate) const fn new() -> Self {
        Self(RefCell::new(MultiWakerRegistration::new()))
    }

    /// Waits until `take` gets what it wants.
    pub(crate) async fn wait<T>(&self, take: impl Fn() -> Option<T>) -> T {
        poll_fn(|context| match take() {
            Some(taken) => Poll::Ready(taken),
            None => {
                self.0.borrow_mut().register(context.waker());
                Poll::Pending
            }
        })
        .await
    }

    /// Something has come back.
    pub(crate) fn wake(&self) {
        self.0.borrow_mut().wake();
    }
}

/// Memory that is lent to one request at a time.
pub(crate) struct Memory<M: ?Sized + 'static> {
    memory: RefCell<&'static mut M>,
    queue: Queue,
}

impl<M: ?Sized> Memory<M> {
    pub(crate) const fn new(memory: &'static mut M) -> Self {
        Self { memory: RefCell::new(memory), queue: Queue::new() }
    }

    /// Waits until nobody else has it.
    pub(crate) async fn borrow(&self) -> Lent<'_, M> {
        let free = || self.memory.try_borrow_mut().ok();
        Lent { memory: Some(self.queue.wait(free).await), queue: &self.queue }
    }
}

/// The memory until it is dropped.
pub(crate) struct Lent<'m, M: ?Sized + 'static> {
    memory: Option<RefMut<'m, &'static mut M>>,
    queue: &'m Queue,
}

impl<M: ?Sized> Lent<'_, M> {
    /// The memory. It is `None` only while this is being dropped.
    pub(crate) fn get(&mut self) -> Option<&mut M> {
        self.memory.as_deref_mut().map(|memory| &mut **memory)
    }
}

impl<M: ?Sized> Drop for Lent<'_, M> {
    fn drop(&mut self) {
        self.memory = None;
        self.queue.wake();
    }
}
