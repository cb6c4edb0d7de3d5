//! A value as Python prints it, but that letters of the newest Unicode versions are
//! known to one side only.

use hipflask::{
    backends::alloc::OwnedValue,
    interface::server_side::EXT,
    json::{DateTime, SESSION_JSON_SERIALIZER},
};

/// The value as a Python expression: what `repr` gives.
#[must_use]
pub fn repr(value: &OwnedValue) -> String {
    let all = |items: &[OwnedValue]| items.iter().map(repr).collect::<Vec<_>>().join(", ");
    match value {
        OwnedValue::Null => "None".into(),
        OwnedValue::Bool(value) => if *value { "True" } else { "False" }.into(),
        OwnedValue::Int(value) => value.to_string(),
        OwnedValue::BigInt(digits) => digits.clone(),
        OwnedValue::Float(value) => float(*value),
        OwnedValue::Str(text) => string(text),
        OwnedValue::List(items) => format!("[{}]", all(items)),
        OwnedValue::Tuple(items) => format!("({}{})", all(items), if items.len() == 1 { "," } else { "" }),
        OwnedValue::Dict(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", string(key), repr(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        OwnedValue::Bytes(bytes) => byte_string(bytes),
        OwnedValue::Markup(text) => format!("Markup({})", string(text)),
        OwnedValue::Uuid(uuid) => format!("UUID('{}')", hyphenated(&uuid.to_string())),
        OwnedValue::DateTime(value) => {
            let mut fields = fields(*value).to_vec();
            fields.push(value.subsec_micros());
            // Python leaves out what is 0, from the end.
            while fields.len() > 5 && fields.last() == Some(&0) {
                fields.pop();
            }
            let fields: Vec<_> = fields.iter().map(u32::to_string).collect();
            format!("datetime.datetime({}, tzinfo=datetime.timezone.utc)", fields.join(", "))
        }
        OwnedValue::Custom { key, value } if key == EXT => format!("Ext{}", repr(value)),
        other => format!("{other:?}"),
    }
}

fn hyphenated(hex: &str) -> String {
    [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| hex.get(part).unwrap_or_default()).join("-")
}

/// Year, month, day, hour, minute, second.
pub(crate) fn fields(date: DateTime) -> [u32; 6] {
    // Ddd, DD Mon YYYY HH:MM:SS GMT
    let text = date.to_string();
    let number =
        |at: std::ops::Range<usize>| text.get(at).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let month = text.get(8..11).and_then(|name| "JanFebMarAprMayJunJulAugSepOctNovDec".find(name));
    [
        number(12..16),
        month.map_or(0, |at| at as u32 / 3 + 1),
        number(5..7),
        number(17..19),
        number(20..22),
        number(23..25),
    ]
}

fn float(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string().to_lowercase();
    }
    let mut text = Vec::new();
    let _ = SESSION_JSON_SERIALIZER.dumps(&value, &mut [0; 32], &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// The quote that Python puts around text.
fn quote(mut letters: impl Iterator<Item = char> + Clone) -> char {
    if letters.clone().any(|letter| letter == '\'') && letters.all(|letter| letter != '"') {
        '"'
    } else {
        '\''
    }
}

/// Combining marks are: it is only alone that Rust escapes them.
fn is_printable(letter: char) -> bool {
    letter.is_ascii_graphic() || format!("a{letter}").escape_debug().nth(2) != Some('u')
}

pub(crate) fn string(text: &str) -> String {
    let quote = quote(text.chars());
    let inside = text.chars().map(|letter| match letter {
        // What no terminal should be sent.
        _ if !is_printable(letter) => match u32::from(letter) {
            code @ ..0x100 => format!("\\x{code:02x}"),
            code @ ..0x1_0000 => format!("\\u{code:04x}"),
            code => format!("\\U{code:08x}"),
        },
        _ => plain(letter, quote),
    });
    format!("{quote}{}{quote}", inside.collect::<String>())
}

fn byte_string(bytes: &[u8]) -> String {
    let quote = quote(bytes.iter().map(|byte| char::from(*byte)));
    let inside = bytes.iter().map(|byte| match byte {
        b'\t' | b'\n' | b'\r' | b' '..=b'~' => plain(char::from(*byte), quote),
        _ => format!("\\x{byte:02x}"),
    });
    format!("b{quote}{}{quote}", inside.collect::<String>())
}

fn plain(letter: char, quote: char) -> String {
    match letter {
        '\t' => "\\t".into(),
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        '\\' => "\\\\".into(),
        _ if letter == quote => format!("\\{letter}"),
        '\0' => "\\x00".into(),
        _ => letter.into(),
    }
}
