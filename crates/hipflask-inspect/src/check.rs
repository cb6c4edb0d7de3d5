//! How good a secret key is. It takes one's own key, and nobody's cookie.

use std::collections::HashSet;

use serde_json::{Value as Json, json};

use crate::key::{from_base64, from_hex, from_python};

/// What NIST asks of a key of HMAC (SP 800-131A). The keys of Flask's documentation have 256.
const ENOUGH_BITS: u32 = 112;

/// What is known about a key.
///
/// ```
/// use hipflask_inspect::KeyCheck;
///
/// assert!(KeyCheck::new(b"dev").is_weak());
/// assert!(!KeyCheck::new(b"Zk3Xn0vYb1q8rT5wLh2cJd7sGm4pQe9uVaBfIyKoNxM").is_weak());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeyCheck {
    /// How long it is.
    pub len_bytes: usize,
    /// How many bits it has if its letters are random, and fewer if they are not.
    pub at_most_bits: u32,
    /// Why whoever guesses finds it.
    pub faults: Vec<String>,
    /// What may have gone wrong on the way from where it was written down.
    pub notes: Vec<String>,
}

impl KeyCheck {
    /// Looks at a key.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        let at_most_bits = at_most_bits(secret);
        let mut faults: Vec<String> =
            known(secret).map(|whose| format!("everybody knows it: {whose}")).into_iter().collect();
        if at_most_bits < ENOUGH_BITS {
            faults.push(format!(
                "it has {at_most_bits} bits at most, and should have {ENOUGH_BITS} or more; `hipflask keygen` makes one of 255"
            ));
        }
        Self { len_bytes: secret.len(), at_most_bits, faults, notes: notes(secret) }
    }

    /// Whether whoever guesses finds it.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        !self.faults.is_empty()
    }

    /// The check for programs.
    #[must_use]
    pub fn json(&self) -> Json {
        json!({
            "schema": 1,
            "len_bytes": self.len_bytes,
            "at_most_bits": self.at_most_bits,
            "is_weak": self.is_weak(),
            "faults": self.faults,
            "notes": self.notes,
        })
    }
}

/// A kind of letters: how many there are, and whether one is of it.
type Letters = (u32, fn(&u8) -> bool);

/// As if its letters were random, of those kinds that occur. Letters that repeat the two
/// before, or count on from them, add nothing.
fn at_most_bits(secret: &[u8]) -> u32 {
    let kinds: [Letters; 5] = [
        (10, u8::is_ascii_digit),
        (26, u8::is_ascii_lowercase),
        (26, u8::is_ascii_uppercase),
        (33, |byte| byte.is_ascii_punctuation() || *byte == b' '),
        (161, |byte| !byte.is_ascii() || byte.is_ascii_control()),
    ];
    let is_hex = secret.iter().all(u8::is_ascii_hexdigit);
    let occurring = kinds.iter().filter(|(_, is_of_kind)| secret.iter().any(is_of_kind));
    let letters: u32 = if is_hex { 16 } else { occurring.map(|(count, _)| count).sum() };
    let distinct = secret.iter().collect::<HashSet<_>>().len();
    // Fewer than so many different ones are not random.
    let letters = f64::from(letters).min((distinct * distinct) as f64).max(1.0);
    let runs = secret.windows(3).filter(|window| {
        let [a, b, c] = **window else { return false };
        a.abs_diff(b) <= 1 && b.wrapping_sub(a) == c.wrapping_sub(b)
    });
    ((secret.len() - runs.count()) as f64 * letters.log2()) as u32
}

