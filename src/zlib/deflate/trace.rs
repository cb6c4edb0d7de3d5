//! Which of the algorithm's paths an input takes, for tests that must know that they
//! took them all: the library's own, and `tools/zlib_compare.py`, which builds it with
//! `--cfg hipflask_trace`. In every other build a [`hit`] is nothing.

#[cfg(any(test, hipflask_trace))]
extern crate std;

/// A path through the algorithm that not every input takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path {
    /// A block that is stored.
    StoredBlock,
    /// A block with the fixed codes.
    FixedBlock,
    /// A block with codes of its own.
    DynamicBlock,
    /// A block that ends because it has as many symbols as there may be.
    FullBlock,
    /// A last block without symbols, after a full one that ends with a match.
    EmptyLastBlock,
    /// A code that would be longer than it may be.
    BitLengthOverflow,
    /// A match given up for a longer one at the next byte.
    LazyReplaced,
    /// A match of three bytes that is too far back to be worth it.
    TooFar,
    /// A match at the largest distance there is.
    WindowLimit,
    /// A candidate beyond the largest distance.
    WindowExceeded,
    /// More candidates than are tried.
    ChainBudget,
    /// More candidates than are tried when there is a good match already.
    ReducedChainBudget,
    /// A search that ends early because the match is nice enough.
    NiceMatch,
}

/// The input takes `path`.
#[inline(always)]
pub(super) fn hit(path: Path) {
    #[cfg(any(test, hipflask_trace))]
    traced::hit(path);
    #[cfg(not(any(test, hipflask_trace)))]
    let _ = path;
}

#[cfg(hipflask_trace)]
pub use traced::hits;
#[cfg(all(test, not(hipflask_trace)))]
pub(super) use traced::hits;

#[cfg(any(test, hipflask_trace))]
mod traced {
    use super::Path;
    use super::std::{cell::RefCell, format, string::String, thread_local};

    const PATHS: [Path; 13] = [
        Path::StoredBlock,
        Path::FixedBlock,
        Path::DynamicBlock,
        Path::FullBlock,
        Path::EmptyLastBlock,
        Path::BitLengthOverflow,
        Path::LazyReplaced,
        Path::TooFar,
        Path::WindowLimit,
        Path::WindowExceeded,
        Path::ChainBudget,
        Path::ReducedChainBudget,
        Path::NiceMatch,
    ];

    thread_local! {
        static HITS: RefCell<[u64; PATHS.len()]> = const { RefCell::new([0; PATHS.len()]) };
    }

    pub(super) fn hit(path: Path) {
        HITS.with_borrow_mut(|hits| {
            let taken = PATHS.iter().zip(hits).filter(|(known, _)| **known == path);
            taken.for_each(|(_, hits)| *hits = hits.saturating_add(1));
        });
    }

    /// Each path's name, and how often the inputs of this thread took it so far.
    #[cfg_attr(not(hipflask_trace), expect(unreachable_pub, reason = "only that build exports it"))]
    pub fn hits() -> impl Iterator<Item = (String, u64)> {
        PATHS.iter().map(|path| format!("{path:?}")).zip(HITS.with_borrow(|hits| *hits))
    }
}
