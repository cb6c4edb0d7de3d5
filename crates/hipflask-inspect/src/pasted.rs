//! The cookies in what somebody pasted.

use std::{fmt, ops::Range};

use hipflask::cookie::parse_cookie;

use crate::kind::Kind;

/// The longest text that is looked at.
const MAX_PASTED_BYTES: usize = 1024 * 1024;
/// The longest value: many times what any browser sends.
const MAX_VALUE_BYTES: usize = 64 * 1024;

/// What a cookie was pasted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A value alone.
    Value,
    /// `name=value`, as a browser sends it: a `Cookie` line, an argument of curl.
    Cookie,
    /// A `Set-Cookie` line.
    SetCookie,
    /// A row of a browser's developer tools, or of a cookie jar in Netscape's format; an
    /// entry of a dict.
    Row,
}

/// A cookie that was pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cookie {
    /// Its name, if it was pasted with one.
    pub name: Option<String>,
    /// Its value, without quotes.
    pub value: Vec<u8>,
    /// What it was pasted as.
    pub source: Source,
    /// The attributes of a `Set-Cookie` line, by name; those without a value have an empty one.
    pub attributes: Option<Vec<(String, String)>>,
    /// Where the value stands in what was pasted.
    pub range: Range<usize>,
}

impl Cookie {
    /// A value without a name.
    pub fn of_value(value: impl Into<Vec<u8>>) -> Self {
        let value = value.into();
        let range = 0..value.len();
        Self { name: None, value, source: Source::Value, attributes: None, range }
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
            Self::TooLong { limit_bytes } => write!(f, "no cookie has more than {limit_bytes} bytes"),
            Self::NoSuchCookie { name, others } => {
                // A name may come from anywhere.
                let others: Vec<_> = others.iter().map(|other| other.escape_debug().to_string()).collect();
                write!(f, "there is no cookie called {name} in it, but {}", others.join(", "))
            }
        }
    }
}

impl std::error::Error for Unreadable {}

/// The cookies in what was pasted.
///
/// It reads a value alone, `Cookie` and `Set-Cookie` lines, what `curl -v` prints and what
/// curl is called with, rows of developer tools and of cookie jars, and entries of dicts.
///
/// ```
/// use hipflask_inspect::Pasted;
///
/// let pasted = Pasted::read(b"> GET / HTTP/1.1\n> Cookie: theme=dark; session=a.b.c\n", "session")?;
/// assert_eq!(pasted.cookies[0].value, b"a.b.c");
/// assert_eq!(pasted.others[0].name.as_deref(), Some("theme"));
/// # Ok::<(), hipflask_inspect::Unreadable>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pasted {
    /// Those of the name; the first one counts. There is at least one.
    pub cookies: Vec<Cookie>,
    /// Those of other names.
    pub others: Vec<Cookie>,
}

impl Pasted {
    /// Reads the cookies of the name, or what was pasted as one value. A single cookie of
    /// another name is taken too if it is of a known kind.
    ///
    /// # Errors
    /// When nothing is given, there is no cookie of the name, or it is too long to look at.
    pub fn read(pasted: &[u8], name: &str) -> Result<Self, Unreadable> {
        if pasted.len() > MAX_PASTED_BYTES {
            return Err(Unreadable::TooLong { limit_bytes: MAX_PASTED_BYTES });
        }
        let reader = Reader { pasted, name };
        let all = reader.read();
        if all.is_empty() {
            return Err(Unreadable::Nothing);
        }
        if all.iter().any(|cookie| cookie.value.len() > MAX_VALUE_BYTES) {
            return Err(Unreadable::TooLong { limit_bytes: MAX_VALUE_BYTES });
        }
        let is_named = |cookie: &Cookie| cookie.name.as_deref().is_none_or(|known| known == name);
        let (cookies, others): (Vec<_>, Vec<_>) = all.into_iter().partition(is_named);
        match (&cookies[..], &others[..]) {
            ([], [other]) if is_known(other) => Ok(Self { cookies: others, others: cookies }),
            ([], _) => {
                let others = others.into_iter().filter_map(|cookie| cookie.name).collect();
                Err(Unreadable::NoSuchCookie { name: name.into(), others })
            }
            _ => Ok(Self { cookies, others }),
        }
    }
}

