//! Texts come back as they went in, nothing that was changed passes, and somebody else's
//! implementation agrees about the notes and keys.

use std::collections::BTreeMap;

use super::*;
use crate::base::tree::{InclusionProof, Tree, leaf_hash};
use proptest::prelude::*;
use signed_note::{Note, StandardSigner, StandardVerifier, Verifier as _, VerifierList};

const ORIGIN: &str = "ordertrail/orders/0123456789abcdef";

fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(ORIGIN, [number; 32]).expect("a good name")
}

fn tree(lines: u64) -> Tree {
    let mut tree = Tree::new();
    (0..lines).for_each(|line| tree.push(leaf_hash(&line.to_le_bytes())));
    tree
}

fn checkpoint(lines: u64) -> Checkpoint {
    Checkpoint { origin: ORIGIN.to_owned(), size: lines, root: tree(lines).root() }
}

fn seal() -> Seal {
    let position = |next, leader_epoch| SealedPosition { next, leader_epoch, without_line: false };
    let seal = Seal {
        version: Seal::VERSION,
        origin: ORIGIN.to_owned(),
        topic: "orders".to_owned(),
        cluster_id: Some("1L6g7nGhU-eAKfL--X25wo".to_owned()),
        topic_id: None,
        lines: 5,
        valid: 3,
        invalid: 1,
        gaps: 1,
        root: tree(5).root(),
        frontier: tree(5).frontier(),
        segment: SealedSegment { first_line: 3, bytes: 700, started_ms: 1_789_034_400_123 },
        tail: Tail { bytes: 700, sha256: [7; 32] },
        positions: BTreeMap::from([(0, position(4, Some(2))), (10, position(1, None))]),
        rolled_back: BTreeMap::new(),
        sealed_ms: 1_789_034_401_000,
        clean: false,
        signature: String::new(),
    };
    seal.signed_by(&key(1))
}

