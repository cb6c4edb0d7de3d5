//! Keys, clock and cookies, and one way to go through requests, so that the
//! programs differ in what they are about and in nothing else.

use core::{fmt::Write as _, hint::black_box};

use hipflask::{
    Config, Error, RequestContext, SecureCookieSession, Session, SessionInterface, UnixTime,
    cookie::SetCookie,
    interface::PlainCookies,
    signing::{KeyDerivation, Keyring, Sha1},
};
use static_cell::{ConstStaticCell, StaticCell};

/// Cookies made by Flask, see `cookies.py`: a small one; one that holds every tag,
/// whose objects are to be sorted, and which an older key signed; and one that zlib
/// writes with its fixed codes, which takes the most stack to open.
pub static COOKIES: [&[u8]; 3] = [
    include_bytes!("../cookies/small.txt"),
    include_bytes!("../cookies/compressed.txt"),
    include_bytes!("../cookies/fixed_codes.txt"),
];
/// The first two, not compressed.
pub static UNCOMPRESSED_COOKIES: [&[u8]; 2] =
    [include_bytes!("../cookies/small.txt"), include_bytes!("../cookies/uncompressed.txt")];

/// Flask's defaults.
pub static CONFIG: Config<'static> = Config::new();

/// When all cookies are made and opened, in Unix seconds.
const NOW_SECS: u64 = 1_700_000_000;

/// A clock that the optimiser knows nothing of.
///
/// # Errors
/// None.
pub fn now() -> Result<UnixTime, Error> {
    Ok(UnixTime::from_secs(black_box(NOW_SECS)))
}

/// Flask's keys for the secret `dev`, and one older secret: derived once, and
/// kept where a firmware keeps them.
///
/// # Errors
/// When they are asked for twice.
#[inline(never)]
pub fn keys() -> Result<&'static Keyring<Sha1, 1>, Error> {
    static KEYS: StaticCell<Keyring<Sha1, 1>> = StaticCell::new();
    let salt = Keyring::SESSION_SALT;
    // Not `init`, which panics.
    let keys = KEYS.try_init_with(|| Keyring::from_secret(black_box(b"dev"), salt, KeyDerivation::Hmac));
    let keys = keys.ok_or(Error::Depth)?;
    keys.push_fallback(black_box(b"old"), salt, KeyDerivation::Hmac)?;
    Ok(keys)
}

/// Room for a request's session.
///
/// # Errors
/// When it is asked for twice.
pub fn context() -> Result<&'static mut RequestContext, Error> {
    static CONTEXT: ConstStaticCell<RequestContext<SecureCookieSession<1024>>> =
        ConstStaticCell::new(RequestContext::new(SecureCookieSession::new()));
    // Not `take`, which panics.
    let context = CONTEXT.try_take().ok_or(Error::Depth)?;
    Ok(context)
}

/// Takes a header without keeping it.
pub struct Wire(usize);

impl core::fmt::Write for Wire {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0 = self.0.wrapping_add(black_box(text).len());
        Ok(())
    }
}

/// Opens each of `cookies`, lets `handle` change the session, and saves it.
///
/// # Errors
/// Those of opening and saving, and `handle`'s.
pub fn answer<I: SessionInterface<Session = Session>>(
    interface: &I,
    cookies: &[&[u8]],
    scratch: &mut I::Scratch,
    handle: fn(&mut Session) -> Result<(), Error>,
) -> Result<usize, Error> {
    answer_by(interface, cookies, scratch, handle, open, |wire, cookie| write!(wire, "{cookie}"))
}

/// As [`answer`], opening by `open` and writing cookies by `send`.
///
/// # Errors
/// As [`answer`].
pub fn answer_by<I: SessionInterface<Session = Session>>(
    interface: &I,
    cookies: &[&[u8]],
    scratch: &mut I::Scratch,
    handle: fn(&mut Session) -> Result<(), Error>,
    open: impl Fn(&mut RequestContext, &I, &[u8]),
    send: impl Fn(&mut Wire, &SetCookie<'_, I::CookieValue<'_>>) -> core::fmt::Result,
) -> Result<usize, Error> {
    let context = context()?;
    let mut wire = Wire(0);
    for request in black_box(cookies) {
        open(context, interface, request);
        handle(context.session()?)?;
        let saved = context.save(interface, &CONFIG, scratch)?;
        if let Some(cookie) = &saved.set_cookie {
            let _ = send(&mut wire, cookie);
        }
    }
    Ok(wire.0)
}

/// Opens as a browser's request is opened.
pub fn open<I: SessionInterface<Session = Session>>(
    context: &mut RequestContext,
    interface: &I,
    header: &[u8],
) {
    context.open(interface, &CONFIG, header);
}

/// Opens a request that has no quoted cookies.
pub fn open_plain<I: SessionInterface<Session = Session>>(
    context: &mut RequestContext,
    interface: &I,
    header: &[u8],
) {
    context.open(interface, &CONFIG, &PlainCookies(header));
}

/// What the cookies of [`CONFIG`] have behind their value.
pub const ATTRIBUTES: &str = "; HttpOnly; Path=/";

/// Counts visits and notes a text.
///
/// # Errors
/// When there is no room.
pub fn visit(session: &mut Session) -> Result<(), Error> {
    let visits: u32 = session.get_as(black_box("a"))?.unwrap_or_default();
    session.insert(black_box("a"), &visits.wrapping_add(1))?;
    session.insert(black_box("text"), &black_box("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))
}
