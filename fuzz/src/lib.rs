//! The targets of `tests/fuzz`, for a fuzzer, and one that compares with stock zlib.

mod stock_zlib;
#[path = "../../tests/fuzz/mod.rs"]
mod targets;

pub use stock_zlib::stock_zlib;
pub use targets::*;
