//! The RFC 6962 tree with SHA-256 over the lines of a trail: its root, what is needed to go on with
//! it, and proofs that a line is in it. Nothing here knows what a line is.
//!
//! ```
//! use ordertrail::base::tree::{InclusionProof, Tree, check_inclusion, leaf_hash};
//!
//! let leaves = ["a", "b", "c"].map(|line| leaf_hash(line.as_bytes()));
//! let mut tree = Tree::new();
//! let mut proof = InclusionProof::new(&Tree::new(), 1, 3).ok_or("no such leaf")?;
//! for leaf in leaves {
//!     tree.push(leaf);
//!     proof.push(leaf);
//! }
//! let path = proof.finish().ok_or("leaves are missing")?;
//! assert!(check_inclusion(1, 3, leaves[1], &path, tree.root()));
//! assert!(!check_inclusion(1, 3, leaf_hash(b"B"), &path, tree.root()));
//! # Ok::<(), &str>(())
//! ```

mod proof;

#[cfg(test)]
mod tests;

use sha2::{Digest as _, Sha256};

pub use proof::{InclusionProof, check_inclusion};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// The hash of a leaf: of `0x00` and the line, which must not end in its LF.
pub fn leaf_hash(line_without_lf: &[u8]) -> Hash {
    Sha256::new().chain_update([0x00]).chain_update(line_without_lf).finalize().into()
}

/// The hash of an inner node: of `0x01` and the hashes of its two children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut input = [0x01; 65];
    input[1..33].copy_from_slice(left);
    input[33..].copy_from_slice(right);
    Sha256::digest(input).into()
}

/// A tree as far as it is needed to go on: its size and its frontier, the roots of the complete
/// subtrees that make it up, the largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    frontier: Vec<Hash>,
}

impl Tree {
    /// The tree of no leaves.
    pub fn new() -> Self {
        Self::default()
    }

    /// A tree of `size` leaves with this frontier, the largest subtree first; `None` unless there are
    /// as many hashes as `size` has one-bits.
    pub fn from_frontier(size: u64, frontier: Vec<Hash>) -> Option<Self> {
        (frontier.len() == size.count_ones() as usize).then_some(Self { size, frontier })
    }

    /// Adds the hash of the next leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        // Each one-bit at the low end is a complete subtree as large as the one that just became whole.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.frontier.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.frontier.push(node);
        self.size = self.size.saturating_add(1);
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root; SHA-256 of nothing for the tree of no leaves.
    pub fn root(&self) -> Hash {
        let mut smallest_first = self.frontier.iter().rev();
        match smallest_first.next() {
            None => Sha256::digest([]).into(),
            Some(smallest) => smallest_first.fold(*smallest, |right, left| node_hash(left, &right)),
        }
    }

    /// The roots of the complete subtrees, the largest first.
    pub fn frontier(&self) -> Vec<Hash> {
        self.frontier.clone()
    }
}
