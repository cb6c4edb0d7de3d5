//! The device of `../firmware` once more, on plain smoltcp: one loop, no executor
//! and no HTTP server.

#![no_std]
#![no_main]

mod form;
mod http;
mod network;
mod pages;
mod phy;

use core::fmt;

use embassy_futures::block_on;
use firmware::{
    board::{self, host, stack},
    device::{self, CONFIG, Clock, DEFLATE_BYTES, Password, SESSION_BYTES, Store, Tokens},
};
use hipflask::{
    Error, RequestContext, SecureCookieSession, SecureCookieSessionInterface, UnixTime,
    signing::{KeyDerivation, Keyring, Sha1},
    zlib::{DeflateScratch, Scratch},
};
use smoltcp::socket::tcp;
use static_cell::{ConstStaticCell, StaticCell};

use form::Form;
use http::respond;
use network::{Network, REQUEST_BYTES};
use pages::{Page, Token};

/// What the pages need to know.
struct Device {
    clock: Clock,
    tokens: Tokens,
    password: Password,
}

impl pages::Device for Device {
    fn uptime_secs(&self) -> u64 {
        device::uptime_secs()
    }

    fn clock_is_set(&self) -> bool {
        device::is_set(&self.clock)
    }

    fn set_clock(&self, now: UnixTime) -> bool {
        self.clock.hear(now)
    }

    fn is_password(&self, password: &str) -> bool {
        self.password.check(password).unwrap_or(false)
    }

    fn new_token(&self) -> Result<Token, Error> {
        self.tokens.next()
    }
}

type Interface<'d> = SecureCookieSessionInterface<Keyring<Sha1, 0>, &'d Clock, Scratch>;

/// What one request needs at a time, so all of them share it.
struct Server<'d> {
    device: &'d Device,
    interface: Interface<'d>,
    request: &'static mut [u8; REQUEST_BYTES],
    context: &'static mut RequestContext,
    scratch: &'static mut Scratch,
}

impl Server<'_> {
    /// Answers the request that came, once it is there as a whole.
    fn serve(&mut self, socket: &mut tcp::Socket<'_>) {
        let Self { device, interface, request, context, scratch } = self;
        let len = socket.peek_slice(&mut **request).unwrap_or_default();
        let received = request.get(..len).unwrap_or_default();
        let mut headers = [httparse::EMPTY_HEADER; http::MAX_HEADERS];
        let answered = match http::parse(received, &mut headers) {
            Ok(None) if len == REQUEST_BYTES => {
                respond(socket, &Page::Refused(431, "This request is too long.\n"), None, false)
            }
            Ok(None) if socket.may_recv() => return,
            Ok(None) => Err(fmt::Error),
            Ok(Some(request)) if request.path == "/stats" => {
                let (used, all) = stack::high_water_bytes();
                respond(socket, &Page::Stack { used, all }, None, false)
            }
            Ok(Some(request)) => {
                // Whoever asks for the session is told if it could not be opened.
                context.open(interface, &CONFIG, &request);
                let page = Page::new(*device, context, request.method, request.path, Form(request.body));
                match context.save(interface, &CONFIG, scratch) {
                    Ok(saved) => {
                        let cookie = saved.set_cookie.as_ref().map(|cookie| cookie as &dyn fmt::Display);
                        respond(socket, &page, cookie, saved.vary_cookie)
                    }
                    // Nothing went out yet, so the page that would have claimed success is replaced.
                    Err(error) => respond(socket, &Page::failed(error), None, context.accessed()),
                }
            }
            Err(status) => respond(socket, &Page::Refused(status, "This cannot be read.\n"), None, false),
        };
        match answered {
            Ok(()) => socket.close(),
            Err(fmt::Error) => socket.abort(),
        }
    }
}

#[cortex_m_rt::entry]
fn main() -> ! {
    static CONTEXT: StaticCell<RequestContext<SecureCookieSession<SESSION_BYTES>>> = StaticCell::new();
    static SCRATCH: ConstStaticCell<DeflateScratch<DEFLATE_BYTES>> =
        ConstStaticCell::new(DeflateScratch::new());
    static REQUEST: ConstStaticCell<[u8; REQUEST_BYTES]> = ConstStaticCell::new([0; REQUEST_BYTES]);

    let board = board::start();
    let (device, keys) = set_up(board.flash);
    let mut seed = [0; 8];
    let _ = host::entropy(&mut seed);
    let mut network = Network::new(board.ethernet, u64::from_le_bytes(seed));
    let mut server = Server {
        device: &device,
        interface: SecureCookieSessionInterface::new(keys, &device.clock).with_compression(),
        request: REQUEST.take(),
        context: CONTEXT.init_with(|| RequestContext::new(SecureCookieSession::new())),
        scratch: SCRATCH.take(),
    };
    loop {
        network.poll(|socket| server.serve(socket));
    }
}

/// Makes what there is once. The store's futures never wait: its flash is RAM.
#[inline(never)]
fn set_up(mut flash: board::flash::Flash) -> (Device, Keyring<Sha1, 0>) {
    let derive =
        |key: &[u8]| Keyring::<Sha1, 0>::from_secret(key, Keyring::SESSION_SALT, KeyDerivation::Hmac);
    let keys = device::with_secret_key(&mut flash, derive);
    let (Some(keys), Some(tokens)) = (keys, Tokens::new()) else { host::exit() };
    let earliest = block_on(Store::new(flash).earliest());
    (Device { clock: device::clock(earliest), tokens, password: Password::new() }, keys)
}
