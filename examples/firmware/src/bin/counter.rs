//! A second, small program on the same adapter: it counts visits.

#![no_std]
#![no_main]
#![recursion_limit = "256"]

use embassy_executor::Spawner;
use embassy_net::Ipv4Address;
use embassy_sync::mutex::Mutex;
use firmware::{
    board::{self, host},
    device, network,
    sessions::{self, Free, Place, Session, Sessions},
};
use hipflask::{
    Config, SecureCookieSession, SecureCookieSessionInterface,
    signing::{KeyDerivation, Keyring, NoCompression, Sha1},
};
use picoserve::{
    Router,
    response::{IntoResponse, StatusCode},
    routing::get,
};
use static_cell::{ConstStaticCell, StaticCell};

async fn visit(mut session: Session) -> impl IntoResponse {
    let visits = session.get_as::<u32>("visits").ok().flatten().unwrap_or_default().wrapping_add(1);
    match session.insert("visits", &visits) {
        Ok(()) => Ok(heapless::format!(32; "visit {visits}\n").unwrap_or_default()),
        Err(_) => Err((StatusCode::INTERNAL_SERVER_ERROR, "no room\n")),
    }
}

/// Asks for its session twice, which is an error.
async fn twice(_first: Session, _second: Session) -> &'static str {
    "not reached\n"
}

#[cortex_m_rt::entry]
fn main() -> ! {
    board::executor::run(|spawner| spawner.spawn(start(spawner).unwrap()))
}

#[embassy_executor::task]
async fn start(spawner: Spawner) {
    static PLACES: ConstStaticCell<[Place<SecureCookieSession<256>>; network::CONNECTIONS]> =
        ConstStaticCell::new([const { sessions::place() }; network::CONNECTIONS]);
    static FREE: StaticCell<Free<{ network::CONNECTIONS }>> = StaticCell::new();
    static NO_SCRATCH: ConstStaticCell<NoCompression> = ConstStaticCell::new(NoCompression);
    static CLOCK: StaticCell<device::Clock> = StaticCell::new();

    let board = board::start();
    let clock: &'static device::Clock = CLOCK.init(device::clock());
    let mut store = device::Store::new(board.flash);
    let derive =
        |key: &[u8]| Keyring::<Sha1, 0>::from_secret(key, Keyring::SESSION_SALT, KeyDerivation::Hmac);
    let Some(keys) = store.with_secret_key(derive).await else { host::exit() };

    let (stack, runner) = network::new(board.ethernet, 1);
    spawner.spawn(network::run(runner).unwrap());
    network::announce(stack).await;

    let sessions = Sessions {
        interface: SecureCookieSessionInterface::new(keys, clock),
        config: Config::new(),
        free: FREE.init(sessions::free(PLACES.take())),
        scratch: Mutex::new(NO_SCRATCH.take()),
    };
    let router = Router::new().route("/", get(visit)).route("/twice", get(twice)).layer(&sessions);
    spawner.spawn(keep_time(stack, clock).unwrap());
    network::serve(stack, &router).await;
}

#[embassy_executor::task]
async fn keep_time(stack: embassy_net::Stack<'static>, clock: &'static device::Clock) {
    let server = (Ipv4Address::new(10, 0, 2, 2), host::setting("sntp").unwrap_or(123));
    network::sntp(stack, server, async |now| clock.set(now)).await;
}
