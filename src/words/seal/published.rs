//! What stands beside the group's offsets: whose they are, of which topic, and the last checkpoint that was on
//! the disk then, so that who puts an older state of the trail back finds that somebody else knows of a later one.
//!
//! Anybody who may write to the group can write any text there. So nothing that cannot be read matters, and a
//! checkpoint counts only with the signature of the trail's key, as it stands in the checkpoint's note.

use super::chain::KeyChain;
use super::checkpoint::Checkpoint;
use super::key::{parse_root, parse_size};
use super::note;
use crate::base::tree::Hash;

/// What a text with a checkpoint has behind its first three words.
const VERSION: &str = "v1";

/// For a topic without an id.
const NO_ID: &str = "-";

/// A signature of a note has 64 bytes, a cosignature more.
const SIGNATURE_BYTES: usize = 64;

/// Brokers take 4,096 bytes; nothing of ours is as long.
const MOST_BYTES: usize = 4_096;

/// A checkpoint as it is published: with one signature, so that nobody else can write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedCheckpoint {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The third word of the note's first signature line.
    signature: String,
}

impl PublishedCheckpoint {
    /// What is published of a note; `None` when it is none. Its signatures are not checked.
    pub fn of_note(note: &str) -> Option<Self> {
        let note = note::parse(note.as_bytes())?;
        let checkpoint = Checkpoint::from_text(note.text)?;
        let plain = note.signatures.iter().find(|signature| signature.bytes.len() == SIGNATURE_BYTES)?;
        let signature = note::signature_text(plain.key_id, &plain.bytes);
        Some(Self { checkpoint, signature })
    }

    /// The third word of the note's first signature line.
    pub(super) fn signature(&self) -> &str {
        &self.signature
    }
}

/// What a trail writes beside the group's offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedText {
    /// The name of the trail.
    pub origin: String,
    /// The topic that the offsets are of, since the group knows topics by their names alone; `None` without an id.
    pub topic_id: Option<String>,
    /// The last checkpoint that was on the disk; `None` when none was.
    pub checkpoint: Option<PublishedCheckpoint>,
}

impl PublishedText {
    /// The text, some 200 bytes.
    pub fn to_text(&self) -> String {
        let Self { origin, topic_id, checkpoint } = self;
        let topic_id = topic_id.as_deref().unwrap_or(NO_ID);
        match checkpoint {
            Some(PublishedCheckpoint { checkpoint, signature }) => {
                let (size, root) = (checkpoint.size, checkpoint.root_text());
                format!("{origin} {size} {topic_id} {VERSION} {root} {signature}")
            }
            None => format!("{origin} 0 {topic_id}"),
        }
    }

    /// Reads what stands beside an offset; `None` when a tracker wrote none of it. A checkpoint of another
    /// version, or one that cannot be read, is none.
    pub fn parse(text: &str) -> Option<Self> {
        let text = Some(text).filter(|text| text.len() <= MOST_BYTES)?;
        let words: Vec<&str> = text.split(' ').collect();
        let (&[origin, size, topic_id], more) = words.split_first_chunk::<3>()?;
        let checkpoint = match more {
            &[VERSION, root, signature] => parse_size(size).zip(parse_root(root)).map(|(size, root)| {
                let checkpoint = Checkpoint { origin: origin.to_owned(), size, root };
                PublishedCheckpoint { checkpoint, signature: signature.to_owned() }
            }),
            _ => None,
        };
        let topic_id = (topic_id != NO_ID).then(|| topic_id.to_owned());
        Some(Self { origin: origin.to_owned(), topic_id, checkpoint })
    }
}

/// The checkpoint of the most lines among what stands beside the offsets, as far as one of these keys signed it.
pub fn newest_published<'a>(texts: impl IntoIterator<Item = &'a str>, keys: &KeyChain) -> Option<Checkpoint> {
    let published = texts.into_iter().filter_map(|text| PublishedText::parse(text)?.checkpoint);
    let ours = published.filter(|published| keys.has_signed(published)).map(|published| published.checkpoint);
    ours.max_by_key(|checkpoint| checkpoint.size)
}

/// How a trail stands to the newest checkpoint that it had published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldTo {
    /// It is the trail that was published, or one that goes on from there.
    Agreeing,
    /// It ends before: an older state of it.
    RolledBack,
    /// It has as many lines, and not these.
    Another,
}

