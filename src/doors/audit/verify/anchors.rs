//! Checkpoints from elsewhere, and key successions: what else says which root the trail had once.

use std::collections::BTreeMap;

use super::VerifyOptions;
use super::beside::{Beside, KEYS};
use super::judge::Claim;
use super::report::{Damage, DamageKind};

/// All roots that are claimed beside the checkpoints, by number of lines. Notes that are none, or not
/// by a key of the trail, are noted as damage.
pub(super) fn claims(beside: &mut Beside, options: &VerifyOptions) -> BTreeMap<u64, Vec<Claim>> {
    let mut all: BTreeMap<u64, Vec<Claim>> = BTreeMap::new();
    for (number, succession) in beside.keys.iter().flat_map(|keys| keys.successions()).enumerate() {
        let what = format!("succession {} was signed for other lines than these", number + 1);
        let claim = Claim { root: succession.root, kind: DamageKind::Keys, file: KEYS.to_owned(), what };
        all.entry(succession.lines).or_default().push(claim);
    }
    for (file, bytes) in &options.anchors {
        let mut complain = |byte: Option<u64>, what: String| {
            beside.damages.push(Damage { byte, ..Damage::of_file(DamageKind::Anchor, file, what) });
        };
        let Some(keys) = &beside.keys else {
            complain(None, "there is no key to check it with".to_owned());
            continue;
        };
        let notes = notes(bytes, keys.origin());
        if notes.is_empty() {
            complain(None, format!("it holds no checkpoint of {}", keys.origin()));
        }
        for (at, note) in notes {
            match keys.read(note, 0) {
                Ok((_, key)) if key < beside.trusted_from => beside.earlier_anchors += 1,
                Ok((signed, _)) => {
                    let time = super::time_text(signed.time_s);
                    let what = format!("the checkpoint at byte {at}, signed at {time}, is not of these lines");
                    let root = signed.checkpoint.root;
                    let claim = Claim { root, kind: DamageKind::Anchor, file: file.clone(), what };
                    all.entry(signed.checkpoint.size).or_default().push(claim);
                }
                Err(error) => complain(Some(at as u64), error.to_string()),
            }
        }
    }
    all
}

/// The notes of a trail in a file that may hold others too, and signatures of witnesses: each from a
/// line that is the origin to the next such line, or to the next empty line after its signatures.
fn notes<'a>(bytes: &'a [u8], origin: &str) -> Vec<(usize, &'a [u8])> {
    let mut all = Vec::new();
    let mut begun: Option<(usize, u32)> = None;
    let mut at = 0;
    let mut finish = |begun: Option<(usize, u32)>, end: usize| {
        all.extend(begun.and_then(|(start, _)| Some((start, bytes.get(start..end)?))));
    };
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        if text == origin.as_bytes() {
            finish(begun.take(), at);
            begun = Some((at, 0));
        } else if let (true, Some((_, empty_lines))) = (text.is_empty(), &mut begun) {
            *empty_lines += 1;
            if *empty_lines == 2 {
                finish(begun.take(), at);
            }
        }
        at += line.len();
    }
    finish(begun, at);
    all
}
