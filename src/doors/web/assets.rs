//! Scripts, styles and pictures that are part of the program.

use std::fmt::Write as _;
use std::sync::OnceLock;

use sha2::{Digest as _, Sha256};

/// A file under `/assets/`.
#[derive(Debug)]
pub(super) struct Asset {
    /// Its name.
    pub(super) name: &'static str,
    /// Its content type.
    pub(super) content_type: &'static str,
    /// What it holds.
    pub(super) text: &'static str,
    version: OnceLock<String>,
}

impl Asset {
    const fn new(name: &'static str, content_type: &'static str, text: &'static str) -> Self {
        Self { name, content_type, text, version: OnceLock::new() }
    }

    /// Where it is: another place when it is another, so that browsers may keep it for ever.
    pub(super) fn address(&self) -> String {
        format!("/assets/{}?v={}", self.name, self.version())
    }

    /// The beginning of its digest.
    pub(super) fn version(&self) -> &str {
        self.version.get_or_init(|| {
            let digest = Sha256::digest(self.text.as_bytes());
            digest.iter().take(5).fold(String::new(), |mut text, byte| {
                // Writing into memory does not fail.
                let written = write!(text, "{byte:02x}");
                debug_assert!(written.is_ok());
                text
            })
        })
    }
}

/// Script and style of every live page, and its charts. `VENDORED.md` beside them says what is not ours.
pub(super) static LIVE_PAGE: [Asset; 4] = [
    Asset::new(
        "page.css",
        "text/css; charset=utf-8",
        concat!(
            include_str!("assets/page.css"),
            "\n",
            include_str!("assets/widths.css"),
            "\n",
            include_str!("assets/uPlot.min.css")
        ),
    ),
    Asset::new(
        "page.js",
        "text/javascript; charset=utf-8",
        concat!(
            include_str!("assets/places.js"),
            "\n",
            include_str!("assets/live.js"),
            "\n",
            include_str!("assets/panels.js")
        ),
    ),
    Asset::new(
        "plots.js",
        "text/javascript; charset=utf-8",
        concat!(include_str!("assets/uPlot.iife.min.js"), "\n", include_str!("assets/charts.js")),
    ),
    Asset::new("favicon.svg", "image/svg+xml", include_str!("assets/favicon.svg")),
];

/// Templates that pages of every site are made with: the frame around them, and a drawer for one thing of a list.
pub(super) static TEMPLATES: [(&str, &str); 2] =
    [("frame.html", include_str!("pages/frame.html")), ("drawer.html", include_str!("pages/drawer.html"))];

/// French for every English text of these templates.
pub(super) static FRENCH: &str = include_str!("pages/fr.json");
