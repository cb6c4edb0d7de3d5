//! The stores on emulated flash: the acceptance suite, cuts of the power at every step, and
//! a device that reboots.

#[path = "../../../tests/common/nor_flash.rs"]
mod nor_flash;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    time::Duration,
};

use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_futures::block_on;
use hipflask::{
    Clock, Config, Error, SecureCookieSession, UnixTime,
    interface::server_side::{
        Codec, Condition, LocalStore, RamStore, ServerSideContext, ServerSideSessionInterface, SessionId,
        TaggedJson, acceptance,
    },
};
use hipflask_flash::{FlashStore, FlashStoreError, SplitStore};
use nor_flash::{EmulatedFlash, Failed};

/// A clock that goes on when it is told to.
#[derive(Clone)]
struct Watch(Rc<Cell<u64>>);

impl Watch {
    fn new() -> Self {
        Self(Rc::new(Cell::new(1_700_000_000_000)))
    }

    fn wait(&self, time: Duration) {
        self.0.set(self.0.get() + u64::try_from(time.as_millis()).unwrap());
    }
}

impl Clock for Watch {
    fn now(&self) -> Result<UnixTime, Error> {
        let millis = self.0.get();
        Ok(UnixTime::new(millis / 1000, (millis % 1000) as u32 * 1000))
    }
}

const HOUR: Duration = Duration::from_secs(3600);
/// Just enough for five of the longest rows.
const PAGE: usize = 704;

/// A page's mark that a cut has spoilt is written again.
type Flash = EmulatedFlash<4, PAGE, true>;
/// Four sessions of up to 32 bytes.
type Small<'f> = FlashStore<BlockingAsync<&'f mut Flash>, Watch, 4, 128>;

fn open<'f>(flash: &'f mut Flash, watch: &Watch) -> Result<Small<'f>, FlashStoreError<Failed>> {
    let end = embedded_storage::nor_flash::ReadNorFlash::capacity(flash) as u32;
    block_on(Small::open(BlockingAsync::new(flash), 0..end, watch.clone()))
}

fn id(number: u8) -> SessionId {
    SessionId::from_random(&[number; 32])
}

fn load<S: LocalStore>(store: &S, id: &SessionId) -> Result<Option<Vec<u8>>, S::Error> {
    let mut buffer = [0; 256];
    Ok(block_on(store.load(id, &mut buffer))?.map(|found| buffer[..found.len_bytes].to_vec()))
}

#[test]
fn the_store_in_flash_is_accepted() {
    let watch = Watch::new();
    let flash = BlockingAsync::new(EmulatedFlash::<4, 4096, false>::new(4));
    let store = block_on(FlashStore::<_, _, 4, 1096>::open(flash, 0..4 * 4096, watch.clone())).unwrap();
    block_on(acceptance::run(&store, async |time| watch.wait(time))).unwrap();
    let words = BlockingAsync::new(EmulatedFlash::<32, 8192, true>::new(3));
    let store = block_on(FlashStore::<_, _, 4, 1120>::open(words, 8192..3 * 8192, watch.clone())).unwrap();
    block_on(acceptance::run(&store, async |time| watch.wait(time))).unwrap();
}

#[test]
fn the_split_store_is_accepted() {
    let watch = Watch::new();
    let flash = BlockingAsync::new(EmulatedFlash::<4, 4096, false>::new(4));
    let users = block_on(FlashStore::<_, _, 4, 1096>::open(flash, 0..4 * 4096, watch.clone())).unwrap();
    let strangers = RefCell::new(RamStore::<4, 1024, _>::new(watch.clone(), Codec::TaggedJson, "user"));
    let store = SplitStore::<_, _, 256>::new(users, strangers, Codec::TaggedJson, "user");
    block_on(acceptance::run(&store, async |time| watch.wait(time))).unwrap();
}

