//! Finds one cookie by name, across all the `Cookie` headers of a request.

use super::{
    parse::{Cookies, Quoted, end_of_pair, parse_cookie, read_quoted},
    value::CookieValue,
};

/// The value of the first cookie called `name`, as `request.cookies.get(name)`
/// picks it.
///
/// The bytes of a header are taken as Latin-1, so a `name` with characters above
/// U+00FF is never found. An empty first value hides a later one.
///
/// Several headers count as one, joined with `;`. A quoted value may then begin
/// in one header and end in a later one, and what lies between is no cookie.
/// If the cookie looked for is itself cut in two like this, the answer is `None`.
///
/// ```
/// use hipflask::cookie::find;
///
/// let headers: [&[u8]; 2] = [b"theme=dark; session=first", b"session=second"];
/// let session = find(headers.into_iter(), "session").unwrap();
/// assert_eq!(session.plain(), Some(&b"first"[..]));
/// assert_eq!(find(headers.into_iter(), "Session"), None);
/// ```
#[doc(alias = "cookies")]
pub fn find<'a>(headers: impl Iterator<Item = &'a [u8]>, name: &str) -> Option<CookieValue<'a>> {
    find_with_duplicates(headers, name).map(|(value, _)| value)
}

/// The value that [`find`] finds, and whether there are more cookies of that name behind
/// it. A browser sends one for each `Path` and `Domain` that they were set with.
///
/// Behind the first one, headers are read one by one: what is inside of a quoted value that
/// one begins and another ends may count.
///
/// ```
/// use hipflask::cookie::find_with_duplicates;
///
/// let headers: [&[u8]; 1] = [b"session=leftover; theme=dark; session=new"];
/// let (session, has_duplicates) = find_with_duplicates(headers.into_iter(), "session").unwrap();
/// assert_eq!((session.plain(), has_duplicates), (Some(&b"leftover"[..]), true));
/// ```
pub fn find_with_duplicates<'a>(
    mut headers: impl Iterator<Item = &'a [u8]>,
    name: &str,
) -> Option<(CookieValue<'a>, bool)> {
    // The name before a quote that an earlier header left open. Until a later
    // header closes that quote or makes it malformed, what was found behind it
    // is provisional: it is a cookie only if the quote does not close.
    let mut unclosed: Option<&[u8]> = None;
    let mut provisional = None;

    while let Some(header) = headers.next() {
        let mut rest = header;
        if let Some(cut_name) = unclosed {
            let closed = match read_quoted(header) {
                Quoted::Unclosed => {
                    let mut cookies = parse_cookie(header);
                    let first = provisional.or_else(|| Some((first_named(&mut cookies, name)?, false)));
                    provisional = first.map(|(value, more)| (value, more || has_named(&mut cookies, name)));
                    continue;
                }
                Quoted::Closed(_, after) => end_of_pair(after),
                Quoted::Broken => None,
            };
            match (closed, provisional) {
                (Some(_), _) if is_named(cut_name, name) => return None,
                (Some(after), _) => rest = after,
                (None, Some((value, more))) => {
                    let mut headers = core::iter::once(header).chain(headers);
                    return Some((
                        value,
                        more || headers.any(|header| has_named(&mut parse_cookie(header), name)),
                    ));
                }
                (None, None) => {}
            }
        }
        let mut cookies = parse_cookie(rest);
        let first = first_named(&mut cookies, name);
        unclosed = cookies.unclosed();
        provisional = first.map(|value| (value, has_named(&mut cookies, name)));
        if let (None, Some((value, more))) = (unclosed, provisional) {
            return Some((value, more || headers.any(|header| has_named(&mut parse_cookie(header), name))));
        }
    }
    provisional
}

/// As [`find_with_duplicates`], in less code: with a `"` anywhere in the headers, nothing is
/// found. So it never finds what another cookie's quotes hold.
///
/// ```
/// use hipflask::cookie::find_plain;
///
/// let headers: [&[u8]; 1] = [b"theme=dark; session=first; session=second"];
/// let (session, has_duplicates) = find_plain(headers.into_iter(), "session").unwrap();
/// assert_eq!((session.plain(), has_duplicates), (Some(&b"first"[..]), true));
///
/// let headers: [&[u8]; 1] = [b"theme=\"dark\"; session=first"];
/// assert_eq!(find_plain(headers.into_iter(), "session"), None);
/// ```
pub fn find_plain<'a>(
    headers: impl Iterator<Item = &'a [u8]>,
    name: &str,
) -> Option<(CookieValue<'a>, bool)> {
    let (value, has_duplicates) = first_plain(headers, name)?;
    Some((CookieValue::token(value), has_duplicates))
}

#[inline(never)]
#[expect(clippy::manual_contains, reason = "a search by words takes half as much code as all of this")]
fn first_plain<'a>(headers: impl Iterator<Item = &'a [u8]>, name: &str) -> Option<(&'a [u8], bool)> {
    let mut found = None;
    for header in headers {
        if header.iter().any(|byte| *byte == b'"') {
            return None;
        }
        for value in header.split(|byte| *byte == b';').filter_map(|pair| plain_value(pair, name)) {
            found = Some(found.map_or((value, false), |(first, _)| (first, true)));
        }
    }
    found
}

/// The value in a pair without quotes, if it has this name.
#[inline(never)]
fn plain_value<'a>(pair: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let name_len = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
    let (pair_name, value) = pair.split_at_checked(name_len)?;
    let [pair_name, value] = [pair_name, value.get(1..).unwrap_or_default()].map(without_blanks_around);
    let is_pair = !pair_name.is_empty() && !pair_name.iter().chain(value).any(is_blank);
    (is_pair && is_named(pair_name, name)).then_some(value)
}

fn without_blanks_around(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] | [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn has_named(cookies: &mut Cookies<'_>, name: &str) -> bool {
    first_named(cookies, name).is_some()
}

#[inline(never)]
fn first_named<'a>(cookies: &mut Cookies<'a>, name: &str) -> Option<CookieValue<'a>> {
    cookies.find(|cookie| is_named(cookie.name(), name)).map(|cookie| cookie.value())
}

fn is_named(bytes: &[u8], name: &str) -> bool {
    bytes.iter().map(|byte| char::from(*byte)).eq(name.chars())
}
