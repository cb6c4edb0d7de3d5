//! A second, small program with sessions: it counts visits.

#![no_std]
#![no_main]
#![recursion_limit = "256"]

use embassy_executor::Spawner;
use embassy_net::Ipv4Address;
use firmware::{
    board::{self, host},
    device, network,
};
use hipflask::{
    Config, SecureCookieSessionInterface,
    signing::{KeyDerivation, Keyring, NoCompression, Sha1},
};
use hipflask_picoserve::{Pool, Session, SessionError, Sessions};
use picoserve::{Router, routing::get};
use static_cell::{ConstStaticCell, StaticCell};

async fn visit(mut session: Session) -> Result<heapless::String<32>, SessionError> {
    let visits = session.get_as::<u32>("visits")?.unwrap_or_default().wrapping_add(1);
    session.insert("visits", &visits)?;
    Ok(heapless::format!("visit {visits}\n").unwrap_or_default())
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
    static POOL: ConstStaticCell<Pool<256, { network::CONNECTIONS }>> = ConstStaticCell::new(Pool::new());
    static NO_SCRATCH: ConstStaticCell<NoCompression> = ConstStaticCell::new(NoCompression);
    static CLOCK: StaticCell<device::Clock> = StaticCell::new();

    let mut board = board::start();
    let clock: &'static device::Clock = CLOCK.init(device::clock(device::EARLIEST));
    let derive =
        |key: &[u8]| Keyring::<Sha1, 0>::from_secret(key, Keyring::SESSION_SALT, KeyDerivation::Hmac);
    let Some(keys) = device::with_secret_key(&mut board.flash, derive) else { host::exit() };

    let (stack, runner) = network::new(board.ethernet, 1);
    spawner.spawn(network::run(runner).unwrap());
    network::announce(stack).await;

    let interface = SecureCookieSessionInterface::new(keys, clock);
    let sessions = Sessions::new(interface, Config::new(), POOL.take(), NO_SCRATCH.take());
    let router = Router::new().route("/", get(visit)).route("/twice", get(twice)).layer(&sessions);
    spawner.spawn(keep_time(stack, clock).unwrap());
    network::serve(stack, &router).await;
}

#[embassy_executor::task]
async fn keep_time(stack: embassy_net::Stack<'static>, clock: &'static device::Clock) {
    let server = (Ipv4Address::new(10, 0, 2, 2), host::setting("sntp").unwrap_or(123));
    network::sntp(stack, server, async |now| _ = clock.hear(now)).await;
}
