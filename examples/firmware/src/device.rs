//! What a device brings: its settings, its clock, its key, and random tokens.

use core::fmt::Write as _;

use hipflask::{
    BadCookie, Clock as _, Config, Error, Lifetime, SecureCookieSession, UnixTime, UnsetClock,
    backends::embedded::OffsetClock,
    cookie::SameSite,
    signing::{KeyDerivation, Keyring, Mac as _, SigningKeys as _},
};
use sequential_storage::{
    cache::{Cache, Uncached},
    map::{MapConfig, MapStorage},
};
use zeroize::Zeroizing;

use crate::board::{
    flash::{BYTES, Flash},
    host,
};

/// A session's room in bytes: its JSON, and 8 more for each entry.
pub const SESSION_BYTES: usize = 2304;
// docs/firmware.md says so.
const _: () = assert!(size_of::<SecureCookieSession<SESSION_BYTES>>() == SESSION_BYTES + 36);
/// A session's JSON that can be compressed.
pub const DEFLATE_BYTES: usize = 2176;
/// A `Set-Cookie` may not be longer: it has to come back in a request's head,
/// beside some 900 bytes of a browser's other headers.
const COOKIE_BYTES: usize = 1100;

/// How its sessions are kept.
pub const CONFIG: Config<'static> = Config::new()
    .session_cookie_samesite(SameSite::Lax)
    .permanent_session_lifetime(Lifetime::from_secs(7 * 24 * 60 * 60))
    .max_cookie_size(COOKIE_BYTES)
    // Before the time is known every cookie counts as expired, so that the
    // login page can be shown, which is where the owner sets the time.
    .unset_clock(UnsetClock::StartFresh)
    // A cookie that a former firmware wrote must not lock the owner out.
    .bad_cookie(BadCookie::StartFresh);

/// Shared with a Flask app if it was set when this was built.
const SHARED_KEY: Option<&str> = option_env!("SECRET_KEY");
/// What logs in.
const PASSWORD: &str = match option_env!("DEVICE_PASSWORD") {
    Some(password) => password,
    None => "flask",
};

/// 2026-01-01: no clock that is right says less.
const EARLIEST_SECS: u64 = 1_767_225_600;

/// A clock that nobody has set yet.
pub type Clock = OffsetClock<fn() -> u64>;

/// Counts from boot.
pub fn clock() -> Clock {
    OffsetClock::new(uptime_secs)
}

/// Seconds since boot.
pub fn uptime_secs() -> u64 {
    embassy_time::Instant::now().as_secs()
}

/// Keys in the store.
const KEY: u8 = 1;
const LAST_TIME: u8 = 2;
/// Room for the longest value with its key, in whole words.
const ITEM_BYTES: usize = 48;

/// What the device keeps over a reboot, in flash.
pub struct Store(MapStorage<u8, Flash, Cache<Uncached, Uncached, Uncached, u8>>);

impl Store {
    /// Over the flash.
    pub fn new(flash: Flash) -> Self {
        Self(MapStorage::new(flash, const { MapConfig::new(0..BYTES as u32) }, Cache::new_uncached()))
    }

    /// The secret key: the one given at build time, or one that is made at
    /// first boot and kept. `None` if there is no entropy to make one of.
    pub async fn with_secret_key<R>(&mut self, use_key: impl FnOnce(&[u8]) -> R) -> Option<R> {
        if let Some(shared) = SHARED_KEY.filter(|key| !key.is_empty()) {
            return Some(use_key(shared.as_bytes()));
        }
        let mut buffer = Zeroizing::new([0; ITEM_BYTES]);
        if let Ok(Some(kept)) = self.0.fetch_item::<&[u8]>(&mut *buffer, &KEY).await {
            return Some(use_key(kept));
        }
        let mut made = Zeroizing::new([0; 32]);
        host::entropy(&mut *made)?;
        self.0.store_item(&mut *buffer, &KEY, &&made[..]).await.ok()?;
        Some(use_key(&*made))
    }

    /// The latest time the device ever knew, in Unix seconds.
    pub async fn last_time_secs(&mut self) -> u64 {
        let mut buffer = [0; ITEM_BYTES];
        let kept = self.0.fetch_item::<u64>(&mut buffer, &LAST_TIME).await;
        kept.ok().flatten().unwrap_or_default().max(EARLIEST_SECS)
    }

    /// Keeps the time.
    pub async fn keep_time(&mut self, now: UnixTime) {
        let mut buffer = [0; ITEM_BYTES];
        let _ = self.0.store_item(&mut buffer, &LAST_TIME, &now.secs()).await;
    }
}

/// Whether `password` is the device's. Takes the same time wherever it differs.
pub fn is_password(password: &str) -> bool {
    let keys: Keyring = Keyring::new(PASSWORD.as_bytes(), b"password", KeyDerivation::Hmac);
    let tag = |text: &str| {
        let mut mac = keys.current()?;
        mac.update(text.as_bytes());
        mac.finish()
    };
    matches!((tag(password), tag(PASSWORD)), (Ok(given), Ok(ours)) if given == ours)
}

/// Makes tokens that nobody can guess: a MAC over a counter, with a key that
/// is new at each boot.
pub struct Tokens {
    keys: Keyring,
    made: core::cell::Cell<u64>,
}

impl Tokens {
    /// `None` without entropy.
    pub fn new() -> Option<Self> {
        let mut seed = [0; 32];
        host::entropy(&mut seed)?;
        let keys = Keyring::new(&seed, b"tokens", KeyDerivation::Hmac);
        Some(Self { keys, made: core::cell::Cell::new(0) })
    }

    /// The next one, 40 hexadecimal digits.
    ///
    /// # Errors
    /// None that can happen.
    pub fn next(&self) -> Result<heapless::String<40>, Error> {
        let count = self.made.get() + 1;
        self.made.set(count);
        let mut mac = self.keys.current()?;
        mac.update(&count.to_be_bytes());
        let mut text = heapless::String::new();
        for byte in mac.finish()?.as_bytes() {
            let _ = write!(text, "{byte:02x}");
        }
        Ok(text)
    }
}

/// Whether the clock is set.
pub fn is_set(clock: &Clock) -> bool {
    clock.now().is_ok()
}
