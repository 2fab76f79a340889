//! The summary as plain lines: the labels of the screen, one figure a line, no escape codes.

use std::fmt::Display;

use crate::logic::monitor::{Alive, Counted, Counts, Figures, PartitionFigures};
use crate::programs::monitor::texts::{Place, Texts, shape, trend_shape};
use crate::tools::shown::safe;

struct Lines<'a> {
    texts: &'a Texts,
    figures: &'a Figures,
    is_ascii: bool,
    written: String,
}

/// All lines, each with its LF.
pub(super) fn summary(figures: &Figures, place: Place<'_>, texts: &Texts, is_ascii: bool) -> String {
    let mut lines = Lines { texts, figures, is_ascii, written: String::new() };
    lines.verdict(place);
    lines.counts();
    lines.health();
    lines.tracker(place);
    lines.partitions();
    // A script greps for figures: the spaces that no line ends at would be in its way.
    let written = lines.written.replace('\u{a0}', " ");
    if is_ascii { written.replace('–', "-").replace('≥', ">=").replace('−', "-") } else { written }
}

impl Lines<'_> {
    /// One figure with its label; what has none is left out by the caller.
    fn line(&mut self, label: &str, value: impl Display) {
        self.written.push_str(&format!("{label} {value}\n"));
    }

    fn verdict(&mut self, place: Place<'_>) {
        let (texts, figures) = (self.texts, self.figures);
        let spoken = texts.verdict(figures, place);
        let sign = shape(figures.verdict.sign, self.is_ascii);
        let score = figures.quality.map_or_else(String::new, |quality| format!(" {}/100", quality.score));
        self.line(texts.overall, format!("{sign} {}{score}", spoken.word));
        for sentence in [spoken.reason, spoken.advice] {
            if !sentence.is_empty() {
                self.written.push_str(&format!("  {sentence}\n"));
            }
        }
    }

    fn counts(&mut self) {
        let texts = self.texts;
        let counts = self.figures.counts;
        let shown = |figure: fn(&Counts) -> Counted| {
            counts.as_ref().map_or_else(|| texts.unknown.to_owned(), |counts| texts.counted(figure(counts)))
        };
        self.line(texts.received, shown(|counts| counts.received));
        self.line(texts.valid, shown(|counts| counts.valid));
        self.line(texts.invalid, shown(|counts| counts.invalid));
        let offsets = counts.filter(|counts| counts.gaps.count > 0).map_or_else(String::new, |counts| {
            format!(" ({} {})", texts.counted(counts.gap_offsets), texts.offsets_word)
        });
        self.line(texts.gaps, format!("{}{offsets}", shown(|counts| counts.gaps)));
        self.line(texts.unreadable, shown(|counts| counts.unreadable));
        self.line(texts.last_message, self.age(self.figures.last_message_age_ms));
        if let Some(run) = self.figures.run {
            let age = texts.age(run.age.age_ms);
            self.line(texts.this_run, format!("{} ({age})", texts.count(run.received)));
        }
    }

    fn age(&self, age_ms: Option<i64>) -> String {
        age_ms.map_or_else(|| self.texts.unknown.to_owned(), |age_ms| self.texts.age(age_ms))
    }

    fn health(&mut self) {
        let (texts, figures, is_ascii) = (self.texts, self.figures, self.is_ascii);
        let unknown = || texts.unknown.to_owned();
        let state = |sign, word| format!(" {} {word}", shape(sign, is_ascii));
        let success = figures.success.whole.map_or_else(unknown, |whole| texts.percent(whole));
        let word = figures.success.state.map(|good| state(good.sign(), texts.success_state(good)));
        self.line(texts.success, format!("{success}{}", word.unwrap_or_default()));
        if let Some(lately) = figures.success.last_15_min {
            self.line(&format!("{} {}", texts.success, texts.in_15_min), texts.percent(lately));
        }
        let rate = figures.throughput.per_second.map_or_else(unknown, |rate| texts.rate(rate));
        let word = figures.throughput.state.map(|good| state(good.sign(), texts.throughput_state(good)));
        self.line(texts.throughput, format!("{rate}{}", word.unwrap_or_default()));
        let count = figures.errors.count.map_or_else(unknown, |count| texts.counted(count));
        let newest =
            figures.errors.newest_age_ms.map_or_else(String::new, |age_ms| format!(" ({})", texts.age(age_ms)));
        let word = figures.errors.state.map(|good| state(good.sign(), texts.error_state(good)));
        self.line(texts.errors, format!("{count}{newest}{}", word.unwrap_or_default()));
        let quality = figures.quality.map_or_else(unknown, |quality| {
            let parts = format!("{}+{}+{}", quality.success, quality.throughput, quality.errors);
            format!("{} {} ({parts})", quality.score, texts.quality_word(quality.word))
        });
        self.line(texts.quality, quality);
        self.lag();
    }

    fn lag(&mut self) {
        let texts = self.texts;
        let Some(lag) = &self.figures.lag else {
            return self.line(texts.lag, texts.unknown);
        };
        let trend = lag
            .trend
            .map_or_else(String::new, |trend| format!(" {} {}", trend_shape(trend, self.is_ascii), texts.trend(trend)));
        let to_zero = lag
            .to_zero_ms
            .map_or_else(String::new, |to_zero_ms| format!(", {} {}", texts.to_zero, texts.duration(to_zero_ms)));
        self.line(texts.lag, format!("{}{trend}{to_zero}", texts.count(lag.messages)));
    }

    fn tracker(&mut self, place: Place<'_>) {
        let (texts, figures) = (self.texts, self.figures);
        let tracker = &figures.tracker;
        let is_running = matches!(tracker.alive, Alive::Running | Alive::Stopping);
        let mut parts = Vec::new();
        if let Some(up_ms) = tracker.up_ms.filter(|_| is_running) {
            parts.push(format!("{} {}", texts.up, texts.uptime(up_ms)));
        }
        parts.extend(tracker.pid.map(|pid| format!("{} {pid}", texts.pid)));
        parts.extend(tracker.topic.as_ref().map(|topic| format!("{} {}", texts.topic.to_lowercase(), safe(topic))));
        parts.extend(tracker.group.as_ref().map(|group| format!("{} {}", texts.group, safe(group))));
        if !parts.is_empty() {
            self.line(texts.tracker, parts.join(", "));
        }
        if let Some(latency) = figures.latency {
            for (label, p99_ms) in [(texts.write, latency.write_p99_ms), (texts.sync, latency.sync_p99_ms)] {
                if let Some(p99_ms) = p99_ms {
                    self.line(label, format!("{} {}", texts.percentile_99, texts.milliseconds(p99_ms)));
                }
            }
        }
        if let Some(resources) = figures.resources {
            let cpu = resources.cpu_percent.map(|percent| texts.load_percent(percent));
            let memory = resources.memory_bytes.map(|bytes| format!("{} {}", texts.memory, texts.memory_size(bytes)));
            self.line(texts.cpu, cpu.into_iter().chain(memory).collect::<Vec<_>>().join(", "));
        }
        if let Some(disk) = figures.disk {
            let left = disk.left_ms.map_or_else(String::new, |left_ms| format!(": {}", texts.duration(left_ms)));
            self.line(texts.disk_free, format!("{}{left}", texts.size(disk.free_bytes)));
        }
        if let Some(sealed) = figures.sealed {
            let lines = texts.count(sealed.lines);
            self.line(texts.sealed, format!("{} {lines}, {}", texts.line_word, texts.age(sealed.age.age_ms)));
        }
        let as_of = place.clock.full(figures.as_of_ms);
        self.line(texts.as_of, as_of);
    }

    fn partitions(&mut self) {
        let texts = self.texts;
        for known in &self.figures.partitions {
            let PartitionFigures { partition, next, lag, .. } = known;
            let next = next.map_or_else(|| texts.unknown.to_owned(), |next| next.to_string());
            let lag = lag.map_or_else(String::new, |lag| format!(", {} {}", texts.lag_word, texts.count(lag)));
            self.line(&format!("{} {partition}", texts.partition), format!("{} {next}{lag}", texts.next));
        }
    }
}
