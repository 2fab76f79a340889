//! The daily logs.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::super::service::Service;
use super::{problem, told};
use crate::doors::health::LogQuery;
use crate::doors::web::{Asked, Told};
use crate::tools::moment::{Moment, moment};

/// So many lines are told at most, and unless the caller says.
const MOST_LINES: usize = 1_000;
const LINES: usize = 100;

/// `GET …/logs`: newest first.
pub(super) fn list(service: &Arc<Service>, asked: &Asked) -> Told {
    let number = |name: &str, otherwise: usize| match asked.place.asks(name) {
        None => Ok(otherwise),
        Some(text) => text.parse::<usize>().map_err(|_| problem(422, &format!("{name} must be a number"))),
    };
    let time = |name: &str| match asked.place.asks(name).map(|text| moment(text, Timestamp::now())) {
        None => Ok(None),
        Some(Ok(Moment::Time(time_ms))) => Ok(Timestamp::from_millisecond(time_ms).ok()),
        Some(_) => Err(problem(422, &format!("{name} must be a time, such as 2026-11-21T09:41:05Z or 2026-11-21"))),
    };
    let text = |name: &str| asked.place.asks(name).map(str::to_owned);
    let query = || {
        Ok(LogQuery {
            level: text("level"),
            context: text("context"),
            from: time("startDate")?,
            to: time("endDate")?,
            skip: number("skip", 0)?,
            limit: number("limit", LINES)?.min(MOST_LINES),
        })
    };
    match query() {
        Ok(query) => {
            let logs = service.daily.read(&query);
            told(200, &json!({"count": logs.len(), "logs": logs, "limit": query.limit, "skip": query.skip}))
        }
        Err(problem) => problem,
    }
}

/// `GET …/logs/{id}`: one line.
pub(super) fn one(service: &Arc<Service>, asked: &Asked) -> Told {
    match asked.parts.get("id").and_then(|id| service.daily.line(id)) {
        Some(line) => told(200, &line),
        None => problem(404, "there is no such line"),
    }
}
