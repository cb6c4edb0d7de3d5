//! What the page asks.

use hipflask::{Error, backends::alloc::OwnedValue, json::SESSION_JSON_SERIALIZER};
use hipflask_inspect::{BadKey, DERIVATIONS, DIGESTS, read_key, typed};
use serde::Deserialize;
use serde_json::Value as Json;

/// A question.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Question {
    /// Which salts, derivations and digests are known.
    Choices,
    /// What is known about the cookie at position `which` of those pasted. Its value is
    /// left out if it is the cookie that the page asked about before.
    Inspect { pasted: String, which: usize, before: Option<String>, settings: Settings },
    /// The value in all forms in which the page shows it.
    Write { value: Value },
    /// A cookie of the value, made like another one if that holds, with this time if cookies
    /// like that have one.
    Sign { value: Value, like: Option<String>, signed_at_secs: u64, settings: Settings },
}

/// What is known beside the cookie. Names are those of itsdangerous.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    key: String,
    name: String,
    salt: String,
    derivation: String,
    digest: String,
    lifetime_secs: i64,
    now_secs: u64,
}

/// A value that somebody edited.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// As the report gives it.
    Typed(Json),
    /// As Flask writes it.
    Json(String),
}

impl Settings {
    /// The same for the inspection, and why it has no key although one was typed.
    pub fn read(self) -> (hipflask_inspect::Settings, Option<BadKey>) {
        let mut settings = hipflask_inspect::Settings::new(self.now_secs);
        settings.name = self.name;
        settings.salt = self.salt.into_bytes();
        settings.lifetime_secs = self.lifetime_secs;
        if let Some((_, derivation)) = DERIVATIONS.iter().find(|(name, _)| *name == self.derivation) {
            settings.derivation = *derivation;
        }
        if let Some(digest) = DIGESTS.iter().find(|digest| digest.name() == self.digest) {
            settings.digest = digest;
        }
        match read_key(self.key.as_bytes()) {
            Ok(secret) => {
                settings.set_keys(Some(secret), vec![]);
                (settings, None)
            }
            Err(BadKey::Empty) => (settings, None),
            Err(bad) => (settings, Some(bad)),
        }
    }
}

impl Value {
    pub fn read(self) -> Result<OwnedValue, String> {
        match self {
            Self::Typed(value) => typed::from_json(&value).map_err(|error| error.to_string()),
            Self::Json(text) => SESSION_JSON_SERIALIZER.loads_owned(text).map_err(|error| match error {
                Error::BadPayload(why) => why.to_string(),
                other => other.to_string(),
            }),
        }
    }
}
