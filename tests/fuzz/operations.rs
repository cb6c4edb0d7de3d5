//! Sequences of operations on a session, beside a model of plain Rust.

use hipflask::{
    Error, SecureCookieSession, Session,
    backends::alloc::OwnedValue,
    json::{MAX_DEPTH, SESSION_JSON_SERIALIZER, TaggedJsonSerializer},
};

use super::{
    choices::Choices,
    sessions::{entries, json_of},
    values::{assert_same, levels},
};

/// A Python dict: its entries in insertion order, and whether they were changed.
#[derive(Clone, Default)]
struct Model {
    entries: Vec<(String, OwnedValue)>,
    modified: bool,
}

impl Model {
    fn get(&self, key: &str) -> Option<&OwnedValue> {
        self.entries.iter().find(|(other, _)| other == key).map(|(_, value)| value)
    }

    fn set(&mut self, key: &str, value: OwnedValue) {
        self.modified = true;
        match self.entries.iter_mut().find(|(other, _)| other == key) {
            Some(entry) => entry.1 = value,
            None => self.entries.push((key.to_owned(), value)),
        }
    }

    fn take(&mut self, key: &str) -> Option<OwnedValue> {
        let at = self.entries.iter().position(|(other, _)| other == key)?;
        self.modified = true;
        Some(self.entries.remove(at).1)
    }

    fn push(&mut self, key: &str, item: OwnedValue) {
        let mut items = match self.get(key) {
            Some(OwnedValue::List(items)) => items.clone(),
            _ => vec![],
        };
        items.push(item);
        self.set(key, OwnedValue::List(items));
    }

    fn is_list_or_absent(&self, key: &str) -> bool {
        matches!(self.get(key), None | Some(OwnedValue::List(_)))
    }
}

/// After each operation a session holds what a dict would hold. One that failed changed nothing,
/// and failed for want of room, for depth, or because there was no list. Whatever a session came to
/// hold, it is written and opens again in as much room.
pub fn operations(data: &[u8]) {
    let mut choices = Choices::new(data);
    let (mut session, mut again): (Box<Session>, Box<Session>) = match choices.below(5) {
        0 => two::<24>(),
        1 => two::<64>(),
        2 => two::<150>(),
        3 => two::<400>(),
        _ => two::<4096>(),
    };
    let keeps_order = choices.flag();
    let serializer = SESSION_JSON_SERIALIZER.with_sort_keys(!keeps_order).with_ensure_ascii(!choices.flag());
    session.reset(serializer);
    let mut model = Model::default();
    while !choices.rest().is_empty() {
        let (before, used_bytes) = (model.clone(), session.used_bytes());
        if let Err(error) = operate(&mut session, &mut model, &mut choices) {
            match error {
                Error::Capacity { needed_bytes, capacity_bytes } => {
                    assert!(needed_bytes > capacity_bytes && capacity_bytes == session.capacity_bytes());
                }
                Error::Depth | Error::WrongType { .. } => {}
                _ => panic!("{error:?}"),
            }
            assert_eq!(session.used_bytes(), used_bytes);
            model = before;
        }
        check(&session, &model);
        let mut expected = Model { modified: false, ..model.clone() };
        if !keeps_order {
            expected.entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        }
        opens_again(&session, &expected, serializer, &mut again);
        if choices.below(4) == 0 {
            // The next request starts with what this one saved.
            core::mem::swap(&mut session, &mut again);
            model = expected;
        }
    }
}

fn two<const N: usize>() -> (Box<Session>, Box<Session>) {
    (Box::new(SecureCookieSession::<N>::new()), Box::new(SecureCookieSession::<N>::new()))
}

