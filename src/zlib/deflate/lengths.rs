//! Code lengths: from how often each symbol occurs to how long its code is.
//!
//! Huffman's algorithm over a binary heap, followed to the tie-break: which of
//! two equally rare symbols gets the longer code is part of zlib's output.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "numbers of symbols, nodes and levels, far below what their types hold"
)]

use super::trace::{Path, hit};
use crate::bytes::sub_slice;
use crate::zlib::symbols::{LITERAL_SYMBOLS, MAX_CODE_BITS};

/// A heap entry: how often (16 bits), the height of the tree below (6 bits),
/// which node (10 bits). A block has at most 2^14 symbols, so a
/// tree is never higher than 21.
type Entry = u32;
const NODE_BITS: u32 = 10;
const HEIGHT_BITS: u32 = 6;

/// Sets the code length of each symbol, zero where it does not occur and at most
/// `longest`. Returns how many symbols there are up to the last one with a code.
///
/// There are always at least two codes: a lone one gets a partner, as zlib does
/// for the sake of old decoders.
#[inline(never)]
pub(super) fn code_lengths(frequencies: &[u16], longest: usize, lengths: &mut [u8]) -> usize {
    let mut heap = Heap { entries: [0; LITERAL_SYMBOLS], len: 0 };
    let mut used = 0_usize;
    for (symbol, &frequency) in frequencies.iter().enumerate() {
        if frequency != 0 {
            heap.append(entry(frequency.into(), 0, symbol));
            used = symbol + 1;
        }
    }
    while heap.len < 2 {
        let partner = if used < 3 { used } else { 0 };
        used = used.max(partner + 1);
        heap.append(entry(1, 0, partner));
    }

    lengths.fill(0);
    assign(heap.join(frequencies.len()), frequencies.len(), longest, lengths);
    used
}

fn entry(frequency: u32, height: u32, node: usize) -> Entry {
    (frequency << HEIGHT_BITS | height) << NODE_BITS | node as u32
}

fn node(entry: Entry) -> usize {
    (entry & ((1 << NODE_BITS) - 1)) as usize
}

/// Two nodes that were joined, the smaller one first.
type Siblings = Entry;

fn siblings(first: usize, second: usize) -> Siblings {
    (second << 16 | first) as Siblings
}

fn nodes(siblings: Siblings) -> [usize; 2] {
    [(siblings & 0xffff) as usize, (siblings >> 16) as usize]
}

/// zlib's order: the rarer first, and of equally rare ones the lower tree. On a
/// tie in both, the first argument counts as smaller.
fn is_smaller(a: Entry, b: Entry) -> bool {
    a >> NODE_BITS <= b >> NODE_BITS
}

/// A binary heap with the smallest entry first. Behind it, in the places that it
/// has given up, is what [`join`](Self::join) notes.
struct Heap {
    entries: [Entry; LITERAL_SYMBOLS],
    len: usize,
}

impl Heap {
    fn append(&mut self, entry: Entry) {
        if let Some(slot) = self.entries.get_mut(self.len) {
            *slot = entry;
            self.len += 1;
        }
    }

    fn order(&mut self) {
        for at in (0..self.len / 2).rev() {
            let entry = self.get(at);
            self.sift_down(at, entry);
        }
    }

    fn get(&self, at: usize) -> Entry {
        self.entries.get(at).copied().unwrap_or_default()
    }

    /// Puts `entry` into the place `at` or below, so that the smaller ones are above.
    fn sift_down(&mut self, mut at: usize, entry: Entry) {
        let Some(entries) = self.entries.get_mut(..self.len) else { return };
        loop {
            let left = 2 * at + 1;
            let right = left + 1;
            let Some(&left_child) = entries.get(left) else { break };
            let (below, child) = match entries.get(right) {
                Some(&right_child) if is_smaller(right_child, left_child) => (right, right_child),
                _ => (left, left_child),
            };
            if is_smaller(entry, child) {
                break;
            }
            if let Some(slot) = entries.get_mut(at) {
                *slot = child;
            }
            at = below;
        }
        if let Some(slot) = entries.get_mut(at) {
            *slot = entry;
        }
    }

