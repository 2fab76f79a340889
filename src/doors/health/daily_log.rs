//! A log with a file a day: JSON lines, in parts of a bounded size, for a bounded number of days; and reading it back.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Map, Value, json};

use crate::words::record::Level;

/// A part is not longer, in bytes.
const LONGEST_PART: u64 = 20 << 20;

/// So many days are kept.
const DAYS: i64 = 14;

/// The log of one service. Clones share it.
#[derive(Clone)]
pub struct DailyLog {
    folder: PathBuf,
    name: &'static str,
    open: Arc<Mutex<Option<Part>>>,
}

struct Part {
    date: Date,
    file: File,
    bytes: u64,
}

/// Which lines are asked for.
#[derive(Clone, Debug, Default)]
pub struct LogQuery {
    /// `INFO`, `WARN` or `ERROR`.
    pub level: Option<String>,
    /// Who wrote it.
    pub context: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Not after.
    pub to: Option<Timestamp>,
    /// So many of the newest are left out.
    pub skip: usize,
    /// At most so many.
    pub limit: usize,
}

impl DailyLog {
    /// The log of `<folder>/<name>-YYYY-MM-DD.log`.
    pub fn new(folder: &Path, name: &'static str) -> Self {
        Self { folder: folder.to_owned(), name, open: Arc::default() }
    }

    /// Writes a line; `context` is which part of the service says it.
    ///
    /// # Errors
    /// What the operating system says; the line is lost, nothing else.
    pub fn write(&self, level: Level, context: &str, message: &str, more: &Value) -> io::Result<()> {
        let now = Timestamp::now();
        let mut line = json!({
            "timestamp": format!("{now:.3}"), "level": level, "context": context, "message": message,
        });
        if let (Value::Object(line), Value::Object(more)) = (&mut line, more) {
            line.extend(more.clone());
        }
        let line = format!("{line}\n");
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let date = now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let part = match open.take().filter(|part| part.date == date && part.bytes < LONGEST_PART) {
            Some(part) => part,
            None => self.part(date)?,
        };
        let part = open.insert(part);
        part.file.write_all(line.as_bytes())?;
        part.bytes += line.len() as u64;
        Ok(())
    }

    /// The part of a day that has room, made when it is missing; what is too old goes.
    fn part(&self, date: Date) -> io::Result<Part> {
        for (old, number, path) in self.parts() {
            if old < date.saturating_sub(DAYS.days()) {
                tracing::debug!(%old, number, "a log of that day goes");
                std::fs::remove_file(path)?;
            }
        }
        let last = self.parts().into_iter().filter(|(day, _, _)| *day == date).map(|(_, number, _)| number).max();
        let mut number = last.unwrap_or_default();
        loop {
            let path = self.folder.join(self.file_name(date, number));
            let file = OpenOptions::new().append(true).create(true).open(path)?;
            let bytes = file.metadata()?.len();
            if bytes < LONGEST_PART {
                return Ok(Part { date, file, bytes });
            }
            number += 1;
        }
    }

    fn file_name(&self, date: Date, number: u32) -> String {
        match number {
            0 => format!("{}-{date}.log", self.name),
            _ => format!("{}-{date}.{number}.log", self.name),
        }
    }

