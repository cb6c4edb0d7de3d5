//! Flash messages: shown once, on the next page.
//!
//! Kept as Flask keeps them, so that either side shows what the other flashed:
//! `_flashes` is a list of `(category, message)` tuples.

use serde::Serialize;

use super::{Session, SessionMap};
use crate::{
    error::{Error, Mismatch, TypeName},
    json::{Items, Kind, List, Value},
};

const FLASHES: &str = "_flashes";

/// Flashes a message to the next page. Flask: `flash(message, category)`, whose
/// default category is `"message"`.
///
/// `message` is text, or [`Markup`](crate::json::Markup) for HTML.
///
/// ```
/// use hipflask::{SecureCookieSession, session::{flash, take_flashed_messages}};
///
/// let mut session = SecureCookieSession::<256>::new();
/// flash(&mut session, "Saved.", "info")?;
/// let mut messages = take_flashed_messages(&mut session)?;
/// let first = messages.next().map(|flashed| (flashed.category, flashed.message));
/// assert_eq!(first, Some(("info", "Saved.")));
/// drop(messages);
/// assert_eq!(take_flashed_messages(&mut session)?.count(), 0);
/// # Ok::<(), hipflask::Error>(())
/// ```
///
/// # Errors
/// As [`Session::push`].
pub fn flash<M: AsRef<str> + Serialize + ?Sized>(
    session: &mut Session,
    message: &M,
    category: &str,
) -> Result<(), Error> {
    session.push(FLASHES, &(category, message))
}

/// Takes all flashed messages out of the session. Flask:
/// `get_flashed_messages(with_categories=True)`; its `category_filter` is
/// [`FlashedMessages::of`].
///
/// # Errors
/// [`Error::WrongType`] when `_flashes` is not a list of pairs of text; then it
/// stays. (In Flask a message may be anything that a template can print.)
pub fn take_flashed_messages(session: &mut Session) -> Result<FlashedMessages<'_>, Error> {
    match session.get(FLASHES) {
        None => return Ok(FlashedMessages { rest: None }),
        Some(value) => {
            let Kind::List(list) = value.kind() else {
                return Err(value.is_not(TypeName::List).into());
            };
            if !list.iter().all(|pair| flashed(pair).is_some()) {
                return Err(Mismatch::Value.into());
            }
        }
    }
    let rest = match session.pop(FLASHES)?.map(Value::kind) {
        Some(Kind::List(list)) => Some(list.iter()),
        _ => None,
    };
    Ok(FlashedMessages { rest })
}

/// A message that was flashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// The messages that were taken, oldest first.
#[derive(Clone, Debug)]
pub struct FlashedMessages<'a> {
    rest: Option<Items<'a>>,
}

impl<'a> FlashedMessages<'a> {
    /// Only those of these categories, or all if there are none. The others are
    /// gone too, as in Flask.
    pub fn of(self, categories: &[&str]) -> impl Iterator<Item = FlashedMessage<'a>> {
        self.filter(|flashed| categories.is_empty() || categories.contains(&flashed.category))
    }
}

impl<'a> Iterator for FlashedMessages<'a> {
    type Item = FlashedMessage<'a>;

    fn next(&mut self) -> Option<FlashedMessage<'a>> {
        flashed(self.rest.as_mut()?.next()?)
    }
}
