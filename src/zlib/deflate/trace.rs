//! Which of the algorithm's paths an input takes: for tests that must know they
//! took them all. The library itself passes `()`, which compiles to nothing.

/// A path through the algorithm that not every input takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
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

impl Path {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::StoredBlock,
        Self::FixedBlock,
        Self::DynamicBlock,
        Self::FullBlock,
        Self::EmptyLastBlock,
        Self::BitLengthOverflow,
        Self::LazyReplaced,
        Self::TooFar,
        Self::WindowLimit,
        Self::WindowExceeded,
        Self::ChainBudget,
        Self::ReducedChainBudget,
        Self::NiceMatch,
    ];
}

/// Is told of every path taken.
pub trait Trace {
    /// The input took `path`.
    fn hit(&mut self, path: Path);
}

impl Trace for () {
    #[inline(always)]
    fn hit(&mut self, _: Path) {}
}

impl<F: FnMut(Path)> Trace for F {
    fn hit(&mut self, path: Path) {
        self(path);
    }
}
