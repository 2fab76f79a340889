//! Who is told of updates by callback, and what could not be told.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::outgoing::body;
use super::super::rows::DEAD_LETTERS;
use super::super::service::{Service, now_ms};
use super::super::subscribers::{
    DeadLetterRow, MOST_SUBSCRIBERS, Redelivered, Subscribed, SubscriberRow, all, dead_letters, redeliver as again,
    subscribe as take, unsubscribe as leave,
};
use super::kept::number;
use super::{problem, told, unkept};
use crate::doors::http::Callback;
use crate::doors::store::{Reading, StoreError, View};
use crate::doors::web::{Asked, Told};
use crate::words::supply::time_text;

/// The longest name of a subscriber, and the longest address, in bytes.
const LONGEST_NAME: usize = 200;
const LONGEST_URL: usize = 2_000;

/// So many letters are shown at most, and unless the caller says.
const MOST_SHOWN: u64 = 200;
const SHOWN: u64 = 50;

/// `POST /dev-materiels/webhooks/subscribe`: the other service says where it is, or somebody wants to be told, too.
pub(super) fn subscribe(service: &Arc<Service>, asked: &Asked) -> Told {
    let body: Value = match serde_json::from_slice(&asked.body) {
        Ok(Value::Object(body)) => Value::Object(body),
        _ => return problem(400, "it is no JSON object"),
    };
    let text = |name: &str, longest: usize| {
        body.get(name).and_then(Value::as_str).filter(|text| (1..=longest).contains(&text.len()))
    };
    let (Some(client), Some(callback)) = (text("client", LONGEST_NAME), text("callbackUrl", LONGEST_URL)) else {
        return problem(422, "client and callbackUrl must be strings, of at most 200 and 2000 bytes");
    };
    let is_peer = is_peer(service, callback);
    if !is_peer {
        match Callback::read(callback) {
            Err(error) => return problem(422, &format!("callbackUrl: {error}")),
            Ok(at) if !service.wishes.subscribers.allows(&at.host) => {
                let allowed = service.wishes.subscribers.text();
                return problem(
                    422,
                    &format!("{} may not be called: this service calls {allowed} (--subscribers)", at.host),
                );
            }
            Ok(_) => {}
        }
    }
    let (client, callback, now_ms) = (client.to_owned(), callback.to_owned(), now_ms());
    match service.store.commit_soon(move |change| take(change, client, callback, is_peer, now_ms)) {
        Ok(Subscribed::New(one)) => told(201, &subscriber(service, &one)),
        Ok(Subscribed::Known(one)) => told(200, &subscriber(service, &one)),
        Ok(Subscribed::Full) => problem(
            422,
            &format!("{MOST_SUBSCRIBERS} subscribe already; DELETE /dev-materiels/webhooks/subscribers/ID makes room"),
        ),
        Err(error) => unkept(&error),
    }
}

/// Whether a callback is of the other service, which is told anyway.
fn is_peer(service: &Service, callback: &str) -> bool {
    let plain = |url: &str| url.replacen("://localhost", "://127.0.0.1", 1);
    let (base, called) = (plain(service.peer.base()), plain(callback));
    called.strip_prefix(&base).is_some_and(|path| path.is_empty() || path.starts_with('/'))
}

fn subscriber(service: &Service, one: &SubscriberRow) -> Value {
    json!({
        "id": one.id, "client": one.client, "callbackUrl": one.callback_url, "since": time_text(one.since_ms),
        "isPeer": one.id == 0, "isAllowed": one.id == 0 || service.is_allowed(one), "waiting": one.waiting,
        "delivered": one.delivered, "givenUp": one.given_up, "lastError": one.last_error,
    })
}

/// `GET /dev-materiels/webhooks/subscribers`.
pub(super) fn subscribers(service: &Arc<Service>, _asked: &Asked) -> Told {
    match service.store.view().and_then(|view| all(&view)) {
        Ok(all) => {
            let all: Vec<Value> = all.iter().map(|one| subscriber(service, one)).collect();
            told(200, &json!({"count": all.len(), "limit": MOST_SUBSCRIBERS, "subscribers": all}))
        }
        Err(error) => unkept(&error),
    }
}

fn id(asked: &Asked) -> Option<u64> {
    asked.parts.get("id").and_then(|id| id.parse().ok())
}

/// `DELETE /dev-materiels/webhooks/subscribers/{id}`.
pub(super) fn unsubscribe(service: &Arc<Service>, asked: &Asked) -> Told {
    let Some(id) = id(asked) else { return problem(404, "there is no such subscriber") };
    match service.store.commit_soon(move |change| leave(change, id)) {
        Ok(true) => told(200, &json!({"unsubscribed": id})),
        Ok(false) => problem(404, "there is no such subscriber"),
        Err(error) => unkept(&error),
    }
}

/// `GET /dev-materiels/webhooks/dead-letters`: newest first.
pub(super) fn letters(service: &Arc<Service>, asked: &Asked) -> Told {
    let numbers = number(asked, "limit", SHOWN).and_then(|limit| Ok((limit, number(asked, "before", u64::MAX)?)));
    let (limit, before) = match numbers {
        Ok((limit @ 1..=MOST_SHOWN, before)) => (usize::try_from(limit).unwrap_or(1), before),
        Ok(_) => return problem(422, "limit must be a number from 1 to 200"),
        Err(problem) => return problem,
    };
    let read = || {
        let view = service.store.view()?;
        // One more than is shown says whether there is more.
        let mut found = dead_letters(&view, before, limit + 1)?;
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next = found
            .last()
            .filter(|_| has_more)
            .map(|(last, _)| format!("{}?limit={limit}&before={last}", asked.place.path));
        let letters = found.iter().map(|(id, letter)| shown(&view, *id, letter));
        let letters: Vec<Value> = letters.collect::<Result<_, StoreError>>()?;
        let total = view.count(DEAD_LETTERS)?;
        Ok(json!({"count": letters.len(), "total": total, "deadLetters": letters, "next": next}))
    };
    match read() {
        Ok(body) => told(200, &body),
        Err(error) => unkept(&error),
    }
}

fn shown(view: &View, id: u64, letter: &DeadLetterRow) -> Result<Value, StoreError> {
    Ok(json!({
        "id": id, "subscriber": letter.subscriber, "client": letter.client, "callbackUrl": letter.callback_url,
        "orderNumber": letter.note.order_number, "update": letter.note.update.map(|(_, update)| update),
        "why": letter.why.text(), "detail": letter.detail, "at": time_text(letter.at_ms),
        "body": body(view, &letter.note)?,
    }))
}

/// `POST /dev-materiels/webhooks/dead-letters/{id}/redeliver`: behind all that waits.
pub(super) fn redeliver(service: &Arc<Service>, asked: &Asked) -> Told {
    let Some(id) = id(asked) else { return problem(404, "there is no such letter") };
    let now_ms = now_ms();
    match service.store.commit_soon(move |change| again(change, id, now_ms)) {
        Ok(Redelivered::Queued) => told(200, &json!({"queued": id})),
        Ok(Redelivered::Missing) => problem(404, "there is no such letter"),
        Ok(Redelivered::Unsubscribed) => {
            problem(422, "its subscriber is gone; it may subscribe again, and is told from then on")
        }
        Err(error) => unkept(&error),
    }
}
