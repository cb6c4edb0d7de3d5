//! Flash messages: shown once, on the next page.
//!
//! Kept as Flask keeps them, so that either side shows what the other flashed:
//! `_flashes` is a list of `(category, message)` tuples.

use crate::{
    error::{Error, KeyName, Mismatch, TypeName},
    json::{Items, Kind, List, Value},
};

pub(super) const FLASHES: &str = "_flashes";

/// A message that was flashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FlashedMessage<'a> {
    /// Its category; Flask's default is `"message"`.
    pub category: &'a str,
    /// The message.
    pub message: &'a str,
    /// Whether it is HTML already; otherwise it must be escaped.
    pub is_markup: bool,
}

fn flashed(pair: Value<'_>) -> Option<FlashedMessage<'_>> {
    let (Kind::Tuple(pair) | Kind::List(pair)) = pair.kind() else { return None };
    let [category, message] = pair_of(pair)?;
    let (message, is_markup) = match message.kind() {
        Kind::Str(text) => (text, false),
        Kind::Markup(text) => (text, true),
        _ => return None,
    };
    Some(FlashedMessage { category: category.as_str()?, message, is_markup })
}

fn pair_of(list: List<'_>) -> Option<[Value<'_>; 2]> {
    let mut items = list.iter();
    let pair = [items.next()?, items.next()?];
    items.next().is_none().then_some(pair)
}

/// The messages that were taken, oldest first: an iterator over all of them.
///
/// [`of`](Self::of) goes over those of some categories and takes none away, so it can be
/// asked several times, as in Flask within a request.
#[derive(Clone, Debug)]
pub struct FlashedMessages<'a> {
    rest: Option<Items<'a>>,
}

impl<'a> FlashedMessages<'a> {
    pub(super) const NONE: Self = Self { rest: None };

    /// The messages in `_flashes`.
    pub(super) fn of_value(value: Value<'a>) -> Result<Self, Error> {
        match value.kind() {
            Kind::List(list) if list.iter().all(|pair| flashed(pair).is_some()) => {
                Ok(Self { rest: Some(list.iter()) })
            }
            Kind::List(_) => Err(wrong(Mismatch::Value)),
            _ => Err(wrong(value.is_not(TypeName::List))),
        }
    }

    /// Those of these categories, or all if none is given. Flask's `category_filter`.
    pub fn of<'c>(
        &self,
        categories: &'c [&'c str],
    ) -> impl Iterator<Item = FlashedMessage<'a>> + use<'a, 'c> {
        self.clone().filter(move |flashed| categories.is_empty() || categories.contains(&flashed.category))
    }
}

impl<'a> Iterator for FlashedMessages<'a> {
    type Item = FlashedMessage<'a>;

    fn next(&mut self) -> Option<FlashedMessage<'a>> {
        flashed(self.rest.as_mut()?.next()?)
    }
}

/// The error of a `_flashes` that holds something else.
fn wrong(reason: Mismatch) -> Error {
    Error::WrongType { key: Some(KeyName::new(FLASHES)), reason }
}
