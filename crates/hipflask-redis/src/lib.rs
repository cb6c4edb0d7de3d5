#![doc = include_str!("../README.md")]
#![forbid(unsafe_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![deny(unreachable_pub, clippy::exhaustive_enums, clippy::exhaustive_structs)]

use std::fmt;
use std::time::Duration;

use hipflask::interface::server_side::{Condition, Found, SearchStore, SessionId, Store};
use redis::aio::ConnectionLike;
use redis::{Cmd, FromRedisValue, RedisError, RedisResult, Value, cmd};

/// The version of the redis crate whose connections a [`RedisStore`] takes.
pub use redis;

/// Flask-Session's `SESSION_KEY_PREFIX`.
const KEY_PREFIX: &str = "session:";

/// The most that is loaded of a value while all sessions are searched, in bytes.
const SEARCHED_BYTES: usize = 1 << 20;

/// What Redis does as one step: replaces a value if it is still the old one.
const COMPARE_AND_SET: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then \
     redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1 else return 0 end";

/// Keeps sessions in Redis, under the keys and in the form that Flask-Session has there.
///
/// `C` is any asynchronous connection of the redis crate that can be cloned:
/// `ConnectionManager`, which connects again by itself; `MultiplexedConnection`; those of
/// a cluster, and those that sentinels give. How long an answer may take is set there: half a
/// second, where nothing else is said.
///
/// What a command did whose answer does not come is unknown. Whoever gets the error may try
/// the request again.
#[derive(Clone)]
pub struct RedisStore<C> {
    connection: C,
    key_prefix: String,
}

impl<C> RedisStore<C> {
    /// Keeps sessions where `connection` leads to, under keys that begin with `session:`.
    #[must_use]
    pub fn new(connection: C) -> Self {
        Self { connection, key_prefix: KEY_PREFIX.to_owned() }
    }

    /// Has the keys begin with another text. Flask-Session: `SESSION_KEY_PREFIX`.
    #[must_use]
    #[doc(alias = "SESSION_KEY_PREFIX")]
    pub fn with_key_prefix(self, key_prefix: impl Into<String>) -> Self {
        Self { key_prefix: key_prefix.into(), ..self }
    }

    fn key(&self, id: &SessionId) -> String {
        format!("{}{}", self.key_prefix, id.as_str())
    }
}

impl<C: ConnectionLike + Clone> RedisStore<C> {
    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        command.query_async(&mut self.connection.clone()).await
    }

    /// Asks for the first `len_bytes` bytes of a value, and for the milliseconds that it
    /// has left: -1 where it lives for ever, -2 where there is none.
    async fn start_of(&self, key: &[u8], len_bytes: usize) -> RedisResult<(i64, RedisResult<Vec<u8>>)> {
        let last = len_bytes.saturating_sub(1);
        let mut commands = redis::pipe();
        commands.cmd("PTTL").arg(key).cmd("GETRANGE").arg(key).arg(0).arg(last).ignore_errors();
        let answers: Vec<RedisResult<Value>> = commands.query_async(&mut self.connection.clone()).await?;
        let [left, value] = <[_; 2]>::try_from(answers).map_err(|_| unexpected())?;
        let value = value.and_then(|value| match value {
            Value::BulkString(value) => Ok(value),
            _ => Err(unexpected()),
        });
        Ok((i64::from_redis_value(left?)?, value))
    }
}

/// Redis' `WRONGTYPE`: the key is a list, a hash, …
fn is_of_another_type(error: &RedisError) -> bool {
    error.code() == Some("WRONGTYPE")
}

fn unexpected() -> RedisError {
    (redis::ErrorKind::UnexpectedReturnType, "not an answer to what was asked").into()
}

/// The unit of a time to live, and how many of it: seconds where there are only whole ones,
/// as Flask-Session has it. Never less than was asked for.
fn expiry(ttl: Duration) -> (Unit, u64) {
    if ttl.subsec_nanos() == 0 && ttl.as_secs() > 0 {
        return (Unit::Seconds, ttl.as_secs());
    }
    let millis = ttl.as_nanos().div_ceil(1_000_000).max(1);
    (Unit::Millis, u64::try_from(millis).unwrap_or(u64::MAX))
}

enum Unit {
    Seconds,
    Millis,
}

