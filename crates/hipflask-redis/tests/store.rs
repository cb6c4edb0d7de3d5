//! The store on a real `redis-server`, and on servers that misbehave.

mod support;

use std::future::Future;
use std::time::Duration;

use hipflask::interface::server_side::{
    Codec, Condition, Ended, SearchStore as _, ServerSideContext, ServerSideSessionInterface, SessionId,
    Store, acceptance, end_sessions,
};
use hipflask::{Config, Error, SecureCookieSession, backends::std::SystemClock};
use hipflask_redis::{RedisStore, redis};
use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig, MultiplexedConnection};
use redis::sentinel::{SentinelClient, SentinelServerType};
use redis::{AsyncConnectionConfig, Client};
use support::Redis;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const LONG: Duration = Duration::from_secs(3600);

async fn connect(redis: &Redis) -> MultiplexedConnection {
    Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

async fn store(redis: &Redis) -> RedisStore<MultiplexedConnection> {
    RedisStore::new(connect(redis).await)
}

fn id(text: &str) -> SessionId {
    text.parse().unwrap()
}

async fn passes<C: ConnectionLike + Clone + Send + Sync>(connection: C) {
    acceptance::run(&RedisStore::new(connection), tokio::time::sleep).await.unwrap();
}

#[tokio::test]
async fn a_store_on_one_server_passes() {
    let redis = Redis::start();
    passes(connect(&redis).await).await;
}

#[tokio::test]
async fn a_store_that_connects_again_passes() {
    let redis = Redis::start();
    let client = Client::open(redis.url()).unwrap();
    passes(ConnectionManager::new(client).await.unwrap()).await;
}

#[tokio::test]
async fn a_store_that_a_sentinel_finds_passes() {
    let master = Redis::start();
    let sentinel = Redis::start_sentinel(&master);
    let kind = SentinelServerType::Master;
    let mut client = SentinelClient::build(vec![sentinel.url()], "main".to_owned(), None, kind).unwrap();
    passes(client.get_async_connection().await.unwrap()).await;
}

/// Three primaries that share all slots.
async fn cluster() -> Vec<Redis> {
    let settings = ["--save", "", "--cluster-enabled", "yes", "--cluster-node-timeout", "5000"];
    let nodes: Vec<Redis> = (0..3).map(|_| Redis::start_with(&settings)).collect();
    for (node, slots) in nodes.iter().zip(["0 5460", "5461 10922", "10923 16383"]) {
        assert_eq!(node.command(&format!("CLUSTER ADDSLOTSRANGE {slots}")).unwrap(), "+OK\r\n");
        assert_eq!(node.command(&format!("CLUSTER MEET 127.0.0.1 {}", nodes[0].port())).unwrap(), "+OK\r\n");
    }
    for node in &nodes {
        let up = async || {
            let info = node.command("CLUSTER INFO").unwrap();
            info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
        };
        eventually(up).await;
    }
    nodes
}

/// Waits until it holds.
async fn eventually(holds: impl AsyncFn() -> bool) {
    for _ in 0..2000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not come");
}

#[tokio::test]
async fn a_store_on_a_cluster_passes_and_is_searched_node_by_node() {
    let nodes = cluster().await;
    let client =
        redis::cluster::ClusterClient::new(nodes.iter().map(Redis::url).collect::<Vec<_>>()).unwrap();
    let connection = client.get_async_connection().await.unwrap();
    passes(connection.clone()).await;

    let store = RedisStore::new(connection);
    for user in 0..60 {
        let session = format!(r#"{{"_user_id":"{}"}}"#, user % 2);
        let name = id(&format!("s{user}"));
        assert!(store.put(&name, session.as_bytes(), LONG, Condition::Absent).await.unwrap());
    }
    let mut ended = 0;
    for node in &nodes {
        assert_ne!(node.command("DBSIZE").unwrap(), ":0\r\n");
        ended += log_out_everywhere(&self::store(node).await, "1").await.ended;
    }
    assert_eq!(ended, 30);
    for user in 0..60 {
        let found = store.load(&id(&format!("s{user}")), &mut []).await.unwrap();
        assert_eq!(found.is_some(), user % 2 == 0);
    }
}

async fn log_out_everywhere<C>(store: &RedisStore<C>, user: &str) -> Ended
where
    C: ConnectionLike + Clone + Send + Sync,
{
    let mut room = SecureCookieSession::<256>::new();
    let is_hers = |session: &hipflask::Session| session.get("_user_id").is_some_and(|id| id == user);
    end_sessions(store, Codec::TaggedJson, &mut room, is_hers).await.unwrap()
}

#[tokio::test]
async fn log_out_everywhere_finds_all_sessions_of_the_user_and_no_others() {
    let redis = Redis::start();
    let connection = connect(&redis).await;
    let mut raw = connection.clone();
    let store = RedisStore::new(connection.clone()).with_key_prefix("a[b]*:");
    let value = |user: usize| format!(r#"{{"_user_id":"{}"}}"#, user % 7);
    for user in 0..700 {
        let put = store.put(&id(&format!("s{user}")), value(user).as_bytes(), LONG, Condition::Absent).await;
        assert!(put.unwrap());
        // Under a prefix that the pattern must not match.
        let key = format!("abxx:s{user}");
        redis::cmd("SET").arg(key).arg(value(user)).exec_async(&mut raw).await.unwrap();
    }
    let large = format!(r#"{{"_user_id":"3","a":"{}"}}"#, "a".repeat(500));
    assert!(store.put(&id("large"), large.as_bytes(), LONG, Condition::Absent).await.unwrap());
    redis::cmd("RPUSH").arg("a[b]*:list").arg("1").exec_async(&mut raw).await.unwrap();

    let Ended { ended, unreadable, .. } = log_out_everywhere(&store, "3").await;
    assert_eq!((ended, unreadable), (100, 2));
    for user in 0..700 {
        let found = store.load(&id(&format!("s{user}")), &mut []).await.unwrap();
        assert_eq!(found.is_some(), user % 7 != 3);
    }
    assert_eq!(redis.command("DBSIZE").unwrap(), format!(":{}\r\n", 600 + 2 + 700));
    assert_eq!(store.remove_where(|_| true).await.unwrap(), 602);
    assert_eq!(redis.command("DBSIZE").unwrap(), ":700\r\n");
}

#[tokio::test]
async fn keys_and_times_are_those_of_flask_session() {
    let redis = Redis::start();
    let store = store(&redis).await;
    assert!(store.put(&id("a"), b"x", Duration::from_secs(2_678_400), Condition::Absent).await.unwrap());
    assert_eq!(redis.command("GET session:a").unwrap(), "$1\r\nx\r\n");
    assert_eq!(redis.command("TTL session:a").unwrap(), ":2678400\r\n");
    // A part of a millisecond is a whole one: Redis knows no less.
    assert!(store.put(&id("a"), b"x", Duration::from_nanos(1), Condition::Present).await.unwrap());
    eventually(async || redis.command("EXISTS session:a").unwrap() == ":0\r\n").await;
    let other = store.with_key_prefix("app:");
    assert!(other.put(&id("a"), b"y", LONG, Condition::Absent).await.unwrap());
    assert_eq!(redis.command("GET app:a").unwrap(), "$1\r\ny\r\n");
}

#[tokio::test]
async fn a_value_of_10_mb_is_loaded_as_far_as_there_is_room() {
    let redis = Redis::start();
    let mut connection = connect(&redis).await;
    let value = vec![b'a'; 10_000_000];
    redis::cmd("SET").arg("session:a").arg(&value).exec_async(&mut connection).await.unwrap();
    let sent = |redis: &Redis| -> u64 {
        let info = redis.command("INFO stats").unwrap();
        let line = info.lines().find_map(|line| line.strip_prefix("total_net_output_bytes:")).unwrap();
        line.trim().parse().unwrap()
    };
    let before = sent(&redis);
    let mut buffer = [0; 1000];
    let found = store(&redis).await.load(&id("a"), &mut buffer).await.unwrap().unwrap();
    assert_eq!(found.len_bytes, value.len());
    assert_eq!(found.expires_in, None);
    assert_eq!(buffer, [b'a'; 1000]);
    assert!(sent(&redis) - before < 50_000);
}

type Request = ServerSideContext<SecureCookieSession<512>>;

fn interface() -> ServerSideSessionInterface<hipflask::signing::Keyring, SystemClock> {
    ServerSideSessionInterface::new(SystemClock).with_codec(Codec::TaggedJson)
}

/// A request with this id; says what it gets, and what its session is like.
async fn request<S: Store>(store: &S, id: &str) -> (Request, Result<(), S::Error>) {
    let config = Config::new();
    let mut context = ServerSideContext::new(SecureCookieSession::new());
    let id = interface().begin(&config, &*format!("session={id}"), &mut context).unwrap();
    let mut buffer = [0; 512];
    let loaded = interface().load(store, &config, &id, &mut buffer, &mut context).await;
    (context, loaded)
}

#[tokio::test]
async fn a_key_of_another_type_is_a_fresh_session_and_stays() {
    let redis = Redis::start();
    let store = store(&redis).await;
    assert_eq!(redis.command("RPUSH session:a 1").unwrap(), ":1\r\n");
    let (mut context, loaded) = request(&store, "a").await;
    loaded.unwrap();
    assert!(matches!(context.opened().unwrap().rejection(), Some(Error::BadPayload(_))));
    context.session().unwrap().insert("user", "ada").unwrap();
    let mut buffer = [0; 512];
    let config = Config::new();
    let interface = interface();
    let random = |bytes: &mut [u8; 32]| {
        *bytes = [1; 32];
        Ok(())
    };
    let finish = interface.finish(&config, &context, random, b"", &mut buffer).unwrap();
    let saved = finish.run(&store).await.unwrap();
    assert!(saved.set_cookie.unwrap().to_string().starts_with("session=AQEB"));
    assert_eq!(redis.command("TYPE session:a").unwrap(), "+list\r\n");
    assert_eq!(redis.command("DBSIZE").unwrap(), ":2\r\n");
}

/// A server that answers each connection with what `script` says: what to send after how
/// many bytes that came in.
async fn impostor<F, Fut>(script: F) -> Client
where
    F: Fn(tokio::net::TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(script(stream));
        }
    });
    Client::open(format!("redis://{address}/")).unwrap()
}

/// Reads until the command `GETRANGE` has come; answers everything before with OK.
async fn until_asked(stream: &mut tokio::net::TcpStream) {
    let mut seen = Vec::new();
    let mut setinfo = 0;
    loop {
        let mut buffer = [0; 4096];
        let len = stream.read(&mut buffer).await.unwrap();
        seen.extend_from_slice(&buffer[..len]);
        let text = String::from_utf8_lossy(&seen);
        let asked = text.matches("SETINFO").count();
        for _ in setinfo..asked {
            stream.write_all(b"+OK\r\n").await.unwrap();
        }
        setinfo = asked;
        if text.contains("GETRANGE") || len == 0 {
            return;
        }
    }
}

fn quick() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_millis(100)))
}

