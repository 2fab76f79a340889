//! Long lists: which part of one is asked for, in which order, and the links that lead to the others.

use std::borrow::Cow;
use std::cmp::Reverse;

use serde_json::{Value, json};

use crate::base::language::Language;
use crate::doors::web::{Piece, Place, View, search};

/// Rows of one page.
const ROWS: usize = 200;

/// A column: what a query calls it, and whether it is first sorted from its smallest on. One without a name is not
/// sorted by.
pub(super) type Column = (&'static str, bool);

/// What a row is sorted by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key<'a> {
    Text(Cow<'a, str>),
    /// What is not known stands before all others.
    Number(Option<i128>),
}

/// In which order a list is asked for, and which part of it.
pub(super) struct Paging<'a> {
    place: &'a Place,
    columns: &'static [Column],
    sort: &'static str,
    is_rising: bool,
}

impl<'a> Paging<'a> {
    /// As the query says; else by the first column.
    pub(super) fn of(place: &'a Place, columns: &'static [Column]) -> Self {
        let asked = |(name, _): &&Column| !name.is_empty() && place.asks("sort") == Some(*name);
        let (sort, is_rising) = columns.iter().find(asked).or(columns.first()).copied().unwrap_or_default();
        let is_rising = match place.asks("order") {
            Some("asc") => true,
            Some("desc") => false,
            _ => is_rising,
        };
        Self { place, columns, sort, is_rising }
    }

    /// The rows of the page that is asked for, of all that match, which come newest first. `key` says what a row has in
    /// a column.
    pub(super) fn rows<'b, T>(&self, mut all: Vec<T>, key: impl Fn(&'static str, &T) -> Key<'b>) -> (Vec<T>, Part) {
        if self.sort == self.columns.first().map_or("", |(name, _)| name) {
            if self.is_rising {
                all.reverse();
            }
        } else if self.is_rising {
            all.sort_by_cached_key(|one| key(self.sort, one));
        } else {
            all.sort_by_cached_key(|one| Reverse(key(self.sort, one)));
        }
        let count = all.len();
        let last = count.div_ceil(ROWS).max(1);
        let page = self.place.asks("page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, last);
        let rows = all.into_iter().skip((page - 1) * ROWS).take(ROWS).collect();
        (rows, Part { page, last, count })
    }

    /// The place with other values of its query; an empty one is left out.
    fn link(&self, changes: &[(&str, &str)]) -> String {
        let mut query = self.place.query.clone();
        for (name, value) in changes {
            match value.is_empty() {
                true => query.remove(*name),
                false => query.insert((*name).to_owned(), (*value).to_owned()),
            };
        }
        let pairs = query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        format!("{}{}", self.place.path, search(pairs))
    }

    /// For each column the link that sorts by it, and how it is sorted now: what `table` takes as `heads`.
    pub(super) fn heads(&self) -> Value {
        let head = |(name, starts_rising): &Column| {
            if name.is_empty() {
                return Value::Null;
            }
            let is_sorted = *name == self.sort;
            let is_rising = if is_sorted { !self.is_rising } else { *starts_rising };
            let href = self.link(&[("sort", name), ("order", if is_rising { "asc" } else { "desc" }), ("page", "")]);
            let sort = is_sorted.then_some(if self.is_rising { "ascending" } else { "descending" });
            json!({"href": href, "sort": sort})
        };
        self.columns.iter().map(head).collect()
    }

    /// Says which part it is, and links to the parts before and behind it.
    pub(super) fn tell(&self, part: &Part, language: Language, view: &mut View) {
        let Part { page, last, .. } = *part;
        let link = |page: usize, words: &'static str| {
            let number = if page == 1 { String::new() } else { page.to_string() };
            Piece::from(words).href(self.link(&[("page", &number)]))
        };
        if page > 1 {
            view.text("page.previous", link(page - 1, language.choose("Previous page", "Page précédente")));
        }
        if page < last {
            view.text("page.next", link(page + 1, language.choose("Next page", "Page suivante")));
        }
        if last > 1 {
            let (page, last) = (language.count(page as u64), language.count(last as u64));
            view.text(
                "page.number",
                language.choose(format!("page {page} of {last}"), format!("page {page} sur {last}")),
            );
        }
    }
}

/// Which part of how many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    page: usize,
    last: usize,
    /// All rows that match.
    pub(super) count: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[("time", false), ("", false), ("total", true)];

    fn place(query: &[(&str, &str)]) -> Place {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Place { path: "/orders".to_owned(), query, language: Language::En }
    }

    #[test]
    fn rows_come_in_the_order_and_the_part_that_is_asked_for() {
        let rows = |query: &[(&str, &str)]| {
            let place = place(query);
            let (rows, part) = Paging::of(&place, COLUMNS)
                .rows((0..450).rev().collect(), |_, number: &i32| Key::Number(Some(i128::from(*number))));
            (rows.first().copied(), rows.len(), part.page, part.last)
        };
        assert_eq!(rows(&[]), (Some(449), 200, 1, 3));
        assert_eq!(rows(&[("page", "3")]), (Some(49), 50, 3, 3));
        assert_eq!(rows(&[("page", "99")]), (Some(49), 50, 3, 3), "of a page that is gone the last one");
        assert_eq!(rows(&[("page", "-1"), ("order", "asc")]), (Some(0), 200, 1, 3));
        assert_eq!(rows(&[("sort", "total")]), (Some(0), 200, 1, 3));
        assert_eq!(rows(&[("sort", "total"), ("order", "desc")]), (Some(449), 200, 1, 3));
        assert_eq!(rows(&[("sort", "nothing")]), (Some(449), 200, 1, 3));
    }

    #[test]
    fn links_keep_the_filter_and_say_how_it_is_sorted() {
        let place = place(&[("q", "a&b"), ("sort", "total"), ("page", "2")]);
        let heads = Paging::of(&place, COLUMNS).heads();
        assert_eq!(heads[0], json!({"href": "/orders?order=desc&q=a%26b&sort=time", "sort": null}));
        assert_eq!(heads[1], Value::Null);
        assert_eq!(heads[2], json!({"href": "/orders?order=desc&q=a%26b&sort=total", "sort": "ascending"}));
        let mut view = View::default();
        let paging = Paging::of(&place, COLUMNS);
        paging.tell(&Part { page: 2, last: 3, count: 450 }, Language::En, &mut view);
        assert_eq!(view.texts["page.previous"].href.as_deref(), Some("/orders?q=a%26b&sort=total"));
        assert_eq!(view.texts["page.next"].href.as_deref(), Some("/orders?page=3&q=a%26b&sort=total"));
    }
}
