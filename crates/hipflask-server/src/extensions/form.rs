//! What of a request's body is a form.

use std::{collections::HashSet, convert::Infallible, str};

use bytes::Bytes;
use form_urlencoded::{byte_serialize, parse};
use futures_util::stream;
use multer::{Field, Multipart};

/// The fields of a body as `application/x-www-form-urlencoded`, without files. A body of a type
/// that Werkzeug does not take for a form has none, and neither has one that is cut off or that
/// the parser does not understand.
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
        let name = part.name().filter(|_| !is_file(&part)).map(str::to_owned);
        // A file is read over, since the next part begins after it.
        let value = part.bytes().await.ok()?;
        if let Some(name) = name {
            fields.extend(byte_serialize(name.as_bytes()).chain(["="]).chain(byte_serialize(&value)));
            fields.push('&');
        }
    }
    Some(fields.into())
}

/// Whether a part has a file name, also in the spelling `filename*`, which Werkzeug knows.
fn is_file(part: &Field<'_>) -> bool {
    let disposition = part.headers().get("content-disposition").map(|value| value.as_bytes());
    let mut words = disposition.unwrap_or_default().windows(b"filename*".len());
    part.file_name().is_some() || words.any(|word| word.eq_ignore_ascii_case(b"filename*"))
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
