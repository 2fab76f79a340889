//! That one leaf is in a tree: made while all leaves pass by once, checked with nothing but hashes.

use super::{Hash, Tree, node_hash};

/// A sibling on the way from the root to the leaf: the root of the leaves from `start` to before `end`.
#[derive(Debug)]
struct Sibling {
    start: u64,
    end: u64,
    /// Its distance from the root, from 0.
    depth: usize,
}

/// An inclusion proof in the making: is shown the hashes of all leaves, in order, and keeps
/// O(log size) of them.
#[derive(Debug)]
pub struct InclusionProof {
    /// In the order of their leaves, the last one first, so that the next is at the end.
    waiting: Vec<Sibling>,
    /// By depth; filled as they become known.
    path: Vec<Option<Hash>>,
    /// The part of the next sibling that was seen.
    part: Tree,
    next_leaf: u64,
}

impl InclusionProof {
    /// A proof for leaf `index` of the tree of `size` leaves. `start` is the tree of the leaves that
    /// will not be shown, because only its frontier is left of them; those from `start.size()` on will.
    ///
    /// `None` when there is no such leaf, or when it is among those that will not be shown.
    pub fn new(start: &Tree, index: u64, size: u64) -> Option<Self> {
        if index < start.size() || index >= size {
            return None;
        }
        let mut waiting = siblings(index, size);
        let mut path = vec![None; waiting.len()];
        waiting.sort_by_key(|sibling| std::cmp::Reverse(sibling.start));
        // Siblings left of the leaf are complete subtrees, so as far as they are in the starting tree
        // they are entries of its frontier: one for a whole sibling, the last few for a begun one.
        let mut part = Tree::new();
        let mut covered = 0;
        let mut left = start.size();
        for hash in start.frontier() {
            let bit = 1_u64 << left.ilog2();
            left -= bit;
            let end = covered + bit;
            match waiting.last() {
                Some(sibling) if sibling.start == covered && sibling.end == end => {
                    if let Some(place) = path.get_mut(sibling.depth) {
                        *place = Some(hash);
                    }
                    waiting.pop();
                }
                _ => {
                    let mut frontier = part.frontier();
                    frontier.push(hash);
                    part = Tree::from_frontier(part.size() + bit, frontier)?;
                }
            }
            covered = end;
        }
        Some(Self { waiting, path, part, next_leaf: start.size() })
    }

    /// Shows the hash of the next leaf; leaves beyond the tree's size change nothing.
    pub fn push(&mut self, leaf: Hash) {
        let index = self.next_leaf;
        self.next_leaf += 1;
        let Some(sibling) = self.waiting.last() else { return };
        if index < sibling.start {
            return;
        }
        self.part.push(leaf);
        if self.next_leaf == sibling.end {
            if let Some(place) = self.path.get_mut(sibling.depth) {
                *place = Some(self.part.root());
            }
            self.part = Tree::new();
            self.waiting.pop();
        }
    }

    /// The hashes from the leaf's sibling up to the root's child; `None` when leaves are missing yet.
    pub fn finish(self) -> Option<Vec<Hash>> {
        self.path.into_iter().rev().collect()
    }
}

/// The siblings of a leaf in a tree of `size` leaves, from the root down.
fn siblings(index: u64, size: u64) -> Vec<Sibling> {
    let (mut start, mut end) = (0, size);
    let mut all = Vec::new();
    while end - start > 1 {
        // The largest power of two below the number of leaves.
        let middle = start + (1 << (end - start - 1).ilog2());
        let depth = all.len();
        if index < middle {
            all.push(Sibling { start: middle, end, depth });
            end = middle;
        } else {
            all.push(Sibling { start, end: middle, depth });
            start = middle;
        }
    }
    all
}

/// Whether `leaf` is leaf `index` of the tree of `size` leaves with this `root`; `path` goes from the
/// leaf's sibling up to the root's child.
pub fn check_inclusion(index: u64, size: u64, leaf: Hash, path: &[Hash], root: Hash) -> bool {
    if index >= size {
        return false;
    }
    let siblings = siblings(index, size);
    if siblings.len() != path.len() {
        return false;
    }
    let up = siblings.iter().rev().zip(path);
    let computed = up.fold(
        leaf,
        |node, (sibling, hash)| {
            if sibling.start > index { node_hash(&node, hash) } else { node_hash(hash, &node) }
        },
    );
    computed == root
}