/// Whose key it is, if it is one that is printed somewhere.
fn known(secret: &[u8]) -> Option<&'static str> {
    const KNOWN: &[(&[u8], &str)] = &[
        (b"dev", "the one of Flask's tutorial"),
        (b"_5#y2L\"F4Q8z\n\xec]/", "the example of Flask's documentation"),
        (
            b"192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
            "the example of Flask's documentation",
        ),
        (b"A0Zr98j/3yX R~XHH!jmN]LWX/,?RT", "the example of Flask's old documentation"),
        (
            b"\x02\x01thisismyscretkey\x01\x02\\e\\y\\y\\h",
            "Superset's, Airflow's and Flask-AppBuilder's old default",
        ),
        (b"CHANGE_ME_TO_A_COMPLEX_RANDOM_SECRET", "Superset's default"),
        (b"CHANGE_ME_SECRET_KEY", "Superset's default in Helm"),
        (b"thisISaSECRET_1234", "Superset's in a template"),
        (b"YOUR_OWN_RANDOM_GENERATED_SECRET_KEY", "Superset's in its documentation"),
        (b"TEST_NON_DEV_SECRET", "Superset's for docker compose"),
        (b"temporary_key", "Airflow's old default"),
        (b"c292a0a3aa32397cdb050e233733900f", "Redash's old default"),
        (b"you-will-never-guess", "the one of a well-known tutorial"),
        (b"hard to guess string", "the one of a well-known book"),
        (b"pf9Wkove4IKEAXvy-cQkeDPhv9Cb3Ag-wyJILbq_dFw", "the example of Flask-Security's documentation"),
        (b"secret", "a placeholder"),
        (b"secretkey", "a placeholder"),
        (b"mysecret", "a placeholder"),
        (b"mysecretkey", "a placeholder"),
        (b"supersecret", "a placeholder"),
        (b"supersecretkey", "a placeholder"),
        (b"thisisasecret", "a placeholder"),
        (b"thisisasecretkey", "a placeholder"),
        (b"yoursecretkey", "a placeholder"),
        (b"yoursecretkeyhere", "a placeholder"),
        (b"changeme", "a placeholder"),
        (b"changethis", "a placeholder"),
        (b"changethisinproduction", "a placeholder"),
        (b"badsecretkey", "a placeholder"),
        (b"anyrandomstring", "a placeholder"),
        (b"developmentkey", "a placeholder"),
        (b"password", "a placeholder"),
        (b"insecure", "a placeholder"),
        (b"test", "a placeholder"),
    ];
    if secret.starts_with(b"django-insecure-") {
        return Some("the one that Django makes for a project's development, and that is in its repository");
    }
    let exact = KNOWN.iter().find(|(known, _)| *known == secret);
    // Placeholders are written in many ways.
    let bare: Vec<u8> =
        secret.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect();
    let spelled = KNOWN.iter().find(|(known, whose)| *whose == "a placeholder" && *known == bare);
    exact.or(spelled).map(|(_, whose)| *whose)
}

/// Accidents of quoting: what the program that signs may have got instead.
fn notes(secret: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(secret);
    let trimmed = text.trim();
    let is_quoted =
        |quote: char| trimmed.len() >= 2 && trimmed.starts_with(quote) && trimmed.ends_with(quote);
    let mut notes = Vec::new();
    let mut note = |applies: bool, sentence: &str| {
        if applies {
            notes.push(sentence.to_owned());
        }
    };
    note(
        secret.starts_with(b"\xef\xbb\xbf"),
        "it begins with a byte order mark, which an editor has put into the file",
    );
    note(trimmed != text, "there is white space at its start or its end, such as a file's last line end");
    let is_literal = from_python(secret).is_ok();
    note(
        is_quoted('\'') || is_quoted('"'),
        "it is in quotes: a .env file or YAML takes them off, docker's --env-file and a plain file do not",
    );
    note(
        is_literal && !is_quoted('\'') && !is_quoted('"'),
        "it is a literal of Python as text: str(os.urandom(24)) gives such a text, and so does a settings file that is not run",
    );
    note(
        secret.contains(&b'\\') && !is_literal,
        "it has a backslash: in Python's quotes, and in some .env files, that begins an escape and is another byte",
    );
    note(secret.contains(&b'$'), "it has a `$`: docker compose and shells put a variable in its place");
    note(
        text.contains(" #") || text.starts_with('#'),
        "it has a `#`: in a .env file or YAML, what is behind it may be a comment",
    );
    note(
        text.starts_with("${") || text.starts_with("{{"),
        "it is the name of a variable that nobody has put in",
    );
    note(
        text.contains("urandom(") || text.contains("token_hex("),
        "it is a call as text, which was to be run",
    );
    note(text.starts_with('<') && text.ends_with('>'), "it looks like a placeholder");
    note(secret.contains(&0), "it has a zero byte, which no environment variable can hold");
    note(
        !secret.is_ascii() && std::str::from_utf8(secret).is_ok(),
        "it has letters outside ASCII: itsdangerous takes their UTF-8, Flask-Login their Latin-1",
    );
    note(
        std::str::from_utf8(secret).is_err(),
        "it is no UTF-8: in Python it has to be bytes, and an environment variable gives text",
    );
    let is_long = |bytes: Option<Vec<u8>>| bytes.is_some_and(|bytes| bytes.len() >= 16);
    if is_long(from_hex(secret)) {
        note(true, "it is hex: one program may take the text, and another the bytes that it spells");
    } else {
        note(
            secret.ends_with(b"=") && is_long(from_base64(secret)),
            "it is base64: one program may take the text, and another the bytes that it spells",
        );
    }
    notes
}