#[tokio::test]
async fn an_answer_that_is_late_is_an_error_and_nobody_elses_session() {
    // The answer to the first request comes when the second one asks.
    let client = impostor(async |mut stream| {
        until_asked(&mut stream).await;
        until_asked(&mut stream).await;
        let first = b":1000\r\n$14\r\n{\"user\":\"ada\"}\r\n";
        let second = b":1000\r\n$14\r\n{\"user\":\"bob\"}\r\n";
        stream.write_all(&[&first[..], second].concat()).await.unwrap();
        until_asked(&mut stream).await;
    })
    .await;
    let store = RedisStore::new(client.get_multiplexed_async_connection_with_config(&quick()).await.unwrap());
    let (mut first, loaded) = request(&store, "a").await;
    assert!(loaded.unwrap_err().is_timeout());
    assert_eq!(first.session().unwrap_err(), Error::StoreUnavailable);
    let (mut second, loaded) = request(&store, "b").await;
    loaded.unwrap();
    assert_eq!(second.session().unwrap().get_as("user"), Ok(Some("bob")));
}

#[tokio::test]
async fn a_part_of_an_answer_or_another_answer_is_an_error() {
    for answer in [
        &b""[..],
        b":1000\r\n",
        b":1000\r\n$14\r\n{\"user\":",
        b"garbage\r\n",
        b"-LOADING Redis is loading the dataset in memory\r\n-LOADING Redis is loading\r\n",
        b":1000\r\n*1\r\n:1\r\n",
        b"$1\r\na\r\n$14\r\n{\"user\":\"ada\"}\r\n",
        b":1000\r\n$99999999999\r\n",
        b"-NOAUTH Authentication required.\r\n-NOAUTH Authentication required.\r\n",
    ] {
        let client = impostor(move |mut stream| async move {
            until_asked(&mut stream).await;
            stream.write_all(answer).await.unwrap();
        })
        .await;
        let connection = client.get_multiplexed_async_connection_with_config(&quick()).await.unwrap();
        let (mut context, loaded) = request(&RedisStore::new(connection), "a").await;
        assert!(loaded.is_err(), "{answer:?}");
        assert_eq!(context.session().unwrap_err(), Error::StoreUnavailable);
    }
}

