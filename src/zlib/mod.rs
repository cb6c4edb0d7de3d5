//! zlib streams (RFC 1950, RFC 1951) without an allocator.
//!
//! itsdangerous compresses a payload when that makes it at least two bytes
//! shorter, so most real Flask cookies are zlib streams.
//!
//! | module | holds |
//! |---|---|
//! | `inflate` | [`inflate`] and [`Source`]: any zlib stream into a flat slice |
//! | `inflate::bits` | the bit reader and its small read-ahead |
//! | `inflate::huffman` | code lengths to decoding table |
//! | `deflate` | [`Scratch`]: compresses, byte for byte as zlib at level 6 |
//! | `deflate::chains` | positions with the same hash, sorted |
//! | `deflate::matches` | the longest match at a position |
//! | `deflate::parse` | which matches are used: the lazy parse |
//! | `deflate::block` | where blocks end and which form they take |
//! | `deflate::lengths` | frequencies to code lengths |
//! | `deflate::codes` | code lengths to codes, values to symbols |
//! | `deflate::header` | a dynamic block's header |
//! | `deflate::bits` | the bit writer |
//! | `deflate::trace` | which paths an input takes, for tests |
//! | `symbols` | the lengths and distances that DEFLATE's symbols stand for |
//! | `adler` | Adler-32 |

mod adler;
mod deflate;
mod inflate;
mod symbols;

#[cfg(hipflask_trace)]
#[doc(hidden)]
pub use deflate::hits;
pub use deflate::{DeflateScratch, Deflated, Scratch};
pub use inflate::{Inflated, Source, inflate, inflate_counting};
