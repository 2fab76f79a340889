//! The small tables of names and values: health, who writes, and the seal.

use crate::doors::web::{Piece, Row, Tone};
use crate::logic::monitor::{Alive, Figures, Sign};
use crate::programs::monitor::page::TRAIL;
use crate::programs::monitor::page::reading::Shown;
use crate::programs::monitor::texts::Texts;

/// What a sign means on a page.
pub(super) fn tone(sign: Sign) -> Tone {
    match sign {
        Sign::Good => Tone::Good,
        Sign::Warn => Tone::Warn,
        Sign::Bad => Tone::Bad,
        Sign::Pending | Sign::Neutral => Tone::Muted,
    }
}

/// A state in its word, with what it means.
pub(super) fn state(sign: Option<Sign>, word: Option<&'static str>) -> Piece {
    match (sign, word) {
        (Some(sign), Some(word)) => Piece::from(word).tone(tone(sign)),
        _ => Piece::default(),
    }
}

fn row(name: &str, value: impl Into<Piece>) -> Row {
    Row::new(name, [begun(name).into(), value.into()])
}

/// The words of the screen, which stand within a line there, as the beginning of one.
fn begun(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Success, throughput, errors and the score, each with its state and from where on that is.
pub(super) fn health(figures: &Figures, texts: &Texts) -> Vec<Row> {
    let unknown = || texts.unknown.to_owned();
    let row = |name: &str, value: String, state: Piece, more: String| {
        Row::new(name, [begun(name).into(), value.into(), state, more.into()])
    };
    let success = &figures.success;
    let throughput = &figures.throughput;
    let errors = &figures.errors;
    let mut rows = vec![
        row(
            texts.success,
            success.whole.map_or_else(unknown, |share| texts.percent(share)),
            state(success.state.map(|state| state.sign()), success.state.map(|state| texts.success_state(state))),
            texts.success_threshold(success.state).to_owned(),
        ),
        row(
            texts.in_15_min,
            success.last_15_min.map_or_else(unknown, |share| texts.percent(share)),
            Piece::default(),
            String::new(),
        ),
        row(
            texts.throughput,
            throughput.per_second.map_or_else(unknown, |rate| texts.rate(rate)),
            state(
                throughput.state.map(|state| state.sign()),
                throughput.state.map(|state| texts.throughput_state(state)),
            ),
            texts.throughput_threshold(throughput.state).to_owned(),
        ),
        row(
            texts.errors,
            errors.count.map_or_else(unknown, |count| texts.counted(count)),
            state(errors.state.map(|state| state.sign()), errors.state.map(|state| texts.error_state(state))),
            errors.newest_age_ms.map(|age_ms| texts.age(age_ms)).unwrap_or_default(),
        ),
    ];
    if let Some(quality) = figures.quality {
        rows.push(row(
            texts.quality,
            format!("{}/100", quality.score),
            texts.quality_word(quality.word).into(),
            format!("{}+{}+{}", quality.success, quality.throughput, quality.errors),
        ));
    }
    rows
}

/// Who writes, and what that takes.
pub(super) fn tracker(figures: &Figures, texts: &Texts) -> Vec<Row> {
    let tracker = &figures.tracker;
    let is_running = matches!(tracker.alive, Alive::Running | Alive::Stopping);
    let mut rows = Vec::new();
    rows.extend(tracker.topic.as_deref().map(|topic| row(texts.topic, topic)));
    rows.extend(tracker.group.as_deref().map(|group| row(texts.group, group)));
    rows.extend(tracker.brokers.as_deref().map(|brokers| row("Kafka", brokers)));
    rows.extend(tracker.up_ms.filter(|_| is_running).map(|up_ms| row(texts.up, texts.uptime(up_ms))));
    rows.extend(tracker.pid.map(|pid| row(texts.pid, pid.to_string())));
    rows.extend(tracker.version.as_deref().map(|version| row("version", version)));
    let standby = tracker.standby.as_ref().map(|standby| match standby.pid {
        Some(pid) => format!("{} {pid}", texts.pid),
        None => texts.yes.to_owned(),
    });
    rows.push(row(texts.standby_word, standby.unwrap_or_else(|| texts.none.to_owned())));
    if let Some(latency) = figures.latency {
        for (name, p99_ms) in [(texts.write_p99, latency.write_p99_ms), (texts.sync_p99, latency.sync_p99_ms)] {
            rows.extend(p99_ms.map(|p99_ms| row(name, texts.milliseconds(p99_ms))));
        }
    }
    if let Some(resources) = figures.resources {
        rows.extend(resources.cpu_percent.map(|percent| row(texts.cpu, texts.load_percent(percent))));
        rows.extend(resources.memory_bytes.map(|bytes| row(texts.memory, texts.memory_size(bytes))));
    }
    if let Some(disk) = figures.disk {
        let left = disk.left_ms.map(|left_ms| format!(", {}", texts.lasts(left_ms))).unwrap_or_default();
        rows.push(row(texts.disk_free, format!("{}{left}", texts.size(disk.free_bytes))));
    }
    rows
}

/// How far the trail is sealed, and by what that can be checked.
pub(super) fn seal(shown: &Shown, texts: &Texts) -> Vec<Row> {
    let now_ms = shown.figures.as_of_ms;
    let mut rows = Vec::new();
    match shown.figures.sealed {
        Some(sealed) => {
            let lines = texts.count(sealed.lines);
            rows.push(row(texts.sealed, format!("{lines} {}, {}", texts.lines_word, texts.age(sealed.age.age_ms))));
        }
        None => rows.push(row(texts.sealed, texts.not_yet)),
    }
    if let Some(checkpoint) = &shown.checkpoint {
        let signed = checkpoint.time_s.and_then(|time_s| i64::try_from(time_s).ok()?.checked_mul(1_000));
        let age = signed.map(|at_ms| format!(", {}", texts.age(now_ms.saturating_sub(at_ms).max(0))));
        let lines = texts.count(checkpoint.lines);
        let told = format!("{lines} {}{}", texts.lines_word, age.unwrap_or_default());
        let is_checked = checkpoint.time_s.is_some();
        let told = Piece::from(told);
        rows.push(row(texts.checkpoint, if is_checked { told } else { told.tone(Tone::Warn) }));
        rows.push(row(texts.choose("root", "racine"), checkpoint.root.as_str()));
    }
    rows.push(row(texts.choose("key", "clé"), format!("{TRAIL}.pub")));
    rows.push(row(
        texts.choose("check", "vérifier"),
        texts.choose("audit verify, in the folder of the trail", "audit verify, dans le dossier du journal"),
    ));
    rows
}