    /// Takes the smallest entry; the last one moves up.
    fn pop(&mut self) -> Entry {
        let smallest = self.get(0);
        self.len = self.len.saturating_sub(1);
        let last = self.get(self.len);
        if self.len > 0 {
            self.sift_down(0, last);
        }
        smallest
    }

    /// Joins the two smallest nodes until one is left. Leaves are numbered as their
    /// symbols, and the nodes that come of it from there on. Returns the nodes that were
    /// joined: the root's children first, the rarest ones last.
    fn join(&mut self, symbols: usize) -> &[Siblings] {
        self.order();
        let end = self.len;
        let mut parent = symbols;
        while self.len >= 2 {
            let first = self.pop();
            let second = self.get(0);
            self.note(siblings(node(first), node(second)));
            let frequency = (first >> (NODE_BITS + HEIGHT_BITS)) + (second >> (NODE_BITS + HEIGHT_BITS));
            let height_mask = (1 << HEIGHT_BITS) - 1;
            let height = (first >> NODE_BITS & height_mask).max(second >> NODE_BITS & height_mask);
            self.sift_down(0, entry(frequency, height + 1, parent));
            parent += 1;
        }
        sub_slice(&self.entries, 1..end)
    }

    /// Notes `siblings` in the place that the last `pop` gave up.
    fn note(&mut self, siblings: Siblings) {
        if let Some(slot) = self.entries.get_mut(self.len) {
            *slot = siblings;
        }
    }
}

/// Turns nodes that were joined into code lengths, none above `longest`.
fn assign(joined: &[Siblings], symbols: usize, longest: usize, lengths: &mut [u8]) {
    // By inner node, in the order in which they were made: the root is the last.
    let mut depths = [0_u8; LITERAL_SYMBOLS];
    let mut counts = [0_u16; MAX_CODE_BITS + 1];
    let mut too_deep = 0_u32;
    for (&pair, parent) in joined.iter().zip((0..joined.len()).rev()) {
        let below = usize::from(depths.get(parent).copied().unwrap_or_default()) + 1;
        for node in nodes(pair) {
            let mut depth = below;
            if depth > longest {
                depth = longest;
                too_deep += 1;
            }
            let slot = match node.checked_sub(symbols) {
                Some(inner) => depths.get_mut(inner),
                None => {
                    if let Some(count) = counts.get_mut(depth) {
                        *count += 1;
                    }
                    lengths.get_mut(node)
                }
            };
            if let Some(slot) = slot {
                *slot = depth as u8;
            }
        }
    }
    if too_deep > 0 {
        hit(Path::BitLengthOverflow);
        rebalance(&mut counts, longest, too_deep);
        deal_out(&counts, joined, symbols, lengths);
    }
}

/// Makes room for the leaves that were too deep, as zlib's `gen_bitlen`:
/// each step moves one leaf down from the deepest level above the last, and two
/// nodes that were too deep, which share a parent, become one more leaf beside it.
fn rebalance(counts: &mut [u16; MAX_CODE_BITS + 1], longest: usize, too_deep: u32) {
    for _ in 0..too_deep.div_ceil(2) {
        let Some(from) = counts.iter().take(longest).rposition(|&count| count > 0) else { return };
        for (length, count) in counts.iter_mut().enumerate() {
            if length == from || length == longest {
                *count -= 1;
            }
            if length == from + 1 {
                *count += 2;
            }
        }
    }
}

/// Gives the longest codes to the rarest symbols.
fn deal_out(counts: &[u16; MAX_CODE_BITS + 1], siblings: &[Siblings], symbols: usize, lengths: &mut [u8]) {
    let rarest_first = siblings.iter().rev().flat_map(|&pair| nodes(pair));
    let mut leaves = rarest_first.filter(|&node| node < symbols);
    for (length, &count) in counts.iter().enumerate().rev() {
        for symbol in leaves.by_ref().take(count.into()) {
            if let Some(slot) = lengths.get_mut(symbol) {
                *slot = length as u8;
            }
        }
    }
}
