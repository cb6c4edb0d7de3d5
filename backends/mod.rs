//! What the surroundings of a program add: clocks, key sources, owned values.
//!
//! The core knows traits ([`Clock`](crate::Clock),
//! [`SecretKeySource`](crate::signing::SecretKeySource),
//! [`Sink`](crate::sink::Sink)); a backend implements them, behind a feature of
//! its own name. A backend adds items and changes none, and nothing in it is
//! needed: any crate can implement the same traits.
//!
//! | feature | clock | secret keys | values and bytes |
//! |---|---|---|---|
//! | `embedded` | `OffsetClock`, `NetworkClock` | `SecretReader`, `StaticSecrets` | |
//! | `embedded-time` | `EmbeddedTimeClock` | | |
//! | `embedded-storage` | | `FlashSecret` | |
//! | `alloc` | `Box<dyn Clock>` | `OwnedSecrets` | `OwnedValue`, `Vec<u8>` as a sink, JSON as a `String` |
//! | `std` | `SystemClock` | `EnvSecrets`, `FileSecrets` | `IoSink`, errors as `io::Error` |
//! | `http` | | | the http crate's types as [`Request`](crate::Request) and [`Response`](crate::Response) |

#[cfg(feature = "alloc")]
pub mod alloc;
#[cfg(feature = "embedded")]
pub mod embedded;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "std")]
pub mod std;
