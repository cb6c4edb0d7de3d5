//! Changes inside of an entry's value, at a JSON Pointer.

use core::ops::Range;

use super::{
    Arena, Place,
    behind::{New, Written},
    entries::before_value_len,
};
use crate::{
    bytes::{copy_within, sub_slice},
    error::{Error, KeyName, TypeName},
    json::{
        MAX_DEPTH,
        entries::{
            Dialect, Encode, TUPLE, Token, Value, WRAPPED, WRAPPED_END, WRAPPER_LEN, levels, rotate,
            span_len, span_text_len, split_item, step_into,
        },
    },
};

/// A list or a dict that a step leads into.
#[derive(Clone, Copy)]
struct Container {
    /// Where its bracket stands.
    bracket: usize,
    is_dict: bool,
    /// How many levels are around what is in it, a wrapper of its own left out.
    depth: usize,
    /// Whether it is a dict in a wrapper.
    wrapped: bool,
}

/// An item of a list or an entry of a dict, or the place where one belongs.
struct Spot<'p> {
    container: Container,
    /// The step that leads to it.
    step: Token<'p>,
    /// From its start, which is a dict's key, to its end. Empty where there is none.
    item: Range<usize>,
    /// Where its value starts.
    value: usize,
    /// Where the container's last bracket stands.
    end: usize,
    /// How many other items there are.
    others: usize,
    /// The key of the other entries of a dict, if all have the same.
    other_key: Option<Range<usize>>,
}

impl Arena<[u8]> {
    /// Where the entry is whose key `token` stands for.
    pub(in crate::session) fn find_token(&self, token: Token<'_>) -> Option<Place> {
        if !token.has_escape() {
            return self.find(token.escaped()).ok();
        }
        let mut keys = (0..self.len).map(|position| self.entry(position).0);
        keys.find(|key| token.bytes().eq(key.bytes())).and_then(|key| self.find(key).ok())
    }

    /// Puts `value` at the place that `pointer` names. Without success nothing changes.
    #[inline(never)]
    pub(in crate::session) fn insert_at(
        &mut self,
        pointer: &str,
        value: &dyn Encode,
        dialect: Dialect,
    ) -> Result<(), Error> {
        let Some((first, rest)) = Token::split(pointer) else { return Err(not_found(pointer)) };
        if rest.is_empty() {
            return self.insert_token(first, value, dialect);
        }
        let place = self.find_token(first).ok_or_else(|| not_found(first.escaped()))?;
        let spot = self.spot(place, rest, dialect)?;
        let Container { is_dict, depth, wrapped, .. } = spot.container;
        if !spot.item.is_empty() {
            // The value alone gives way.
            let depth = depth + usize::from(wrapped);
            let new =
                New { comma_before: false, key: None, value, depth, is_alone: false, comma_behind: false };
            let written = Written { wrapped, ..self.write_behind(0, &new, dialect)? };
            return self.replace_part(place, &spot, spot.value..spot.item.end, written, dialect);
        }
        if !is_dict && !spot.step.is_behind_last() {
            return Err(not_found(spot.step.escaped()));
        }
        let is_last = spot.item.start == spot.end;
        let new = New {
            comma_before: is_last && spot.others > 0,
            key: is_dict.then_some(spot.step),
            value,
            depth,
            is_alone: spot.others == 0,
            comma_behind: !is_last,
        };
        let written = self.write_behind(0, &new, dialect)?;
        self.replace_part(place, &spot, spot.item.clone(), written, dialect)
    }

    /// Takes out what is at the place that `pointer` names; whether there was
    /// something. Without success nothing changes.
    #[inline(never)]
    pub(in crate::session) fn remove_at(&mut self, pointer: &str, dialect: Dialect) -> Result<bool, Error> {
        let Some((first, rest)) = Token::split(pointer) else { return Ok(false) };
        let Some(place) = self.find_token(first) else { return Ok(false) };
        if rest.is_empty() {
            self.pop(place, dialect);
            return Ok(true);
        }
        let spot = match self.spot(place, rest, dialect) {
            Err(Error::NotFound { .. }) => return Ok(false),
            spot => spot?,
        };
        let Range { start, end } = spot.item;
        if start == end {
            return Ok(false);
        }
        let mut wrapped = false;
        if let Some(key) = &spot.other_key
            && dialect.role(sub_slice(&self.bytes, key.clone())).is_some()
        {
            // The key stands several times, where a reader would take the last for a tag.
            if spot.others > 1 {
                return Err(Error::NotSerializable);
            }
            // Behind the key, its end mark and the colon.
            let value = Value::split(sub_slice(&self.bytes, key.end + 2..)).0;
            if spot.container.depth + 1 + levels(value.span()) > MAX_DEPTH {
                return Err(Error::Depth);
            }
            wrapped = true;
        }
        // With the comma that stood beside it.
        let part = match spot.others {
            0 => start..end,
            _ if end < spot.end => start..end + 1,
            _ => start - 1..end,
        };
        self.replace_part(place, &spot, part, Written { wrapped, ..Written::default() }, dialect)?;
        Ok(true)
    }

