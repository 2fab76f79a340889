//! What the group of the trail's tracker has published of the trail beside its offsets, and whether the trail is still
//! that, or goes on from there.

use std::path::Path;

use serde::Serialize;

use super::Asked;
use super::topic::Topic;
use crate::doors::audit::verify::{Report, VerifyError};
use crate::doors::audit::{Held, History, checkpoints_path};
use crate::programs::auditor::AuditError;
use crate::programs::auditor::context::Context;
use crate::tools::exit::Exit;
use crate::tools::shown::grouped;
use crate::words::seal::PublishedText;

/// How a trail stands to what a group has published of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Published {
    /// The group.
    group: String,
    #[serde(flatten)]
    standing: Standing,
}

/// How a trail stands to what was published of it; lines are those of the newest checkpoint that was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
enum Standing {
    /// It is the trail that was published, or goes on from there.
    Agreeing { published_lines: u64 },
    /// It is an older state of it, as far as it is signed.
    RolledBack { published_lines: u64, covered_lines: u64 },
    /// It reaches as far, and is not what was published.
    AnotherHistory { published_lines: u64 },
    /// Nothing that counts was published.
    NothingPublished { because: String },
    /// It could not be had.
    Unknown { error: String },
}

/// Asks the group, and then looks into the trail, which has whatever was published by then.
pub(super) fn ask(context: &Context<'_>, asked: &Asked<'_>, topic: &Topic) -> Published {
    let standing = topic.published(context).and_then(|texts| hold(asked.dir, asked.report, &texts));
    let standing = standing.unwrap_or_else(|error| Standing::Unknown { error: error.to_string() });
    Published { group: asked.group.to_owned(), standing }
}

/// Holds a trail that was verified to the texts beside a group's offsets.
fn hold(dir: &Path, report: &Report, texts: &[String]) -> Result<Standing, AuditError> {
    let Some(history) = History::of_verified(dir, report) else {
        return Ok(Standing::NothingPublished { because: "the trail has no key to know it by".to_owned() });
    };
    let held = history.hold_to(texts.iter().map(String::as_str)).map_err(|source| {
        let path = checkpoints_path(dir);
        AuditError::Verify(VerifyError::Disk { path, source })
    })?;
    Ok(match held {
        Held::NothingPublished => Standing::NothingPublished { because: why_nothing(texts, history.origin()) },
        Held::Agreeing { published_lines } => Standing::Agreeing { published_lines },
        Held::RolledBack { published_lines, .. } => {
            Standing::RolledBack { published_lines, covered_lines: report.covered_lines }
        }
        Held::Another { published_lines } => Standing::AnotherHistory { published_lines },
    })
}

/// Why nothing counts of what stands beside the offsets.
fn why_nothing(texts: &[String], origin: &str) -> String {
    let told: Vec<PublishedText> = texts.iter().filter_map(|text| PublishedText::parse(text)).collect();
    let mut ours = told.iter().filter(|text| text.origin == origin).peekable();
    if ours.peek().is_none() {
        return match told.first() {
            Some(other) => format!("what stands there is of another trail, {}", other.origin),
            None => "no tracker has published there where it is in this topic".to_owned(),
        };
    }
    match ours.any(|text| text.checkpoint.is_some()) {
        true => "no key of this trail signed what stands there: was it changed since?".to_owned(),
        false => "what stands there has no checkpoint".to_owned(),
    }
}

impl Published {
    /// In words, for people: the verdict, and lines of 80 columns that say more.
    pub(super) fn text(&self) -> (String, Vec<String>) {
        let (verdict, more) = match &self.standing {
            Standing::Agreeing { published_lines: 0 } => ("agrees, published without a line".to_owned(), Vec::new()),
            Standing::Agreeing { published_lines } => {
                (format!("agrees, published up to line {}", grouped(*published_lines)), Vec::new())
            }
            Standing::RolledBack { published_lines, covered_lines } => {
                let published = grouped(*published_lines);
                let signed = match covered_lines {
                    0 => "no line is signed here".to_owned(),
                    lines => format!("signed here up to line {}", grouped(*lines)),
                };
                let more = vec![
                    format!("published up to line {published}, {signed}:"),
                    "an older copy, or somebody put an older state of the trail in its place".to_owned(),
                ];
                ("ROLLED BACK".to_owned(), more)
            }
            Standing::AnotherHistory { published_lines } => {
                let more = vec![
                    format!("published up to line {}, signed by its key, and not this:", grouped(*published_lines)),
                    "it was carried on twice, from a copy, or somebody wrote another history".to_owned(),
                ];
                ("ANOTHER HISTORY".to_owned(), more)
            }
            Standing::NothingPublished { because } => ("nothing published".to_owned(), vec![because.clone()]),
            Standing::Unknown { error } => ("could NOT be asked".to_owned(), vec![error.clone()]),
        };
        (format!("against group {}: {verdict}", self.group), more)
    }

