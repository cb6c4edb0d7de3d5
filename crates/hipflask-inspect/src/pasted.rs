//! The cookies in what somebody pasted.

use std::fmt;

use hipflask::cookie::parse_cookie;

/// The longest text that is looked at: many times what any browser sends.
const MAX_PASTED_BYTES: usize = 64 * 1024;

/// A cookie that was pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cookie {
    /// Its name, if it was pasted with one.
    pub name: Option<String>,
    /// Its value, without quotes.
    pub value: Vec<u8>,
}

impl Cookie {
    /// A value without a name.
    pub fn of_value(value: impl Into<Vec<u8>>) -> Self {
        Self { name: None, value: value.into() }
    }
}

/// Why there is nothing to inspect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unreadable {
    /// Nothing was given, or white space.
    Nothing,
    /// More than a browser would send.
    TooLong {
        /// How many bytes are looked at.
        limit_bytes: usize,
    },
    /// There are cookies, but none of the name.
    NoSuchCookie {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        others: Vec<String>,
    },
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("no cookie was given"),
            Self::TooLong { limit_bytes } => write!(f, "more than {limit_bytes} bytes are no cookie"),
            Self::NoSuchCookie { name, others } if others.is_empty() => {
                write!(f, "there is no cookie called {name} in it")
            }
            Self::NoSuchCookie { name, others } => {
                write!(f, "there is no cookie called {name} in it, but {}", others.join(", "))
            }
        }
    }
}

impl std::error::Error for Unreadable {}

/// The cookies called `name` in what was pasted, of which the first one counts, if it is
/// a header, else all of it as one. There is at least one.
///
/// # Errors
/// When nothing is given, there is no such cookie in the header, or it is too long
/// to look at.
pub fn cookies(pasted: &[u8], name: &str) -> Result<Vec<Cookie>, Unreadable> {
    if pasted.len() > MAX_PASTED_BYTES {
        return Err(Unreadable::TooLong { limit_bytes: MAX_PASTED_BYTES });
    }
    let pasted = pasted.trim_ascii();
    let header = ["Cookie:", "Set-Cookie:"].iter().find_map(|field| {
        let (start, rest) = pasted.split_at_checked(field.len())?;
        start.eq_ignore_ascii_case(field.as_bytes()).then(|| rest.trim_ascii())
    });
    // Neither base64 nor the separator has a `=`.
    let header = header.or_else(|| pasted.contains(&b'=').then_some(pasted));
    let Some(header) = header else {
        return if pasted.is_empty() { Err(Unreadable::Nothing) } else { Ok(vec![Cookie::of_value(pasted)]) };
    };
    // The bytes of a header are taken for Latin-1, as Flask takes them.
    let latin1 = |bytes: &[u8]| bytes.iter().map(|byte| char::from(*byte)).collect::<String>();
    let (named, others): (Vec<_>, Vec<_>) = parse_cookie(header)
        .map(|cookie| Cookie {
            name: Some(latin1(cookie.name())),
            value: cookie.value().unquoted().collect(),
        })
        .partition(|cookie| cookie.name.as_deref() == Some(name));
    if named.is_empty() {
        let others = others.into_iter().filter_map(|cookie| cookie.name).collect();
        return Err(Unreadable::NoSuchCookie { name: name.into(), others });
    }
    Ok(named)
}
