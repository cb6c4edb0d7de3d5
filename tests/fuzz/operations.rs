//! Sequences of operations on a session, beside a model of plain Rust.

use hipflask::{
    Error, SecureCookieSession, Session,
    backends::alloc::OwnedValue,
    error::{KeyName, Mismatch},
    json::{Encode, MAX_DEPTH, SESSION_JSON_SERIALIZER, TaggedJsonSerializer},
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

    /// Steps to a place inside the value at `key`, most of which are there.
    fn steps(&self, key: String, choices: &mut Choices<'_>) -> Vec<String> {
        let at = choices.below(self.entries.len() + 1);
        let Some((key, mut value)) = self.entries.get(at).map(|(key, value)| (key.clone(), value)) else {
            return vec![key, choices.key()];
        };
        let mut steps = vec![key];
        for _ in 0..MAX_DEPTH {
            match value {
                _ if choices.below(8) == 0 => break,
                OwnedValue::List(items) | OwnedValue::Tuple(items) => {
                    let index = choices.below(items.len() + 2);
                    steps.push(if index > items.len() { "-".into() } else { index.to_string() });
                    let Some(item) = items.get(index) else { break };
                    value = item;
                }
                OwnedValue::Dict(entries) => {
                    let Some((key, inside)) = entries.get(choices.below(entries.len() + 1)) else {
                        steps.push(choices.key());
                        break;
                    };
                    steps.push(key.clone());
                    value = inside;
                }
                _ => break,
            }
        }
        if choices.below(16) == 0 {
            steps.push(choices.key());
        }
        steps
    }

    fn insert_at(&mut self, steps: &[String], new: OwnedValue) -> Result<(), Error> {
        let Some((step, container)) = self.container(steps)? else {
            self.set(&steps[0], new);
            return Ok(());
        };
        match container {
            OwnedValue::Dict(entries) => match entries.binary_search_by(|(key, _)| key.as_str().cmp(step)) {
                Ok(at) => entries[at].1 = new,
                Err(at) => entries.insert(at, (step.to_owned(), new)),
            },
            OwnedValue::List(items) | OwnedValue::Tuple(items) if step == "-" => items.push(new),
            container => *item(container, step).ok_or(not_found(step))? = new,
        }
        self.modified = true;
        Ok(())
    }

    fn remove_at(&mut self, steps: &[String]) -> Result<Option<OwnedValue>, Error> {
        let (step, container) = match self.container(steps) {
            Err(Error::NotFound { .. }) => return Ok(None),
            Ok(None) => return Ok(self.take(&steps[0])),
            found => found?.unwrap(),
        };
        if item(container, step).is_none() {
            return Ok(None);
        }
        let removed = match container {
            OwnedValue::List(items) | OwnedValue::Tuple(items) => items.remove(step.parse().unwrap()),
            OwnedValue::Dict(entries) => {
                let at = entries.iter().position(|(key, _)| key == step).unwrap();
                entries.remove(at).1
            }
            _ => unreachable!(),
        };
        self.modified = true;
        Ok(Some(removed))
    }

    /// The last of the steps, and the container that it leads into, if there is more than one.
    fn container<'s>(&mut self, steps: &'s [String]) -> Result<Option<(&'s str, &mut OwnedValue)>, Error> {
        let [first, middle @ .., last] = steps else { return Ok(None) };
        let entry = self.entries.iter_mut().find(|(key, _)| key == first);
        let mut value = entry.map(|(_, value)| value).ok_or(not_found(first))?;
        let wrong = Error::WrongType { key: Some(KeyName::new(first)), reason: Mismatch::Value };
        for step in middle {
            value = container(value).ok_or(wrong).and_then(|it| item(it, step).ok_or(not_found(step)))?;
        }
        container(value).ok_or(wrong).map(|container| Some((last.as_str(), container)))
    }

    /// The levels of the deepest value.
    fn levels(&self) -> usize {
        self.entries.iter().map(|(_, value)| levels(value)).max().unwrap_or(0)
    }

    fn is_list_or_absent(&self, key: &str) -> bool {
        matches!(self.get(key), None | Some(OwnedValue::List(_)))
    }
}

