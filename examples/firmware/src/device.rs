//! What a device brings: its settings, its clock, its key, its password, and random tokens.

use core::{cell::Cell, fmt::Write as _};

use crate::board::{
    flash::{Flash, SECRET, STORE},
    host,
};
use hipflask::{
    BadCookie, Clock as _, Config, Error, Lifetime, SecureCookieSession, UnixTime, UnsetClock,
    backends::embedded::{FlashSecret, NetworkClock},
    cookie::SameSite,
    signing::{KeyDerivation, Keyring, Mac as _, SigningKeys as _},
};
use sequential_storage::{
    cache::{Cache, Uncached},
    map::{MapConfig, MapStorage},
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
pub const EARLIEST: UnixTime = UnixTime::from_secs(1_767_225_600);

/// A clock that nobody has set yet.
pub type Clock = NetworkClock<fn() -> u64>;

/// Counts from boot.
pub fn clock(earliest: UnixTime) -> Clock {
    NetworkClock::new(uptime_secs, earliest)
}

/// Seconds since boot.
pub fn uptime_secs() -> u64 {
    embassy_time::Instant::now().as_secs()
}

/// What `derive` makes of the secret key: of the one given at build time, or one that is
/// made at first boot and kept. `None`, and a line in the log, if there is none.
pub fn with_secret_key<R>(flash: &mut Flash, derive: impl FnOnce(&[u8]) -> R) -> Option<R> {
    if let Some(shared) = SHARED_KEY.filter(|key| !key.is_empty()) {
        return Some(derive(shared.as_bytes()));
    }
    // Without entropy the bytes stay zeros, which are no key.
    let random = |bytes: &mut [u8; 32]| _ = host::entropy(bytes);
    match FlashSecret::new(flash, SECRET).get_or_make(random, |key| derive(key)) {
        Ok(derived) => Some(derived),
        Err(error) => {
            host::log(format_args!("no key, no sessions: {error}"));
            None
        }
    }
}

/// The time's name in the store.
const LAST_TIME: u8 = 1;
/// Room for it with its name, in whole words.
const ITEM_BYTES: usize = 16;

/// What changes and is kept over a reboot, in flash.
pub struct Store(MapStorage<u8, Flash, Cache<Uncached, Uncached, Uncached, u8>>);

impl Store {
    /// Over the flash.
    pub fn new(flash: Flash) -> Self {
        Self(MapStorage::new(flash, const { MapConfig::new(STORE) }, Cache::new_uncached()))
    }

    /// The latest time that the device ever knew.
    pub async fn earliest(&mut self) -> UnixTime {
        let mut buffer = [0; ITEM_BYTES];
        let kept = self.0.fetch_item::<u64>(&mut buffer, &LAST_TIME).await;
        kept.ok().flatten().map_or(EARLIEST, UnixTime::from_secs).max(EARLIEST)
    }

    /// Keeps the time.
    pub async fn keep_time(&mut self, now: UnixTime) {
        let mut buffer = [0; ITEM_BYTES];
        let _ = self.0.store_item(&mut buffer, &LAST_TIME, &now.secs()).await;
    }
}

/// How many wrong passwords are taken one after the other.
const GUESSES: u64 = 5;
/// And how long it takes until there is one more.
const GUESS_SECS: u64 = 10;
/// [`GUESS_SECS`] as a header's value.
pub const RETRY_AFTER: &str = "10";

/// The device's password. Who does not know it has [`GUESSES`] guesses, and then one each
/// [`GUESS_SECS`]: all clients together, because one client can have many addresses. So
/// somebody who keeps guessing also keeps the owner out.
pub struct Password {
    /// Each wrong guess takes a time, and this is when all of that is over, since boot.
    busy_until_secs: Cell<u64>,
}

/// There were too many wrong passwords: this one was not looked at.
pub struct TooManyGuesses;

impl Password {
    /// Nobody has guessed yet.
    pub const fn new() -> Self {
        Self { busy_until_secs: Cell::new(0) }
    }

    /// Whether `password` is the device's.
    ///
    /// # Errors
    /// When nobody may guess now.
    pub fn check(&self, password: &str) -> Result<bool, TooManyGuesses> {
        let now = uptime_secs();
        let busy_until = self.busy_until_secs.get().max(now);
        if busy_until > now + (GUESSES - 1) * GUESS_SECS {
            return Err(TooManyGuesses);
        }
        let is_right = is_password(password);
        if !is_right {
            self.busy_until_secs.set(busy_until + GUESS_SECS);
        }
        Ok(is_right)
    }
}

/// Takes the same time wherever it differs.
fn is_password(password: &str) -> bool {
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
    made: Cell<u64>,
}

impl Tokens {
    /// `None` without entropy.
    pub fn new() -> Option<Self> {
        let mut seed = [0; 32];
        host::entropy(&mut seed)?;
        let keys = Keyring::new(&seed, b"tokens", KeyDerivation::Hmac);
        Some(Self { keys, made: Cell::new(0) })
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
