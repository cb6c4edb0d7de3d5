//! Server-side sessions: what is loaded, written and sent, in which order, and what two
//! requests do to each other.
#![cfg(feature = "std")]

mod common;

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    pin::pin,
    rc::Rc,
    sync::Mutex,
    task::{Context, Poll, Waker},
    time::Duration,
};

use common::Random;
use hipflask::{
    BadCookie, ClockFn, Config, Error, Lifetime, SecureCookieSession, UnixTime, clock_fn,
    cookie::SameSite,
    error::PayloadError,
    interface::server_side::{
        Codec, Condition, Finish, FinishError, Found, LocalStore, RamStore, RamStoreError, ServerSideContext,
        ServerSideSessionInterface, SessionId, Step, Store, Unavailable, UnwritableMarkup, acceptance,
    },
    json::Markup,
    signing::Keyring,
};

const NOW_MILLIS: u64 = 1_700_000_000_000;
const BYTES: usize = 512;
const LIFETIME: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// What comes of a future that waits for nothing.
fn ready<T>(future: impl Future<Output = T>) -> T {
    let mut task = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut task) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it waits"),
    }
}

/// A clock that goes on when it is told to.
#[derive(Clone)]
struct Watch(Rc<Cell<u64>>);

impl Watch {
    fn new() -> Self {
        Self(Rc::new(Cell::new(NOW_MILLIS)))
    }

    fn wait(&self, time: Duration) {
        self.0.set(self.0.get() + u64::try_from(time.as_millis()).unwrap());
    }
}

impl hipflask::Clock for Watch {
    fn now(&self) -> Result<UnixTime, Error> {
        let millis = self.0.get();
        Ok(UnixTime::new(millis / 1000, (millis % 1000) as u32 * 1000))
    }
}

/// It takes larger sessions than the requests do, as Redis does.
type Ram = RamStore<8, { 2 * BYTES }, Watch>;

/// A store in RAM that notes what it is asked, and may be down.
struct Noting {
    ram: RefCell<Ram>,
    notes: RefCell<Vec<String>>,
    /// How many of the next answers are given.
    answers: Cell<usize>,
}

#[derive(Debug, PartialEq)]
struct Down;

impl std::fmt::Display for Down {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("connection refused")
    }
}

impl std::error::Error for Down {}

impl Noting {
    fn note(&self, note: String) -> Result<(), Down> {
        self.notes.borrow_mut().push(note);
        let left = self.answers.get().checked_sub(1).ok_or(Down)?;
        self.answers.set(left);
        Ok(())
    }
}

impl LocalStore for Noting {
    type Error = Down;

    async fn load(&self, id: &SessionId, buffer: &mut [u8]) -> Result<Option<Found>, Down> {
        self.note("load".to_owned())?;
        Ok(self.ram.borrow_mut().load(id, buffer).unwrap())
    }

    async fn put(
        &self,
        id: &SessionId,
        value: &[u8],
        ttl: Duration,
        condition: Condition<'_>,
    ) -> Result<bool, Down> {
        self.note(format!("put {condition:?} {}", ttl.as_secs_f64()))?;
        Ok(self.ram.borrow_mut().put(id, value, ttl, condition).unwrap())
    }

    async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<bool, Down> {
        self.note(format!("touch {}", ttl.as_secs_f64()))?;
        Ok(self.ram.borrow_mut().touch(id, ttl).unwrap())
    }

    async fn delete(&self, id: &SessionId) -> Result<bool, Down> {
        self.note("delete".to_owned())?;
        Ok(self.ram.borrow_mut().delete(id).unwrap())
    }
}

type Interface = ServerSideSessionInterface<Keyring, Watch>;
type Request = ServerSideContext<SecureCookieSession<BYTES>>;

struct Site {
    store: Noting,
    interface: Interface,
    config: Config<'static>,
    watch: Watch,
    ids: Cell<u8>,
}

/// What a request brought about.
#[derive(Debug, PartialEq)]
struct Sent {
    cookie: Option<String>,
    vary: bool,
    ended_meanwhile: bool,
    refresh_skipped: Option<Error>,
}

impl Site {
    fn new() -> Self {
        let watch = Watch::new();
        let ram = RamStore::new(watch.clone(), Codec::TaggedJson, "user");
        let store =
            Noting { ram: RefCell::new(ram), notes: RefCell::default(), answers: Cell::new(usize::MAX) };
        let interface = ServerSideSessionInterface::new(watch.clone()).with_codec(Codec::TaggedJson);
        Self { store, interface, config: Config::new(), watch, ids: Cell::new(0) }
    }

    fn with(change: impl FnOnce(Interface) -> Interface) -> Self {
        let mut site = Self::new();
        site.interface = change(site.interface);
        site
    }

