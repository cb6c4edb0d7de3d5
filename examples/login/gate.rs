//! A limit on how many threads do something at once.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

/// So many places. Who takes one gives it back by dropping it.
pub struct Gate {
    free: Mutex<usize>,
    freed: Condvar,
}

pub struct Place<'g>(&'g Gate);

impl Gate {
    pub const fn new(places: usize) -> Self {
        Self { free: Mutex::new(places), freed: Condvar::new() }
    }

    /// Takes a place; waits for one as long as `patience`. `None` when there is still none.
    pub fn enter(&self, patience: Duration) -> Option<Place<'_>> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.freed.wait_timeout_while(free, patience, |free| *free == 0);
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(Place(self))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_gate_lets_in_who_waits_until_a_place_is_free() {
        let gate = Gate::new(2);
        let places = [gate.enter(Duration::ZERO), gate.enter(Duration::ZERO)];
        assert!(places.iter().all(Option::is_some));
        assert!(gate.enter(Duration::ZERO).is_none());
        assert!(gate.enter(Duration::from_millis(1)).is_none());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.enter(Duration::from_secs(60)).is_some());
            drop(places);
            assert_eq!(waiting.join().ok(), Some(true));
        });
        assert!(gate.enter(Duration::ZERO).is_some());
    }
}
