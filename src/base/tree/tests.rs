//! Against the definition of RFC 6962, written down as it stands there, and against an
//! implementation of somebody else's.

use super::*;
use proptest::prelude::*;
use tlog_tiles as theirs;

/// The root by the definition: split at the largest power of two below the size.
fn defined_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest(b"").into(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&defined_root(left), &defined_root(right))
        }
    }
}

/// The audit path by the definition.
fn defined_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, sibling) = if index < left.len() {
        (defined_path(index, left), defined_root(right))
    } else {
        (defined_path(index - left.len(), right), defined_root(left))
    };
    path.push(sibling);
    path
}

fn split(size: usize) -> usize {
    let mut power = 1;
    while power * 2 < size {
        power *= 2;
    }
    power
}

fn lines(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|number| format!("line {number}").into_bytes()).collect()
}

fn leaves(count: usize) -> Vec<Hash> {
    lines(count).iter().map(|line| leaf_hash(line)).collect()
}

fn tree_of(leaves: &[Hash]) -> Tree {
    let mut tree = Tree::new();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree
}

struct TheirHashes(Vec<theirs::Hash>);

impl theirs::HashReader for TheirHashes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<theirs::Hash>, theirs::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).expect("small")]).collect())
    }
}

fn their_hashes(lines: &[Vec<u8>]) -> TheirHashes {
    let mut stored = TheirHashes(Vec::new());
    for (number, line) in lines.iter().enumerate() {
        let new = theirs::stored_hashes(number as u64, line, &stored).expect("all there");
        stored.0.extend(new);
    }
    stored
}

#[test]
fn the_empty_tree_and_the_first_leaves_are_those_of_the_rfc() {
    let hex = |hash: Hash| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(Tree::new().root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(hex(leaf_hash(b"")), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    assert_eq!(
        hex(tree_of(&[leaf_hash(b""), leaf_hash(b"\0")]).root()),
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    );
}

#[test]
fn a_frontier_that_does_not_fit_the_size_is_no_tree() {
    let hash = leaf_hash(b"x");
    assert!(Tree::from_frontier(5, vec![hash]).is_none());
    assert!(Tree::from_frontier(0, vec![hash]).is_none());
    assert!(Tree::from_frontier(4, vec![hash]).is_some());
    assert_eq!(Tree::from_frontier(0, Vec::new()), Some(Tree::new()));
}

#[test]
fn every_leaf_of_every_small_tree_can_be_proven_from_every_start() {
    for size in 1..20_usize {
        let all = leaves(size);
        let root = tree_of(&all).root();
        for index in 0..size {
            let expected = defined_path(index, &all);
            for start in 0..=index {
                let begun = tree_of(&all[..start]);
                let mut proof = InclusionProof::new(&begun, index as u64, size as u64).expect("shown later");
                all[start..].iter().for_each(|leaf| proof.push(*leaf));
                assert_eq!(proof.finish().as_ref(), Some(&expected), "{index} of {size} from {start}");
            }
            assert!(InclusionProof::new(&tree_of(&all[..=index]), index as u64, size as u64).is_none());
            assert!(check_inclusion(index as u64, size as u64, all[index], &expected, root));
        }
        assert!(InclusionProof::new(&Tree::new(), size as u64, size as u64).is_none());
        let unfinished = InclusionProof::new(&Tree::new(), 0, size as u64).expect("a leaf");
        assert_eq!(unfinished.finish().is_some(), size == 1);
    }
}

proptest! {
    #[test]
    fn the_root_is_the_defined_one_and_theirs(count in 0_usize..300) {
        let all = leaves(count);
        let tree = tree_of(&all);
        prop_assert_eq!(tree.root(), defined_root(&all));
        prop_assert_eq!(tree.size(), count as u64);
        prop_assert_eq!(tree.frontier().len(), count.count_ones() as usize);
        let stored = their_hashes(&lines(count));
        let theirs = theirs::tree_hash(count as u64, &stored).expect("all there");
        prop_assert_eq!(tree.root(), theirs.0);
    }

    #[test]
    fn a_tree_goes_on_from_its_frontier(first in 0_usize..200, then in 0_usize..200) {
        let all = leaves(first + then);
        let tree = tree_of(&all[..first]);
        let mut again = Tree::from_frontier(tree.size(), tree.frontier()).expect("our own");
        prop_assert_eq!(&again, &tree);
        all[first..].iter().for_each(|leaf| again.push(*leaf));
        prop_assert_eq!(again, tree_of(&all));
    }

    #[test]
    fn a_proof_is_theirs_and_holds_for_nothing_else(
        (size, index, start) in (1_usize..300)
            .prop_flat_map(|size| (Just(size), 0..size))
            .prop_flat_map(|(size, index)| (Just(size), Just(index), 0..=index)),
        bit in 0_usize..256, which: prop::sample::Index, other in 0_u64..300,
    ) {
        let all = leaves(size);
        let mut proof = InclusionProof::new(&tree_of(&all[..start]), index as u64, size as u64).expect("shown later");
        all[start..].iter().for_each(|leaf| proof.push(*leaf));
        // Lines that came after the checkpoint change nothing.
        proof.push(leaf_hash(b"later"));
        let path = proof.finish().expect("all were shown");
        let stored = their_hashes(&lines(size));
        let theirs = theirs::prove_record(size as u64, index as u64, &stored).expect("all there");
        prop_assert_eq!(&path, &theirs.iter().map(|hash| hash.0).collect::<Vec<_>>());

        let (size, index, leaf, root) = (size as u64, index as u64, all[index], tree_of(&all).root());
        prop_assert!(check_inclusion(index, size, leaf, &path, root));
        let flip = |hash: Hash| { let mut hash = hash; hash[bit / 8] ^= 1 << (bit % 8); hash };
        prop_assert!(!check_inclusion(index, size, flip(leaf), &path, root));
        prop_assert!(!check_inclusion(index, size, leaf, &path, flip(root)));
        prop_assert!(other == index || !check_inclusion(other, size, leaf, &path, root));
        if !path.is_empty() {
            let mut wrong = path.clone();
            let place = which.index(wrong.len());
            wrong[place] = flip(wrong[place]);
            prop_assert!(!check_inclusion(index, size, leaf, &wrong, root));
            prop_assert!(!check_inclusion(index, size, leaf, &path[1..], root));
        }
    }
}