    /// What a trail is, that is sound by itself and not what was published; `None` when nothing speaks against it.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        match self.standing {
            Standing::RolledBack { .. } => Some("an OLDER STATE than was published"),
            Standing::AnotherHistory { .. } => Some("ANOTHER HISTORY than was published"),
            Standing::Agreeing { .. } | Standing::NothingPublished { .. } | Standing::Unknown { .. } => None,
        }
    }

    /// How it counts: a group may never have published, but who asked and got 0 takes what it has for compared.
    pub(super) fn exit(&self) -> Exit {
        match self.standing {
            Standing::Agreeing { .. } | Standing::NothingPublished { .. } => Exit::Done,
            Standing::RolledBack { .. } | Standing::AnotherHistory { .. } => Exit::Damaged,
            Standing::Unknown { .. } => Exit::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::seal::{Checkpoint, KeyChain, PublishedCheckpoint, SigningKey};
    use serde_json::{Value, json};

    const ORIGIN: &str = "ordertrail/orders/0123456789abcdef";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(ORIGIN, [seed; 32]).unwrap()
    }

    fn checkpoint(lines: u64, root: u8) -> Checkpoint {
        Checkpoint { origin: ORIGIN.to_owned(), size: lines, root: [root; 32] }
    }

    /// What stands beside an offset.
    fn text(key: &SigningKey, checkpoint: &Checkpoint) -> String {
        let checkpoint = PublishedCheckpoint::of_note(&key.sign(checkpoint, 1_000));
        PublishedText { origin: ORIGIN.to_owned(), topic_id: None, checkpoint }.to_text()
    }

    /// What is found of a trail with checkpoints of 10 and 20 lines, by the first key, of which 20 are covered.
    fn held(texts: &[String]) -> Published {
        let folder = tempfile::tempdir().unwrap();
        let notes = [10, 20].map(|lines| key(1).sign(&checkpoint(lines, 1), lines)).concat();
        std::fs::write(checkpoints_path(folder.path()), notes).unwrap();
        let keys = Some(KeyChain::of(key(1).verifier()));
        let report = Report { keys, lines: 25, covered_lines: 20, ..Report::default() };
        let standing = hold(folder.path(), &report, texts).unwrap();
        Published { group: "readers".to_owned(), standing }
    }

    fn lines(published: &Published) -> String {
        let (verdict, more) = published.text();
        [vec![verdict], more].concat().join("\n")
    }

    #[test]
    fn a_trail_is_held_to_what_was_published_of_it() {
        for (newest, standing, exit, says) in [
            (checkpoint(10, 1), json!({"standing": "agreeing", "published_lines": 10}), Exit::Done, "up to line 10"),
            (checkpoint(0, 1), json!({"standing": "agreeing", "published_lines": 0}), Exit::Done, "without a line"),
            (
                // Lines that nothing signs may be anybody's: that there are as many does not make it another trail.
                checkpoint(25, 1),
                json!({"standing": "rolled_back", "published_lines": 25, "covered_lines": 20}),
                Exit::Damaged,
                "ROLLED BACK\npublished up to line 25, signed here up to line 20:",
            ),
            (
                checkpoint(20, 2),
                json!({"standing": "another_history", "published_lines": 20}),
                Exit::Damaged,
                "ANOTHER HISTORY\npublished up to line 20, signed by its key",
            ),
            (
                // As many are signed, and there never was a checkpoint of so many.
                checkpoint(15, 1),
                json!({"standing": "another_history", "published_lines": 15}),
                Exit::Damaged,
                "ANOTHER HISTORY",
            ),
        ] {
            let published = held(&[text(&key(1), &newest), text(&key(2), &checkpoint(99, 1)), String::new()]);
            let mut told: Value = json!(published);
            assert_eq!(told.as_object_mut().unwrap().remove("group"), Some("readers".into()));
            assert_eq!(told, standing);
            assert_eq!(published.exit(), exit);
            assert_eq!(published.contradiction().is_some(), exit == Exit::Damaged);
            assert!(lines(&published).contains(says), "{}", lines(&published));
        }
    }

    #[test]
    fn that_nothing_was_published_is_told_with_its_reason_and_no_failure() {
        let other = PublishedText { origin: "ordertrail/orders/fe".to_owned(), topic_id: None, checkpoint: None };
        let bare = PublishedText { origin: ORIGIN.to_owned(), ..other.clone() };
        for (texts, because) in [
            (vec![], "no tracker has published"),
            (vec![String::new(), "by hand".to_owned()], "no tracker has published"),
            (vec![other.to_text()], "of another trail, ordertrail/orders/fe"),
            (vec![other.to_text(), bare.to_text()], "has no checkpoint"),
            (vec![bare.to_text(), text(&key(2), &checkpoint(30, 1))], "no key of this trail signed"),
        ] {
            let published = held(&texts);
            assert_eq!((published.exit(), published.contradiction()), (Exit::Done, None));
            let told = json!(published);
            assert_eq!(told["standing"], "nothing_published");
            assert!(told["because"].as_str().is_some_and(|text| text.contains(because)), "{told}");
            assert!(lines(&published).contains(because), "{}", lines(&published));
        }
        let without_key = hold(Path::new("nowhere"), &Report::default(), &[text(&key(1), &checkpoint(30, 1))]).unwrap();
        assert!(matches!(without_key, Standing::NothingPublished { .. }), "{without_key:?}");
    }

    /// Of the usual group and up to a billion lines, after the blanks that stand before them.
    #[test]
    fn it_fits_a_terminal_of_80_columns() {
        let most = 999_999_999;
        for standing in [
            Standing::Agreeing { published_lines: most },
            Standing::RolledBack { published_lines: most, covered_lines: most },
            Standing::AnotherHistory { published_lines: most },
            Standing::NothingPublished { because: why_nothing(&[], ORIGIN) },
            Standing::NothingPublished { because: why_nothing(&[text(&key(2), &checkpoint(3, 1))], ORIGIN) },
            Standing::NothingPublished { because: why_nothing(&[text(&key(2), &checkpoint(3, 1))], "x") },
        ] {
            let (verdict, more) = Published { group: crate::tools::config::TRACKER_GROUP.to_owned(), standing }.text();
            assert!(2 + verdict.chars().count() <= 80, "{verdict}");
            assert!(more.iter().all(|line| 4 + line.chars().count() <= 80), "{more:?}");
        }
    }
}
