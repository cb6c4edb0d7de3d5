//! A third program: it counts visits in sessions that stay on the device, in flash. They
//! outlive a reboot, and end when they are ended, whoever has the cookie.

#![no_std]
#![no_main]
#![recursion_limit = "256"]

use core::cell::RefCell;

use embassy_executor::Spawner;
use embassy_net::Ipv4Address;
use firmware::{
    board::{
        self,
        executor::Apart,
        flash::{Flash, SESSION_PAGE_BYTES, SESSIONS},
        host, stack,
    },
    device, network,
};
use hipflask::{
    Config, Error,
    interface::server_side::{self, RamStore, ServerSideSessionInterface, TaggedJson},
};
use hipflask_flash::{FlashStore, SplitStore};
use hipflask_picoserve::{ServerSideContext, ServerSidePool, ServerSideSessions, SessionError, WithSession};
use picoserve::{
    ResponseSent, Router,
    extract::FromRequestParts as _,
    io::Read,
    request::{Path, Request, RequestParts},
    response::{Response, ResponseWriter, StatusCode},
    routing::PathRouterService,
};
use static_cell::{ConstStaticCell, StaticCell};

/// Room for a session while it is used, and for its JSON.
const SESSION_BYTES: usize = 128;
/// Room for it in flash, with its id.
const ROW_BYTES: usize = 160;
/// What only a session has that is to be kept.
const KEPT: &str = "visits";
/// Renewing a session writes to flash: it is done when half of its time has passed.
const RENEWAL_PERCENT: u8 = 50;

type Clock = &'static device::Clock;
type Users = FlashStore<Flash<SESSION_PAGE_BYTES>, Clock, 4, ROW_BYTES>;
type Strangers = RefCell<RamStore<4, SESSION_BYTES, Clock, TaggedJson>>;
type Store = SplitStore<Users, Strangers, SESSION_BYTES, TaggedJson>;

/// All pages: one service takes less stack and memory than a route for each (`device` too).
struct Pages;

type State = WithSession<(), server_side::ServerSideContext>;
type Answer = heapless::String<32>;

impl PathRouterService<State> for Pages {
    async fn call_path_router_service<R: Read, W: ResponseWriter<Error = R::Error>>(
        &self,
        state: &State,
        (): (),
        path: Path<'_>,
        request: Request<'_, R>,
        writer: W,
    ) -> Result<ResponseSent, W::Error> {
        let (status, text) = match Apart::new(answer(state, path.encoded(), &request.parts)).await {
            Ok(text) => (StatusCode::OK, text),
            Err(error) => (error.status(), Answer::try_from(error.text()).unwrap_or_default()),
        };
        let response = Response::new(status, text.as_str());
        writer.write_response(request.body_connection.finalize().await?, response).await
    }
}

async fn answer(state: &State, path: &str, request: &RequestParts<'_>) -> Result<Answer, SessionError> {
    let mut context = ServerSideContext::from_request_parts(state, request).await?;
    let text = match (request.method(), path) {
        ("GET", "/") => {
            let session = context.session()?;
            let visits = session.get_as::<u32>(KEPT)?.unwrap_or_default().wrapping_add(1);
            session.insert(KEPT, &visits)?;
            heapless::format!("visit {visits}\n")
        }
        ("POST", "/end") => {
            context.start_fresh()?;
            heapless::format!("ended\n")
        }
        ("POST", "/reboot") => board::reboot(),
        _ => heapless::format!("stack_used={}\n", stack::high_water_bytes().0),
    };
    Ok(text.unwrap_or_default())
}

/// What protects a session is that nobody guesses its id. So there is no key here.
fn random(bytes: &mut [u8; 32]) -> Result<(), Error> {
    host::entropy(bytes).ok_or(Error::RandomUnavailable)
}

#[cortex_m_rt::entry]
fn main() -> ! {
    board::executor::run(|spawner| spawner.spawn(start(spawner).unwrap()))
}

#[embassy_executor::task]
async fn start(spawner: Spawner) {
    static POOL: ConstStaticCell<ServerSidePool<SESSION_BYTES, 2>> =
        ConstStaticCell::new(ServerSidePool::new());
    static BUFFER: ConstStaticCell<[u8; SESSION_BYTES]> = ConstStaticCell::new([0; SESSION_BYTES]);
    static CLOCK: StaticCell<device::Clock> = StaticCell::new();

    let board = board::start();
    let clock: Clock = CLOCK.init(device::clock(device::EARLIEST));
    let Some(store) = Apart::new(open(clock)).await else { host::exit() };

    let (stack, runner) = network::new(board.ethernet, 1);
    spawner.spawn(network::run(runner).unwrap());
    network::announce(stack).await;

    let interface = ServerSideSessionInterface::new(clock)
        .with_codec(TaggedJson)
        .with_renewal_after_percent(RENEWAL_PERCENT);
    let (pool, buffer) = (POOL.take(), BUFFER.take());
    let sessions = ServerSideSessions::new(interface, Config::new(), pool, store, random, buffer);
    let router = Router::from_service(Pages).layer(&sessions);
    spawner.spawn(keep_time(stack, clock).unwrap());
    network::serve(stack, &router).await;
}

/// The store, and where its strangers are.
async fn open(clock: Clock) -> Option<&'static Store> {
    static STORE: StaticCell<Store> = StaticCell::new();
    let users = FlashStore::open(Flash::for_sessions(), SESSIONS, clock).await;
    let users = users.inspect_err(|error| host::log(format_args!("{error}"))).ok()?;
    let strangers = RefCell::new(RamStore::new(clock, TaggedJson, KEPT));
    Some(STORE.init(SplitStore::new(users, strangers, TaggedJson, KEPT)))
}

#[embassy_executor::task]
async fn keep_time(stack: embassy_net::Stack<'static>, clock: Clock) {
    let server = (Ipv4Address::new(10, 0, 2, 2), host::setting("sntp").unwrap_or(123));
    network::sntp(stack, server, async |now| _ = clock.hear(now)).await;
}
