//! Scripts, styles and pictures that are part of the program.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// A file under `/assets/`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asset {
    /// Its name.
    pub(super) name: &'static str,
    /// Its content type.
    pub(super) content_type: &'static str,
    /// What it holds.
    pub(super) text: &'static str,
}

impl Asset {
    /// Where it is: another place when it is another, so that browsers may keep it for ever.
    pub(super) fn address(&self) -> String {
        format!("/assets/{}?v={}", self.name, self.version())
    }

    /// The beginning of its digest.
    pub(super) fn version(&self) -> String {
        let digest = Sha256::digest(self.text.as_bytes());
        digest.iter().take(5).fold(String::new(), |mut text, byte| {
            // Writing into memory does not fail.
            let written = write!(text, "{byte:02x}");
            debug_assert!(written.is_ok());
            text
        })
    }
}

/// Script and style of every live page, and its charts. `VENDORED.md` beside them says what is not ours.
pub(super) static LIVE_PAGE: &[Asset] = &[
    Asset {
        name: "page.css",
        content_type: "text/css; charset=utf-8",
        text: concat!(
            include_str!("assets/page.css"),
            "\n",
            include_str!("assets/widths.css"),
            "\n",
            include_str!("assets/uPlot.min.css")
        ),
    },
    Asset {
        name: "page.js",
        content_type: "text/javascript; charset=utf-8",
        text: concat!(
            include_str!("assets/places.js"),
            "\n",
            include_str!("assets/live.js"),
            "\n",
            include_str!("assets/panels.js")
        ),
    },
    Asset {
        name: "plots.js",
        content_type: "text/javascript; charset=utf-8",
        text: concat!(include_str!("assets/uPlot.iife.min.js"), "\n", include_str!("assets/charts.js")),
    },
    Asset { name: "favicon.svg", content_type: "image/svg+xml", text: include_str!("assets/favicon.svg") },
];