    fn configured(change: impl FnOnce(Config<'static>) -> Config<'static>) -> Self {
        let mut site = Self::new();
        site.config = change(site.config);
        site
    }

    fn open(&self, header: &str) -> Request {
        let mut context = ServerSideContext::new(SecureCookieSession::new());
        if let Some(id) = self.interface.begin(&self.config, header, &mut context) {
            let mut buffer = [0; BYTES];
            let _ = ready(self.interface.load(&self.store, &self.config, &id, &mut buffer, &mut context));
        }
        context
    }

    fn save_with(&self, context: &Request, loaded: &[u8]) -> Result<Sent, FinishError<Down>> {
        let random = |bytes: &mut [u8; 32]| {
            self.ids.set(self.ids.get() + 1);
            *bytes = [self.ids.get(); 32];
            Ok(())
        };
        let mut buffer = [0; BYTES];
        let finish = self.interface.finish(&self.config, context, random, loaded, &mut buffer);
        let saved = ready(finish.map_err(FinishError::Session)?.run(&self.store))?;
        Ok(Sent {
            cookie: saved.set_cookie.map(|cookie| cookie.to_string()),
            vary: saved.vary_cookie,
            ended_meanwhile: saved.ended_meanwhile,
            refresh_skipped: saved.refresh_skipped,
        })
    }

    fn save(&self, context: &Request) -> Result<Sent, FinishError<Down>> {
        self.save_with(context, b"")
    }

    fn visit(&self, header: &str, handler: impl FnOnce(&mut Request)) -> Option<String> {
        let mut context = self.open(header);
        handler(&mut context);
        self.save(&context).unwrap().cookie
    }

    /// A session of this user; gives the header of a browser that is in it.
    fn log_in(&self, user: &str) -> String {
        let cookie = self.visit("", |context| context.session().unwrap().insert("user", user).unwrap());
        header(&cookie.unwrap())
    }

    fn stored(&self, header: &str) -> Option<String> {
        let mut buffer = [0; BYTES];
        let found = self.store.ram.borrow_mut().load(&id(header), &mut buffer).unwrap()?;
        Some(String::from_utf8(buffer[..found.len_bytes].to_vec()).unwrap())
    }

    fn left(&self, header: &str) -> Duration {
        self.store.ram.borrow_mut().load(&id(header), &mut []).unwrap().unwrap().expires_in.unwrap()
    }

    fn plant(&self, header: &str, value: &[u8]) {
        let mut ram = self.store.ram.borrow_mut();
        assert!(ram.put(&id(header), value, LIFETIME, Condition::Absent).unwrap());
    }

    fn notes(&self) -> String {
        self.store.notes.take().join(", ")
    }
}

/// What the browser sends back.
fn header(cookie: &str) -> String {
    cookie.split(';').next().unwrap().to_owned()
}

fn id(header: &str) -> SessionId {
    let value = header.split_once('=').unwrap().1;
    value.split('.').next().unwrap().parse().unwrap()
}

const FIRST: &str = "session=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE";
const SECOND: &str = "session=AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI";

fn user(context: &mut Request) -> Option<String> {
    context.session().unwrap().get_as("user").unwrap()
}

#[test]
fn the_cookie_holds_an_id_and_the_store_the_session() {
    let site = Site::new();
    let mut context = site.open("");
    assert_eq!(context.id(), None);
    context.session().unwrap().insert("user", "Zoë").unwrap();
    let sent = site.save(&context).unwrap();
    let expires = "Expires=Fri, 15 Dec 2023 22:13:20 GMT; HttpOnly; Path=/";
    assert_eq!(sent.cookie, Some(format!("{FIRST}; {expires}")));
    assert!(sent.vary);
    assert_eq!(site.stored(FIRST).unwrap(), r#"{"_permanent":true,"user":"Zo\u00eb"}"#);
    assert_eq!(site.notes(), "put Absent 2678400");

    let mut context = site.open(FIRST);
    assert_eq!(user(&mut context).as_deref(), Some("Zoë"));
    assert_eq!(context.id(), Some(&id(FIRST)));
    assert!(context.opened().unwrap().is_loaded());
    let sent = site.save(&context).unwrap();
    assert_eq!((sent.cookie, sent.vary), (None, true));
    assert_eq!(site.notes(), "load");
}

#[test]
fn a_new_session_is_permanent_where_that_is_set_and_counts_as_empty() {
    for permanent in [true, false] {
        let site = Site::with(|interface| interface.with_permanent(permanent));
        let mut context = site.open("");
        assert_eq!(context.session().unwrap().permanent(), permanent);
        assert_eq!(context.session().unwrap().len(), usize::from(permanent));
        assert!(!context.session().unwrap().modified());
        assert_eq!(site.save(&context).unwrap().cookie, None);
        assert_eq!(site.notes(), "");
        let cookie = site.visit("", |context| context.session().unwrap().insert("a", &1).unwrap());
        assert_eq!(cookie.unwrap().contains("Expires="), permanent);
        assert_eq!(site.notes(), "put Absent 2678400");
    }
}

#[test]
fn clearing_keeps_the_permanence_and_deletes_with_every_attribute() {
    let mut site = Site::configured(|config| {
        let config = config.session_cookie_secure(true).session_cookie_domain("example.com");
        config.session_cookie_samesite(SameSite::Lax).session_cookie_partitioned(true)
    });
    let browser = site.log_in("ada");
    site.notes();
    let cookie = site.visit(&browser, |context| {
        context.session().unwrap().clear().unwrap();
        assert!(context.session().unwrap().permanent());
    });
    assert_eq!(
        cookie.unwrap(),
        "session=; Domain=example.com; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; HttpOnly; \
         Path=/; SameSite=Lax; Partitioned"
    );
    assert_eq!(site.notes(), "load, delete");
    assert_eq!(site.stored(&browser), None);

    site.config = Config::new();
    let browser = site.log_in("ada");
    site.visit(&browser, |context| {
        context.session().unwrap().clear().unwrap();
        context.session().unwrap().insert("theme", "dark").unwrap();
    });
    assert_eq!(site.stored(&browser).unwrap(), r#"{"_permanent":true,"theme":"dark"}"#);
    // As in Flask-Session, it is said then that it is not permanent.
    site.visit(&browser, |context| {
        context.session().unwrap().remove("_permanent").unwrap();
        context.session().unwrap().clear().unwrap();
        context.session().unwrap().insert("theme", "dark").unwrap();
    });
    assert_eq!(site.stored(&browser).unwrap(), r#"{"_permanent":false,"theme":"dark"}"#);
}

#[test]
fn only_permanence_that_changes_makes_no_session() {
    let site = Site::new();
    let cookie = site.visit("", |context| context.session().unwrap().set_permanent(false).unwrap());
    assert!(cookie.unwrap().contains("Max-Age=0"));
    assert_eq!(site.notes(), "");
}

#[test]
fn a_login_gets_another_id() {
    let site = Site::new();
    site.visit("", |context| context.session().unwrap().insert("theme", "dark").unwrap());
    site.notes();
    let cookie = site.visit(FIRST, |context| {
        context.regenerate().unwrap();
        context.session().unwrap().insert("user", "ada").unwrap();
    });
    assert_eq!(header(&cookie.unwrap()), SECOND);
    // The new one first: whatever happens in between, nothing is lost.
    assert_eq!(site.notes(), "load, put Absent 2678400, delete");
    assert_eq!(site.stored(FIRST), None);
    assert_eq!(site.stored(SECOND).unwrap(), r#"{"_permanent":true,"theme":"dark","user":"ada"}"#);
    // Whoever knew the id before the login has no session with it.
    site.visit(FIRST, |context| assert_eq!(user(context), None));
}

#[test]
fn regenerating_alone_is_a_change_unless_there_is_nothing() {
    let site = Site::new();
    let browser = site.log_in("ada");
    let cookie = site.visit(&browser, |context| context.regenerate().unwrap());
    assert_eq!(header(&cookie.unwrap()), SECOND);
    site.notes();
    assert_eq!(site.visit("", |context| context.regenerate().unwrap()), None);
    assert_eq!(site.notes(), "");
    // An id that somebody planted, with a session that holds nothing.
    site.plant("session=planted", b"{}");
    let cookie = site.visit("session=planted", |context| {
        context.regenerate().unwrap();
        context.session().unwrap().insert("user", "ada").unwrap();
    });
    assert!(!cookie.unwrap().contains("planted"));
    assert_eq!(site.stored("session=planted"), None);
}

#[test]
fn a_logout_stays_a_logout_while_another_request_is_saving() {
    let change: fn(&mut Request) = |context| context.session().unwrap().insert("visits", &1).unwrap();
    let changes: [fn(&mut Request); 3] = [
        change,
        |context| context.regenerate().unwrap(),
        // Only to be renewed.
        |context| assert!(!context.session().unwrap().modified()),
    ];
    let logouts: [fn(&mut Request); 3] = [
        |context| context.session().unwrap().clear().unwrap(),
        |context| assert!(context.start_fresh().unwrap().permanent()),
        |context| context.regenerate().unwrap(),
    ];
    for change in changes {
        for log_out in logouts {
            let site = Site::with(|interface| interface.with_renewal_after_percent(0));
            let browser = site.log_in("ada");
            let mut under_way = site.open(&browser);
            change(&mut under_way);
            site.visit(&browser, log_out);
            let sessions = site.store.ram.borrow().len();
            let sent = site.save(&under_way).unwrap();
            let nothing = Sent { cookie: None, vary: true, ended_meanwhile: true, refresh_skipped: None };
            assert_eq!(sent, nothing);
            assert_eq!(site.stored(&browser), None);
            assert_eq!(site.store.ram.borrow().len(), sessions, "nothing new is stored");
        }
    }
}

/// What a request is about to do, and how far it has come.
enum Stage<'a> {
    Handled(Request),
    Saving(Finish<'a>),
}

/// Requests of one user that come between each other at every step: what is over once stays
/// over, and a browser is told no id under which nothing is.
#[test]
fn however_requests_interleave_what_ended_stays_ended() {
    let mut random = Random(0x5E55_1045);
    let mut ended_meanwhile = 0;
    for _ in 0..1000 {
        let percent = random.pick(&[0, 100]);
        let site = Site::with(|interface| interface.with_renewal_after_percent(percent));
        let browser = RefCell::new(site.log_in("ada"));
        let mut rooms = [[0; BYTES]; 30];
        let mut free_rooms = rooms.iter_mut();
        let mut over: HashSet<String> = HashSet::new();
        let mut under_way: Vec<(String, Stage<'_>)> = Vec::new();
        for _ in 0..30 {
            if under_way.len() < 3 && random.below(2) == 0 {
                let header = browser.borrow().clone();
                let mut context = site.open(&header);
                match random.below(5) {
                    0 => context.session().unwrap().clear().unwrap(),
                    1 => context.regenerate().unwrap(),
                    2 => context.session().unwrap().insert("user", "ada").unwrap(),
                    3 => context.session().unwrap().insert("a", &random.below(9)).unwrap(),
                    _ => assert!(!context.session().unwrap().modified()),
                }
                under_way.push((header, Stage::Handled(context)));
            } else if !under_way.is_empty() {
                let (header, stage) = under_way.swap_remove(random.below(under_way.len()));
                let mut finish = match stage {
                    Stage::Handled(context) => {
                        let fresh = |bytes: &mut [u8; 32]| {
                            bytes.iter_mut().for_each(|byte| *byte = random.below(256) as u8);
                            Ok(())
                        };
                        let buffer = free_rooms.next().unwrap();
                        site.interface.finish(&site.config, &context, fresh, b"", buffer).unwrap()
                    }
                    Stage::Saving(finish) => finish,
                };
                match finish.step() {
                    Some(step) => {
                        let done = ready(step.run(&site.store)).unwrap();
                        if let Step::Delete { id } = step
                            && done
                        {
                            over.insert(id.as_str().to_owned());
                        }
                        finish.answered(done).unwrap();
                        under_way.push((header, Stage::Saving(finish)));
                    }
                    None => {
                        let saved = finish.saved();
                        ended_meanwhile += u32::from(saved.ended_meanwhile);
                        if let Some(cookie) = saved.set_cookie {
                            assert!(!saved.ended_meanwhile);
                            browser.replace(format!("session={}", cookie.value));
                        }
                    }
                }
            }
            for id in &over {
                assert_eq!(site.stored(&format!("session={id}")), None);
            }
        }
    }
    assert!(ended_meanwhile > 300, "{ended_meanwhile}");
}

#[test]
fn an_unmodified_session_overwrites_no_change() {
    let site = Site::with(|interface| interface.with_renewal_after_percent(0));
    let browser = site.log_in("ada");
    let mut slow = site.open(&browser);
    slow.session().unwrap();
    site.visit(&browser, |context| context.session().unwrap().insert("cart", &[1, 2][..]).unwrap());
    site.watch.wait(Duration::from_secs(10));
    site.notes();
    assert!(site.save(&slow).unwrap().cookie.unwrap().starts_with(&browser));
    assert_eq!(site.notes(), "touch 2678400");
    assert_eq!(site.stored(&browser).unwrap(), r#"{"_permanent":true,"cart":[1,2],"user":"ada"}"#);
    assert_eq!(site.left(&browser), LIFETIME);
}

#[test]
fn a_session_is_renewed_when_a_part_of_its_lifetime_has_passed() {
    let hours = |hours: u64| Duration::from_secs(hours * 60 * 60);
    for (percent, passed, renews) in [
        (0, Duration::ZERO, true),
        (1, Duration::ZERO, false),
        (1, hours(7), false),
        (1, hours(8), true),
        (50, hours(15 * 24), false),
        (50, hours(16 * 24), true),
        (100, hours(30 * 24), false),
        (255, hours(30 * 24), false),
    ] {
        let site = Site::with(|interface| interface.with_renewal_after_percent(percent));
        let browser = site.log_in("ada");
        site.watch.wait(passed);
        site.notes();
        let cookie = site.visit(&browser, |_| {});
        assert_eq!(cookie.is_some(), renews, "{percent} {passed:?}");
        assert_eq!(site.notes(), if renews { "load, touch 2678400" } else { "load" });
        assert_eq!(site.left(&browser), if renews { LIFETIME } else { LIFETIME - passed });
    }
}

#[test]
fn a_session_that_lasts_longer_than_the_settings_say_is_shortened() {
    let mut site = Site::new();
    let browser = site.log_in("ada");
    site.config = site.config.permanent_session_lifetime(Lifetime::from_secs(60));
    assert!(site.visit(&browser, |_| {}).is_some());
    assert_eq!(site.left(&browser), Duration::from_secs(60));
}

#[test]
fn nothing_is_renewed_where_that_is_not_set_and_no_cookie_goes_with_a_browser_session() {
    let mut site = Site::with(|interface| interface.with_renewal_after_percent(0));
    let browser = site.log_in("ada");
    site.visit(&browser, |context| context.session().unwrap().set_permanent(false).unwrap());
    site.notes();
    assert_eq!(site.visit(&browser, |_| {}), None);
    assert_eq!(site.notes(), "load, touch 2678400");
    site.config = site.config.session_refresh_each_request(false);
    assert_eq!(site.visit(&browser, |_| {}), None);
    assert_eq!(site.notes(), "load");
}

#[test]
fn of_two_changes_the_last_one_wins_unless_they_are_compared() {
    let put = |context: &mut Request, key: &str| context.session().unwrap().insert(key, &1).unwrap();
    let site = Site::new();
    let browser = site.log_in("ada");
    let (mut first, mut second) = (site.open(&browser), site.open(&browser));
    put(&mut first, "first");
    put(&mut second, "second");
    site.save(&first).unwrap();
    site.save(&second).unwrap();
    assert_eq!(site.stored(&browser).unwrap(), r#"{"_permanent":true,"second":1,"user":"ada"}"#);

    let site = Site::with(|interface| interface.with_compare_and_set(true));
    let browser = site.log_in("ada");
    let loaded = site.stored(&browser).unwrap();
    let (mut first, mut second) = (site.open(&browser), site.open(&browser));
    put(&mut first, "first");
    put(&mut second, "second");
    assert!(site.save_with(&first, loaded.as_bytes()).unwrap().cookie.is_some());
    let conflict = site.save_with(&second, loaded.as_bytes());
    assert_eq!(conflict, Err(FinishError::Session(Error::SessionConflict)));
    // Tried again, it has both.
    let loaded = site.stored(&browser).unwrap();
    let mut again = site.open(&browser);
    put(&mut again, "second");
    site.save_with(&again, loaded.as_bytes()).unwrap();
    let both = r#"{"_permanent":true,"first":1,"second":1,"user":"ada"}"#;
    assert_eq!(site.stored(&browser).unwrap(), both);
}

#[test]
fn what_cannot_be_read_is_a_fresh_session_and_stays_where_it_is() {
    for garbage in [&b""[..], b"[1]", b"\x00\xff", b"{\"a\":", b"\x80\x04K\x01."] {
        let site = Site::new();
        site.plant("session=old", garbage);
        let mut context = site.open("session=old");
        assert!(context.opened().unwrap().rejection().is_some(), "{garbage:?}");
        assert_eq!(context.id(), None);
        assert_eq!(context.session().unwrap().len(), 1);
        context.regenerate().unwrap();
        context.session().unwrap().insert("user", "ada").unwrap();
        let cookie = site.save(&context).unwrap().cookie.unwrap();
        assert_eq!(header(&cookie), FIRST);
        let mut buffer = [0; BYTES];
        let found = site.store.ram.borrow_mut().load(&id("session=old"), &mut buffer).unwrap().unwrap();
        assert_eq!(&buffer[..found.len_bytes], garbage);
        // But whoever logs out ends it.
        let cookie = site.visit("session=old", |context| context.session().unwrap().clear().unwrap());
        assert!(cookie.unwrap().contains("Max-Age=0"));
        assert_eq!(site.stored("session=old"), None);
    }
}

#[test]
fn an_id_that_nobody_stored_is_not_adopted() {
    let site = Site::new();
    let mut context = site.open("session=made-up");
    assert_eq!(context.opened().unwrap().rejection(), Some(Error::SessionNotFound));
    context.session().unwrap().insert("user", "mallory").unwrap();
    let cookie = site.save(&context).unwrap().cookie.unwrap();
    assert_eq!(header(&cookie), FIRST);
    assert_eq!(site.stored("session=made-up"), None);
}

#[test]
fn what_is_no_id_never_reaches_the_store() {
    let site = Site::new();
    let longest = "a".repeat(SessionId::MAX_LEN_BYTES);
    for value in ["a:b", "*", "a%00", "ä", "../etc", "a.b", "\"a\\056\"", &format!("{longest}a")] {
        let context = site.open(&format!("session={value}"));
        let rejection = context.opened().unwrap().rejection();
        assert_eq!(rejection, Some(Error::InvalidSessionId), "{value}");
    }
    assert_eq!(site.open("session=").opened().unwrap().rejection(), None);
    assert_eq!(site.notes(), "");
    site.plant(&format!("session={longest}"), b"{\"a\":1}");
    assert!(site.open(&format!("session={longest}")).opened().unwrap().is_loaded());
}

/// The cookie is recorded from Flask-Session 0.8.0 with `SESSION_USE_SIGNER`.
#[test]
fn a_signed_id_is_flask_session_s_and_no_other_is_taken() {
    const SID: &str = "F0zW4sM53UCeYYAS39AFBhDbDAl8rNpY3bjTUi2DSuQ";
    const SIGNED: &str = "session=F0zW4sM53UCeYYAS39AFBhDbDAl8rNpY3bjTUi2DSuQ.jEzAARvKms7g_3rnCpgm_Ztg5RA";
    let keys = || Keyring::for_session_ids("pä$$wörd".as_bytes());
    let site = Site::with(|interface| interface.with_signer(keys()).with_renewal_after_percent(0));
    site.plant(SIGNED, br#"{"user":"ada","_permanent":true}"#);
    let cookie = site.visit(SIGNED, |context| {
        assert_eq!(context.id().unwrap().as_str(), SID);
        context.session().unwrap().insert("a", &1).unwrap();
    });
    assert!(cookie.unwrap().starts_with(&format!("{SIGNED}; Expires=")));
    site.notes();
    let other = format!("{}A", &SIGNED[..SIGNED.len() - 1]);
    for value in [&other, &format!("session={SID}"), "session=.", "session=a.", SIGNED.trim_end_matches('A')]
    {
        if value != SIGNED {
            let rejection = site.open(value).opened().unwrap().rejection();
            assert_eq!(rejection, Some(Error::BadSignature), "{value}");
        }
    }
    assert_eq!(site.notes(), "");
    let site = Site::with(|interface| interface.with_signer(Keyring::for_session_ids(b"")));
    let mut context = site.open(SIGNED);
    assert!(context.opened().unwrap().is_null());
    assert_eq!(context.session().unwrap().insert("a", &1), Err(Error::NoSecretKey));
    let sent = site.save(&context).unwrap();
    assert_eq!((sent.cookie, sent.vary), (None, false));
}

#[test]
fn a_lifetime_below_a_second_is_one_and_none_at_all_is_refused() {
    let site = Site::configured(|config| config.permanent_session_lifetime(Lifetime::from_micros(500_000)));
    let browser = site.log_in("ada");
    assert_eq!(site.notes(), "put Absent 0.5");
    site.watch.wait(Duration::from_millis(499));
    assert!(site.stored(&browser).is_some());
    site.watch.wait(Duration::from_millis(1));
    assert!(site.stored(&browser).is_none());
    for micros in [0, -1, -1_000_000] {
        let lifetime = Lifetime::from_micros(micros);
        let site = Site::configured(|config| config.permanent_session_lifetime(lifetime));
        let mut context = site.open("");
        assert!(site.save(&context).is_ok());
        context.session().unwrap().insert("user", "ada").unwrap();
        let error = Error::InvalidConfig { setting: "PERMANENT_SESSION_LIFETIME" };
        assert_eq!(site.save(&context), Err(FinishError::Session(error)));
        assert_eq!(site.notes(), "");
    }
}

#[test]
fn a_session_that_is_too_large_harms_only_those_who_ask_and_can_be_logged_out_of() {
    let site = Site::new();
    let text = format!("{{\"a\":\"{}\"}}", "a".repeat(BYTES - 10));
    site.plant("session=large", text.as_bytes());
    let small = |site: &Site| {
        let mut context = ServerSideContext::new(SecureCookieSession::<BYTES>::new());
        let id = site.interface.begin(&site.config, "session=large", &mut context).unwrap();
        let mut buffer = [0; 64];
        ready(site.interface.load(&site.store, &site.config, &id, &mut buffer, &mut context)).unwrap();
        context
    };
    let mut context = small(&site);
    let too_large = Error::Capacity { needed_bytes: text.len(), capacity_bytes: 64 };
    assert_eq!(context.session().unwrap_err(), too_large);
    assert_eq!(site.save(&context).unwrap().cookie, None);
    assert!(site.stored("session=large").is_some());
    context.start_fresh().unwrap();
    assert!(site.save(&context).unwrap().cookie.unwrap().contains("Max-Age=0"));
    assert!(site.stored("session=large").is_none());

    let site = Site::configured(|config| config.bad_cookie(BadCookie::StartFresh));
    site.plant("session=large", text.as_bytes());
    let context = small(&site);
    assert_eq!(context.opened().unwrap().rejection(), Some(too_large));
    assert_eq!(site.save(&context).unwrap().cookie, None);
    assert!(site.stored("session=large").is_some());
}

#[test]
fn what_flask_may_well_read_is_an_error_for_who_asks_and_a_pickle_is_named() {
    let msgpack = |interface: Interface| interface.with_codec(Codec::MsgPack);
    // {"a": {1.0: 1}}, and {"a": {"b": 1, "b": 1}}.
    let float_key = b"\x81\xa1a\x81\xcb\x3f\xf0\0\0\0\0\0\0\x01";
    for stored in [&float_key[..], b"\x81\xa1a\x82\xa1b\x01\xa1b\x01"] {
        let mut site = Site::with(msgpack);
        site.plant("session=a", stored);
        let error = site.open("session=a").session().map(|_| ()).unwrap_err();
        assert!(site.save(&site.open("session=a")).unwrap().cookie.is_none(), "{error}");
        site.config = site.config.bad_cookie(BadCookie::StartFresh);
        assert_eq!(site.open("session=a").opened().unwrap().rejection(), Some(error));
    }
    let site = Site::with(msgpack);
    // pickle.dumps({"user": "ada"})
    site.plant("session=a", b"\x80\x04\x95\x11\0\0\0\0\0\0\0}\x94\x8c\x04user\x94\x8c\x03ada\x94s.");
    let rejection = site.open("session=a").opened().unwrap().rejection();
    assert_eq!(rejection, Some(Error::BadPayload(PayloadError::Pickle)));
}

#[test]
fn html_that_a_site_flashes_is_refused_by_name_or_written_as_text() {
    let flashing = |context: &mut Request| {
        context.session().unwrap().flash(&Markup("<b>hi</b>"), "info").unwrap();
    };
    let site = Site::with(|interface| interface.with_codec(Codec::MsgPack));
    let mut context = site.open("");
    flashing(&mut context);
    let refused = site.save(&context).unwrap_err();
    assert!(matches!(refused, FinishError::Session(Error::NoForm { key, .. }) if key.as_str() == "_flashes"));
    assert_eq!(site.notes(), "");
    let site = Site::with(|interface| {
        interface.with_codec(Codec::Json).with_unwritable_markup(UnwritableMarkup::WriteText)
    });
    let browser = header(&site.visit("", flashing).unwrap());
    assert_eq!(site.stored(&browser).unwrap(), r#"{"_permanent":true,"_flashes":[["info","<b>hi</b>"]]}"#);
}

#[test]
fn while_the_store_is_down_only_those_who_ask_are_told() {
    let site = Site::new();
    let browser = site.log_in("ada");
    site.store.answers.set(0);
    let mut context = site.open(&browser);
    assert_eq!(context.session().unwrap_err(), Error::StoreUnavailable);
    assert_eq!(site.save(&context).unwrap().cookie, None);
    // A logout is one, or an error; never a cookie that is deleted and a session that is not.
    context.start_fresh().unwrap();
    assert_eq!(site.save(&context), Err(FinishError::Store(Down)));
    site.store.answers.set(1);
    assert!(site.save(&context).unwrap().cookie.unwrap().contains("Max-Age=0"));
    assert_eq!(site.stored(&browser), None);
}

#[test]
fn while_the_store_is_down_there_may_be_a_null_session_that_says_why() {
    let site = Site::with(|interface| interface.with_unavailable(Unavailable::NullSession));
    let browser = site.log_in("ada");
    site.store.answers.set(0);
    let mut context = site.open(&browser);
    assert_eq!(context.opened().unwrap().rejection(), Some(Error::StoreUnavailable));
    assert_eq!(user(&mut context), None);
    assert_eq!(context.session().unwrap().insert("a", &1), Err(Error::StoreUnavailable));
    assert_eq!(context.session().unwrap().clear(), Err(Error::StoreUnavailable));
    let sent = site.save(&context).unwrap();
    assert_eq!((sent.cookie, sent.vary), (None, true));
    site.store.answers.set(9);
    assert_eq!(user(&mut site.open(&browser)).as_deref(), Some("ada"));
}

#[test]
fn a_store_that_fails_while_it_saves_loses_no_change_silently_and_no_session() {
    let site = Site::with(|interface| interface.with_renewal_after_percent(0));
    let browser = site.log_in("ada");
    let mut changed = site.open(&browser);
    changed.session().unwrap().insert("a", &1).unwrap();
    let mut unchanged = site.open(&browser);
    unchanged.session().unwrap();
    let mut regenerated = site.open(&browser);
    regenerated.regenerate().unwrap();
    site.store.answers.set(0);
    assert_eq!(site.save(&changed), Err(FinishError::Store(Down)));
    let skipped = Some(Error::StoreUnavailable);
    let sent = Sent { cookie: None, vary: true, ended_meanwhile: false, refresh_skipped: skipped };
    assert_eq!(site.save(&unchanged), Ok(sent));
    // Between the two steps.
    site.store.answers.set(1);
    assert_eq!(site.save(&regenerated), Err(FinishError::Store(Down)));
    assert!(site.stored(&browser).is_some());
}

#[test]
fn nothing_is_written_when_no_cookie_can_be_sent() {
    let site = Site::configured(|config| config.max_cookie_size(20));
    let mut context = site.open("");
    context.session().unwrap().insert("user", "ada").unwrap();
    assert!(matches!(site.save(&context), Err(FinishError::Session(Error::CookieTooLarge { .. }))));
    let site = Site::new();
    context.session().unwrap().insert("b", &1).unwrap();
    let random = |_: &mut [u8; 32]| Err(Error::RandomUnavailable);
    let mut buffer = [0; BYTES];
    let finish = site.interface.finish(&site.config, &context, random, b"", &mut buffer);
    assert_eq!(finish.err(), Some(Error::RandomUnavailable));
    let mut buffer = [0; 10];
    let finish = site.interface.finish(&site.config, &context, |_| Ok(()), b"", &mut buffer);
    assert!(matches!(finish, Err(Error::Capacity { capacity_bytes: 10, .. })));
    assert_eq!(site.notes(), "");
}

#[test]
fn random_bytes_that_repeat_end_nobody_s_session() {
    let site = Site::new();
    let browser = site.log_in("ada");
    site.ids.set(0);
    let mut context = site.open("");
    context.session().unwrap().insert("user", "bob").unwrap();
    assert_eq!(site.save(&context), Err(FinishError::Session(Error::RandomUnavailable)));
    assert_eq!(user(&mut site.open(&browser)).as_deref(), Some("ada"));
}

#[test]
fn a_context_that_is_used_again_remembers_nothing() {
    let site = Site::new();
    let browser = site.log_in("ada");
    let mut context = site.open(&browser);
    context.regenerate().unwrap();
    assert_eq!(site.interface.begin(&site.config, "", &mut context), None);
    assert_eq!((context.id(), context.accessed()), (None, false));
    assert_eq!(user(&mut context), None);
    context.session().unwrap().clear().unwrap();
    site.save(&context).unwrap();
    assert!(site.stored(&browser).is_some());
}

#[test]
fn two_cookies_of_the_name_are_told() {
    let site = Site::new();
    let browser = site.log_in("ada");
    for (header, duplicates) in [
        (browser.clone(), false),
        (format!("{browser}; {SECOND}"), true),
        (format!("{SECOND}; {browser}"), true),
    ] {
        assert_eq!(site.open(&header).opened().unwrap().has_duplicates(), duplicates, "{header}");
    }
}

#[test]
fn no_log_shows_an_id_or_a_session() {
    let site = Site::new();
    let browser = site.log_in("ada");
    let mut context = site.open(&browser);
    context.session().unwrap().insert("secret", "hunter2").unwrap();
    let mut buffer = [0; BYTES];
    let finish = site.interface.finish(&site.config, &context, |_| Ok(()), b"", &mut buffer).unwrap();
    let shown = format!("{:?} {context:?} {:?} {:?}", id(&browser), site.interface, site.store.ram.borrow());
    let step = format!("{finish:?} {:?}", finish.step().unwrap());
    let cookie = format!("{step} {:?}", finish.saved());
    for text in [shown, cookie] {
        assert!(!text.contains("AQEB") && !text.contains("ada") && !text.contains("104, 117"), "{text}");
    }
}

#[test]
fn ids_are_equal_by_all_their_letters() {
    let ids = ["a", "b", "aa", "ab", "-", "_", "A"].map(|text| text.parse::<SessionId>().unwrap());
    for (i, a) in ids.iter().enumerate() {
        for (j, b) in ids.iter().enumerate() {
            assert_eq!(a == b, i == j);
        }
    }
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    let text = "A-_z09".repeat(14);
    assert_eq!(text.parse::<SessionId>().unwrap().as_str(), text);
    assert_eq!(SessionId::from_random(&[0xFF; 32]).as_str(), format!("{}8", "_".repeat(42)));
}

mod ram {
    use super::*;

    type Small = RamStore<4, 64, Watch>;

    fn small() -> (Small, Watch) {
        let watch = Watch::new();
        (RamStore::new(watch.clone(), Codec::TaggedJson, "user"), watch)
    }

    fn name(text: &str) -> SessionId {
        text.parse().unwrap()
    }

    const USER: &[u8] = br#"{"user":1}"#;
    const STRANGER: &[u8] = br#"{"a":"\"user\":1"}"#;

    fn put(store: &mut Small, id: &str, value: &[u8]) -> Result<bool, RamStoreError> {
        store.put(&name(id), value, LIFETIME, Condition::Absent)
    }

    fn has(store: &mut Small, id: &str) -> bool {
        store.load(&name(id), &mut []).unwrap().is_some()
    }

    #[test]
    fn a_flood_of_strangers_ends_no_user_s_session() {
        let (mut store, _) = small();
        for user in ["u1", "u2", "u3"] {
            put(&mut store, user, USER).unwrap();
        }
        for stranger in 0..100 {
            assert_eq!(put(&mut store, &format!("s{stranger}"), STRANGER), Ok(true));
            // Also one that comes again and again.
            assert_eq!(store.touch(&name(&format!("s{stranger}")), LIFETIME), Ok(true));
        }
        assert!(["u1", "u2", "u3", "s99"].iter().all(|id| has(&mut store, id)));
        assert_eq!(store.len(), 4);
        // A login takes the stranger's place, and then no stranger finds one.
        assert_eq!(put(&mut store, "u4", USER), Ok(true));
        assert_eq!(put(&mut store, "s", STRANGER), Err(RamStoreError::Full));
        assert!(["u1", "u2", "u3", "u4"].iter().all(|id| has(&mut store, id)));
        // Where there are only users, the one who was away for the longest goes.
        assert_eq!(put(&mut store, "u5", USER), Ok(true));
        assert!(!has(&mut store, "u1"));
        assert_eq!(store.len(), 4);
    }

    #[test]
    fn the_stranger_who_was_away_for_the_longest_goes() {
        let (mut store, _) = small();
        for stranger in ["s1", "s2", "s3", "s4"] {
            put(&mut store, stranger, STRANGER).unwrap();
        }
        assert!(has(&mut store, "s1"));
        store.put(&name("s2"), STRANGER, LIFETIME, Condition::Present).unwrap();
        put(&mut store, "s5", STRANGER).unwrap();
        assert!(!has(&mut store, "s3"));
        assert!(["s1", "s2", "s4", "s5"].iter().all(|id| has(&mut store, id)));
    }

    #[test]
    fn who_logs_out_is_a_stranger_again_and_what_expired_makes_room_first() {
        let (mut store, watch) = small();
        for user in ["u1", "u2", "u3", "u4"] {
            put(&mut store, user, USER).unwrap();
        }
        store.put(&name("u2"), STRANGER, LIFETIME, Condition::Present).unwrap();
        put(&mut store, "s", STRANGER).unwrap();
        assert!(!has(&mut store, "u2") && has(&mut store, "u1"));
        store.touch(&name("u3"), Duration::from_secs(1)).unwrap();
        watch.wait(Duration::from_secs(1));
        put(&mut store, "u5", USER).unwrap();
        assert!(["u1", "u4", "s", "u5"].iter().all(|id| has(&mut store, id)));
    }

    #[test]
    fn what_is_too_long_is_refused_and_leaves_all_as_it_was() {
        let (mut store, _) = small();
        put(&mut store, "u1", USER).unwrap();
        let error = RamStoreError::TooLong { len_bytes: 65, capacity_bytes: 64 };
        assert_eq!(store.put(&name("u1"), &[b'a'; 65], LIFETIME, Condition::Present), Err(error));
        assert!(has(&mut store, "u1"));
        assert_eq!(put(&mut store, "u2", &[b'a'; 64]), Ok(true));
    }

    #[test]
    fn a_user_whose_session_cannot_be_looked_at_is_no_stranger() {
        let mut store = RamStore::<2, 64, Watch>::new(Watch::new(), Codec::MsgPack, "user");
        // msgspec.msgpack.encode({"list": [1] * 40, "user": 1}): 53 bytes, and more in a session.
        let stored = [&b"\x82\xa4list\xdc\x00\x28"[..], &[1; 40], b"\xa4user\x01"].concat();
        let outcome = store.put(&name("u"), &stored, LIFETIME, Condition::Absent);
        assert!(matches!(outcome, Err(RamStoreError::TooLong { capacity_bytes: 64, .. })), "{outcome:?}");
        assert!(store.is_empty());
    }

    #[test]
    fn without_the_time_nothing_is_found_or_written() {
        let time = Cell::new(Err(Error::ClockNotSet));
        let mut store: RamStore<2, 64, ClockFn<_>> =
            RamStore::new(clock_fn(|| time.get()), Codec::TaggedJson, "user");
        let not_set = RamStoreError::Clock(Error::ClockNotSet);
        assert_eq!(store.put(&name("a"), USER, LIFETIME, Condition::Absent), Err(not_set));
        assert_eq!(store.load(&name("a"), &mut []), Err(not_set));
        time.set(Ok(UnixTime::new(1, 0)));
        assert!(store.put(&name("a"), USER, LIFETIME, Condition::Absent).unwrap());
        // A clock that is set back ends no session.
        time.set(Ok(UnixTime::new(0, 0)));
        assert!(store.load(&name("a"), &mut []).unwrap().is_some());
    }
}

mod suite {
    use super::*;

    type Failure<E> = acceptance::Failure<E>;

    fn big() -> (RamStore<8, 1000, Watch>, Watch) {
        let watch = Watch::new();
        (RamStore::new(watch.clone(), Codec::TaggedJson, "user"), watch)
    }

    #[test]
    fn the_store_in_ram_passes() {
        let (store, watch) = big();
        let store = RefCell::new(store);
        ready(acceptance::run(&store, async |time| watch.wait(time))).unwrap();
        assert!(store.borrow_mut().load(&"-".parse().unwrap(), &mut []).unwrap().is_none());
    }

    #[test]
    fn so_does_the_one_for_several_threads() {
        let now = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(NOW_MILLIS));
        let clock = now.clone();
        let clock = clock_fn(move || {
            let millis = clock.load(std::sync::atomic::Ordering::Relaxed);
            Ok(UnixTime::new(millis / 1000, (millis % 1000) as u32 * 1000))
        });
        let store = Mutex::new(RamStore::<8, 1000, _>::new(clock, Codec::TaggedJson, "user"));
        let wait = async |time: Duration| {
            now.fetch_add(time.as_millis() as u64, std::sync::atomic::Ordering::Relaxed);
        };
        ready(acceptance::run(&store, wait)).unwrap();
    }

    /// Breaks one rule.
    struct Faulty {
        ram: RefCell<RamStore<8, 1000, Watch>>,
        fault: &'static str,
    }

    impl LocalStore for Faulty {
        type Error = RamStoreError;

        async fn load(&self, id: &SessionId, buffer: &mut [u8]) -> Result<Option<Found>, RamStoreError> {
            let mut found = LocalStore::load(&self.ram, id, buffer).await?;
            if let Some(found) = &mut found {
                match self.fault {
                    "length" => found.len_bytes = found.len_bytes.min(buffer.len()),
                    "left" => found.expires_in = found.expires_in.map(|left| left * 1000),
                    "forever" => found.expires_in = None,
                    "text" => buffer.iter_mut().for_each(|byte| *byte &= 0x7F),
                    _ => {}
                }
            }
            Ok(found)
        }

        async fn put(
            &self,
            id: &SessionId,
            value: &[u8],
            mut ttl: Duration,
            mut condition: Condition<'_>,
        ) -> Result<bool, RamStoreError> {
            match (self.fault, condition) {
                ("present", Condition::Present) | ("absent", Condition::Absent) => {
                    let _ = LocalStore::delete(&self.ram, id).await?;
                    condition = Condition::Absent;
                }
                ("unchanged", Condition::Unchanged(_)) => condition = Condition::Present,
                _ => {}
            }
            match self.fault {
                "seconds" => ttl = Duration::from_secs(ttl.as_secs()),
                "forever" => ttl = LIFETIME,
                "never" if ttl < Duration::from_secs(1) => ttl = Duration::ZERO,
                _ => {}
            }
            LocalStore::put(&self.ram, id, value, ttl, condition).await
        }

        async fn touch(&self, id: &SessionId, ttl: Duration) -> Result<bool, RamStoreError> {
            match self.fault {
                "touch" => Ok(LocalStore::load(&self.ram, id, &mut []).await?.is_some()),
                "touch for ever" => LocalStore::touch(&self.ram, id, LIFETIME).await,
                _ => LocalStore::touch(&self.ram, id, ttl).await,
            }
        }

        async fn delete(&self, id: &SessionId) -> Result<bool, RamStoreError> {
            let done = LocalStore::delete(&self.ram, id).await?;
            Ok(done || self.fault == "delete")
        }
    }

    #[test]
    fn a_store_that_breaks_a_rule_fails_by_name() {
        for (fault, part) in [
            ("", ""),
            ("length", "true length"),
            ("left", "time that is left"),
            ("text", "every byte"),
            ("present", "a logout stays a logout"),
            ("absent", "takes the place of none"),
            ("unchanged", "compare-and-set compares all bytes"),
            ("seconds", "a value lives as long"),
            ("forever", "no longer"),
            ("never", "a value lives as long"),
            ("touch for ever", "a touch may shorten"),
            ("touch", "a touch lets it live longer"),
            ("delete", "nothing is stored under an id before"),
        ] {
            let (store, watch) = big();
            let store = Faulty { ram: RefCell::new(store), fault };
            let outcome = ready(acceptance::run(&store, async |time| watch.wait(time)));
            match outcome {
                Ok(()) => assert_eq!(fault, ""),
                Err(Failure::Rule(rule)) => {
                    assert!(rule.contains(part) && !fault.is_empty(), "{fault}: {rule}")
                }
                Err(other) => panic!("{fault}: {other}"),
            }
        }
    }
}

/// Servers with several threads move requests between them: this compiles, or they cannot.
#[allow(dead_code)]
fn a_store_s_requests_move_between_threads<S: Store + 'static>(store: S, interface: ThreadSafe) {
    fn is_send(_: impl Send) {}
    is_send(async move {
        let config = Config::new();
        let mut context = Box::new(ServerSideContext::new(SecureCookieSession::<BYTES>::new()));
        let mut buffer = vec![0; BYTES];
        if let Some(id) = interface.begin(&config, "", &mut context) {
            let _ = interface.load(&store, &config, &id, &mut buffer, &mut context).await;
        }
        let finish = interface.finish(&config, &context, |_| Ok(()), b"", &mut buffer).unwrap();
        let _ = finish.run(&store).await;
    });
}

type ThreadSafe = ServerSideSessionInterface<Keyring, hipflask::backends::std::SystemClock>;
