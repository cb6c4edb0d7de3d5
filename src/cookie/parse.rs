//! Splits a `Cookie` header by the rules of Werkzeug's `parse_cookie`.
//!
//! A pair is a name, then nothing or `=` and a value, then `;` or the end;
//! spaces and tabs may stand around each of them. A name is a run without
//! space, tab, `=`, `"` and `;`. A value is `"…"`, in which a backslash takes the
//! next character with it, or a run without space, tab, `"` and `;`. What is no
//! such pair is dropped up to its next `;`, even if that `;` is inside quotes.
//!
//! Reading takes linear time. A failed attempt goes over its bytes again, but
//! only a quoted value can reach past the next `;`, and it ends at the first
//! quote that could open another one: no byte is inside two of them.

use core::fmt;

use super::value::CookieValue;
use crate::bytes::sub_slice;

/// The cookies of one `Cookie` header, in order, duplicates included.
///
/// The header may hold any bytes; reading never fails.
///
/// ```
/// use hipflask::cookie::parse_cookie;
///
/// let mut cookies = parse_cookie(b"theme=dark; broken cookie; session=\"a;b\"");
/// let theme = cookies.next().unwrap();
/// assert_eq!((theme.name(), theme.value().raw()), (&b"theme"[..], &b"dark"[..]));
/// let session = cookies.next().unwrap();
/// assert_eq!((session.name(), session.value().raw()), (&b"session"[..], &b"a;b"[..]));
/// assert!(cookies.next().is_none());
/// ```
#[must_use]
pub const fn parse_cookie(header: &[u8]) -> Cookies<'_> {
    Cookies { rest: header, unclosed: None }
}

/// A name and its value, as they stand in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cookie<'a> {
    name: &'a [u8],
    value: CookieValue<'a>,
}

impl<'a> Cookie<'a> {
    /// The name; never empty, never quoted. Case matters.
    #[must_use]
    pub const fn name(&self) -> &'a [u8] {
        self.name
    }

    /// The value; empty if there was no `=`.
    #[must_use]
    pub const fn value(&self) -> CookieValue<'a> {
        self.value
    }
}

/// The iterator that [`parse_cookie`] returns.
#[derive(Clone)]
pub struct Cookies<'a> {
    rest: &'a [u8],
    /// The name before the quote that was still open at the header's end.
    unclosed: Option<&'a [u8]>,
}

impl<'a> Cookies<'a> {
    /// The name of the pair whose quoted value the header's end cut off, if the
    /// iterator has come by one. There is at most one: any later quote would
    /// have closed it.
    pub(super) const fn unclosed(&self) -> Option<&'a [u8]> {
        self.unclosed
    }
}

impl<'a> Iterator for Cookies<'a> {
    type Item = Cookie<'a>;

    fn next(&mut self) -> Option<Cookie<'a>> {
        while !self.rest.is_empty() {
            match read_pair(self.rest) {
                Pair::Read(cookie, rest) => {
                    self.rest = rest;
                    return Some(cookie);
                }
                Pair::Malformed => {}
                Pair::Unclosed(name) => self.unclosed = Some(name),
            }
            self.rest = after_semicolon(self.rest);
        }
        None
    }
}

impl core::iter::FusedIterator for Cookies<'_> {}

/// Shows no bytes, as [`CookieValue`] does not.
impl fmt::Debug for Cookies<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookies").finish_non_exhaustive()
    }
}

enum Pair<'a> {
    /// The cookie and what follows its `;`.
    Read(Cookie<'a>, &'a [u8]),
    Malformed,
    /// The header ends inside the quoted value of this name.
    Unclosed(&'a [u8]),
}

fn read_pair(bytes: &[u8]) -> Pair<'_> {
    let (name, rest) = split_at_len(skip_blanks(bytes), name_len);
    if name.is_empty() {
        return Pair::Malformed;
    }
    let (value, rest) = match skip_blanks(rest) {
        [b'=', rest @ ..] => match skip_blanks(rest) {
            [b'"', inside @ ..] => match read_quoted(inside) {
                Quoted::Closed(text, rest) => (CookieValue::quoted(text), rest),
                Quoted::Broken => return Pair::Malformed,
                Quoted::Unclosed => return Pair::Unclosed(name),
            },
            rest => {
                let (token, rest) = split_at_len(rest, token_len);
                (CookieValue::token(token), rest)
            }
        },
        rest => (CookieValue::token(&[]), rest),
    };
    match end_of_pair(rest) {
        Some(rest) => Pair::Read(Cookie { name, value }, rest),
        None => Pair::Malformed,
    }
}

pub(super) enum Quoted<'a> {
    /// What the quotes hold, and what follows the closing one.
    Closed(&'a [u8], &'a [u8]),
    /// A backslash before a line feed, which it cannot take with it.
    Broken,
    /// No closing quote.
    Unclosed,
}

/// Reads a quoted value from behind its opening quote.
#[expect(clippy::arithmetic_side_effects, reason = "the rest is a part of the whole")]
pub(super) fn read_quoted(inside: &[u8]) -> Quoted<'_> {
    let mut rest = inside;
    loop {
        match rest {
            [] | [b'\\'] => return Quoted::Unclosed,
            [b'"', after @ ..] => {
                return Quoted::Closed(sub_slice(inside, ..inside.len() - rest.len()), after);
            }
            [b'\\', b'\n', ..] => return Quoted::Broken,
            // A backslash takes the next byte with it.
            [b'\\', _, tail @ ..] | [_, tail @ ..] => rest = tail,
        }
    }
}

/// What follows the `;` that ends a pair, or nothing at the header's end;
/// `None` if something else stands there.
pub(super) fn end_of_pair(bytes: &[u8]) -> Option<&[u8]> {
    match skip_blanks(bytes) {
        [] => Some(&[]),
        [b';', rest @ ..] => Some(rest),
        _ => None,
    }
}

fn after_semicolon(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes.iter();
    rest.find(|byte| **byte == b';');
    rest.as_slice()
}

#[inline(never)]
fn skip_blanks(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

fn split_at_len(bytes: &[u8], len: fn(&[u8]) -> usize) -> (&[u8], &[u8]) {
    bytes.split_at_checked(len(bytes)).unwrap_or((bytes, &[]))
}

/// How many bytes from the start can be part of a name.
fn name_len(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| **byte != b'=' && !ends_token(**byte)).count()
}

/// Bytes looked at at a time: a signed session is up to some kilobytes long, and
/// compilers turn these into vector instructions where there are any.
const GROUP: usize = if usize::BITS < 64 { 1 } else { 16 };

/// How many bytes from the start can be part of an unquoted value.
#[expect(clippy::arithmetic_side_effects, reason = "numbers of bytes of the slice")]
fn token_len(bytes: &[u8]) -> usize {
    let (groups, _) = bytes.as_chunks::<GROUP>();
    let whole = GROUP * groups.iter().take_while(|group| !any_ends_token(group)).count();
    let rest = sub_slice(bytes, whole..);
    whole + rest.iter().take_while(|byte| !ends_token(**byte)).count()
}

/// Ten times as fast over `u8` as it is over `bool`.
fn any_ends_token(group: &[u8; GROUP]) -> bool {
    group.iter().map(|byte| u8::from(ends_token(*byte))).fold(0, |found, ends| found | ends) != 0
}

/// Whether this is a space, a `"`, a tab or a `;`. The first two differ in one
/// bit, and nothing here branches: a vector takes three comparisons.
const fn ends_token(byte: u8) -> bool {
    (byte & !0x02 == b' ') | (byte == b'\t') | (byte == b';')
}
