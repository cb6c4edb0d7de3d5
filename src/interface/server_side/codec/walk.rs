//! A value of a session, part by part, as it is to be written: tags taken apart, tuples as
//! lists, wrappers gone. Nothing recurses.

#![expect(clippy::arithmetic_side_effects, reason = "items are counted, of which there are less than bytes")]

use crate::{
    bytes::sub_slice,
    json::entries::{
        NUMBER_KEY, STRING, TUPLE, Value, WRAPPED, WRAPPED_END, span_len, split_item, split_string,
        string_len,
    },
};

/// A part of a value.
pub(super) enum Part<'a> {
    /// A list, whose items follow.
    List,
    EndList,
    /// A dict, whose entries follow.
    Dict,
    EndDict,
    /// What stands between items, or entries.
    Comma,
    /// A key of a dict.
    Key {
        text: &'a str,
        /// Its text between its marks.
        span: &'a [u8],
        /// Whether it is a number or a bool, and not text.
        is_number: bool,
    },
    /// Any other value.
    Leaf(Value<'a>),
}

/// Goes over the parts of a value.
pub(super) struct Walk<'a> {
    rest: &'a [u8],
    /// A bit for each brace that is open, the innermost lowest: whether it is a tag's.
    tags: u64,
}

impl<'a> Walk<'a> {
    pub(super) const fn new(value: Value<'a>) -> Self {
        Self { rest: value.span(), tags: 0 }
    }

    /// How many items, or entries, the list or dict has that was begun last.
    pub(super) fn len_of(&self, is_dict: bool) -> usize {
        let mut rest = self.rest;
        let mut count = 0;
        while let Some((_, value)) = split_item(rest, is_dict) {
            count += 1;
            let behind = sub_slice(value, span_len(value)..);
            rest = behind.strip_prefix(b",").unwrap_or(behind);
        }
        count
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        loop {
            if let Some(items) = self.rest.strip_prefix(TUPLE) {
                self.rest = items;
                self.tags = self.tags << 1 | 1;
                return Some(Part::List);
            }
            let (first, behind) = self.rest.split_first()?;
            let part = match *first {
                b'[' => Part::List,
                b']' => Part::EndList,
                b',' => Part::Comma,
                b'{' | WRAPPED => {
                    self.tags <<= 1;
                    Part::Dict
                }
                b'}' | WRAPPED_END => {
                    let is_tag = self.tags & 1 != 0;
                    self.tags >>= 1;
                    if is_tag {
                        self.rest = behind;
                        continue;
                    }
                    Part::EndDict
                }
                mark @ (STRING | NUMBER_KEY) => {
                    let (span, rest) = self.rest.split_at_checked(string_len(behind) + 2)?;
                    let [b':', rest @ ..] = rest else { return Some(self.leaf()) };
                    self.rest = rest;
                    return Some(Part::Key {
                        text: split_string(span).0,
                        span,
                        is_number: mark == NUMBER_KEY,
                    });
                }
                _ => return Some(self.leaf()),
            };
            self.rest = behind;
            return Some(part);
        }
    }
}

impl<'a> Walk<'a> {
    fn leaf(&mut self) -> Part<'a> {
        let value;
        (value, self.rest) = Value::split(self.rest);
        Part::Leaf(value)
    }
}
