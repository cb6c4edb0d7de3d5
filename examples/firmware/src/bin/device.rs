//! A device's web interface: login, status, flash messages, logout.

#![no_std]
#![no_main]
// A router is a type as deep as it has routes.
#![recursion_limit = "256"]

#[path = "device/html.rs"]
mod html;
#[path = "device/pages.rs"]
mod pages;

use core::cell::{Cell, RefCell};

use embassy_executor::Spawner;
use embassy_net::{Ipv4Address, Stack};
use firmware::{
    board::{self, executor::Apart, host},
    device::{self, CONFIG, Clock, DEFLATE_BYTES, Password, SESSION_BYTES, Store, Tokens},
    network,
};
use hipflask::{
    SecureCookieSessionInterface,
    signing::{KeyDerivation, Keyring, Sha1},
    zlib::DeflateScratch,
};
use hipflask_picoserve::{Pool, Sessions};
use picoserve::Router;
use static_cell::{ConstStaticCell, StaticCell};

use pages::Pages;

/// Requests that are handled at once: the others wait.
const SESSIONS: usize = 2;

/// How often the time is kept in flash.
const KEEP_SECS: u64 = 60 * 60;
/// How far this clock may be behind others': by less than two seconds when it is
/// set, and by what the network took.
const CLOCK_SKEW_SECS: u64 = 3;

/// What the pages need to know.
struct Device {
    clock: Clock,
    tokens: Tokens,
    store: RefCell<Option<Store>>,
    password: Password,
    pool: &'static Pool<SESSION_BYTES, SESSIONS>,
}

/// [`Device`], as the pages have it.
#[derive(Clone, Copy)]
struct Shared(&'static Device);

#[cortex_m_rt::entry]
fn main() -> ! {
    board::executor::run(|spawner| spawner.spawn(start(spawner).unwrap()))
}

#[embassy_executor::task]
async fn start(spawner: Spawner) {
    static SCRATCH: ConstStaticCell<DeflateScratch<DEFLATE_BYTES>> =
        ConstStaticCell::new(DeflateScratch::new());
    let (device, keys, stack) = Apart::new(set_up(spawner)).await;
    let interface = SecureCookieSessionInterface::new(keys, &device.clock).with_compression();
    // A cookie that a server with a better clock has just made is ahead of this one.
    let config = CONFIG.clock_skew_secs(CLOCK_SKEW_SECS);
    let sessions = Sessions::new(interface, config, device.pool, SCRATCH.take());
    let router = Router::from_service(Pages).layer(&sessions).with_state(Shared(device));

    spawner.spawn(keep_time(stack, device).unwrap());
    network::serve(stack, &router).await;
}

/// Makes what there is once, and waits for the network.
async fn set_up(spawner: Spawner) -> (&'static Device, Keyring<Sha1, 0>, Stack<'static>) {
    static POOL: ConstStaticCell<Pool<SESSION_BYTES, SESSIONS>> = ConstStaticCell::new(Pool::new());
    static DEVICE: StaticCell<Device> = StaticCell::new();

    let mut board = board::start();
    let derive =
        |key: &[u8]| Keyring::<Sha1, 0>::from_secret(key, Keyring::SESSION_SALT, KeyDerivation::Hmac);
    let keys = device::with_secret_key(&mut board.flash, derive);
    let (Some(keys), Some(tokens)) = (keys, Tokens::new()) else { host::exit() };
    let mut store = Store::new(board.flash);
    let mut seed = [0; 8];
    let _ = host::entropy(&mut seed);
    let earliest = store.earliest().await;
    let device: &'static Device = DEVICE.init(Device {
        clock: device::clock(earliest),
        tokens,
        store: RefCell::new(Some(store)),
        password: Password::new(),
        pool: POOL.take(),
    });

    let (stack, runner) = network::new(board.ethernet, u64::from_le_bytes(seed));
    spawner.spawn(network::run(runner).unwrap());
    network::announce(stack).await;
    (device, keys, stack)
}

/// Asks for the time, if this run has a server to ask.
#[embassy_executor::task]
async fn keep_time(stack: Stack<'static>, device: &'static Device) {
    let Some(port) = host::setting("sntp") else { return };
    let kept_secs = Cell::new(0);
    network::sntp(stack, (Ipv4Address::new(10, 0, 2, 2), port), async |now| {
        let is_known = device.clock.hear(now);
        // Flash wears: once an hour is enough for what this is for.
        if !is_known || now.secs() < kept_secs.get() + KEEP_SECS {
            return;
        }
        kept_secs.set(now.secs());
        let store = device.store.take();
        if let Some(mut store) = store {
            store.keep_time(now).await;
            device.store.replace(Some(store));
        }
    })
    .await;
}
