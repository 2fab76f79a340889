//! Where segments begin and end, where the seal ends, and where everything does.

use super::super::trail_path;
use super::VerifyError;
use super::beside::{SEAL, SEGMENTS, next_line};
use super::judge::{Judge, Place};
use super::notes::CHECKPOINTS;
use super::report::{Damage, DamageKind};
use crate::words::seal::Seal;
use sha2::{Digest as _, Sha256};

impl Judge<'_> {
    /// Makes `segment` the one that is read, past those before it.
    pub(super) fn enter(&mut self, segment: usize) -> Result<(), VerifyError> {
        while self.segment.is_none_or(|current| current < segment) {
            let next = self.segment.map_or(0, |current| current + 1);
            self.close();
            self.open(next)?;
        }
        Ok(())
    }

    /// Goes to the end of the last segment, empty ones included.
    pub(super) fn enter_last(&mut self) -> Result<(), VerifyError> {
        if let Some(last) = self.trail.segments().len().checked_sub(1) {
            self.enter(last)?;
        }
        self.close();
        Ok(())
    }

    fn open(&mut self, segment: usize) -> Result<(), VerifyError> {
        let place = Place { segment, byte: 0 };
        (self.segment, self.byte) = (Some(segment), 0);
        let running = self.lines + 1;
        let due = self.due_first_line(segment).unwrap_or(running);
        if segment > 0 && due != running {
            self.settle_suspect();
            if due > running {
                let what = format!("not here, though line {due} is: a segment, or the end of one, is missing");
                self.complain_of_lines(DamageKind::Missing, running..=due - 1, place, what);
            } else {
                let is_newest =
                    self.trail.segments().get(segment).is_some_and(|this| this.path == trail_path(self.trail.dir()));
                let by = if is_newest { format!("{SEGMENTS} and the seal") } else { "its name".to_owned() };
                let what = format!("it begins with line {due} by {by}, but line {running} is due");
                let damage = Damage::of_file(DamageKind::Segment, &self.segment_name(segment), what);
                self.complain(Damage { first_line: Some(running), ..damage });
            }
            match self.beside.entry_to(due - 1) {
                Some(entry) => self.restart_at(entry, place),
                None if due > running => (self.lines, self.is_blind) = (due - 1, true),
                None => {}
            }
        } else if (self.suspect.is_some() || self.is_blind)
            && let Some(entry) = self.beside.entry_to(self.lines)
        {
            self.restart_at(entry, place);
        }
        self.segment_first = self.lines + 1;
        let is_last = segment + 1 == self.trail.segments().len();
        let entry = self.beside.entry_from(self.segment_first).filter(|_| !is_last);
        self.segment_last = entry.and_then(|entry| entry.end()).unwrap_or(u64::MAX);
        if self.good.lines == self.lines {
            self.good.place = place;
        }
        self.compare()
    }

    /// The line that a segment must begin with, as far as anything but the lines before it tells.
    fn due_first_line(&self, segment: usize) -> Option<u64> {
        let newest = trail_path(self.trail.dir());
        let segments = self.trail.segments();
        let this = segments.get(segment)?;
        if this.path != newest {
            return Some(this.first_line);
        }
        // A seal from before the last rotation tells of a segment that has its number as its name.
        let is_named = |line: u64| segments.iter().any(|other| other.path != newest && other.first_line == line);
        let of_seal = self.beside.seal.as_ref().map(|seal| seal.segment.first_line).filter(|line| !is_named(*line));
        // A kill may have come between closing the newest and renaming it.
        let last = self.beside.entries.last();
        let of_entries = last.filter(|last| is_named(last.first_line) || of_seal.is_none()).and_then(next_line);
        let running = self.lines + 1;
        if of_seal == Some(running) || of_entries == Some(running) { Some(running) } else { of_entries.or(of_seal) }
    }

    /// Compares a segment that was read with what was noted when it was closed.
    fn close(&mut self) {
        let Some(segment) = self.segment else { return };
        let name = self.segment_name(segment);
        let is_newest = self.trail.segments().get(segment).is_none_or(|this| this.path == trail_path(self.trail.dir()));
        let Some(entry) = self.beside.entry_from(self.segment_first) else {
            if !is_newest {
                let what = format!("{SEGMENTS} does not tell of it");
                self.complain(Damage::of_file(DamageKind::Segment, &name, what));
            }
            return;
        };
        let lines = self.lines + 1 - self.segment_first;
        let is_known = self.suspect.is_none() && !self.is_blind;
        let what = if entry.lines != lines {
            Some(format!("it has {lines} lines, and {SEGMENTS} says {}", entry.lines))
        } else if entry.bytes != self.byte {
            Some(format!("it has {} bytes of lines, and {SEGMENTS} says {}", self.byte, entry.bytes))
        } else if is_known && entry.frontier != self.tree.frontier() {
            Some(format!("its frontier in {SEGMENTS} is not that of its lines"))
        } else {
            let told = self.walk.contradicts(&entry.positions);
            let told = told.or_else(|| self.miscounts([entry.valid, entry.invalid, entry.gaps]));
            told.filter(|_| is_known).map(|what| format!("what {SEGMENTS} says of it is not so: {what}"))
        };
        if let Some(what) = what {
            self.complain(Damage::of_file(DamageKind::Segment, &name, what));
        }
    }

    /// Compares the lines so far, which are as many as were sealed, with the seal.
    pub(super) fn compare_seal(&mut self) -> Result<(), VerifyError> {
        let Some(seal) = self.beside.seal.as_ref().filter(|_| self.suspect.is_none() && !self.is_blind) else {
            return Ok(());
        };
        if seal.root != self.tree.root() {
            if self.good.lines == self.lines {
                let what = format!("its root of {} lines is not what was signed", seal.lines);
                self.complain(Damage::of_file(DamageKind::Seal, SEAL, what));
            } else {
                let what = "these are not the lines that were sealed, or the seal was changed: one was changed, \
                            removed, added or moved";
                let lines = self.good.lines + 1..=self.lines;
                self.complain_of_lines(DamageKind::Altered, lines, self.good.place, what.to_owned());
            }
            return Ok(());
        }
        let wrong = match self.wrong_counts(seal).or_else(|| self.walk.contradicts(&seal.positions)) {
            Some(wrong) => Some(wrong),
            None => self.wrong_end_of_seal(seal)?,
        };
        if let Some(wrong) = wrong {
            self.complain(Damage::of_file(DamageKind::Seal, SEAL, wrong));
        }
        Ok(())
    }

    /// What the seal counts otherwise than the lines do, or tells otherwise of roll-backs.
    fn wrong_counts(&self, seal: &Seal) -> Option<String> {
        if self.is_restarted {
            return None;
        }
        let wrong = self.miscounts([seal.valid, seal.invalid, seal.gaps]);
        wrong.or_else(|| self.walk.contradicts_rolled_back(&seal.rolled_back))
    }

    /// Whether so many valid and invalid messages and gaps are not those of all lines so far: of those that
    /// are not here, the last closed segment among them tells.
    fn miscounts(&self, told: [u64; 3]) -> Option<String> {
        let archived = self.beside.entry_to(self.start).filter(|_| self.start > 0);
        let before = archived.map_or([0; 3], |entry| [entry.valid, entry.invalid, entry.gaps]);
        let counts = self.walk.counts();
        let here = [counts.valid, counts.invalid, counts.gaps];
        let due: Vec<u64> = before.iter().zip(here).map(|(before, here)| before.saturating_add(here)).collect();
        let is_unknown = self.is_restarted || (self.start > 0 && archived.is_none());
        (told[..] != due[..] && !is_unknown)
            .then(|| format!("it counts {told:?} valid, invalid and gaps, and there are {due:?}"))
    }

    /// What the seal says about the newest segment and its last bytes, and is not so.
    fn wrong_end_of_seal(&self, seal: &Seal) -> Result<Option<String>, VerifyError> {
        let told = &seal.segment;
        let is_new = told.bytes == 0 && told.first_line == self.lines + 1;
        let is_here = told.first_line == self.segment_first && told.bytes == self.byte;
        if !is_new && !is_here {
            let what = format!(
                "it ends at byte {} of the segment of line {}, and its lines end at byte {} of that of line {}",
                told.bytes, told.first_line, self.byte, self.segment_first
            );
            return Ok(Some(what));
        }
        if is_new && told.started_ms != 0 {
            return Ok(Some("its newest segment has no line and a time of its first one".to_owned()));
        }
        let length = usize::try_from(seal.tail.bytes).unwrap_or(usize::MAX);
        let bytes = match (told.bytes.checked_sub(seal.tail.bytes), self.segment) {
            (Some(from), Some(segment)) if length > 0 => self.trail.read_line(segment, from, length)?,
            _ => Vec::new(),
        };
        let is_tail = bytes.len() == length && <[u8; 32]>::from(Sha256::digest(&bytes)) == seal.tail.sha256;
        Ok((!is_tail).then(|| "the hash of its tail is not that of its last bytes".to_owned()))
    }

    /// Judges the end of the trail: whether it is behind everything that was noted of it.
    pub(super) fn judge_end(&mut self) -> Result<(), VerifyError> {
        self.end_lines();
        let end = self.place();
        while self.pending.is_some() {
            self.next_mark()?;
        }
        let signed = self.marks.last();
        let seal = self.beside.seal.as_ref();
        let sealed_lines = seal.map_or(0, |seal| seal.lines);
        let noted = sealed_lines.max(signed.map_or(0, |mark| mark.size));
        if self.lines < noted {
            let signed = signed.filter(|mark| mark.size == noted).and_then(|mark| mark.time_s);
            let how = signed.map_or("sealed".to_owned(), |time_s| format!("signed at {}", super::time_text(time_s)));
            let what = format!("not here, though {how}: the end of the trail was cut off");
            self.complain_of_lines(DamageKind::Missing, self.lines + 1..=noted, end, what);
        }
        let here = self.lines;
        for (size, claims) in std::mem::take(&mut self.claims).split_off(&(here + 1)) {
            for claim in claims {
                let what = format!("{}: it is of {size} lines, and there are {here}", claim.what);
                self.complain(Damage::of_file(claim.kind, &claim.file, what));
            }
        }
        self.judge_behind_clean_seal()?;
        self.judge_end_of_checkpoints(sealed_lines, seal.is_some_and(|seal| seal.clean));
        if self.start > 0 && !self.is_start_proven {
            let what = format!("no checkpoint proves the lines 1 to {} that are not here", self.start);
            self.complain(Damage::of_file(DamageKind::Segment, SEGMENTS, what));
        }
        if seal.is_some_and(|seal| seal.lines < self.start) {
            let what = format!("it is of {sealed_lines} lines, and line {} was archived", self.start);
            self.complain(Damage::of_file(DamageKind::Seal, SEAL, what));
        }
        Ok(())
    }

    /// Nothing may follow a seal that says that the tracker stopped as asked, unless another one, which says
    /// that it has begun again, has taken its place meanwhile.
    fn judge_behind_clean_seal(&mut self) -> Result<(), VerifyError> {
        let Some(seal) = self.beside.seal.as_ref().filter(|seal| seal.clean) else { return Ok(()) };
        self.is_end_closed = self.beside.is_seal_unchanged(self.trail.dir())?;
        if self.is_end_closed && self.lines > seal.lines {
            let last = self.trail.segments().len().saturating_sub(1);
            let place = Place { segment: last, byte: seal.segment.bytes };
            let what = "they stand behind the seal of a tracker that stopped as asked: somebody added them".to_owned();
            self.complain_of_lines(DamageKind::Altered, seal.lines + 1..=self.lines, place, what);
        }
        Ok(())
    }

    fn judge_end_of_checkpoints(&mut self, sealed_lines: u64, is_clean: bool) {
        let signed_lines = self.marks.last().map(|mark| mark.size);
        let what = match signed_lines {
            None if sealed_lines > 0 => Some("it holds no checkpoint, and lines are sealed".to_owned()),
            Some(lines) if lines > sealed_lines && self.beside.seal.is_some() => {
                let what = format!("it is of {sealed_lines} lines, and {lines} were signed: it is an older copy");
                self.complain(Damage::of_file(DamageKind::Seal, SEAL, what));
                None
            }
            Some(lines) if is_clean && lines < sealed_lines => {
                Some(format!("the tracker stopped as asked with {sealed_lines} lines, and the last is of {lines}"))
            }
            Some(_) if is_clean && self.marks.torn_bytes() > 0 => {
                Some("the tracker stopped as asked, and the last is torn".to_owned())
            }
            _ => None,
        };
        if let Some(what) = what {
            self.complain(Damage::of_file(DamageKind::Checkpoint, CHECKPOINTS, what));
        }
    }
}