#[test]
fn a_seal_is_written_as_the_format_says() {
    let text = String::from_utf8(seal().to_bytes()).expect("UTF-8");
    let start = concat!(
        r#"{"version":2,"origin":"ordertrail/orders/0123456789abcdef","topic":"orders","#,
        r#""cluster_id":"1L6g7nGhU-eAKfL--X25wo","lines":5,"valid":3,"invalid":1,"gaps":1,"root":""#
    );
    assert!(text.starts_with(start), "{text}");
    let end =
        r#""positions":{"0":{"next":4,"leader_epoch":2},"10":{"next":1}},"sealed_ms":1789034401000,"clean":false"#;
    let (unsigned, signature) = text.split_once(r#","signature":""#).expect("the last field");
    assert!(unsigned.ends_with(end), "{text}");
    assert_eq!(signature.strip_suffix("\"}\n"), Some(seal().signature.as_str()));
    // Put together here by hand from the document: what is signed, and by whom.
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sha2::Digest as _;
    let digest = STANDARD.encode(sha2::Sha256::digest(format!("{unsigned}}}\n")));
    let note = format!("ordertrail-seal/v2\n{ORIGIN}\n{digest}\n\n\u{2014} {ORIGIN} {}\n", seal().signature);
    let theirs = Note::from_bytes(note.as_bytes()).expect("a note for them too");
    let verifier = StandardVerifier::new(&key(1).verifier().to_string()).expect("a key for them too");
    assert!(theirs.verify(&VerifierList::new(vec![Box::new(verifier)])).is_ok());
    assert_eq!(Seal::parse(text.as_bytes()).expect("our own"), seal());
    assert_eq!(seal().tree(), Some(tree(5)));
}

#[test]
fn a_seal_that_contradicts_itself_is_refused() {
    let broken: [fn(&mut Seal); 6] = [
        |seal| seal.valid = 4,
        |seal| seal.invalid = u64::MAX,
        |seal| seal.root = [0; 32],
        |seal| seal.frontier.truncate(1),
        |seal| seal.tail.bytes = 701,
        |seal| seal.segment.first_line = 7,
    ];
    for change in broken {
        let mut seal = seal();
        change(&mut seal);
        assert!(matches!(Seal::parse(&seal.to_bytes()), Err(SealError::Contradiction { .. })), "{seal:?}");
    }
    for found in [1, 3] {
        let other = Seal { version: found, signature: String::new(), ..seal() };
        let error = Seal::parse(&other.to_bytes()).expect_err("of another version");
        assert!(matches!(error, SealError::OtherVersion { .. }) && error.to_string().contains("use the program"));
    }
    let unsigned = Seal { signature: String::new(), ..seal() };
    assert!(matches!(Seal::parse(&unsigned.to_bytes()), Err(SealError::Malformed(_))));
    assert!(matches!(Seal::parse(b"{}"), Err(SealError::Malformed(_))));
}

#[test]
fn no_field_of_a_seal_can_be_changed_without_the_key() {
    let chain = KeyChain::of(key(1).verifier());
    assert_eq!(chain.check_seal(&seal()), Ok(0));
    let bytes = seal().to_bytes();
    for bit in 0..bytes.len() * 8 {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let Ok(parsed) = Seal::parse(&changed) else { continue };
        assert!(chain.check_seal(&parsed).is_err(), "bit {bit}: {parsed:?}");
    }
    assert_eq!(KeyChain::of(key(2).verifier()).check_seal(&seal()), Err(SealSignatureError::NotSigned));
    // No other text that the key signs is taken for a seal's, nor a seal's for one of them.
    let signature = |note: &str| note.lines().nth(4).and_then(|line| line.rsplit(' ').next()).map(str::to_owned);
    let of_checkpoint = signature(&key(1).sign(&checkpoint(5), 1)).expect("signed");
    assert!(chain.check_seal(&Seal { signature: of_checkpoint, ..seal() }).is_err());
    let text = seal().signed_text();
    assert_eq!(Checkpoint::from_text(&text), None);
    let note = format!("{text}\n\u{2014} {ORIGIN} {}\n", seal().signature);
    assert_eq!(Checkpoint::unchecked(note.as_bytes()), None);
    assert!(KeyChain::parse(&format!("{}\n{note}", key(1).verifier())).is_err());
}

#[test]
fn each_key_signs_seals_from_its_succession_to_the_next() {
    let text = format!("{}\n{}{}", key(1).verifier(), succession(1, 2, 5), succession(2, 3, 6));
    let chain = KeyChain::parse(&text).expect("our own");
    let sealed = |number: u8, lines: u64| {
        let (root, frontier) = (tree(lines).root(), tree(lines).frontier());
        let unsigned = Seal { lines, valid: lines, invalid: 0, gaps: 0, root, frontier, ..seal() };
        chain.check_seal(&unsigned.signed_by(&key(number)))
    };
    assert_eq!(
        (sealed(1, 4), sealed(1, 5), sealed(2, 5), sealed(2, 6), sealed(3, 7)),
        (Ok(0), Ok(0), Ok(1), Ok(1), Ok(2))
    );
    for (number, lines) in [(1, 6), (2, 4), (2, 7), (3, 5)] {
        assert_eq!(sealed(number, lines), Err(SealSignatureError::OtherLines { lines }));
    }
    let kept = |from: usize| KeyChain::of(chain.keys().nth(from).expect("three").clone());
    assert_eq!([0, 1, 2].map(|from| chain.position_of(&kept(from))), [Some(0), Some(1), Some(2)]);
    assert_eq!((chain.position_of(&chain), kept(0).position_of(&chain)), (Some(0), None));
    assert_eq!(chain.position_of(&KeyChain::of(key(9).verifier())), None);
}

#[test]
fn segments_and_index_come_back() {
    let positions = seal().positions;
    let (frontier, closed_ms) = (tree(5).frontier(), 20);
    let (valid, invalid, gaps) = (3, 1, 1);
    let entry = SegmentEntry {
        first_line: 3,
        lines: 3,
        bytes: 99,
        frontier,
        positions,
        valid,
        invalid,
        gaps,
        started_ms: 10,
        closed_ms,
    };
    assert_eq!(SegmentEntry::parse(&entry.to_line()).expect("our own"), entry);
    assert_eq!((entry.end(), entry.tree()), (Some(5), Some(tree(5))));
    assert_eq!(SegmentEntry { first_line: 0, ..entry.clone() }.end(), None);
    assert_eq!(
        SegmentEntry { lines: 4, ..entry }.tree(),
        Some(Tree::from_frontier(6, tree(5).frontier()).expect("two"))
    );
    let next = BTreeMap::from([(0, 1), (12, 3)]);
    let index = IndexEntry { line: 2, segment: 3, byte: 0, time_ms: 5, next, gaps: Some(1) };
    let line = index.to_line();
    let expected = "{\"line\":2,\"segment\":3,\"byte\":0,\"time_ms\":5,\"next\":{\"0\":1,\"12\":3},\"gaps\":1}\n";
    assert_eq!(std::str::from_utf8(&line), Ok(expected));
    assert_eq!(IndexEntry::parse(&line).expect("our own"), index);
}

#[test]
fn keys_come_back_and_are_those_of_the_independent_implementation() {
    let ours = key(1);
    let again = SigningKey::parse(&ours.to_text()).expect("our own");
    assert_eq!(again.to_text(), ours.to_text());
    assert!(!format!("{ours:?}").contains("PRIVATE"));
    let verifier = ours.verifier();
    assert_eq!(VerifierKey::parse(&verifier.to_string()).as_ref(), Ok(&verifier));
    assert_eq!(VerifierKey::parse(&format!("{verifier}\n")).as_ref(), Ok(&verifier));
    let theirs = StandardVerifier::new(&verifier.to_string()).expect("a key for them too");
    assert_eq!(theirs.name(), ORIGIN);
    assert!(StandardSigner::new(ours.to_text().trim_end()).is_ok());
}

#[test]
fn no_changed_key_is_a_key() {
    for text in [key(1).to_text(), key(1).verifier().to_string()] {
        for bit in 0..text.trim_end().len() * 8 {
            let mut changed = text.trim_end().as_bytes().to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            let Ok(changed) = String::from_utf8(changed) else { continue };
            assert!(SigningKey::parse(&changed).is_err() && VerifierKey::parse(&changed).is_err(), "{changed}");
        }
    }
    for name in ["", "a b", "a+b", "a\nb"] {
        assert!(SigningKey::from_seed(name, [1; 32]).is_err());
    }
    let nobodys = key(1).verifier().to_string().replace(ORIGIN, "x");
    assert_eq!(VerifierKey::parse(&nobodys), Err(KeyError::OtherId));
}

#[test]
fn a_checkpoint_is_six_lines_that_the_independent_implementation_accepts() {
    let note = key(1).sign(&checkpoint(5), 1_789_034_401);
    assert_eq!(note.lines().count(), 6);
    let theirs = Note::from_bytes(note.as_bytes()).expect("a note for them too");
    let verifier = StandardVerifier::new(&key(1).verifier().to_string()).expect("a key for them too");
    let (verified, unverified) = theirs.verify(&VerifierList::new(vec![Box::new(verifier)])).expect("signed");
    // They know only type 1; the cosignature is to them a signature of somebody unknown.
    assert_eq!((verified.len(), unverified.len()), (1, 1));
    let text = tlog_tiles::Checkpoint::from_bytes(theirs.text()).expect("a checkpoint for them too");
    assert_eq!((text.origin(), text.size(), text.hash().0), (ORIGIN, 5, tree(5).root()));

    let read = SignedCheckpoint::read(note.as_bytes(), &key(1).verifier()).expect("our own");
    let expected = SignedCheckpoint { checkpoint: checkpoint(5), time_s: 1_789_034_401, other_signatures: 0 };
    assert_eq!(read, expected);
}

#[test]
fn a_cosignature_of_the_specification_is_read() {
    // The key id and the message of a cosignature, put together here by hand from the specification.
    use base64::Engine as _;
    use ed25519_dalek::Verifier as _;
    let note = key(1).sign(&checkpoint(5), 7);
    let line = note.lines().last().expect("six lines");
    let base64 = line.rsplit(' ').next().expect("three words");
    let bytes = base64::engine::general_purpose::STANDARD.decode(base64).expect("base64");
    let public = ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key();
    let id = [ORIGIN.as_bytes(), b"\n\x04", public.as_bytes()].concat();
    use sha2::Digest as _;
    assert_eq!(bytes[..4], sha2::Sha256::digest(&id)[..4]);
    assert_eq!(bytes[4..12], 7_u64.to_be_bytes());
    let (text, _) = note.split_once("\n\n").expect("a note");
    let signature = ed25519_dalek::Signature::from_slice(&bytes[12..]).expect("64 bytes");
    assert!(public.verify(format!("cosignature/v1\ntime 7\n{text}\n").as_bytes(), &signature).is_ok());
}

#[test]
fn no_changed_checkpoint_is_accepted() {
    let note = key(1).sign(&checkpoint(5), 1_789_034_401).into_bytes();
    let verifier = key(1).verifier();
    for bit in 0..note.len() * 8 {
        let mut changed = note.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(SignedCheckpoint::read(&changed, &verifier).is_err(), "bit {bit}");
    }
    for end in 0..note.len() {
        assert!(SignedCheckpoint::read(&note[..end], &verifier).is_err(), "cut at {end}");
    }
    let other = SignedCheckpoint::read(&note, &key(2).verifier());
    assert!(matches!(other, Err(CheckpointError::NotSigned { .. })));
    let stranger = SigningKey::from_seed("x", [1; 32]).expect("a name").verifier();
    assert!(matches!(SignedCheckpoint::read(&note, &stranger), Err(CheckpointError::OtherOrigin { .. })));
}

#[test]
fn signatures_of_witnesses_are_passed_over_and_second_ones_of_ours_are_not() {
    let note = key(1).sign(&checkpoint(5), 1);
    let witness = SigningKey::from_seed("witness.example/w", [9; 32]).expect("a name");
    let lines = witness.sign(&checkpoint(5), 2);
    let (_, lines) = lines.split_once("\n\n").expect("a note");
    let read = SignedCheckpoint::read(format!("{note}{lines}").as_bytes(), &key(1).verifier());
    assert_eq!(read.expect("signed by us").other_signatures, 2);
    let again = key(1).sign(&checkpoint(5), 3);
    let second = again.lines().last().expect("six lines");
    let twice = SignedCheckpoint::read(format!("{note}{second}\n").as_bytes(), &key(1).verifier());
    assert!(matches!(twice, Err(CheckpointError::NotSigned { .. })));
}

#[test]
fn notes_are_told_apart_and_a_torn_last_one_is_seen() {
    let notes: Vec<String> = (1..4).map(|lines| key(1).sign(&checkpoint(lines), lines)).collect();
    let whole = notes.concat();
    let split: Vec<_> = Notes::new(whole.as_bytes()).collect();
    assert_eq!(split.len(), 3);
    for (stored, note) in split.iter().zip(&notes) {
        assert_eq!((stored.bytes, stored.is_torn), (note.as_bytes(), false));
        assert_eq!(&whole.as_bytes()[stored.range.clone()], note.as_bytes());
    }
    let second_end = notes[0].len() + notes[1].len();
    for end in second_end + 1..whole.len() {
        let torn = Notes::new(&whole.as_bytes()[..end]).last().expect("three");
        assert_eq!((torn.range, torn.is_torn), (second_end..end, true));
    }
    assert_eq!(Notes::new(b"").count(), 0);
}

#[test]
fn what_a_kill_left_of_a_note_is_told_from_a_note_that_was_changed() {
    let note = key(1).sign(&checkpoint(5), 1_789_034_401).into_bytes();
    let last = |bytes: &[u8]| Notes::new(bytes).last().is_some_and(|note| note.is_torn && note.is_begun(ORIGIN));
    for end in 1..note.len() {
        assert!(last(&note[..end]), "cut at {end}");
    }
    for bit in 0..note.len() * 8 {
        let mut changed = note.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(!last(&changed), "bit {bit}");
    }
}

fn succession(old: u8, new: u8, lines: u64) -> String {
    key(old).sign_succession(lines, &tree(lines).root(), &key(new).verifier())
}

#[test]
fn each_key_signs_from_its_succession_to_the_next() {
    let text = format!("{}\n{}{}", key(1).verifier(), succession(1, 2, 5), succession(2, 3, 5));
    let chain = KeyChain::parse(&text).expect("our own");
    assert_eq!((chain.origin(), chain.last()), (ORIGIN, &key(3).verifier()));
    assert_eq!(chain.successions()[0].root, tree(5).root());
    let signer = |number, lines| chain.read(key(number).sign(&checkpoint(lines), 1).as_bytes(), 0).map(|(_, by)| by);
    assert_eq!((signer(1, 4), signer(1, 5), signer(2, 5), signer(3, 5)), (Ok(0), Ok(0), Ok(1), Ok(2)));
    assert_eq!(signer(3, 6), Ok(2));
    for (number, lines) in [(1, 6), (2, 4), (2, 6), (3, 4), (4, 5)] {
        assert!(signer(number, lines).is_err(), "key {number} must not sign {lines} lines");
    }
    assert!(chain.read(key(1).sign(&checkpoint(5), 1).as_bytes(), 1).is_err(), "not after its successor");
    assert_eq!(KeyChain::parse(&key(1).verifier().to_string()), Ok(KeyChain::of(key(1).verifier())));
}

#[test]
fn a_forged_or_changed_succession_is_refused() {
    let first = key(1).verifier();
    let forged = format!("{first}\n{}", succession(3, 2, 5));
    assert_eq!(KeyChain::parse(&forged), Err(ChainError::NotSigned { number: 1 }));
    let back = format!("{first}\n{}{}", succession(1, 2, 5), succession(2, 3, 4));
    assert_eq!(KeyChain::parse(&back), Err(ChainError::Backwards { number: 2, lines: 4 }));
    let text = format!("{first}\n{}", succession(1, 2, 5));
    for bit in 0..text.len() * 8 {
        let mut changed = text.clone().into_bytes();
        changed[bit / 8] ^= 1 << (bit % 8);
        let Ok(changed) = String::from_utf8(changed) else { continue };
        assert!(KeyChain::parse(&changed).is_err(), "bit {bit}");
    }
}

proptest! {
    #[test]
    fn a_proof_of_any_line_comes_back_and_holds((size, index) in (1_u64..70).prop_flat_map(|size| (Just(size), 0..size))) {
        let mut making = InclusionProof::new(&Tree::new(), index, size).expect("a line");
        (0..size).for_each(|line| making.push(leaf_hash(&line.to_le_bytes())));
        let path = making.finish().expect("all were shown");
        let proof = LineProof { index, path, checkpoint: key(1).sign(&checkpoint(size), 1) };
        let text = proof.to_text();
        prop_assert_eq!(LineProof::parse(&text), Ok(proof.clone()));
        let with_extra = text.replacen("index", "extra AAAA\nindex", 1);
        prop_assert_eq!(LineProof::parse(&with_extra), Ok(proof.clone()));
        let keys = KeyChain::of(key(1).verifier());
        prop_assert!(proof.check(&index.to_le_bytes(), &keys).is_ok());
        let of_another = proof.check(&(index + 1).to_le_bytes(), &keys);
        let refused = matches!(of_another, Err(ProofError::NotIncluded { line, .. }) if line == index + 1);
        prop_assert!(refused);
        let by_another = proof.check(&index.to_le_bytes(), &KeyChain::of(key(2).verifier()));
        prop_assert!(matches!(by_another, Err(ProofError::Checkpoint(_))));
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes: Vec<u8>, text in ".*") {
        drop(Seal::parse(&bytes));
        drop(SegmentEntry::parse(&bytes));
        drop(SignedCheckpoint::read(&bytes, &key(1).verifier()));
        drop(KeyChain::parse(&text));
        drop(LineProof::parse(&format!("c2sp.org/tlog-proof@v1\n{text}\n\n")));
        prop_assert!(Notes::new(&bytes).count() <= bytes.len());
    }
}
