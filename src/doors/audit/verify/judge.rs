//! All lines in their order against everything that was noted of them: roots, positions, segments,
//! seal. One pass, one thread; what each line says by itself was found out before.

use std::collections::BTreeMap;

use super::beside::{Beside, SEGMENTS, disk, next_line};
use super::notes::{CHECKPOINTS, Mark, Marks};
use super::report::{Damage, DamageKind, Report, SoundLines};
use super::walk::Walk;
use super::{Looked, VerifyError};
use crate::base::tree::{Hash, Tree};
use crate::doors::audit::read::TrailReader;
use crate::words::seal::SegmentEntry;

/// A byte of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) segment: usize,
    pub(super) byte: u64,
}

/// How far the lines are as they were signed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Good {
    pub(super) lines: u64,
    pub(super) time_s: Option<u64>,
    /// Where the line after them begins.
    pub(super) place: Place,
}

/// A root that these lines must have had at one size, beside those of the checkpoints.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    pub(super) root: Hash,
    pub(super) kind: DamageKind,
    pub(super) file: String,
    /// What is said when it is not so.
    pub(super) what: String,
}

/// The verification on its way through the lines.
pub(super) struct Judge<'a> {
    pub(super) trail: &'a TrailReader,
    pub(super) beside: &'a Beside,
    pub(super) marks: Marks<'a>,
    pub(super) pending: Option<Mark>,
    /// By size; taken out when they were compared.
    pub(super) claims: BTreeMap<u64, Vec<Claim>>,
    pub(super) tree: Tree,
    pub(super) walk: Walk,
    /// Lines so far, archived ones too.
    pub(super) lines: u64,
    /// The archived ones.
    pub(super) start: u64,
    /// Whether the lines up to `start` were proven by a checkpoint of that size.
    pub(super) is_start_proven: bool,
    /// The segment that is read, and its first line.
    pub(super) segment: Option<usize>,
    pub(super) segment_first: u64,
    /// Its last line, if that is known: what stands behind has the numbers of other lines.
    pub(super) segment_last: u64,
    pub(super) byte: u64,
    pub(super) good: Good,
    /// The first checkpoint since `good` whose root is another one.
    pub(super) suspect: Option<Mark>,
    /// Whether lines are missing before these, and nothing tells what their tree was.
    pub(super) is_blind: bool,
    /// Whether lines before these were not counted, or not as they were signed.
    pub(super) is_restarted: bool,
    /// The first line of the stretch that `good` ends.
    pub(super) stretch: u64,
    pub(super) sound: Vec<SoundLines>,
    /// Up to here lines may be the Go program's.
    go_until: u64,
    pub(super) is_seal_compared: bool,
    /// Whether the seal says that the tracker stopped as asked, and nothing may follow.
    pub(super) is_end_closed: bool,
    /// Checkpoints from elsewhere of lines that are not here.
    pub(super) unchecked_anchors: usize,
    /// Those that were compared with the lines, or with a checkpoint of as many.
    pub(super) compared_anchors: usize,
    pub(super) damages: Vec<Damage>,
    pub(super) more_damages: u64,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        trail: &'a TrailReader,
        beside: &'a Beside,
        mut marks: Marks<'a>,
        claims: BTreeMap<u64, Vec<Claim>>,
    ) -> Result<Self, VerifyError> {
        let first = first_line(trail, beside);
        let start = first.saturating_sub(1);
        let archived = beside.entry_to(start).and_then(|entry| Some((entry, entry.tree()?)));
        let (walk, tree) = match &archived {
            Some((entry, tree)) if start > 0 => (Walk::from_positions(&entry.positions), tree.clone()),
            _ => (Walk::default(), Tree::new()),
        };
        let pending = marks.next().map_err(|source| checkpoints_disk(trail, source))?;
        let mut judge = Self {
            trail,
            beside,
            go_until: pending.map_or(u64::MAX, |mark| mark.size),
            marks,
            pending,
            claims,
            is_blind: start > 0 && archived.is_none(),
            tree,
            walk,
            lines: start,
            start,
            is_start_proven: false,
            segment: None,
            segment_first: first,
            segment_last: u64::MAX,
            byte: 0,
            good: Good { lines: start, time_s: None, place: Place { segment: 0, byte: 0 } },
            suspect: None,
            is_restarted: false,
            stretch: first,
            sound: Vec::new(),
            is_seal_compared: false,
            is_end_closed: false,
            unchecked_anchors: 0,
            compared_anchors: 0,
            damages: Vec::new(),
            more_damages: 0,
        };
        judge.pass_archived()?;
        judge.compare()?;
        Ok(judge)
    }

    /// Goes past the lines of one piece of a segment.
    pub(super) fn take(&mut self, segment: usize, piece: &Looked) -> Result<(), VerifyError> {
        self.enter(segment)?;
        for facts in &piece.lines {
            let place = self.place();
            let number = self.lines + 1;
            let may_be_go = number <= self.go_until;
            let does_not_follow = self.walk.pass(facts, may_be_go);
            if let Some(what) = facts.wrong.clone().or(does_not_follow) {
                self.complain_of_lines(DamageKind::Line, number..=number, place, what);
            }
            self.tree.push(facts.leaf);
            self.lines = number;
            self.byte += facts.bytes;
            self.compare()?;
        }
        if piece.more_lines > 0 {
            let lines = self.lines + 1..=self.lines + piece.more_lines;
            let what = "they are too short to be lines of a trail, and were not looked at".to_owned();
            self.complain_of_lines(DamageKind::Line, lines, self.place(), what);
            (self.lines, self.byte) = (self.lines + piece.more_lines, self.byte + piece.more_bytes);
            self.is_blind = true;
            self.compare()?;
        }
        Ok(())
    }

    /// Where the next line begins.
    pub(super) fn place(&self) -> Place {
        Place { segment: self.segment.unwrap_or(0), byte: self.byte }
    }

    /// Compares with everything that was noted at this number of lines.
    pub(super) fn compare(&mut self) -> Result<(), VerifyError> {
        if self.lines > self.segment_last {
            return Ok(());
        }
        while let Some(mark) = self.pending.filter(|mark| mark.size <= self.lines) {
            if mark.size == self.lines && !self.is_blind {
                self.compare_root(mark);
            }
            self.next_mark()?;
        }
        if self.claims.first_key_value().is_some_and(|(size, _)| *size <= self.lines) {
            self.compare_claims();
        }
        if self.beside.seal.as_ref().is_some_and(|seal| seal.lines == self.lines) && !self.is_seal_compared {
            self.is_seal_compared = true;
            self.compare_seal()?;
        }
        Ok(())
    }

    pub(super) fn next_mark(&mut self) -> Result<(), VerifyError> {
        self.pending = self.marks.next().map_err(|source| checkpoints_disk(self.trail, source))?;
        Ok(())
    }

    fn compare_root(&mut self, mark: Mark) {
        if self.tree.root() != mark.root {
            self.suspect = self.suspect.or(Some(mark));
            return;
        }
        if let Some(wrong) = self.suspect.take() {
            // The lines are those that were signed later, so it is not they that are wrong.
            let what = format!("its root of {} lines is not that of the lines, and a later one is", wrong.size);
            let damage = Damage::of_file(DamageKind::Checkpoint, CHECKPOINTS, what);
            self.complain(Damage { byte: Some(wrong.byte), ..damage });
        }
        self.is_start_proven |= mark.size == self.start;
        self.good = Good { lines: mark.size, time_s: mark.time_s, place: self.place() };
    }

    fn compare_claims(&mut self) {
        let later = self.claims.split_off(&(self.lines + 1));
        let now = std::mem::replace(&mut self.claims, later);
        if self.suspect.is_some() || self.is_blind {
            return;
        }
        let root = self.tree.root();
        let here = self.lines;
        let anchors = |claims: &[Claim]| claims.iter().filter(|claim| claim.kind == DamageKind::Anchor).count();
        self.unchecked_anchors += now.range(..here).map(|(_, claims)| anchors(claims)).sum::<usize>();
        self.compared_anchors += now.get(&here).map_or(0, |claims| anchors(claims));
        let wrong = now.into_iter().filter(|(size, _)| *size == here);
        for claim in wrong.flat_map(|(_, claims)| claims).filter(|claim| claim.root != root) {
            self.complain(Damage::of_file(claim.kind, &claim.file, claim.what));
        }
    }

    /// Goes past the checkpoints of fewer lines than those that are here: what is left of those lines
    /// is what was noted when their segments were closed.
    fn pass_archived(&mut self) -> Result<(), VerifyError> {
        while let Some(mark) = self.pending.filter(|mark| mark.size < self.start) {
            let entry = self.beside.entry_to(mark.size);
            if entry.and_then(SegmentEntry::tree).is_some_and(|tree| tree.root() != mark.root) {
                let what = format!("the frontier of {} lines is not what was signed", mark.size);
                self.complain(Damage::of_file(DamageKind::Segment, SEGMENTS, what));
            }
            for claim in self.claims.remove(&mark.size).into_iter().flatten() {
                self.compared_anchors += usize::from(claim.kind == DamageKind::Anchor);
                if claim.root != mark.root {
                    self.complain(Damage::of_file(claim.kind, &claim.file, claim.what));
                }
            }
            self.next_mark()?;
        }
        // Each checkpoint stands in the folder before it is published.
        let later = self.claims.split_off(&self.start);
        let archived = std::mem::replace(&mut self.claims, later);
        for (size, claims) in archived {
            for claim in claims.into_iter().filter(|claim| claim.kind == DamageKind::Anchor) {
                let what = format!("{}: none of {size} lines is in {CHECKPOINTS}", claim.what);
                self.complain(Damage::of_file(claim.kind, &claim.file, what));
            }
        }
        Ok(())
    }

    /// Says that something is damaged.
    pub(super) fn complain(&mut self, damage: Damage) {
        if damage.first_line.is_some() {
            self.end_stretch();
        }
        if self.damages.len() < Report::MOST_DAMAGES {
            self.damages.push(damage);
        } else {
            self.more_damages += 1;
        }
    }

    pub(super) fn complain_of_lines(
        &mut self,
        kind: DamageKind,
        lines: std::ops::RangeInclusive<u64>,
        place: Place,
        what: String,
    ) {
        let (first_line, last_line) = (Some(*lines.start()), Some(*lines.end()));
        let file = self.segment_name(place.segment);
        self.complain(Damage { kind, file, first_line, last_line, byte: Some(place.byte), what });
    }

    /// Notes the lines from the last damage on that are as they were signed, up to here.
    fn end_stretch(&mut self) {
        if self.good.lines >= self.stretch {
            let Good { lines: last, time_s: signed_s, .. } = self.good;
            self.sound.push(SoundLines { first: self.stretch, last, signed_s });
        }
        self.stretch = u64::MAX;
    }

    /// Says, when a root was another one than signed, among which lines the cause is.
    pub(super) fn settle_suspect(&mut self) {
        let Some(mark) = self.suspect.take() else { return };
        let lines = self.good.lines + 1..=mark.size;
        let when = mark.time_s.map_or(String::new(), |time_s| format!(" at {}", super::time_text(time_s)));
        let exact = |damage: &&mut Damage| {
            damage.kind == DamageKind::Line && damage.first_line.is_some_and(|line| lines.contains(&line))
        };
        if let Some(damage) = self.damages.iter_mut().find(exact) {
            let (first, last) = (lines.start(), lines.end());
            damage.what.push_str(&format!("; and lines {first} to {last} are not those that were signed{when}"));
            return;
        }
        let what = format!("these are not the lines that were signed{when}: one was changed, removed, added or moved");
        self.complain_of_lines(DamageKind::Altered, lines, self.good.place, what);
    }

    /// Goes on with what was noted of the tree and the positions at the end of a closed segment,
    /// because the lines before are not those that were signed.
    pub(super) fn restart_at(&mut self, entry: &SegmentEntry, place: Place) {
        let (Some(tree), Some(lines)) = (entry.tree(), entry.end()) else { return };
        self.settle_suspect();
        self.end_stretch();
        self.tree = tree;
        self.lines = lines;
        self.walk.go_on_at(&entry.positions);
        (self.is_blind, self.is_restarted) = (false, true);
        self.stretch = lines.saturating_add(1);
        self.good = Good { lines, time_s: None, place };
    }

    pub(super) fn segment_name(&self, segment: usize) -> String {
        let path = self.trail.segments().get(segment).map(|segment| segment.path.as_path());
        path.and_then(|path| path.file_name()).unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The rest of what is known at the end of all lines.
    pub(super) fn end_lines(&mut self) {
        self.settle_suspect();
        self.end_stretch();
    }
}

/// The number of the first line that is here. Rotated segments have it in their name; for the newest
/// alone, what stands beside it tells.
pub(super) fn first_line(trail: &TrailReader, beside: &Beside) -> u64 {
    let newest = super::super::trail_path(trail.dir());
    match trail.segments().first() {
        Some(first) if first.path != newest => first.first_line,
        _ => {
            let of_seal = beside.seal.as_ref().map(|seal| seal.segment.first_line);
            let of_entries = beside.entries.last().and_then(next_line);
            match (of_seal, of_entries) {
                (Some(line), _) if line == 1 || beside.entry_to(line - 1).is_some() => line,
                (_, Some(line)) => line,
                (Some(line), None) => line,
                (None, None) => 1,
            }
        }
    }
}

fn checkpoints_disk(trail: &TrailReader, source: std::io::Error) -> VerifyError {
    disk(&trail.dir().join(CHECKPOINTS), source)
}
