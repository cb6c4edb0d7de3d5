//! Two sessions of one's own: a cookie session that knows more than its entries, and a
//! map of a few slots that no cookie holds.

use hipflask::{
    CookieSession, Error, SecureCookieSession, Session, SessionMap, SessionMixin,
    json::{Encode, TaggedJsonSerializer, Value},
    sink::Sink,
};

/// A cookie session that counts its changes and knows whether the cookie brought it.
#[derive(Debug, Default)]
pub struct CountedSession {
    entries: SecureCookieSession<512>,
    is_loaded: bool,
    /// How many changes were made in this request.
    pub changes: u32,
}

impl CountedSession {
    /// The entries, to be changed.
    fn change(&mut self) -> &mut Session {
        self.changes += 1;
        &mut self.entries
    }
}

impl SessionMixin for CountedSession {
    fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn is_set(&self, key: &str) -> bool {
        self.entries.is_set(key)
    }

    fn set_flag(&mut self, key: &str, value: bool) -> Result<(), Error> {
        self.change().insert(key, &value)
    }

    fn clear(&mut self) -> Result<(), Error> {
        self.change().clear()
    }

    fn is_new(&self) -> bool {
        !self.is_loaded
    }

    fn modified(&self) -> bool {
        self.entries.modified()
    }

    fn set_modified(&mut self, modified: bool) {
        self.entries.set_modified(modified);
    }

    fn is_null(&self) -> bool {
        self.entries.is_null()
    }

    fn make_null(&mut self) {
        self.entries.make_null();
    }
}

impl SessionMap for CountedSession {
    type Value<'a> = Value<'a>;
    type New<'a> = dyn Encode + 'a;

    fn get(&self, key: &str) -> Option<Value<'_>> {
        self.entries.get(key)
    }

    fn insert(&mut self, key: &str, value: &(dyn Encode + '_)) -> Result<(), Error> {
        self.change().insert(key, value)
    }

    fn push(&mut self, key: &str, item: &(dyn Encode + '_)) -> Result<(), Error> {
        self.change().push(key, item)
    }

    fn pop(&mut self, key: &str) -> Result<Option<Value<'_>>, Error> {
        self.change().pop(key)
    }

    fn popitem(&mut self) -> Result<Option<(&str, Value<'_>)>, Error> {
        self.change().popitem()
    }

    fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.entries.iter()
    }
}

impl CookieSession for CountedSession {
    fn reset(&mut self, serializer: TaggedJsonSerializer) {
        self.entries.reset(serializer);
        (self.is_loaded, self.changes) = (false, 0);
    }

    fn buffer(&mut self) -> &mut [u8] {
        self.entries.buffer()
    }

    fn load(&mut self, serializer: TaggedJsonSerializer, len_bytes: usize) -> Result<(), Error> {
        self.reset(serializer);
        self.entries.load(serializer, len_bytes)?;
        self.is_loaded = true;
        Ok(())
    }

    fn dump<S: Sink>(&self, sink: &mut S) -> Result<(), S::Error> {
        self.entries.dump(sink)
    }

    fn capacity_bytes(&self) -> usize {
        self.entries.capacity_bytes()
    }
}

/// A session of at most four entries in RAM. A slot is a session of one entry: so each
/// value has room of its own, and is what a cookie's would be.
#[derive(Debug, Default)]
pub struct SlotSession {
    slots: [SecureCookieSession<160>; 4],
    /// What was taken out last.
    popped: SecureCookieSession<160>,
}

impl SlotSession {
    fn slot_mut(&mut self, key: &str) -> Result<&mut Session, Error> {
        let at = self.slots.iter().position(|slot| slot.contains(key));
        let at = at.or_else(|| self.slots.iter().position(|slot| slot.is_empty()));
        let slot = at.and_then(|at| self.slots.get_mut(at));
        let (needed_bytes, capacity_bytes) = (5 * 160, 4 * 160);
        slot.map(|slot| &mut **slot).ok_or(Error::Capacity { needed_bytes, capacity_bytes })
    }
}

impl SessionMixin for SlotSession {
    fn is_empty(&self) -> bool {
        self.slots.iter().all(|slot| slot.is_empty())
    }

    fn is_set(&self, key: &str) -> bool {
        self.slots.iter().any(|slot| slot.is_set(key))
    }

    fn set_flag(&mut self, key: &str, value: bool) -> Result<(), Error> {
        self.insert(key, &value)
    }

    fn clear(&mut self) -> Result<(), Error> {
        self.slots.iter_mut().try_for_each(|slot| slot.clear())
    }
}

impl SessionMap for SlotSession {
    type Value<'a> = Value<'a>;
    type New<'a> = dyn Encode + 'a;

    fn get(&self, key: &str) -> Option<Value<'_>> {
        self.slots.iter().find_map(|slot| slot.get(key))
    }

    fn insert(&mut self, key: &str, value: &(dyn Encode + '_)) -> Result<(), Error> {
        self.slot_mut(key)?.insert(key, value)
    }

    fn push(&mut self, key: &str, item: &(dyn Encode + '_)) -> Result<(), Error> {
        self.slot_mut(key)?.push(key, item)
    }

    fn pop(&mut self, key: &str) -> Result<Option<Value<'_>>, Error> {
        let Some(at) = self.slots.iter().position(|slot| slot.contains(key)) else { return Ok(None) };
        // The others move up, so that they stay in order.
        self.popped = core::mem::take(&mut self.slots[at]);
        self.slots[at..].rotate_left(1);
        Ok(self.popped.get(key))
    }

    fn popitem(&mut self) -> Result<Option<(&str, Value<'_>)>, Error> {
        let Some(last) = self.slots.iter_mut().rfind(|slot| !slot.is_empty()) else { return Ok(None) };
        self.popped = core::mem::take(last);
        Ok(self.popped.iter().next())
    }

    fn iter(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        self.slots.iter().flat_map(|slot| slot.iter())
    }
}
