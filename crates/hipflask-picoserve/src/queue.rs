//! Waiting for something that other requests have.

use core::{cell::RefCell, future::poll_fn, task::Poll};

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