#[tokio::test]
async fn a_request_that_is_gone_takes_no_answer_from_another() {
    let redis = Redis::start();
    let store = store(&redis).await;
    for name in ["a", "b"] {
        assert!(store.put(&id(name), name.as_bytes(), LONG, Condition::Absent).await.unwrap());
    }
    for _ in 0..100 {
        let (given_up, id_b) = (id("a"), id("b"));
        let mut unused = [0];
        let mut load = Box::pin(store.load(&given_up, &mut unused));
        // It asks, and its caller leaves.
        let waker = std::task::Waker::noop();
        let _ = load.as_mut().poll(&mut std::task::Context::from_waker(waker));
        drop(load);
        let mut buffer = [0];
        assert!(store.load(&id_b, &mut buffer).await.unwrap().is_some());
        assert_eq!(&buffer, b"b");
    }
}

async fn manager(redis: &Redis) -> RedisStore<ConnectionManager> {
    let settings = ConnectionManagerConfig::new().set_number_of_retries(1);
    let client = Client::open(redis.url()).unwrap();
    RedisStore::new(client.get_connection_manager_lazy(settings).unwrap())
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_killed_redis_and_the_store_recovers_by_itself() {
    let mut redis = Redis::start_with(&["--save", "", "--appendonly", "yes", "--appendfsync", "always"]);
    let store = manager(&redis).await;
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        for number in 0..50 {
            let name = format!("s{round}-{number}");
            assert!(store.put(&id(&name), name.as_bytes(), LONG, Condition::Absent).await.unwrap());
            acknowledged.push(name);
        }
        let ended = acknowledged.swap_remove(7);
        assert!(store.delete(&id(&ended)).await.unwrap());
        redis.kill();
        let down = store.load(&id("a"), &mut []).await;
        assert!(down.is_err());
        redis.start_again();
        eventually(async || store.load(&id("a"), &mut []).await.is_ok()).await;
        for name in &acknowledged {
            let mut buffer = [0; 20];
            let found = store.load(&id(name), &mut buffer).await.unwrap().unwrap();
            assert_eq!(&buffer[..found.len_bytes], name.as_bytes());
        }
        assert!(store.load(&id(&ended), &mut []).await.unwrap().is_none(), "a logout stays one");
    }
}