/// What is done to a store.
#[derive(Clone, Copy, Debug)]
enum Step {
    Create(u8, &'static [u8]),
    Replace(u8, &'static [u8]),
    Touch(u8),
    Delete(u8),
}

impl Step {
    fn session(self) -> u8 {
        match self {
            Self::Create(number, _)
            | Self::Replace(number, _)
            | Self::Touch(number)
            | Self::Delete(number) => number,
        }
    }

    fn run(
        self,
        store: &impl LocalStore<Error = FlashStoreError<Failed>>,
    ) -> Result<bool, FlashStoreError<Failed>> {
        block_on(async {
            let id = id(self.session());
            match self {
                Self::Create(_, value) => store.put(&id, value, HOUR, Condition::Absent).await,
                Self::Replace(_, value) => store.put(&id, value, HOUR, Condition::Present).await,
                Self::Touch(_) => store.touch(&id, HOUR).await,
                Self::Delete(_) => store.delete(&id).await,
            }
        })
    }

    /// What is stored when it is done.
    fn note(self, model: &mut Model) -> bool {
        match self {
            Self::Create(number, value) => match model.entry(number) {
                std::collections::btree_map::Entry::Occupied(_) => false,
                std::collections::btree_map::Entry::Vacant(place) => {
                    place.insert(value);
                    true
                }
            },
            Self::Replace(number, value) => model.get_mut(&number).map(|place| *place = value).is_some(),
            Self::Touch(number) => model.contains_key(&number),
            Self::Delete(number) => model.remove(&number).is_some(),
        }
    }
}

type Model = BTreeMap<u8, &'static [u8]>;

/// Whether the store has exactly these sessions.
fn has(store: &impl LocalStore<Error = FlashStoreError<Failed>>, model: &Model) -> bool {
    (0..6).all(|number| load(store, &id(number)).unwrap().as_deref() == model.get(&number).copied())
}

/// Enough to use every page several times, with up to four sessions at once.
fn steps() -> Vec<Step> {
    const VALUES: [&[u8]; 4] = [b"", b"{}", b"{\"user\":\"ada\",\"visits\":12345678}", b"{\"user\":1}"];
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 33) as usize % below
    };
    let mut there = 0;
    let mut model = Model::new();
    let mut steps = Vec::new();
    while steps.len() < 120 {
        let (number, value) = (next(6) as u8, VALUES[next(4)]);
        let step = match next(8) {
            0..3 if there < 4 => Step::Create(number, value),
            3..5 => Step::Replace(number, value),
            5 => Step::Touch(number),
            6 => Step::Delete(number),
            _ => continue,
        };
        step.note(&mut model);
        there = model.len();
        steps.push(step);
    }
    steps
}

#[test]
fn a_cut_at_any_write_loses_at_most_that_write() {
    let watch = Watch::new();
    let steps = steps();
    for pages in [2, 3] {
        let mut flash = Flash::new(pages);
        let mut model = Model::new();
        let mut writes = 0;
        for (number, step) in steps.iter().enumerate() {
            let mut after = model.clone();
            let done = step.note(&mut after);
            let before = flash.clone();
            flash.restart();
            assert_eq!(step.run(&open(&mut flash, &watch).unwrap()), Ok(done), "{step:?}");
            for cut in 0..flash.steps() {
                let context = format!("{pages} pages, step {number}, cut after {cut} writes, in {step:?}");
                let mut flash = before.clone();
                flash.restart();
                flash.cut_after(cut);
                let torn = step.run(&open(&mut flash, &watch).unwrap());
                assert_eq!(torn, Err(FlashStoreError::Flash(Failed)), "{context}");
                // And once more, while it starts or tries again.
                flash.restart();
                flash.cut_after(cut % 5);
                let _ = open(&mut flash, &watch).and_then(|store| step.run(&store));
                flash.restart();
                let store = open(&mut flash, &watch).unwrap();
                assert!(has(&store, &model) || has(&store, &after), "{context}");
                // Whoever wanted it tries again, and life goes on.
                step.run(&store).unwrap();
                let mut model = after.clone();
                assert!(has(&store, &model), "{context}");
                for next in steps.iter().skip(number + 1).take(8) {
                    assert_eq!(next.run(&store), Ok(next.note(&mut model)), "{context}, then {next:?}");
                }
                assert!(has(&store, &model), "{context}");
            }
            writes += flash.steps();
            model = after;
        }
        assert!(writes > pages * PAGE / 4, "each page is used again: {writes} words");
        println!("{pages} pages: {writes} cuts");
    }
}

#[test]
fn flash_that_fails_is_an_error_and_no_empty_store() {
    let watch = Watch::new();
    let mut flash = Flash::new(2);
    {
        let store = open(&mut flash, &watch).unwrap();
        Step::Create(1, b"{}").run(&store).unwrap();
    }
    flash.fail_to_read(true);
    assert_eq!(open(&mut flash, &watch).map(|_| ()), Err(FlashStoreError::Flash(Failed)));
    flash.fail_to_read(false);
    assert_eq!(load(&open(&mut flash, &watch).unwrap(), &id(1)), Ok(Some(b"{}".to_vec())));
}