    /// All parts, oldest first.
    fn parts(&self) -> Vec<(Date, u32, PathBuf)> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut parts: Vec<_> = entries
            .filter_map(|entry| {
                let name = entry.file_name();
                let middle = name.to_str()?.strip_prefix(self.name)?.strip_prefix('-')?.strip_suffix(".log")?;
                let (date, number) = middle.split_once('.').unwrap_or((middle, "0"));
                Some((date.parse().ok()?, number.parse().ok()?, entry.path()))
            })
            .collect();
        parts.sort();
        parts
    }

    /// The lines that are asked for, newest first, each with its `id`.
    pub fn read(&self, query: &LogQuery) -> Vec<Value> {
        let mut found = Vec::new();
        let mut left_out = 0;
        let day = |time: Timestamp| time.to_zoned(jiff::tz::TimeZone::UTC).date();
        for (date, number, path) in self.parts().into_iter().rev() {
            if query.from.is_some_and(|from| date < day(from)) || query.to.is_some_and(|to| date > day(to)) {
                continue;
            }
            for (index, line) in lines(&path).into_iter().enumerate().rev() {
                if found.len() >= query.limit {
                    return found;
                }
                let Some(line) = with_id(&line, date, number, index).filter(|line| matches(line, query)) else {
                    continue;
                };
                if left_out < query.skip {
                    left_out += 1;
                } else {
                    found.push(Value::Object(line));
                }
            }
        }
        found
    }

    /// The line with this id.
    pub fn line(&self, id: &str) -> Option<Value> {
        let (part, line) = id.rsplit_once('-')?;
        let (date, number) = part.split_once('.').unwrap_or((part, "0"));
        let (date, number, index) =
            (date.parse().ok()?, number.parse().ok()?, line.parse::<usize>().ok()?.checked_sub(1)?);
        let lines = lines(&self.folder.join(self.file_name(date, number)));
        with_id(lines.get(index)?, date, number, index).map(Value::Object)
    }
}

fn lines(path: &Path) -> Vec<String> {
    let Ok(file) = File::open(path) else { return Vec::new() };
    // One that a full disk cut within a letter hides only itself.
    let lines = BufReader::new(file).split(b'\n').map_while(Result::ok);
    lines.map(|line| String::from_utf8_lossy(&line).into_owned()).collect()
}

fn with_id(line: &str, date: Date, number: u32, index: usize) -> Option<Map<String, Value>> {
    let part = if number == 0 { String::new() } else { format!(".{number}") };
    let mut all = Map::new();
    all.insert("id".to_owned(), format!("{date}{part}-{}", index + 1).into());
    // A line that a kill cut short is no line.
    let line: Map<String, Value> = serde_json::from_str(line).ok()?;
    all.extend(line);
    Some(all)
}

fn matches(line: &Map<String, Value>, query: &LogQuery) -> bool {
    let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
    let is =
        |asked: &Option<String>, name: &str| asked.as_ref().is_none_or(|asked| asked.eq_ignore_ascii_case(text(name)));
    let time = text("timestamp").parse::<Timestamp>().ok();
    is(&query.level, "level")
        && is(&query.context, "context")
        && query.from.is_none_or(|from| time.is_some_and(|time| time >= from))
        && query.to.is_none_or(|to| time.is_some_and(|time| time <= to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_again_by_level_time_and_id() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("x-2001-01-01.log"), "{\"level\":\"INFO\"}\n").expect("written");
        let log = DailyLog::new(folder.path(), "x");
        for n in 0..5 {
            let level = if n == 3 { Level::Warn } else { Level::Info };
            log.write(level, "orders", &format!("line {n}"), &json!({"orderNumber": n})).expect("written");
        }
        assert_eq!(log.parts().len(), 1, "what is too old is gone");
        let all = log.read(&LogQuery { limit: 100, ..LogQuery::default() });
        assert_eq!(all.len(), 5);
        assert_eq!(all[0]["message"], "line 4");
        let some = log.read(&LogQuery { level: Some("info".into()), skip: 1, limit: 2, ..LogQuery::default() });
        assert_eq!((&some[0]["message"], &some[1]["message"]), (&json!("line 2"), &json!("line 1")));
        assert_eq!(log.line(some[0]["id"].as_str().expect("an id")).as_ref(), Some(&some[0]));
        assert_eq!(log.line("2001-01-01-9"), None);
        let later = Timestamp::now() + 1.hours();
        assert!(log.read(&LogQuery { from: Some(later), limit: 9, ..LogQuery::default() }).is_empty());
    }
}