/// After each operation a session holds what a dict would hold. One that failed changed nothing,
/// and failed for want of room, for depth, or because there was no list or no such place. Whatever a session came to
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
                Error::Depth | Error::WrongType { .. } | Error::NotFound { .. } => {}
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
    let (operation, key) = (choices.below(22), choices.key());
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
        16 => {
            let contents = choices.value();
            let merged = session.merge(&contents);
            assert_eq!(
                merged.is_err_and(Error::is_wrong_type),
                !matches!(contents, OwnedValue::Dict(_)) && merged != Err(Error::Depth)
            );
            merged?;
            let OwnedValue::Dict(entries) = contents else { unreachable!() };
            entries.into_iter().for_each(|(key, value)| model.set(&key, value));
            model.modified = true;
        }
        17 | 18 => {
            let (steps, value) = (model.steps(key, choices), choices.value());
            let pointer = pointer(&steps);
            let inserted = session.insert_at(&pointer, &value);
            let in_model = model.insert_at(&steps, value);
            // A place is looked for before anything else is.
            let place_is_wrong =
                |error: &Error| error.is_wrong_type() || matches!(error, Error::NotFound { .. });
            assert_eq!(
                inserted.err().filter(place_is_wrong).map(without_types),
                in_model.err().map(without_types),
                "{pointer}"
            );
            assert!(inserted != Err(Error::Depth) || model.levels() + 2 > MAX_DEPTH);
            inserted?;
            assert!(steps.last().is_some_and(|step| step == "-") || session.pointer(&pointer).is_some());
        }
        19 => {
            let steps = model.steps(key, choices);
            let pointer = pointer(&steps);
            let was = session.pointer(&pointer).map(OwnedValue::from);
            let removed = session.remove_at(&pointer);
            let in_model = model.remove_at(&steps);
            assert_eq!(
                removed.err().filter(|error| error.is_wrong_type()).map(without_types),
                in_model.as_ref().err().copied().map(without_types)
            );
            assert!(removed != Err(Error::Depth) || model.levels() + 2 > MAX_DEPTH);
            assert_eq!((removed?, debug(in_model?)), (was.is_some(), debug(was)), "{pointer}");
        }
        20 => {
            let items =
                [(key, choices.value()), (choices.key(), choices.value()), (choices.key(), choices.value())];
            let count = choices.below(items.len() + 1);
            let pairs: Vec<(&str, &dyn Encode)> =
                items.iter().take(count).map(|(key, value)| (key.as_str(), value as &dyn Encode)).collect();
            session.update(&pairs)?;
            items.into_iter().take(count).for_each(|(key, value)| model.set(&key, value));
            model.modified = true;
        }
        _ => {
            let modified = choices.flag();
            session.set_modified(modified);
            model.modified = modified;
        }
    }
    Ok(())
}

fn container(value: &mut OwnedValue) -> Option<&mut OwnedValue> {
    matches!(value, OwnedValue::List(_) | OwnedValue::Tuple(_) | OwnedValue::Dict(_)).then_some(value)
}

fn item<'v>(container: &'v mut OwnedValue, step: &str) -> Option<&'v mut OwnedValue> {
    match container {
        OwnedValue::List(items) | OwnedValue::Tuple(items) => {
            let index: usize = step.parse().ok().filter(|index: &usize| index.to_string() == step)?;
            items.get_mut(index)
        }
        OwnedValue::Dict(entries) => entries.iter_mut().find(|(key, _)| key == step).map(|(_, value)| value),
        _ => None,
    }
}

fn pointer(steps: &[String]) -> String {
    steps.iter().map(|step| format!("/{}", escaped(step))).collect()
}

fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

fn not_found(step: &str) -> Error {
    Error::NotFound { step: KeyName::new(&escaped(step)) }
}

/// The same error, whichever types it names.
fn without_types(error: Error) -> Error {
    match error {
        Error::WrongType { key, .. } => Error::WrongType { key, reason: Mismatch::Value },
        error => error,
    }
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
