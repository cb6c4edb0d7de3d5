//! Sessions that are kept in a store, served over TCP.

mod common;

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::Duration,
};

use common::{Answer, answer, send, serve};
use hipflask::{
    Clock, Config, Error, UnixTime, clock_fn,
    interface::server_side::{
        Codec, Condition, Found, LocalStore, RamStore, RamStoreError, ServerSideSessionInterface, SessionId,
    },
    signing::Keyring,
};
use hipflask_picoserve::{ServerSideContext, ServerSidePool, ServerSideSessions, Session, SessionError};
use picoserve::{
    Router,
    routing::{get, post},
};
use tokio::{
    net::TcpListener,
    task::{self, LocalSet},
};

fn now() -> Result<UnixTime, Error> {
    Ok(UnixTime::from_secs(1_700_000_000))
}

/// A store in RAM that may be down.
struct Breakable {
    ram: RefCell<RamStore<8, 256, &'static dyn Clock>>,
    is_down: Cell<bool>,
}

impl Breakable {
    fn ram(&self) -> Result<&RefCell<RamStore<8, 256, &'static dyn Clock>>, RamStoreError> {
        if self.is_down.get() { Err(RamStoreError::Full) } else { Ok(&self.ram) }
    }
}

impl LocalStore for Breakable {
    type Error = RamStoreError;

    async fn load(&self, id: &SessionId, buffer: &mut [u8]) -> Result<Option<Found>, RamStoreError> {
        LocalStore::load(self.ram()?, id, buffer).await
    }

    async fn put(
        &self,
        id: &SessionId,
        value: &[u8],
        ttl: Duration,
        condition: Condition<'_>,
    ) -> Result<bool, RamStoreError> {
        LocalStore::put(self.ram()?, id, value, ttl, condition).await
    }

    async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<bool, RamStoreError> {
        LocalStore::touch(self.ram()?, id, ttl).await
    }

    async fn delete(&self, id: &SessionId) -> Result<bool, RamStoreError> {
        LocalStore::delete(self.ram()?, id).await
    }
}

async fn count(mut session: Session) -> Result<String, SessionError> {
    session.modify::<u64>("visits", |visits| *visits += 1)?;
    Ok(format!("{:?}", session.get_as::<u64>("visits")?))
}

async fn look(session: Session) -> Result<String, SessionError> {
    Ok(format!("{:?}", session.get_as::<u64>("visits")?))
}

async fn login(mut context: ServerSideContext) -> Result<&'static str, SessionError> {
    context.regenerate()?;
    context.session()?.insert("user", "ada")?;
    Ok("welcome")
}

async fn goodbye(mut context: ServerSideContext) -> Result<&'static str, SessionError> {
    context.start_fresh()?;
    Ok("goodbye")
}

async fn about() -> &'static str {
    "the same for everybody"
}

async fn twice(_session: Session, _again: Session) -> &'static str {
    "not reached"
}

thread_local! {
    static LOGGED: Cell<Option<Error>> = const { Cell::new(None) };
    static IDS: Cell<u8> = const { Cell::new(0) };
}

/// Starts the site, and answers where it is, and its store.
async fn start() -> (SocketAddr, &'static Breakable) {
    static NOW: hipflask::ClockFn<fn() -> Result<UnixTime, Error>> = clock_fn(now);
    let pool = Box::leak(Box::new(ServerSidePool::<512, 2>::new()));
    let store: &Breakable = Box::leak(Box::new(Breakable {
        ram: RefCell::new(RamStore::new(&NOW as &dyn Clock, Codec::TaggedJson, "user")),
        is_down: Cell::new(false),
    }));
    let interface = ServerSideSessionInterface::<Keyring, _>::new(&NOW).with_codec(Codec::TaggedJson);
    let random = |bytes: &mut [u8; 32]| {
        IDS.set(IDS.get() + 1);
        *bytes = [IDS.get(); 32];
        Ok(())
    };
    let sessions =
        ServerSideSessions::new(interface, Config::new(), pool, store, random, Box::leak(Box::new([0; 256])))
            .on_error(|reason| LOGGED.set(Some(reason)));
    let router = Router::new()
        .route("/count", get(count))
        .route("/look", get(look))
        .route("/login", post(login))
        .route("/goodbye", post(goodbye))
        .route("/about", get(about))
        .route("/twice", get(twice))
        .layer(&*Box::leak(Box::new(sessions)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    task::spawn_local(serve(listener, Rc::new(router)));
    (address, store)
}

async fn ask(address: SocketAddr, method: &str, path: &str, cookie: &str) -> Answer {
    answer(send(address, method, path, cookie).await).await
}

/// The cookie that the browser has after it.
fn cookie(answer: &Answer) -> String {
    let [cookie] = &answer.set_cookies[..] else { panic!("{answer:?}") };
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_is_kept_in_the_store_under_the_id_of_its_cookie() {
    LocalSet::new()
        .run_until(async {
            let (address, store) = start().await;
            let first = ask(address, "GET", "/count", "").await;
            assert_eq!((first.page.as_str(), first.varies()), ("Some(1)", true));
            let cookie = cookie(&first);
            assert_eq!(cookie, "session=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE");
            assert_eq!(ask(address, "GET", "/count", &cookie).await.page, "Some(2)");
            assert_eq!(ask(address, "GET", "/look", &cookie).await.page, "Some(2)");
            let id: SessionId = cookie.strip_prefix("session=").unwrap().parse().unwrap();
            let mut buffer = [0; 64];
            let found = LocalStore::load(&store.ram, &id, &mut buffer).await.unwrap().unwrap();
            assert_eq!(&buffer[..found.len_bytes], br#"{"_permanent":true,"visits":2}"#);
            assert!(ask(address, "GET", "/about", &cookie).await.is_untouched());
            let twice = ask(address, "GET", "/twice", &cookie).await;
            assert_eq!((twice.status, twice.varies()), (500, true));
        })
        .await;
}

#[tokio::test]
async fn a_login_gets_a_new_id_and_a_logout_ends_it() {
    LocalSet::new()
        .run_until(async {
            let (address, _) = start().await;
            let before = cookie(&ask(address, "GET", "/count", "").await);
            let after = cookie(&ask(address, "POST", "/login", &before).await);
            assert_ne!(before, after);
            assert_eq!(ask(address, "GET", "/look", &before).await.page, "None");
            assert_eq!(ask(address, "GET", "/look", &after).await.page, "Some(1)");
            assert_eq!(cookie(&ask(address, "POST", "/goodbye", &after).await), "session=");
            assert_eq!(ask(address, "GET", "/look", &after).await.page, "None");
        })
        .await;
}

#[tokio::test]
async fn a_store_that_is_down_is_a_503_for_who_asks_for_a_session() {
    LocalSet::new()
        .run_until(async {
            let (address, store) = start().await;
            let cookie = cookie(&ask(address, "GET", "/count", "").await);
            store.is_down.set(true);
            for cookie in [&*cookie, ""] {
                LOGGED.set(None);
                let refused = ask(address, "GET", "/count", cookie).await;
                assert_eq!((refused.status, refused.varies()), (503, true), "{refused:?}");
                assert!(refused.set_cookies.is_empty());
                assert_eq!(LOGGED.get(), Some(Error::StoreUnavailable));
                let about = ask(address, "GET", "/about", cookie).await;
                assert_eq!((about.status, about.is_untouched()), (200, true));
            }
            store.is_down.set(false);
            assert_eq!(ask(address, "GET", "/count", &cookie).await.page, "Some(2)");
        })
        .await;
}
