//! Rows made of columns, and figures over time in few columns.

use crate::doors::screen::{Role, Text};
use crate::logic::lag::BUCKET_MS;
use crate::tools::shown;

/// A row made of columns, with a blank between them.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    text: Text,
}

impl Cells {
    /// A word in so many columns.
    pub(super) fn word(mut self, role: Role, text: impl AsRef<str>, columns: usize) -> Self {
        self.text = self.apart().padded(role, text, columns);
        self
    }

    /// A name in so many columns: where there are too few it is its end that tells it from others.
    pub(super) fn name(self, role: Role, name: &str, columns: usize) -> Self {
        let name = shown::safe(name);
        let too_many = shown::width(&name).saturating_sub(columns);
        if too_many == 0 || columns < 4 {
            return self.word(role, name, columns);
        }
        let rest = Text::of(role, &name).skip(too_many + 1);
        self.word(role, format!("…{}", rest.plain()), columns)
    }

    /// A number in so many columns, at their right.
    pub(super) fn number(mut self, role: Role, text: impl AsRef<str>, columns: usize) -> Self {
        self.text = self.apart().padded_left(role, text, columns);
        self
    }

    /// Something that is made already.
    pub(super) fn made(mut self, text: Text, columns: usize) -> Self {
        let missing = columns.saturating_sub(text.width());
        self.text = self.apart().join(text).value(" ".repeat(missing));
        self
    }

    /// What is there, and a blank behind it.
    fn apart(&mut self) -> Text {
        let text = std::mem::take(&mut self.text);
        if text.is_empty() { text } else { text.value(" ") }
    }

    pub(super) fn done(self) -> Text {
        self.text
    }
}

/// What stands for the buckets of one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    /// Their mean: a rate.
    Mean,
    /// The last: a lag.
    Last,
}

/// Buckets of the past joined to columns, the newest last. A column is one fixed span of time, so that nothing moves but
/// the data, and one that is not finished is not shown.
pub(super) fn columns(
    history: &[Option<f64>],
    now_ms: i64,
    a_column: usize,
    most: usize,
    stands: Stands,
) -> Vec<Option<f64>> {
    let running = now_ms.div_euclid(BUCKET_MS);
    let each = i64::try_from(a_column.max(1)).unwrap_or(1);
    let first = running - i64::try_from(history.len()).unwrap_or(0);
    let of = |column: i64| -> Option<f64> {
        let from = usize::try_from((column * each - first).max(0)).ok()?;
        let to = usize::try_from((column + 1) * each - first).ok()?;
        let known: Vec<f64> = history.get(from..to.min(history.len()))?.iter().flatten().copied().collect();
        match stands {
            Stands::Mean => (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64),
            Stands::Last => known.last().copied(),
        }
    };
    let last = running.div_euclid(each);
    let most = i64::try_from(most).unwrap_or(0);
    (last - most..last).map(of).collect()
}
