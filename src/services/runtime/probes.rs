//! What supervisors and Prometheus ask.

use std::sync::Arc;

use crate::doors::web::{Answer, Handler};

fn plain(status: u16, text: &str) -> Answer {
    Answer { status, content_type: "text/plain; charset=utf-8", body: format!("{text}\n") }
}

/// `/healthz`: the process lives.
pub fn alive() -> Handler {
    Arc::new(|| plain(200, "alive"))
}

/// `/readyz`: whether it does its work, else 503 with what `trouble` says.
pub fn readiness(trouble: impl Fn() -> Option<String> + Send + Sync + 'static) -> Handler {
    Arc::new(move || match trouble() {
        None => plain(200, "ready"),
        Some(reason) => plain(503, &format!("not ready: {reason}")),
    })
}

/// `/metrics`: the content type and the text that `text` gives.
pub fn figures(text: impl Fn() -> (&'static str, String) + Send + Sync + 'static) -> Handler {
    Arc::new(move || {
        let (content_type, body) = text();
        Answer { status: 200, content_type, body }
    })
}
