//! What of a request's body is a form.

use std::{collections::HashSet, convert::Infallible, str};

use bytes::Bytes;
use form_urlencoded::{byte_serialize, parse};
use futures_util::stream;
use multer::Multipart;

/// The fields of a body as `application/x-www-form-urlencoded`, without files. A body of a type
/// that Werkzeug does not take for a form has none, and neither has one that is cut off or that
/// is spelled as no browser does.
pub(super) async fn fields(content_type: &[u8], body: &Bytes) -> Bytes {
    let media_type = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    if media_type.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
        return body.clone();
    }
    if media_type.eq_ignore_ascii_case(b"multipart/form-data") {
        return of_multipart(content_type, body).await.unwrap_or_default();
    }
    Bytes::new()
}

async fn of_multipart(content_type: &[u8], body: &Bytes) -> Option<Bytes> {
    let boundary = multer::parse_boundary(str::from_utf8(content_type).ok()?).ok()?;
    let body = stream::iter([Ok::<_, Infallible>(body.clone())]);
    let (mut parts, mut fields) = (Multipart::new(body, boundary), String::new());
    while let Some(part) = parts.next_field().await.ok()? {
        let disposition = part.headers().get("content-disposition")?;
        let (name, is_file) = read_disposition(str::from_utf8(disposition.as_bytes()).ok()?)?;
        let charset = part.content_type().and_then(|kind| kind.get_param("charset"));
        let is_utf8 = charset.is_none_or(|charset| charset.as_str().eq_ignore_ascii_case("utf-8"));
        // A file is read over, since the next part begins after it.
        let value = part.bytes().await.ok()?;
        if is_file {
            continue;
        }
        if !is_utf8 && !value.is_ascii() {
            return None;
        }
        fields.extend(byte_serialize(name.as_bytes()).chain(["="]).chain(byte_serialize(&value)));
        fields.push('&');
    }
    Some(fields.into())
}

/// The name in a part's `Content-Disposition`, and whether it is a file's. `None` for what only
/// Werkzeug understands, such as a name given twice: it must not count as another one here.
fn read_disposition(disposition: &str) -> Option<(String, bool)> {
    let (mut name, mut is_file) = (None, false);
    let (_, mut parameters) = disposition.split_once(';')?;
    loop {
        let (key, value) = parameters.trim_start_matches([' ', '\t']).split_once('=')?;
        let (value, rest) = match value.strip_prefix('"') {
            // What ends so may be an escaped quote.
            Some(quoted) => quoted.split_once('"').filter(|(value, _)| !value.ends_with('\\'))?,
            None => match value.bytes().take_while(|byte| is_in_token(*byte)).count() {
                0 => return None,
                len => value.split_at(len),
            },
        };
        match key {
            "name" if name.is_none() && !value.contains('\\') => name = Some(value.replace("%22", "\"")),
            "filename" | "filename*" => is_file = true,
            _ => return None,
        }
        if rest.is_empty() {
            return Some((name?, is_file));
        }
        parameters = rest.strip_prefix(';')?;
    }
}

/// Whether this can stand in a value without quotes (RFC 9110, section 5.6.2).
const fn is_in_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

/// The token in a form's fields: in the field `name`, else in the first one that ends so (a form
/// may have a prefix) and is not empty. Of fields with one name the first counts.
pub(super) fn token(fields: &[u8], name: &str) -> Option<Vec<u8>> {
    let (mut seen, mut of_prefix) = (HashSet::new(), None);
    for (key, value) in parse(fields) {
        let is_exact = key == name;
        if !key.ends_with(name) || !seen.insert(key) || value.is_empty() {
            continue;
        }
        let token = value.into_owned().into_bytes();
        if is_exact {
            return Some(token);
        }
        of_prefix.get_or_insert(token);
    }
    of_prefix
}
