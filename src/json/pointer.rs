//! JSON Pointer (RFC 6901): a place inside a value.

use core::iter;

use super::{
    Value,
    form::{
        WRAPPED, WRAPPED_END,
        span::{span_len, split_string_bytes},
        tag::TUPLE,
    },
};

/// A step of a JSON Pointer, with its escapes: `~1` for a slash, `~0` for a tilde. Or a
/// key as it is.
#[derive(Clone, Copy)]
pub(crate) struct Token<'p> {
    text: &'p str,
    is_key: bool,
}

/// Where the value starts that `step` leads to from the one that `bytes` start with.
/// Looks at nothing behind it, so that all steps of a pointer together take time in
/// proportion to what stands before its place.
pub(crate) fn step_into<'a>(bytes: &'a [u8], step: Token<'_>) -> Option<&'a [u8]> {
    let (mut rest, is_dict) = match bytes {
        [b'[', items @ ..] => (items, false),
        [b'{' | WRAPPED, entries @ ..] => (entries, true),
        _ => (bytes.strip_prefix(TUPLE)?, false),
    };
    for position in 0.. {
        let (key, value) = split_item(rest, is_dict)?;
        if step.leads_to(key, position) {
            return Some(value);
        }
        rest = value.get(span_len(value)..)?;
        rest = rest.strip_prefix(b",").unwrap_or(rest);
    }
    None
}

/// The key of the item that `rest` starts with, if it is an entry of a dict, and the
/// bytes from its value on. `None` at the container's last bracket.
pub(crate) fn split_item(rest: &[u8], is_dict: bool) -> Option<(Option<&[u8]>, &[u8])> {
    if matches!(rest, [] | [b']' | b'}' | WRAPPED_END, ..]) {
        return None;
    }
    if !is_dict {
        return Some((None, rest));
    }
    let (key, behind) = split_string_bytes(rest);
    // Behind the colon.
    Some((Some(key), behind.get(1..)?))
}

impl<'p> Token<'p> {
    /// The first step of `pointer`, and what follows it: nothing, or a slash first.
    /// `None` where `pointer` does not begin with a slash.
    pub(crate) fn split(pointer: &'p str) -> Option<(Self, &'p str)> {
        let steps = pointer.strip_prefix('/')?;
        let len = steps.bytes().position(|byte| byte == b'/').unwrap_or(steps.len());
        let (token, rest) = steps.split_at_checked(len)?;
        Some((Self { text: token, is_key: false }, rest))
    }

    /// A key, in which nothing is an escape.
    pub(crate) const fn key(text: &'p str) -> Self {
        Self { text, is_key: true }
    }

    /// The text, escapes as they stand.
    pub(crate) const fn escaped(self) -> &'p str {
        self.text
    }

    /// Whether it has an escape, or what looks like one.
    pub(crate) fn has_escape(self) -> bool {
        !self.is_key && self.text.as_bytes().contains(&b'~')
    }

    /// The key that it stands for. A tilde that begins no escape stands for itself.
    pub(crate) fn bytes(self) -> impl Iterator<Item = u8> + 'p {
        let mut rest = self.text.as_bytes();
        iter::from_fn(move || {
            let byte;
            (byte, rest) = match rest {
                [b'~', b'0', behind @ ..] if !self.is_key => (b'~', behind),
                [b'~', b'1', behind @ ..] if !self.is_key => (b'/', behind),
                [byte, behind @ ..] => (*byte, behind),
                [] => return None,
            };
            Some(byte)
        })
    }

    /// The position in a list that it stands for, if it does: digits, without a zero
    /// in front.
    pub(crate) fn index(self) -> Option<usize> {
        match self.text.as_bytes() {
            [b'0'] | [b'1'..=b'9', ..] => self.text.parse().ok(),
            _ => None,
        }
    }

    /// Whether it leads to the entry with `key`, or without one to the item at `position`.
    pub(crate) fn leads_to(self, key: Option<&[u8]>, position: usize) -> bool {
        match key {
            Some(key) => self.bytes().eq(key.iter().copied()),
            None => self.index() == Some(position),
        }
    }

    /// Whether it stands for the place behind the last item of a list.
    pub(crate) fn is_behind_last(self) -> bool {
        self.text == "-"
    }
}

impl<'a> Value<'a> {
    /// Looks up the value at a JSON Pointer ([RFC 6901]): at `"/cart/0/qty"` the `qty` of
    /// the first item of `cart`. A slash in a key is spelled `~1`, a tilde `~0`; the
    /// empty pointer gives the value itself. Lists, tuples and dicts have values
    /// inside, registered tags have none.
    ///
    /// ```
    /// use hipflask::json::SESSION_JSON_SERIALIZER;
    ///
    /// let mut text = *br#"{"cart":[{"qty":2,"a/b":true}]}"#;
    /// let value = SESSION_JSON_SERIALIZER.loads(&mut text)?;
    /// assert_eq!(value.pointer("/cart/0/qty").and_then(|qty| qty.as_i64()), Some(2));
    /// assert_eq!(value.pointer("/cart/0/a~1b").and_then(|flag| flag.as_bool()), Some(true));
    /// assert!(value.pointer("/cart/1").is_none());
    /// # Ok::<(), hipflask::Error>(())
    /// ```
    ///
    /// [RFC 6901]: https://www.rfc-editor.org/rfc/rfc6901
    #[must_use]
    pub fn pointer(self, pointer: &str) -> Option<Self> {
        let (mut value, mut rest) = (self.span(), pointer);
        while !rest.is_empty() {
            let step;
            (step, rest) = Token::split(rest)?;
            value = step_into(value, step)?;
        }
        Some(Self::split(value).0)
    }
}
