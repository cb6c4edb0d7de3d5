//! Keys that are integers and bools, sorted as Python sorts them before they become
//! text: by their values, where `True` is 1.
//!
//! [`sort_entries`] sorts by text. So for a while each key is other text of the same
//! length, which sorts as its number does: the first byte tells how many digits there
//! are and which comes first. Below zero each byte is mirrored, behind the minus sign,
//! which sorts before all first bytes. A bool's first byte is its number's, so it
//! stands right behind the equal number, if there is one.

use crate::json::form::{
    sort::{entry_len, sort_entries},
    words::string_len,
};

/// The most digits of an integer of 64 bits.
const MAX_DIGITS: u8 = 20;
/// The first byte of 0.
const LOWEST: u8 = b'-' + 1;
/// Above the first byte of every number. Less than the marks of unescaped JSON.
const HIGHEST: u8 = LOWEST + MAX_DIGITS * 10 - 1;

/// Sorts `entries`, each `key:value,`, by the values of their keys, all of which are
/// integers of 64 bits or bools. Whether no two are equal to Python.
pub(super) fn sort(entries: &mut [u8]) -> bool {
    each_key(entries, |key| match key {
        [b'-', first, rest @ ..] => {
            *first = mirror(first_byte(rest.len(), *first), LOWEST, HIGHEST);
            rest.iter_mut().for_each(|digit| *digit = mirror(*digit, b'0', b'9'));
        }
        [first @ b't', ..] => *first = first_byte(0, b'1'),
        [first @ b'f', ..] => *first = first_byte(0, b'0'),
        [first, rest @ ..] => *first = first_byte(rest.len(), *first),
        [] => {}
    });
    let mut distinct = sort_entries(entries) == entries.len();
    let mut previous = 0;
    each_key(entries, |key| match key {
        [b'-', first, rest @ ..] => {
            *first = first_digit(mirror(*first, LOWEST, HIGHEST));
            rest.iter_mut().for_each(|digit| *digit = mirror(*digit, b'0', b'9'));
        }
        [first, rest @ ..] => {
            let name = match *rest {
                [b'r', ..] => Some(b't'),
                [b'a', ..] => Some(b'f'),
                _ => None,
            };
            distinct &= name.is_none() || *first != previous;
            previous = *first;
            *first = name.unwrap_or(first_digit(*first));
        }
        [] => {}
    });
    distinct
}

fn each_key(mut entries: &mut [u8], mut change: impl FnMut(&mut [u8])) {
    while !entries.is_empty()
        && let Some((entry, rest)) = entries.split_at_mut_checked(entry_len(entries, 0))
        && let [_, behind @ ..] = entry
    {
        let len = string_len(behind);
        change(behind.get_mut(..len).unwrap_or_default());
        entries = rest;
    }
}

/// The byte for `digit` with so many digits behind it.
#[expect(clippy::arithmetic_side_effects, reason = "there are at most 20 digits, so it is at most HIGHEST")]
const fn first_byte(more_digits: usize, digit: u8) -> u8 {
    LOWEST + more_digits as u8 * 10 + (digit - b'0')
}

#[expect(clippy::arithmetic_side_effects, reason = "a first byte is at least LOWEST")]
const fn first_digit(first_byte: u8) -> u8 {
    b'0' + (first_byte - LOWEST) % 10
}

/// Turns the order of the bytes from `low` to `high` round.
#[expect(clippy::arithmetic_side_effects, reason = "a byte between the two is subtracted from the greater")]
const fn mirror(byte: u8, low: u8, high: u8) -> u8 {
    high - (byte - low)
}