/// Holds a trail of so many lines to what it had published. `root`: that of its own checkpoint of as many lines as
/// the published one, when it has one. A checkpoint is on the disk before it is published, and none is ever taken
/// away, so a trail that reaches as far and has none is not the one that was published.
pub fn hold_to_published(published: &Checkpoint, lines: u64, root: Option<&Hash>) -> HeldTo {
    match root {
        // Of no line there is nothing that could be another.
        _ if published.size == 0 => HeldTo::Agreeing,
        Some(root) if *root == published.root => HeldTo::Agreeing,
        None if lines < published.size => HeldTo::RolledBack,
        _ => HeldTo::Another,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::key::SigningKey;
    use super::*;

    const ORIGIN: &str = "ordertrail/orders/0123456789abcdef";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(ORIGIN, [seed; 32]).expect("a name")
    }

    fn checkpoint(size: u64, root: u8) -> Checkpoint {
        Checkpoint { origin: ORIGIN.to_owned(), size, root: [root; 32] }
    }

    fn text(key: &SigningKey, checkpoint: &Checkpoint) -> String {
        let note = key.sign(checkpoint, 1_000);
        let checkpoint = PublishedCheckpoint::of_note(&note);
        assert!(checkpoint.is_some(), "{note}");
        PublishedText { origin: ORIGIN.to_owned(), topic_id: Some("an-id".to_owned()), checkpoint }.to_text()
    }

    #[test]
    fn what_is_published_is_read_back() {
        let newest = text(&key(1), &checkpoint(7, 3));
        assert!(newest.starts_with(&format!("{ORIGIN} 7 an-id v1 AwMD")), "{newest}");
        let read = PublishedText::parse(&newest).expect("ours");
        assert_eq!((read.origin.as_str(), read.topic_id.as_deref()), (ORIGIN, Some("an-id")));
        assert_eq!(read.to_text(), newest);
        let none = PublishedText { origin: ORIGIN.to_owned(), topic_id: None, checkpoint: None };
        assert_eq!(PublishedText::parse(&none.to_text()), Some(none));
        // As trackers wrote it before there were checkpoints in it.
        let before = PublishedText::parse(&format!("{ORIGIN} 7 an-id")).expect("ours");
        assert_eq!((before.topic_id.as_deref(), before.checkpoint), (Some("an-id"), None));
    }

    #[test]
    fn only_what_a_key_of_the_trail_signed_counts() {
        let keys = KeyChain::of(key(1).verifier());
        let (old, newest) = (text(&key(1), &checkpoint(7, 3)), text(&key(1), &checkpoint(9, 4)));
        let forged = text(&key(2), &checkpoint(99, 5));
        let raised = newest.replacen(" 9 ", " 99 ", 1);
        let all = [forged.as_str(), &old, "", &raised, &newest, "x", "a b c v1 d e"];
        assert_eq!(newest_published(all, &keys), Some(checkpoint(9, 4)));
        assert_eq!(newest_published([forged.as_str(), &raised, &newest.replace(" v1 ", " v2 ")], &keys), None);
    }

    #[test]
    fn a_change_of_keys_goes_on_counting_what_the_key_before_published() {
        let (first, second) = (key(1), key(2));
        let root = [9; 32];
        let chain = format!("{}\n{}", first.verifier(), first.sign_succession(20, &root, &second.verifier()));
        let keys = KeyChain::parse(&chain).expect("a chain");
        let newest = |text: &str| newest_published([text], &keys).map(|checkpoint| checkpoint.size);
        assert_eq!(newest(&text(&first, &checkpoint(20, 9))), Some(20));
        assert_eq!(newest(&text(&second, &checkpoint(21, 9))), Some(21));
        assert_eq!(newest(&text(&first, &checkpoint(21, 9))), None, "it was succeeded before");
        assert_eq!(newest(&text(&second, &checkpoint(19, 9))), None, "it had not taken over");
    }

    #[test]
    fn a_trail_is_held_to_what_it_had_published() {
        let published = checkpoint(10, 1);
        for (lines, root, held) in [
            (10, Some([1; 32]), HeldTo::Agreeing),
            (25, Some([1; 32]), HeldTo::Agreeing),
            (9, None, HeldTo::RolledBack),
            (0, None, HeldTo::RolledBack),
            (10, None, HeldTo::Another),
            (25, None, HeldTo::Another),
            (25, Some([2; 32]), HeldTo::Another),
        ] {
            assert_eq!(hold_to_published(&published, lines, root.as_ref()), held, "{lines} {root:?}");
        }
        assert_eq!(hold_to_published(&checkpoint(0, 1), 5, None), HeldTo::Agreeing);
    }

    proptest! {
        #[test]
        fn foreign_text_is_read_or_not_and_never_counts(text in "\\PC{0,300}", words in "[a-z0-9/+=v -]{0,200}") {
            let keys = KeyChain::of(key(1).verifier());
            for text in [text, format!("{ORIGIN} {words}"), format!("{ORIGIN} 7 id v1 {words}")] {
                prop_assert_eq!(newest_published([text.as_str()], &keys), None);
            }
        }

        /// A trail that only ever signs, syncs and then publishes agrees with whatever it had published, wherever it
        /// was killed; one that was cut back is told from one that went on in another way.
        #[test]
        fn a_history_agrees_with_itself_and_with_no_other(
            sizes in prop::collection::btree_set(1_u64..500, 1..20),
            published in any::<prop::sample::Index>(),
            cut in any::<prop::sample::Index>(),
            invented in 0_u64..500,
        ) {
            let sizes: Vec<u64> = sizes.into_iter().collect();
            let published = sizes[published.index(sizes.len())];
            let root_of = |size: u64| [size.to_le_bytes()[0]; 32];
            let newest = Checkpoint { origin: ORIGIN.to_owned(), size: published, root: root_of(published) };
            // Killed: checkpoints that were published later stand there, too, and lines behind the last one.
            let lines = sizes.last().copied().unwrap_or(0) + invented;
            prop_assert_eq!(hold_to_published(&newest, lines, Some(&root_of(published))), HeldTo::Agreeing);
            // Cut back to an earlier checkpoint, with lines invented behind it.
            let kept = sizes[cut.index(sizes.len())];
            if kept < published {
                let lines = kept + invented;
                let held = if lines < published { HeldTo::RolledBack } else { HeldTo::Another };
                prop_assert_eq!(hold_to_published(&newest, lines, None), held);
            }
        }
    }
}
