//! Bars and curves over time: which messages fall into which column, and how high the axes reach.

use super::verdict::Percent;

/// One column: one fixed span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Messages in it, valid or not.
    pub received: u32,
    /// Of these, what was not expected.
    pub invalid: u32,
    /// Whether the lines of this time were read; else the numbers say nothing.
    pub is_known: bool,
}

/// How long a column is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum BucketSize {
    /// 1 s.
    Second,
    /// 5 s.
    Seconds5,
    /// 15 s.
    Seconds15,
    /// 30 s.
    #[default]
    Seconds30,
    /// 1 min.
    Minute,
    /// 5 min.
    Minutes5,
    /// 15 min.
    Minutes15,
}

/// Columns, the oldest first, up to the last finished one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plot {
    /// How long each is.
    pub bucket: BucketSize,
    /// The oldest first.
    pub columns: Vec<Column>,
    /// Where the last one ends, milliseconds since 1970-01-01 UTC.
    pub ends_ms: i64,
}

/// How high the axis of the throughput reaches; the caller keeps one for each plot.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ThroughputAxis {
    top: Option<f64>,
}

/// Where the axis of the success rate begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SuccessFloor(pub Percent);

impl BucketSize {
    /// From the smallest to the biggest.
    pub const ALL: [Self; 7] =
        [Self::Second, Self::Seconds5, Self::Seconds15, Self::Seconds30, Self::Minute, Self::Minutes5, Self::Minutes15];

    /// How long a column is, in milliseconds.
    pub fn span_ms(self) -> i64 {
        1_000
            * match self {
                Self::Second => 1,
                Self::Seconds5 => 5,
                Self::Seconds15 => 15,
                Self::Seconds30 => 30,
                Self::Minute => 60,
                Self::Minutes5 => 300,
                Self::Minutes15 => 900,
            }
    }

    /// The next bigger one; the biggest stays.
    pub fn bigger(self) -> Self {
        Self::ALL.into_iter().find(|other| *other > self).unwrap_or(self)
    }

    /// The next smaller one; the smallest stays.
    pub fn smaller(self) -> Self {
        Self::ALL.into_iter().rev().find(|other| *other < self).unwrap_or(self)
    }

    /// The smallest with at least ten messages a bar; the one of 30 s when none come.
    pub fn for_rate(messages_per_second: f64) -> Self {
        if messages_per_second <= 0.0 {
            return Self::default();
        }
        let fits = |bucket: &Self| messages_per_second * bucket.span_ms() as f64 / 1_000.0 >= 10.0;
        Self::ALL.into_iter().find(fits).unwrap_or(Self::Minutes15)
    }
}

impl Column {
    /// Valid messages among all; `None` without a message.
    pub fn success(&self) -> Option<Percent> {
        let valid = self.received.saturating_sub(self.invalid);
        Percent::of(u64::from(valid), u64::from(self.received))
    }

    /// Messages a second, in columns of this length.
    pub fn per_second(&self, bucket: BucketSize) -> f64 {
        f64::from(self.received) * 1_000.0 / bucket.span_ms() as f64
    }
}

impl Plot {
    /// Where the first column begins, milliseconds since 1970-01-01 UTC.
    pub fn begins_ms(&self) -> i64 {
        self.column_begins_ms(0)
    }

    /// Where a column begins, milliseconds since 1970-01-01 UTC.
    pub fn column_begins_ms(&self, column: usize) -> i64 {
        let behind = i64::try_from(self.columns.len().saturating_sub(column)).unwrap_or(i64::MAX);
        self.ends_ms.saturating_sub(behind.saturating_mul(self.bucket.span_ms()))
    }

    /// The columns whose lines were all read: only they say anything.
    fn known(&self) -> impl DoubleEndedIterator<Item = &Column> {
        self.columns.iter().filter(|column| column.is_known)
    }

    /// Messages a second in the highest column that is known; 0 without one.
    pub fn peak_per_second(&self) -> f64 {
        self.known().map(|column| column.per_second(self.bucket)).fold(0.0, f64::max)
    }

    /// Messages a second since the first column with one: what was before there was anything says nothing. `None`
    /// without a message.
    pub fn mean_per_second(&self) -> Option<f64> {
        let since = || self.known().skip_while(|column| column.received == 0);
        let sum: f64 = since().map(|column| column.per_second(self.bucket)).sum();
        let count = since().count();
        (count > 0).then(|| sum / count as f64)
    }

    /// The lowest success rate of a column that is known; `None` without a message.
    pub fn lowest_success(&self) -> Option<Percent> {
        self.known().filter_map(Column::success).min()
    }

    /// The newest success rate of a column that is known; `None` without a message.
    pub fn newest_success(&self) -> Option<Percent> {
        self.known().rev().find_map(Column::success)
    }
}

impl ThroughputAxis {
    /// A plot never grows again as soon as it has shrunk, as long as it shrinks only below this.
    const SHRINKS_BELOW: f64 = 0.4;

    /// The top for a plot whose highest column is `peak_per_second`: 1, 2 or 5 times a power of ten. It grows at
    /// once, and shrinks when all columns have stayed under 40 % of it; 1 as long as there is nothing.
    pub fn fit(&mut self, peak_per_second: f64) -> f64 {
        let fits = |top: f64| peak_per_second <= top && peak_per_second >= top * Self::SHRINKS_BELOW;
        let top = match self.top {
            Some(top) if fits(top) => top,
            // With nothing to show, a smaller axis would say no more.
            Some(top) if peak_per_second <= 0.0 => top,
            _ => round_top(peak_per_second),
        };
        self.top = (peak_per_second > 0.0).then_some(top).or(self.top);
        top
    }
}

/// The smallest of 1, 2 and 5 times a power of ten that is not below `value`; 1 for nothing.
fn round_top(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return 1.0;
    }
    let mut power = 10_f64.powf(value.log10().floor());
    // The logarithm may be off by one at a power of ten.
    if power > value {
        power /= 10.0;
    }
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power).find(|top| *top >= value).unwrap_or(power * 10.0)
}

impl SuccessFloor {
    /// The first of 99.9, 99, 90, 80 and 0 % that is not above the lowest column.
    pub fn of(plot: &Plot) -> Self {
        let lowest = plot.lowest_success().unwrap_or(Percent::ALL);
        let floors = [9_990, 9_900, 9_000, 8_000].map(Percent::from_hundredths);
        Self(floors.into_iter().find(|floor| *floor <= lowest).unwrap_or(Percent::NONE))
    }
}
