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
