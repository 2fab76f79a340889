//! What is on the screen, apart from how it is drawn: what has the focus, what is selected, what is open above.

use std::time::Duration;

use super::layout::Layout;
use super::texts::{Clock, Texts};
use crate::base::language::Language;
use crate::doors::screen::InputLine;
use crate::logic::lag::{BrokerFigures, Figures, GroupFigures, TopicFigures, Watch};

/// How long a notice stays, in milliseconds.
const NOTICE_MS: i64 = 4_000;

/// What can be chosen with Tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pane {
    Groups,
    Topics,
    Brokers,
}

impl Pane {
    pub(super) const ALL: [Self; 3] = [Self::Groups, Self::Topics, Self::Brokers];

    fn index(self) -> usize {
        self as usize
    }
}

/// By what the groups are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Lag,
    Slope,
    Name,
}

impl Sort {
    pub(super) fn next(self) -> Self {
        match self {
            Self::Lag => Self::Slope,
            Self::Slope => Self::Name,
            Self::Name => Self::Lag,
        }
    }
}

/// What covers the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Overlay {
    Help { top: usize },
    Group { name: String, top: usize },
}

/// Lists and plots as they stood when they were frozen.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) figures: Figures,
    pub(super) at_ms: i64,
}

/// What is on the screen.
pub(super) struct App {
    pub(super) language: Language,
    pub(super) clock: Clock,
    /// As they were named.
    pub(super) brokers: String,
    pub(super) every: Duration,
    pub(super) watch: Watch,
    pub(super) latest: Figures,
    pub(super) now_ms: i64,
    pub(super) held: Option<Held>,
    pub(super) focus: Pane,
    pub(super) is_zoomed: bool,
    pub(super) sort: Sort,
    pub(super) is_reversed: bool,
    pub(super) shows_internal: bool,
    /// Buckets to a column of the lag's plot.
    pub(super) buckets_a_column: usize,
    pub(super) overlay: Option<Overlay>,
    pub(super) prompt: Option<InputLine>,
    pub(super) search: Option<String>,
    pub(super) layout: Layout,
    selected: [Option<String>; 3],
    tops: [usize; 3],
    notice: Option<(String, i64)>,
}

impl App {
    pub(super) fn new(language: Language, is_utc: bool, brokers: String, every: Duration) -> Self {
        let watch = Watch::new();
        Self {
            language,
            clock: Clock::of_machine(is_utc),
            brokers,
            every,
            latest: watch.figures(0),
            watch,
            now_ms: 0,
            held: None,
            focus: Pane::Groups,
            is_zoomed: false,
            sort: Sort::Lag,
            is_reversed: false,
            shows_internal: false,
            buckets_a_column: 1,
            overlay: None,
            prompt: None,
            search: None,
            layout: Layout::default(),
            selected: [None, None, None],
            tops: [0; 3],
            notice: None,
        }
    }

    pub(super) fn texts(&self) -> Texts {
        Texts::of(self.language)
    }

    /// Takes the figures of this moment.
    pub(super) fn tick(&mut self, now_ms: i64) {
        self.now_ms = now_ms;
        self.latest = self.watch.figures(now_ms);
        self.notice.take_if(|(_, until_ms)| *until_ms <= now_ms);
    }

    /// What lists and plots show: the newest, or what was frozen.
    pub(super) fn shown(&self) -> &Figures {
        self.held.as_ref().map_or(&self.latest, |held| &held.figures)
    }

    /// The moment that lists and plots show.
    pub(super) fn shown_ms(&self) -> i64 {
        self.held.as_ref().map_or(self.now_ms, |held| held.at_ms)
    }

    pub(super) fn freeze(&mut self) {
        self.held = match self.held.take() {
            Some(_) => None,
            None => Some(Held { figures: self.latest.clone(), at_ms: self.now_ms }),
        };
    }

    pub(super) fn tell(&mut self, notice: String) {
        self.notice = Some((notice, self.now_ms + NOTICE_MS));
    }

    pub(super) fn notice(&self) -> Option<&str> {
        self.notice.as_ref().map(|(notice, _)| notice.as_str())
    }

    /// The groups as they are sorted now.
    pub(super) fn groups(&self) -> Vec<&GroupFigures> {
        let mut all: Vec<&GroupFigures> = self.shown().groups.iter().collect();
        match self.sort {
            Sort::Lag => {}
            Sort::Slope => {
                let slope = |group: &GroupFigures| group.slope.unwrap_or(f64::NEG_INFINITY);
                all.sort_by(|one, other| slope(other).total_cmp(&slope(one)));
            }
            Sort::Name => all.sort_by(|one, other| one.group.cmp(&other.group)),
        }
        if self.is_reversed {
            all.reverse();
        }
        all
    }

    /// The topics that are shown.
    pub(super) fn topics(&self) -> Vec<&TopicFigures> {
        self.shown().topics.iter().filter(|topic| self.shows_internal || !topic.is_internal).collect()
    }

    pub(super) fn brokers(&self) -> &[BrokerFigures] {
        &self.shown().brokers
    }

    /// What names the rows of a pane.
    pub(super) fn names(&self, pane: Pane) -> Vec<String> {
        match pane {
            Pane::Groups => self.groups().into_iter().map(|group| group.group.clone()).collect(),
            Pane::Topics => self.topics().into_iter().map(|topic| topic.name.clone()).collect(),
            Pane::Brokers => self.brokers().iter().map(|broker| broker.id.to_string()).collect(),
        }
    }

    /// The selected row of a pane: the same one wherever it moves, the first where it went.
    pub(super) fn selected(&self, pane: Pane) -> usize {
        let Some(name) = &self.selected[pane.index()] else { return 0 };
        self.names(pane).iter().position(|one| one == name).unwrap_or(0)
    }

    pub(super) fn select(&mut self, pane: Pane, index: usize) {
        let names = self.names(pane);
        self.selected[pane.index()] = names.get(index.min(names.len().saturating_sub(1))).cloned();
    }

    pub(super) fn move_by(&mut self, rows: isize) {
        let index = self.selected(self.focus).saturating_add_signed(rows);
        self.select(self.focus, index);
    }

    /// The group that is selected.
    pub(super) fn selected_group(&self) -> Option<&GroupFigures> {
        self.groups().get(self.selected(Pane::Groups)).copied()
    }

    /// The first row of a pane that is seen, so that the selected one is.
    pub(super) fn top(&mut self, pane: Pane, rows: usize) -> usize {
        let (selected, count) = (self.selected(pane), self.names(pane).len());
        let top = &mut self.tops[pane.index()];
        *top = (*top).min(selected).max((selected + 1).saturating_sub(rows.max(1))).min(count.saturating_sub(rows));
        *top
    }

    /// Selects the next row of the focused pane that holds what is looked for.
    pub(super) fn next_hit(&mut self, is_forwards: bool) {
        let Some(search) = self.search.clone() else { return };
        let names = self.names(self.focus);
        let is_cased = search.chars().any(char::is_uppercase);
        let holds = |name: &String| match is_cased {
            true => name.contains(&search),
            false => name.to_lowercase().contains(&search),
        };
        let (count, here) = (names.len(), self.selected(self.focus));
        let ways = (1..=count).map(|step| if is_forwards { here + step } else { here + count - step % count.max(1) });
        let found = ways.map(|at| at % count.max(1)).find(|at| names.get(*at).is_some_and(holds));
        match found {
            Some(at) => self.select(self.focus, at),
            None => self.tell(self.texts().choose("no hit", "rien trouvé").to_owned()),
        }
    }
}