#[test]
fn when_it_is_full_the_session_that_expires_first_makes_room() {
    let watch = Watch::new();
    let mut flash = Flash::new(2);
    let store = open(&mut flash, &watch).unwrap();
    for number in 0..4 {
        watch.wait(Duration::from_secs(1));
        Step::Create(number, b"{}").run(&store).unwrap();
    }
    watch.wait(Duration::from_secs(1));
    Step::Touch(0).run(&store).unwrap();
    Step::Create(4, b"{}").run(&store).unwrap();
    assert!(has(&store, &[0, 2, 3, 4].map(|number| (number, &b"{}"[..])).into()));
    // One that has expired goes first, though another one was there before.
    block_on(store.touch(&id(3), Duration::from_secs(1))).unwrap();
    watch.wait(Duration::from_secs(1));
    Step::Create(5, b"{}").run(&store).unwrap();
    assert!(has(&store, &[0, 2, 4, 5].map(|number| (number, &b"{}"[..])).into()));
    // Ids of which the first letters are equal are told apart.
    let alike: [SessionId; 2] = ["AAAAA", "AAAAB"].map(|id| id.parse().unwrap());
    for (id, value) in alike.iter().zip([b"first", b"other"]) {
        block_on(store.put(id, value, HOUR, Condition::Absent)).unwrap();
    }
    assert_eq!(load(&store, &alike[0]), Ok(Some(b"first".to_vec())));
    assert_eq!(load(&store, &alike[1]), Ok(Some(b"other".to_vec())));
}

#[test]
fn what_does_not_fit_is_refused_at_once() {
    let watch = Watch::new();
    let mut flash = Flash::new(2);
    let store = open(&mut flash, &watch).unwrap();
    let put = block_on(store.put(&id(1), &[b'x'; 33], HOUR, Condition::Absent));
    assert_eq!(put, Err(FlashStoreError::TooLong { len_bytes: 33, capacity_bytes: 32 }));
    assert_eq!(block_on(store.put(&id(1), &[b'x'; 32], HOUR, Condition::Absent)), Ok(true));
    let too_small = |pages: u32, end: u32| {
        let flash = BlockingAsync::new(Flash::new(pages as usize));
        block_on(FlashStore::<_, _, 4, 144>::open(flash, 0..end, watch.clone())).map(|_| ())
    };
    assert_eq!(too_small(1, PAGE as u32), Err(FlashStoreError::TooSmall));
    assert_eq!(too_small(2, 2 * PAGE as u32), Err(FlashStoreError::TooSmall));
    assert_eq!(too_small(3, 2 * PAGE as u32 + 4), Err(FlashStoreError::TooSmall));
    assert_eq!(too_small(3, 3 * PAGE as u32), Ok(()));
}

/// A store that is as full as it may be goes on for ever.
#[test]
fn the_longest_sessions_fit() {
    let watch = Watch::new();
    for pages in [2, 3, 4] {
        let mut flash = Flash::new(pages);
        let store = open(&mut flash, &watch).unwrap();
        let long: [SessionId; 4] =
            ["A", "B", "C", "D"].map(|letter| letter.repeat(SessionId::MAX_LEN_BYTES).parse().unwrap());
        for round in 0..200_u32 {
            let value = [round as u8; 32];
            assert_eq!(
                block_on(store.put(&long[(round * round % 7 % 4) as usize], &value, HOUR, Condition::Absent))
                    .map(|_| ()),
                Ok(())
            );
            assert_eq!(block_on(store.touch(&long[(round % 4) as usize], HOUR)).map(|_| ()), Ok(()));
        }
    }
}

const CONFIG: Config<'static> = Config::new();

/// The device of these tests: who logs in is kept in flash.
type Device<'f> = SplitStore<Small<'f>, RefCell<RamStore<2, 128, Watch, TaggedJson>>, 128, TaggedJson>;

fn device<'f>(flash: &'f mut Flash, watch: &Watch) -> Device<'f> {
    let strangers = RefCell::new(RamStore::new(watch.clone(), TaggedJson, "user"));
    SplitStore::new(open(flash, watch).unwrap(), strangers, TaggedJson, "user")
}