    /// Where the last step of `steps` leads, from the value at `place` on.
    fn spot<'p>(&self, place: Place, mut steps: &'p str, dialect: Dialect) -> Result<Spot<'p>, Error> {
        let start = self.start_of(place.position);
        let (key, _) = self.entry(place.position);
        let mut at = start + before_value_len(key);
        let mut depth = 1;
        loop {
            let (step, rest) = Token::split(steps).ok_or_else(|| not_found(steps))?;
            let Some(container) = self.container(at, depth, dialect) else {
                let is_position = step.index().is_some() || step.is_behind_last();
                let asked = if is_position { TypeName::List } else { TypeName::Dict };
                let (value, _) = Value::split(sub_slice(&self.bytes, at..self.end()));
                return Err(Error::WrongType { key: Some(KeyName::new(key)), reason: value.is_not(asked) });
            };
            if rest.is_empty() {
                return Ok(self.last_spot(container, step));
            }
            let from = sub_slice(&self.bytes, at..self.end());
            let inside = step_into(from, step).ok_or_else(|| not_found(step.escaped()))?;
            at += from.len() - inside.len();
            depth = container.depth + usize::from(container.wrapped);
            steps = rest;
        }
    }

    /// The list, the tuple or the dict at `at`, inside of `depth` levels.
    fn container(&self, at: usize, depth: usize, dialect: Dialect) -> Option<Container> {
        let (bracket, levels) = match sub_slice(&self.bytes, at..self.end()) {
            [b'[' | b'{' | WRAPPED, ..] => (at, 1),
            // A tag that takes the tuple's place may not accept every list.
            value if value.starts_with(TUPLE) && dialect.has_tuples() => (at + TUPLE.len() - 1, 2),
            _ => return None,
        };
        let mark = self.bytes.get(bracket);
        let wrapped = mark == Some(&WRAPPED);
        let is_dict = wrapped || mark == Some(&b'{');
        Some(Container { bracket, is_dict, depth: depth + levels, wrapped })
    }

    /// Where the last step leads.
    fn last_spot<'p>(&self, container: Container, step: Token<'p>) -> Spot<'p> {
        let (mut found, mut before) = (None, None);
        let (mut others, mut other_key) = (0, None::<Range<usize>>);
        let mut one_key = container.is_dict;
        let mut at = container.bracket + 1;
        for position in 0.. {
            let Some((key, value)) = self.item(container, at) else { break };
            let (end, next) = self.item_end(value);
            if found.is_none() && step.leads_to(key, position) {
                found = Some((at..end, value));
            } else {
                others += 1;
                if let Some(key) = key {
                    if before.is_none() && step.bytes().lt(key.iter().copied()) {
                        before = Some(at);
                    }
                    let range = at + 1..at + 1 + key.len();
                    let first = other_key.get_or_insert(range);
                    one_key &= sub_slice(&self.bytes, first.clone()) == key;
                }
            }
            at = next;
        }
        let place = before.unwrap_or(at);
        let (item, value) = found.unwrap_or((place..place, place));
        Spot { container, step, item, value, end: at, others, other_key: other_key.filter(|_| one_key) }
    }

    /// The key of the item at `at`, if it is an entry of a dict, and where its value
    /// starts. `None` at the container's last bracket.
    fn item(&self, container: Container, at: usize) -> Option<(Option<&[u8]>, usize)> {
        let bytes = sub_slice(&self.bytes, at..self.end());
        let (key, value) = split_item(bytes, container.is_dict)?;
        Some((key, at + bytes.len() - value.len()))
    }

    /// Where the value at `value` ends, and where the next item would start.
    fn item_end(&self, value: usize) -> (usize, usize) {
        let bytes = sub_slice(&self.bytes, value..self.end());
        let len = span_len(bytes);
        let comma_len = usize::from(bytes.get(len) == Some(&b','));
        (value + len, value + len + comma_len)
    }

    /// Puts what was written behind the entries in place of `part`, of the entry at
    /// `place`. It is the last step: without room for the text nothing changes.
    fn replace_part(
        &mut self,
        place: Place,
        spot: &Spot<'_>,
        part: Range<usize>,
        new: Written,
        dialect: Dialect,
    ) -> Result<(), Error> {
        self.measure(dialect);
        let wrapper_len = |wrapped| if wrapped { WRAPPER_LEN } else { 0 };
        let removed_text_len = span_text_len(sub_slice(&self.bytes, part.clone()), dialect);
        let kept_text_bytes = self.text_bytes - removed_text_len - wrapper_len(spot.container.wrapped);
        let text_bytes =
            kept_text_bytes.saturating_add(new.text_len_bytes).saturating_add(wrapper_len(new.wrapped));
        // What needs less room than before always has it.
        if text_bytes > self.text_bytes {
            self.check(Self::text_len(text_bytes, self.tag_keys > 0))?;
        }
        self.text_bytes = text_bytes;
        if spot.container.is_dict {
            self.set_byte(spot.container.bracket, if new.wrapped { WRAPPED } else { b'{' });
            self.set_byte(spot.end, if new.wrapped { WRAPPED_END } else { b'}' });
        }

        let (added, removed) = (new.len_bytes, part.len());
        let end = self.end();
        rotate(&mut self.bytes, part.end, end, end + added);
        copy_within(&mut self.bytes, part.end..end + added, part.start);
        self.set_end(end + added - removed);
        self.shift_starts(self.start_of(place.position), added, removed);
        Ok(())
    }
}

#[cold]
fn not_found(step: &str) -> Error {
    Error::NotFound { step: KeyName::new(step) }
}
