//! The same in a browser: what the screen shows, as the page that `tracker --listen` serves.
//!
//! It stands beside a tracker that must not feel it. Nothing is read while nobody looks; while somebody does,
//! [`reading`] looks at the files at most once a second and for a few hundredths of it, whoever and however many ask.
//! `views` says what the page shows with the words and the verdict of the screen, `records` one line in full, and
//! `fields` the small tables of both.

mod fields;
mod reading;
mod records;
mod views;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use super::sources::SourceOptions;
use super::texts::Texts;
use crate::doors::web::{Dictionary, Limits, Page, Pages, Place, Site, View};
use reading::Reading;
use records::Records;

/// What the page may take of the machine: a tracker needs its files and its processor for something else.
const LIMITS: Limits = Limits { connections: 128, answers: 2 };

/// The trail, and the health log, in their folder.
const TRAIL: &str = "tracker.events";
const LOG: &str = "tracker.log";

/// The templates, and what they are called.
static TEMPLATES: &[(&str, &str)] = &[
    ("trail.html", include_str!("pages/trail.html")),
    ("layout.html", include_str!("pages/layout.html")),
    ("record.html", include_str!("pages/record.html")),
    ("record_body.html", include_str!("pages/record_body.html")),
    ("missing.html", include_str!("pages/missing.html")),
];

/// French for every English text of the templates.
static FRENCH: &str = include_str!("pages/fr.json");

/// The page of one trail.
struct TrailPages {
    reading: Reading,
    records: Records,
    is_unmasked: bool,
}

/// The site of the trail in a folder, without probes; `is_unmasked` shows people's data whole.
///
/// # Errors
/// When the French words are damaged.
pub fn site(folder: &Path, is_unmasked: bool) -> Result<Site, serde_json::Error> {
    let files = SourceOptions { events: folder.join(TRAIL), log: folder.join(LOG) };
    let pages = TrailPages { reading: Reading::new(files), records: Records::default(), is_unmasked };
    Ok(Site {
        pages: Arc::new(pages),
        templates: TEMPLATES,
        dictionary: Arc::new(Dictionary::read(FRENCH)?),
        probes: Vec::new(),
        figures: Vec::new(),
        documents: Vec::new(),
        writings: Vec::new(),
        token: None,
        hosts: Vec::new(),
        limits: LIMITS,
    })
}

impl TrailPages {
    fn frame(&self, place: &Place) -> View {
        let mut view = View::default();
        views::frame(&self.reading, &self.reading.shown(), Texts::of(place.language), &mut view);
        view
    }
}

impl Pages for TrailPages {
    fn page(&self, place: &Place) -> Option<Page> {
        let texts = Texts::of(place.language);
        if place.path == "/" {
            let shown = self.reading.shown();
            let mut view = View::default();
            views::frame(&self.reading, &shown, texts, &mut view);
            views::fill(&self.reading, &shown, texts, self.is_unmasked, &mut view);
            return Some(Page { status: 200, template: "trail.html", view, variables: named("trail") });
        }
        let mut view = self.frame(place);
        self.records.fill(&self.reading, &place.path, texts, self.is_unmasked, &mut view)?;
        Some(Page { status: 200, template: "record.html", view, variables: named("record") })
    }

    fn missing(&self, place: &Place) -> Page {
        Page { status: 404, template: "missing.html", view: self.frame(place), variables: named("missing") }
    }
}

fn named(page: &str) -> serde_json::Value {
    json!({"page": page, "site": "tracker"})
}
