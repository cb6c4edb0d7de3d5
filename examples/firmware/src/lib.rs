//! What the programs of this folder share.
//!
//! | | |
//! |---|---|
//! | [`network`] | embassy's stack, four connections, and SNTP |
//! | [`device`] | what a device brings: clock, key, random tokens |
//! | [`board`] | the chip; all `unsafe` is in here |

#![no_std]

pub mod board;
pub mod device;
pub mod network;
