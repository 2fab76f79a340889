//! The history of one request, read from the topic on a thread of its own: it may take seconds.

use std::io;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use crate::programs::travel::Travel;
use crate::programs::travel::show::{self, Line, LineKind};
use crate::services::runtime::Context;
use crate::tools::shutdown::Shutdown;

/// A history that is being read, or was.
pub(super) struct History {
    /// Whose.
    pub(super) id: String,
    /// The first line that is seen.
    pub(super) top: usize,
    /// Its lines, once they are known.
    pub(super) lines: Option<Vec<Line>>,
    coming: Option<Receiver<Vec<Line>>>,
    stop: Shutdown,
}

impl Drop for History {
    /// Nobody reads on for one that was closed.
    fn drop(&mut self) {
        self.stop.request();
    }
}

/// Begins to read one.
pub(super) fn read(travel: &Travel<'_>, id: String) -> io::Result<History> {
    let (tell, coming) = sync_channel(1);
    let (common, settings) = (travel.context.common.clone(), travel.context.settings.clone());
    let (topic, stop, asked) = (travel.topic.clone(), Shutdown::new(), id.clone());
    let shutdown = stop.clone();
    // Nobody waits for its end: one that is on its way ends with the process.
    std::thread::Builder::new().name("history".into()).spawn(move || {
        let context = Context { common: &common, settings, shutdown: &shutdown };
        let travel = Travel { context, topic };
        let mut lines = show::history(&travel, &asked).unwrap_or_else(|error| failed(&error.to_string()));
        // Whose it is stands above already.
        lines.retain(|line| line.kind != LineKind::Heading);
        // Whoever closed it in the meantime needs it no more.
        drop(tell.try_send(lines));
    })?;
    Ok(History { id, top: 0, lines: None, coming: Some(coming), stop })
}

/// What is shown instead of a history.
fn failed(why: &str) -> Vec<Line> {
    why.lines().map(|line| Line { kind: LineKind::Refused, text: line.to_owned() }).collect()
}

impl History {
    /// One that is known already.
    #[cfg(test)]
    pub(super) fn known(id: &str, lines: Vec<Line>) -> Self {
        Self { id: id.to_owned(), top: 0, lines: Some(lines), coming: None, stop: Shutdown::new() }
    }

    /// Takes what has come; whether anything has.
    pub(super) fn hear(&mut self) -> bool {
        let Some(coming) = &self.coming else { return false };
        match coming.try_recv() {
            Ok(lines) => self.lines = Some(lines),
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Disconnected) => self.lines = Some(failed("it could not be read")),
        }
        self.coming = None;
        true
    }
}