#[tokio::test]
async fn a_redis_that_forgets_everything_makes_fresh_sessions_and_no_errors() {
    let mut redis = Redis::start();
    let store = manager(&redis).await;
    let value = br#"{"user":"ada"}"#;
    assert!(store.put(&id("a"), value, LONG, Condition::Absent).await.unwrap());
    let (mut under_way, loaded) = request(&store, "a").await;
    loaded.unwrap();
    under_way.session().unwrap().insert("b", &1).unwrap();
    redis.kill();
    let (mut context, loaded) = request(&store, "a").await;
    assert!(loaded.is_err());
    assert_eq!(context.session().unwrap_err(), Error::StoreUnavailable);
    redis.start_again();
    eventually(async || store.load(&id("a"), &mut []).await.is_ok()).await;
    let (mut context, loaded) = request(&store, "a").await;
    loaded.unwrap();
    assert_eq!(context.opened().unwrap().rejection(), Some(Error::SessionNotFound));
    assert!(context.session().unwrap().get("user").is_none());
    // And the request that had the session before does not bring it back.
    let config = Config::new();
    let (interface, mut buffer) = (interface(), [0; 512]);
    let finish = interface.finish(&config, &under_way, |_| Ok(()), b"", &mut buffer).unwrap();
    let saved = finish.run(&store).await.unwrap();
    assert!(saved.ended_meanwhile && saved.set_cookie.is_none());
    assert_eq!(redis.command("DBSIZE").unwrap(), ":0\r\n");
}

/// Of many requests that change one session at the same time, each is saved or told.
#[tokio::test(flavor = "multi_thread")]
async fn compare_and_set_loses_no_change() {
    let redis = Redis::start();
    let store = store(&redis).await;
    assert!(store.put(&id("a"), b"0", LONG, Condition::Absent).await.unwrap());
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let (name, mut done) = (id("a"), 0);
                while done < 25 {
                    let mut buffer = [0; 20];
                    let found = store.load(&name, &mut buffer).await.unwrap().unwrap();
                    let old = &buffer[..found.len_bytes];
                    let count: u32 = std::str::from_utf8(old).unwrap().parse().unwrap();
                    let new = (count + 1).to_string();
                    let put = store.put(&name, new.as_bytes(), LONG, Condition::Unchanged(old));
                    done += u32::from(put.await.unwrap());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(redis.command("GET session:a").unwrap(), "$3\r\n200\r\n");
}