impl<C: ConnectionLike + Clone + Send + Sync> Store for RedisStore<C> {
    type Error = RedisError;

    async fn load(&self, id: &SessionId, buffer: &mut [u8]) -> RedisResult<Option<Found>> {
        let key = self.key(id);
        // One byte more than there is room for tells whether that is all.
        let (left, value) = self.start_of(key.as_bytes(), buffer.len().saturating_add(1)).await?;
        let value = match value {
            Ok(value) if left != -2 => value,
            Ok(_) => return Ok(None),
            Err(error) if is_of_another_type(&error) => return Ok(Some(Found::new(0))),
            Err(error) => return Err(error),
        };
        buffer.iter_mut().zip(&value).for_each(|(to, from)| *to = *from);
        let len_bytes = if value.len() > buffer.len() {
            self.ask::<usize>(cmd("STRLEN").arg(&key)).await?.max(value.len())
        } else {
            value.len()
        };
        let found = Found::new(len_bytes);
        Ok(Some(u64::try_from(left).map_or(found, |left| found.expires_in(Duration::from_millis(left)))))
    }

    async fn put(
        &self,
        id: &SessionId,
        value: &[u8],
        ttl: Duration,
        condition: Condition<'_>,
    ) -> RedisResult<bool> {
        let key = self.key(id);
        let (unit, count) = expiry(ttl);
        let only = match condition {
            Condition::Absent => "NX",
            Condition::Present => "XX",
            Condition::Unchanged(old) => {
                let millis = match unit {
                    Unit::Seconds => count.saturating_mul(1000),
                    Unit::Millis => count,
                };
                let mut script = cmd("EVAL");
                script.arg(COMPARE_AND_SET).arg(1).arg(&key).arg(old).arg(value).arg(millis);
                return self.ask(&script).await;
            }
            other => {
                let message = format!("{other:?}");
                return Err((redis::ErrorKind::Client, "an unknown condition", message).into());
            }
        };
        let mut set = cmd("SET");
        set.arg(&key).arg(value);
        set.arg(match unit {
            Unit::Seconds => "EX",
            Unit::Millis => "PX",
        });
        set.arg(count).arg(only);
        // OK, or nil where the condition does not hold.
        Ok(self.ask::<Value>(&set).await? != Value::Nil)
    }

    async fn touch(&self, id: &SessionId, ttl: Duration) -> RedisResult<bool> {
        let (unit, count) = expiry(ttl);
        let command = match unit {
            Unit::Seconds => "EXPIRE",
            Unit::Millis => "PEXPIRE",
        };
        self.ask(cmd(command).arg(self.key(id)).arg(count)).await
    }

    async fn delete(&self, id: &SessionId) -> RedisResult<bool> {
        self.ask(cmd("DEL").arg(self.key(id))).await
    }
}

/// Goes over all keys with the store's prefix (`SCAN`), of the one server that the
/// connection leads to. Of a cluster, make a store for each of its primaries, over a
/// connection to that one alone.
impl<C: ConnectionLike + Clone + Send + Sync> SearchStore for RedisStore<C> {
    async fn remove_where(&self, mut matches: impl FnMut(&[u8]) -> bool + Send) -> RedisResult<usize> {
        let pattern = format!("{}*", escaped(&self.key_prefix));
        let (mut cursor, mut removed) = (0_u64, 0_usize);
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(100);
            let keys: Vec<Vec<u8>>;
            (cursor, keys) = self.ask(&scan).await?;
            for key in keys {
                let (left, value) = self.start_of(&key, SEARCHED_BYTES).await?;
                let value = match value {
                    Err(error) if !is_of_another_type(&error) => return Err(error),
                    // What is no text at all is nobody's session.
                    value => value.unwrap_or_default(),
                };
                if left != -2 && matches(&value) {
                    removed = removed.saturating_add(self.ask::<usize>(cmd("DEL").arg(&key)).await?);
                }
            }
            if cursor == 0 {
                return Ok(removed);
            }
        }
    }
}

/// A prefix as a pattern that matches it alone.
fn escaped(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len());
    for letter in prefix.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '\\' | '^' | '-') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

impl<C> fmt::Debug for RedisStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("key_prefix", &self.key_prefix).finish_non_exhaustive()
    }
}
