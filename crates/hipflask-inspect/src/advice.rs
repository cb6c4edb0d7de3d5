//! The settings of hipflask that would open a session.

use hipflask::signing::{KeyDerivation, Keyring};

use crate::{
    kind::Kind,
    pasted::Cookie,
    report::Payload,
    settings::Settings,
    signature::{DIGESTS, Verdict, Way},
};

/// Keys, settings and capacity, each an expression of Rust. Nothing if the signature does
/// not hold in any way that is known here, or if it is no session.
pub(crate) fn recommend(
    cookie: &Cookie,
    kind: Kind,
    verdict: &Verdict,
    payload: Option<&Payload>,
    age_secs: Option<u64>,
    settings: &Settings,
) -> Vec<String> {
    let keys = match verdict {
        _ if kind != Kind::Session => return Vec::new(),
        Verdict::Holds { .. } | Verdict::Expired { .. } | Verdict::Future { .. } => {
            keyring(&settings.salt, settings.derivation, settings.digest.name())
        }
        Verdict::Mismatch { holds_with } => match &holds_with[..] {
            [] => return Vec::new(),
            [Way { salt, derivation, digest, .. }, ..] => keyring(salt, *derivation, digest.name()),
        },
        _ => return Vec::new(),
    };
    let mut config = String::from("Config::new()");
    if let Some(name) = cookie.name.as_deref().filter(|name| *name != "session") {
        config.push_str(&format!(".session_cookie_name({name:?})"));
    }
    config.push_str(&attributes(cookie));
    let lifetime_secs = match verdict {
        Verdict::Expired { .. } => age_secs.map(|age| age.next_multiple_of(86_400)),
        _ if settings.lifetime_secs != 2_678_400 => u64::try_from(settings.lifetime_secs).ok(),
        _ => None,
    };
    if let Some(secs) = lifetime_secs {
        config.push_str(&format!(".permanent_session_lifetime(Lifetime::from_secs({secs}))"));
    }
    let skew_secs = match verdict {
        Verdict::Future { by_secs, .. } => *by_secs,
        _ => settings.clock_skew_secs,
    };
    if skew_secs > 0 {
        config.push_str(&format!(".clock_skew_secs({skew_secs})"));
    }
    let capacity = payload.and_then(|payload| payload.capacity_bytes);
    // Twice the room, as docs/server.md has it.
    let capacity =
        capacity.map(|bytes| format!("SecureCookieSession::<{}>::new()", (2 * bytes).next_power_of_two()));
    [keys, config].into_iter().chain(capacity).collect()
}

fn keyring(salt: &[u8], derivation: KeyDerivation, digest: &str) -> String {
    let is_sha1 = digest == DIGESTS[0].name();
    if is_sha1 && derivation == KeyDerivation::Hmac && salt == Keyring::SESSION_SALT {
        return "Keyring::for_sessions(secret)".into();
    }
    let salt = salt.escape_ascii();
    if is_sha1 {
        return format!("Keyring::new(secret, b\"{salt}\", KeyDerivation::{derivation:?})");
    }
    let digest = digest.replace("sha", "Sha");
    format!("Keyring::<{digest}>::from_secret(secret, b\"{salt}\", KeyDerivation::{derivation:?})")
}

/// The calls for the attributes that a `Set-Cookie` line has.
fn attributes(cookie: &Cookie) -> String {
    let mut calls = String::new();
    let Some(attributes) = &cookie.attributes else { return calls };
    let is_secure = attributes.iter().any(|(name, _)| name.eq_ignore_ascii_case("secure"));
    for (name, value) in attributes {
        calls.push_str(&match name.to_ascii_lowercase().as_str() {
            "domain" => format!(".session_cookie_domain({value:?})"),
            "path" if value != "/" => format!(".session_cookie_path({value:?})"),
            "secure" => ".session_cookie_secure(true)".into(),
            // Browsers want both, so that nothing else can be recommended.
            "samesite" if value.eq_ignore_ascii_case("none") && !is_secure => {
                ".session_cookie_samesite(SameSite::None).session_cookie_secure(true)".into()
            }
            "partitioned" => ".session_cookie_partitioned(true)".into(),
            "samesite" => match hipflask::cookie::SameSite::parse(value) {
                Ok(same_site) => format!(".session_cookie_samesite(SameSite::{same_site:?})"),
                Err(_) => continue,
            },
            _ => continue,
        });
    }
    if attributes.iter().all(|(name, _)| !name.eq_ignore_ascii_case("httponly")) {
        calls.push_str(".session_cookie_httponly(false)");
    }
    calls
}
