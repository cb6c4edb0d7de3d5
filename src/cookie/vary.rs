//! Adds a token to a `Vary` header as Werkzeug's `response.vary.add` does.

use core::fmt::{self, Write};

/// Adds `token` to a response's `Vary`: `None` if the headers stay as they are,
/// else the text of the one `Vary` line that replaces all the others.
///
/// `existing` is the response's first `Vary` line. Werkzeug reads no other, so
/// what further lines say is lost when a replacement is written.
///
/// The line is split at the commas outside quotes, its items are trimmed, and
/// empty ones are dropped. A line with an unclosed quote counts as empty. Items
/// are compared without regard to (ASCII) case, after unquoting; `*` is nothing
/// special. The replacement quotes what is not a token (RFC 9110, section 5.6.2).
///
/// ```
/// use hipflask::cookie::vary;
///
/// assert_eq!(vary(None, "Cookie").unwrap().to_string(), "Cookie");
/// assert_eq!(vary(Some("Accept,Origin"), "Cookie").unwrap().to_string(), "Accept, Origin, Cookie");
/// assert!(vary(Some("accept , cookie"), "Cookie").is_none());
/// ```
#[doc(alias = "add")]
#[must_use]
pub fn vary<'a>(existing: Option<&'a str>, token: &'a str) -> Option<Vary<'a>> {
    let line = existing.filter(|line| !has_unclosed_quote(line)).unwrap_or_default();
    let is_there = items(line).any(|item| item.is_same_as(token));
    (!is_there).then_some(Vary { line, token })
}

/// The `Vary` line that replaces a response's others; see [`vary`](fn@vary).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vary<'a> {
    line: &'a str,
    token: &'a str,
}

impl fmt::Display for Vary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for item in items(self.line) {
            item.write_to(f)?;
            f.write_str(", ")?;
        }
        Item { text: self.token, quoted: false }.write_to(f)
    }
}

/// One item of the list; if `quoted`, `text` is what the quotes around all of it hold.
#[derive(Clone, Copy)]
struct Item<'a> {
    text: &'a str,
    quoted: bool,
}

impl<'a> Item<'a> {
    /// The characters without the escapes: a backslash takes the next character
    /// with it, unless that is a line feed.
    fn chars(self) -> impl Iterator<Item = char> + 'a {
        let mut chars = self.text.chars();
        core::iter::from_fn(move || {
            let first = chars.next()?;
            if !self.quoted || first != '\\' {
                return Some(first);
            }
            let mut ahead = chars.clone();
            match ahead.next() {
                None | Some('\n') => Some(first),
                escaped => {
                    chars = ahead;
                    escaped
                }
            }
        })
    }

    fn is_same_as(self, token: &str) -> bool {
        let fold = |character: char| character.to_ascii_lowercase();
        self.chars().map(fold).eq(token.chars().map(fold))
    }

    fn write_to(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_token = self.chars().next().is_some() && self.chars().all(is_token_char);
        if is_token {
            return self.chars().try_for_each(|character| f.write_char(character));
        }
        f.write_char('"')?;
        for character in self.chars() {
            if matches!(character, '"' | '\\') {
                f.write_char('\\')?;
            }
            f.write_char(character)?;
        }
        f.write_char('"')
    }
}

/// Splits a line whose quotes are all closed.
fn items(line: &str) -> impl Iterator<Item = Item<'_>> {
    let mut rest = Some(line);
    core::iter::from_fn(move || {
        let line = rest?;
        let mut scan = QuoteScan::Outside;
        let comma = line.bytes().position(|byte| {
            scan = scan.after(byte);
            scan == QuoteScan::Outside && byte == b','
        });
        let (item, after) = line.split_at_checked(comma.unwrap_or(line.len()))?;
        rest = after.strip_prefix(',');
        Some(item)
    })
    .map(|item| item.trim_matches([' ', '\t']))
    .filter(|item| !item.is_empty())
    .map(|item| match item.strip_prefix('"').and_then(|item| item.strip_suffix('"')) {
        Some(text) => Item { text, quoted: true },
        None => Item { text: item, quoted: false },
    })
}

fn has_unclosed_quote(line: &str) -> bool {
    line.bytes().fold(QuoteScan::Outside, QuoteScan::after) != QuoteScan::Outside
}

/// Where a scan stands in relation to the quotes of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum QuoteScan {
    Outside,
    Inside,
    BehindBackslash,
}

impl QuoteScan {
    const fn after(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Outside, b'"') => Self::Inside,
            (Self::Outside, _) | (Self::Inside, b'"') => Self::Outside,
            (Self::Inside, b'\\') => Self::BehindBackslash,
            (Self::Inside | Self::BehindBackslash, _) => Self::Inside,
        }
    }
}

const fn is_token_char(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, '!' | '#'..='\'' | '*' | '+' | '-' | '.' | '^' | '_' | '`' | '|' | '~')
}
