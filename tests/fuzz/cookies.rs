//! Cookie headers.

use hipflask::cookie::{Charset, CookieValue, QuotedValue, SetCookie, find, parse_cookie, vary};

use super::choices::Choices;

/// What is found in a header is a part of it, and the first of its name. Several headers are read
/// as one. Any text is read again as it was written, and ends nothing but its own cookie.
pub fn cookie_header(data: &[u8]) {
    let mut choices = Choices::new(data);
    let cut = choices.below(256);
    let header = choices.rest();

    for cookie in parse_cookie(header) {
        assert!(!cookie.name().is_empty());
        read(cookie.value());
        let name: String = cookie.name().iter().map(|byte| char::from(*byte)).collect();
        let first = parse_cookie(header).find(|other| other.name() == cookie.name()).unwrap();
        assert_eq!(find([header].into_iter(), &name), Some(first.value()));
    }
    let (one, other) = header.split_at(cut.min(header.len()));
    let joined = [one, b";", other].concat();
    let found = find([one, other].into_iter(), "session");
    let expected = find([&joined[..]].into_iter(), "session");
    // A value that is cut in two cannot be lent from either.
    assert!(
        found == expected || (found.is_none() && expected.is_some_and(|value| value.raw().contains(&b';')))
    );
    found.into_iter().for_each(read);

    let text = String::from_utf8_lossy(header);
    write(&text);
    if let Some(vary) = vary(Some(&text), "Cookie") {
        // Once it is there, it is not added again.
        assert!(hipflask::cookie::vary(Some(&vary.to_string()), "Cookie").is_none());
    }
}

fn read(value: CookieValue<'_>) {
    let unquoted: Vec<u8> = value.unquoted().collect();
    assert!(unquoted.len() <= value.raw().len());
    let latin1 = value.text(Charset::Latin1).to_string();
    let utf8 = value.text(Charset::Utf8).to_string();
    if let Some(plain) = value.plain() {
        assert!(plain == value.raw() && plain == unquoted);
        assert!(latin1.as_bytes() == plain && utf8.as_bytes() == plain);
    }
    if let Ok(text) = core::str::from_utf8(&unquoted) {
        assert_eq!(utf8, text);
    }
}

/// Writes a text as the value of a cookie, and reads it again.
fn write(text: &str) {
    let cookie = SetCookie::new("a", QuotedValue(text));
    let header = cookie.to_string();
    assert_eq!(header.len(), cookie.len_bytes());
    // What Werkzeug leaves bare: these end no line.
    assert!(!header.bytes().any(|byte| matches!(byte, 0..0x1a | 0x7f..)), "{header:?}");
    let pair = header.strip_suffix("; Path=/").unwrap();
    let mut cookies = parse_cookie(pair.as_bytes());
    let value = cookies.next().unwrap().value();
    assert_eq!(value.text(Charset::Latin1).to_string(), text);
    assert!(cookies.next().is_none());
}