fn is_known(cookie: &Cookie) -> bool {
    let name = cookie.name.as_deref().unwrap_or_default();
    let payload = crate::report::claims(&cookie.value).0.map(crate::report::Payload::new);
    !matches!(Kind::of(&cookie.value, name, payload.as_ref()), Kind::Unknown | Kind::Empty)
}

struct Reader<'a> {
    pasted: &'a [u8],
    name: &'a str,
}

impl<'a> Reader<'a> {
    fn read(&self) -> Vec<Cookie> {
        let mut cookies = Vec::new();
        let mut lines = self.pasted.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).peekable();
        while let Some(line) = lines.next() {
            if let Some((header, is_set)) = header(line) {
                // Chrome copies a header's name and its value as two lines.
                let header = if header.is_empty() { lines.next().unwrap_or_default() } else { header };
                if is_set {
                    cookies.extend(self.set_cookie(header));
                } else {
                    self.pairs(header, &mut cookies);
                }
            } else if let Some(argument) = curl_cookies(line) {
                self.pairs(argument, &mut cookies);
            } else {
                cookies.extend(self.row(line).or_else(|| self.entry(line)));
            }
        }
        if cookies.is_empty() {
            let bare = unquoted(self.pasted);
            if is_set_cookie(bare) {
                cookies.extend(self.set_cookie(bare));
            } else if is_pairs(bare, self.name) {
                self.pairs(bare, &mut cookies);
            } else if !bare.is_empty() {
                cookies.push(self.cookie(None, bare, bare.to_vec(), Source::Value));
            }
        }
        cookies
    }

    fn cookie(&self, name: Option<&[u8]>, raw: &[u8], value: Vec<u8>, source: Source) -> Cookie {
        // `raw` is a part of what was pasted.
        let start = (raw.as_ptr().addr()).saturating_sub(self.pasted.as_ptr().addr());
        // The bytes of a header are taken for Latin-1, as Flask takes them.
        let name = name.map(|name| name.iter().map(|byte| char::from(*byte)).collect());
        Cookie { name, value, source, attributes: None, range: start..start + raw.len() }
    }

    fn pairs(&self, header: &'a [u8], cookies: &mut Vec<Cookie>) {
        let before = cookies.len();
        cookies.extend(parse_cookie(header).map(|cookie| {
            let value = cookie.value();
            self.cookie(Some(cookie.name()), value.raw(), value.unquoted().collect(), Source::Cookie)
        }));
        // Werkzeug passes over what no browser sends, and whoever pasted it wants to know.
        let is_named = |cookie: &Cookie| cookie.name.as_deref() == Some(self.name);
        if !cookies.iter().skip(before).any(is_named) {
            let pairs = header.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
            cookies.extend(pairs.filter_map(|pair| {
                let value = pair.strip_prefix(self.name.as_bytes())?.strip_prefix(b"=")?;
                Some(self.cookie(Some(self.name.as_bytes()), value, value.to_vec(), Source::Cookie))
            }));
        }
    }

    fn set_cookie(&self, header: &'a [u8]) -> Option<Cookie> {
        let mut parts = header.split(|byte| *byte == b';');
        let pair = parse_cookie(parts.next()?).next()?;
        let value = pair.value();
        let mut cookie =
            self.cookie(Some(pair.name()), value.raw(), value.unquoted().collect(), Source::SetCookie);
        let attributes = parts.map(|part| {
            let part = String::from_utf8_lossy(part.trim_ascii()).into_owned();
            part.split_once('=')
                .map_or((part.clone(), String::new()), |(name, value)| (name.into(), value.into()))
        });
        cookie.attributes = Some(attributes.collect());
        Some(cookie)
    }

    /// A row with tabs: of developer tools, which begins with the name, or of a cookie jar in
    /// Netscape's format, which has it in the sixth field.
    fn row(&self, line: &'a [u8]) -> Option<Cookie> {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
        let (name, value) = match &fields[..] {
            [_, b"TRUE" | b"FALSE", _, b"TRUE" | b"FALSE", _, name, value, ..] => (name, value),
            [name, value, ..] if !name.is_empty() => (name, value),
            _ => return None,
        };
        let value = unquoted(value);
        Some(self.cookie(Some(name), value, value.to_vec(), Source::Row))
    }

    /// An entry of a dict: the name in quotes, a colon, the value in quotes.
    fn entry(&self, line: &'a [u8]) -> Option<Cookie> {
        ["'", "\""].iter().find_map(|quote| {
            let key = format!("{quote}{}{quote}", self.name);
            let at = line.windows(key.len()).position(|window| window == key.as_bytes())?;
            let rest = line.get(at + key.len()..)?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
            let (quote, rest) = rest.split_first().filter(|(quote, _)| matches!(quote, b'\'' | b'"'))?;
            let end = rest.iter().position(|byte| byte == quote)?;
            let value = rest.get(..end)?;
            Some(self.cookie(Some(self.name.as_bytes()), value, value.to_vec(), Source::Row))
        })
    }
}