/// One operation on both. After an error the model is of no use.
fn operate(session: &mut Session, model: &mut Model, choices: &mut Choices<'_>) -> Result<(), Error> {
    let (operation, key) = (choices.below(17), choices.key());
    match operation {
        0..4 => {
            let value = choices.value();
            let inserted = session.insert(&key, &value);
            // In a session a value has one level around it, or two if a wrapper may be needed.
            assert!(inserted != Err(Error::Depth) || levels(&value) + 2 > MAX_DEPTH);
            inserted?;
            model.set(&key, value);
        }
        4 => assert_eq!(session.remove(&key), Ok(model.take(&key).is_some())),
        5 => assert_eq!(owned(session.pop(&key)?), debug(model.take(&key))),
        6 => {
            let popped = session.popitem()?.map(|(key, value)| (key.to_owned(), OwnedValue::from(value)));
            model.modified |= popped.is_some();
            assert_eq!(format!("{popped:?}"), format!("{:?}", model.entries.pop()));
        }
        7 => {
            let value = choices.value();
            let answer = owned(session.setdefault(&key, &value)?);
            if model.get(&key).is_none() {
                model.set(&key, value);
            }
            assert_eq!(answer, debug(model.get(&key)));
        }
        8 => {
            session.clear()?;
            *model = Model { entries: vec![], modified: true };
        }
        9 => {
            let to = choices.key();
            let copied = session.copy_value(&key, &to)?;
            let value = model.get(&key).cloned();
            assert_eq!(copied, value.is_some());
            value.into_iter().for_each(|value| model.set(&to, value));
        }
        10 => {
            let item = choices.value();
            let pushed = session.push(&key, &item);
            assert_eq!(pushed.is_err_and(Error::is_wrong_type), !model.is_list_or_absent(&key));
            pushed?;
            model.push(&key, item);
        }
        11 => {
            let message = choices.text();
            let flashed = session.flash(&message, &key);
            assert_eq!(flashed.is_err_and(Error::is_wrong_type), !model.is_list_or_absent("_flashes"));
            flashed?;
            model.push("_flashes", OwnedValue::Tuple(vec![key.into(), message.into()]));
        }
        12 => {
            let shown: Vec<OwnedValue> = session
                .take_flashed_messages()?
                .map(|flashed| match flashed.is_markup {
                    true => (flashed.category, OwnedValue::Markup(flashed.message.to_owned())),
                    false => (flashed.category, flashed.message.into()),
                })
                .map(|(category, message)| OwnedValue::List(vec![category.into(), message]))
                .collect();
            assert_eq!(debug(Some(shown)), debug(Some(pairs(model.take("_flashes")))));
        }
        13 => {
            let permanent = choices.flag();
            session.set_permanent(permanent)?;
            model.set("_permanent", OwnedValue::Bool(permanent));
            assert_eq!(session.permanent(), permanent);
        }
        14 => {
            let contents = choices.value();
            let replaced = session.replace(&contents);
            assert_eq!(
                replaced.is_err_and(Error::is_wrong_type),
                !matches!(contents, OwnedValue::Dict(_)) && replaced != Err(Error::Depth)
            );
            replaced?;
            let OwnedValue::Dict(entries) = contents else { unreachable!() };
            *model = Model { entries, modified: true };
        }
        15 => {
            let item = ("b".to_owned(), OwnedValue::Null);
            match session.insert(&key, &OwnedValue::Dict(vec![item.clone(), item])) {
                // Seen too late to leave the old value, as documented.
                Err(Error::NotSerializable) => drop(model.take(&key)),
                // Not seen where keys are not sorted, as documented.
                Ok(()) => {
                    session.remove(&key)?;
                    model.take(&key);
                    model.modified = true;
                }
                Err(error) => return Err(error),
            }
        }
        _ => {
            let modified = choices.flag();
            session.set_modified(modified);
            model.modified = modified;
        }
    }
    Ok(())
}

/// The pairs of text that messages are, tuples or lists. A category is text, even
/// where it is markup.
fn pairs(flashes: Option<OwnedValue>) -> Vec<OwnedValue> {
    let items = flashes.as_ref().and_then(OwnedValue::as_slice).unwrap_or_default();
    let pair = |pair: &OwnedValue| match pair.as_slice() {
        Some([category, message]) => vec![category.as_str().unwrap_or_default().into(), message.clone()],
        _ => vec![],
    };
    items.iter().map(|item| OwnedValue::List(pair(item))).collect()
}

fn owned(value: Option<hipflask::json::Value<'_>>) -> String {
    debug(value.map(OwnedValue::from))
}

fn debug<T: core::fmt::Debug>(value: Option<T>) -> String {
    format!("{value:?}")
}

fn check(session: &Session, model: &Model) {
    assert_same(&OwnedValue::Dict(entries(session)), &OwnedValue::Dict(model.entries.clone()));
    assert_eq!((session.len(), session.is_empty()), (model.entries.len(), model.entries.is_empty()));
    assert_eq!(session.modified(), model.modified);
    assert!(session.used_bytes() <= session.capacity_bytes());
    for (key, value) in &model.entries {
        assert_eq!(owned(session.get(key)), debug(Some(value)));
    }
    assert!(session.get("never put in").is_none());
}

/// What is written opens, in as much room, as what is expected.
fn opens_again(session: &Session, expected: &Model, serializer: TaggedJsonSerializer, again: &mut Session) {
    let text = json_of(session);
    again.buffer()[..text.len()].copy_from_slice(&text);
    again.load(serializer, text.len()).unwrap();
    check(again, expected);
    assert_eq!((json_of(again), again.used_bytes()), (text, session.used_bytes()));
    // A dict with these entries is written as the same text.
    let dict = OwnedValue::Dict(expected.entries.clone());
    assert_eq!(serializer.dumps_to_string(&dict).unwrap().as_bytes(), json_of(session));
}