/// What a request to it does, and the cookie after it.
fn visit(
    store: &Device<'_>,
    watch: &Watch,
    cookie: &str,
    random: u8,
    handler: impl FnOnce(&mut ServerSideContext<SecureCookieSession<128>>),
) -> String {
    let interface = ServerSideSessionInterface::new(watch.clone()).with_codec(TaggedJson);
    let mut context = ServerSideContext::new(SecureCookieSession::<128>::new());
    let mut buffer = [0; 128];
    if let Some(id) = interface.begin(&CONFIG, cookie, &mut context) {
        block_on(interface.load(store, &CONFIG, &id, &mut buffer, &mut context)).unwrap();
    }
    handler(&mut context);
    let fill = |bytes: &mut [u8; 32]| {
        *bytes = [random; 32];
        Ok(())
    };
    let finish = interface.finish(&CONFIG, &context, fill, b"", &mut buffer).unwrap();
    let saved = block_on(finish.run(store)).unwrap();
    let set = saved.set_cookie.map(|cookie| cookie.to_string());
    set.map_or_else(|| cookie.to_owned(), |set| set.split(';').next().unwrap().to_owned())
}

fn user(store: &Device<'_>, watch: &Watch, cookie: &str) -> Option<String> {
    let mut user = None;
    visit(store, watch, cookie, 0, |context| {
        user = context.session().unwrap().get_as::<String>("user").unwrap()
    });
    user
}

#[test]
fn a_login_survives_a_reboot_and_can_be_revoked() {
    let watch = Watch::new();
    let mut flash = Flash::new(2);
    let (stranger, ada, eve);
    {
        let store = device(&mut flash, &watch);
        stranger =
            visit(&store, &watch, "", 1, |context| context.session().unwrap().insert("csrf", &7).unwrap());
        ada = visit(&store, &watch, &stranger, 2, |context| {
            context.regenerate().unwrap();
            let session = context.session().unwrap();
            session.clear().unwrap();
            session.insert("user", "ada").unwrap();
        });
        eve =
            visit(&store, &watch, "", 3, |context| context.session().unwrap().insert("user", "eve").unwrap());
        assert_ne!(stranger, ada);
        assert_eq!(user(&store, &watch, &stranger), None);
    }
    {
        let store = device(&mut flash, &watch);
        assert_eq!(user(&store, &watch, &ada).as_deref(), Some("ada"));
        assert_eq!(user(&store, &watch, &eve).as_deref(), Some("eve"));
        // Eve's cookie is in wrong hands; ada logs out.
        let eves: SessionId = eve.strip_prefix("session=").unwrap().parse().unwrap();
        assert_eq!(block_on(store.delete(&eves)), Ok(true));
        visit(&store, &watch, &ada, 4, |context| context.session().unwrap().clear().unwrap());
    }
    let store = device(&mut flash, &watch);
    assert_eq!(user(&store, &watch, &eve), None);
    assert_eq!(user(&store, &watch, &ada), None);
}

#[test]
fn strangers_write_nothing_to_flash_and_take_no_place_from_users() {
    let watch = Watch::new();
    let mut flash = Flash::new(2);
    let ada;
    {
        let store = device(&mut flash, &watch);
        ada =
            visit(&store, &watch, "", 1, |context| context.session().unwrap().insert("user", "ada").unwrap());
    }
    let written = flash.steps();
    {
        let store = device(&mut flash, &watch);
        for number in 2..=255 {
            visit(&store, &watch, "", number, |context| {
                context.session().unwrap().insert("csrf", &7).unwrap()
            });
        }
        assert_eq!(user(&store, &watch, &ada).as_deref(), Some("ada"));
    }
    assert_eq!(flash.steps(), written);
}

#[test]
fn a_session_moves_where_it_belongs_when_it_keeps_its_id() {
    let watch = Watch::new();
    let mut flash = Flash::new(2);
    let store = device(&mut flash, &watch);
    let id = id(1);
    let put = |value: &[u8], condition| block_on(store.put(&id, value, HOUR, condition)).unwrap();
    let (stranger, ada) = (&b"{\"csrf\":7}"[..], &b"{\"user\":\"ada\"}"[..]);
    for (from, to) in [(stranger, ada), (ada, stranger)] {
        for condition in [Condition::Present, Condition::Unchanged(from)] {
            let _ = block_on(store.delete(&id));
            assert!(!put(to, condition), "nothing is there");
            assert!(put(from, Condition::Absent));
            assert!(!put(to, Condition::Absent));
            assert!(!put(to, Condition::Unchanged(b"{}")));
            assert_eq!(load(&store, &id), Ok(Some(from.to_vec())));
            assert!(put(to, condition));
            assert_eq!(load(&store, &id), Ok(Some(to.to_vec())));
            assert!(block_on(store.delete(&id)).unwrap());
            assert!(!block_on(store.delete(&id)).unwrap(), "it was in one store only");
        }
    }
}