/// What follows `Cookie:` or `Set-Cookie:` in a line, and whether it is the latter. It may
/// be in quotes, as an argument of curl.
fn header(line: &[u8]) -> Option<(&[u8], bool)> {
    const NAME: &[u8] = b"cookie:";
    let at = line.windows(NAME.len()).position(|window| window.eq_ignore_ascii_case(NAME))?;
    let (before, rest) = line.split_at_checked(at)?;
    let rest = rest.get(NAME.len()..)?;
    let set = before.len().checked_sub(4).and_then(|at| before.split_at_checked(at));
    let set = set.filter(|(_, set)| set.eq_ignore_ascii_case(b"set-")).map(|(before, _)| before);
    let (before, is_set) = set.map_or((before, false), |before| (before, true));
    let rest = match before.last() {
        None | Some(b' ' | b'\t' | b'<' | b'>') => rest,
        Some(quote @ (b'\'' | b'"')) => rest.split(|byte| byte == quote).next()?,
        _ => return None,
    };
    Some((rest.trim_ascii(), is_set))
}

/// What curl is told to send: `-b '…'`, `--cookie '…'`.
fn curl_cookies(line: &[u8]) -> Option<&[u8]> {
    [&b"-b "[..], b"--cookie "].iter().find_map(|option| {
        let at = line.windows(option.len()).position(|window| window == *option)?;
        let rest = line.get(at + option.len()..)?.trim_ascii_start();
        match rest.split_first()? {
            (quote @ (b'\'' | b'"'), rest) => rest.split(|byte| byte == quote).next(),
            _ => rest.split(u8::is_ascii_whitespace).next(),
        }
    })
}

/// Without the quotes around it, and a comma or semicolon behind them.
fn unquoted(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii();
    let bare = text.strip_suffix(b",").or_else(|| text.strip_suffix(b";")).unwrap_or(text);
    let inside = [b'\'', b'"', b'`'].iter().find_map(|quote| {
        bare.strip_prefix(&[*quote])?.strip_suffix(&[*quote]).filter(|inside| !inside.contains(quote))
    });
    inside.map_or(bare, <[u8]>::trim_ascii)
}

/// Whether it is a `Set-Cookie` line without its name: it has attributes.
fn is_set_cookie(text: &[u8]) -> bool {
    const ATTRIBUTES: [&str; 8] =
        ["httponly", "path", "expires", "max-age", "domain", "secure", "samesite", "partitioned"];
    text.split(|byte| *byte == b';').skip(1).any(|part| {
        let name = part.trim_ascii().split(|byte| *byte == b'=').next().unwrap_or_default();
        ATTRIBUTES.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
    })
}

/// Whether it is `name=value`, and not a value with the `=` of base64 in it.
fn is_pairs(text: &[u8], name: &str) -> bool {
    let mut parts = text.splitn(2, |byte| *byte == b'=');
    let (Some(first), Some(rest)) = (parts.next(), parts.next()) else { return false };
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b' ');
    let is_base64 =
        first.starts_with(b"eyJ") && (rest.is_empty() || rest.starts_with(b".") || rest.starts_with(b"="));
    first == name.as_bytes() || text.contains(&b';') || first.iter().all(is_name) && !is_base64
}
