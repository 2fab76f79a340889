//! What became of an order, as the topics tell it.
//!
//! An outcome is the order as it came, in its own text and order of fields, with another `status`; nothing is
//! read and written anew, so no digit and no unknown field is lost.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::order::{Members, Order, Unfit, Unreadable, text};
use super::stock::RestockError;
use crate::base::message::Message;

/// What an order became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Sold.
    Confirmed,
    /// Not enough was there.
    OutOfStock,
    /// No order that could be decided.
    Invalid,
}

impl Status {
    /// As it stands in field `status`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::OutOfStock => "out_of_stock",
            Self::Invalid => "invalid",
        }
    }
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// Name of the topic.
    pub topic: &'a str,
    /// From 0.
    pub partition: i32,
    /// From 0.
    pub offset: i64,
}

/// Fields that an outcome may get from us, and that its order cannot bring along.
const OURS: [&str; 6] =
    ["error_reason", "raw_message", "raw_message_b64", "payload_null", "raw_message_bytes", "source"];

/// Adds the outcome of an order to `json`: its own fields with `status`, and `error_reason` when there is one.
pub fn write_outcome(json: &mut Vec<u8>, order: &Order<'_>, status: Status, error_reason: Option<&str>) {
    json.push(b'{');
    write_members(json, &order.members, status);
    if let Some(reason) = error_reason {
        write_text_field(json, "error_reason", reason);
    }
    json.push(b'}');
}

/// Why a message is invalid, with what of it can be shown as fields.
#[derive(Debug)]
pub enum Invalid<'m, 'a> {
    /// It has fields, and this is wrong.
    Object(&'m Members<'a>, String),
    /// It has none.
    Unreadable(&'m Unreadable),
    /// It should be a restock.
    Restock(&'m RestockError),
}

impl<'m, 'a> Invalid<'m, 'a> {
    /// An order whose fields are all right, refused for another reason.
    pub fn refused(order: &'m Order<'a>, reason: &str) -> Self {
        Self::Object(&order.members, reason.to_owned())
    }

    /// An object that is no order.
    pub fn unfit(members: &'m Members<'a>, unfit: &Unfit) -> Self {
        Self::Object(members, unfit.to_string())
    }

    fn reason(&self) -> String {
        match self {
            Self::Object(_, reason) => reason.clone(),
            Self::Unreadable(unreadable) => unreadable.to_string(),
            Self::Restock(error) => error.to_string(),
        }
    }

    /// The order's id, when it has one that is a text.
    pub fn order_id(&self) -> Option<Cow<'a, str>> {
        let Self::Object(members, _) = self else { return None };
        let named = members.all.iter().find(|(name, _)| text(name).as_deref() == Some("order_id"));
        named.and_then(|(_, value)| text(value))
    }
}

/// Adds the message about an invalid one to `json`: its own fields if it has any, `status`, `error_reason`,
/// `raw_message` (and `raw_message_b64` when it is not UTF-8, `payload_null` when there was none) and `source`.
/// With `limit_bytes`, a raw message that would make more than that is left out, and `raw_message_bytes` tells
/// how long it was.
pub fn write_invalid(
    json: &mut Vec<u8>,
    invalid: &Invalid<'_, '_>,
    message: &Message<'_>,
    topic: &str,
    limit_bytes: usize,
) {
    let start = json.len();
    json.push(b'{');
    match invalid {
        Invalid::Object(members, reason) => {
            write_members(json, members, Status::Invalid);
            write_text_field(json, "error_reason", reason);
        }
        Invalid::Unreadable(_) | Invalid::Restock(_) => {
            let key = message.key.and_then(|key| std::str::from_utf8(key).ok());
            json.extend_from_slice(b"\"order_id\":");
            match key {
                Some(key) => write_text(json, key),
                None => json.extend_from_slice(b"null"),
            }
            write_text_field(json, "status", Status::Invalid.as_str());
            write_text_field(json, "error_reason", &invalid.reason());
        }
    }
    let before_raw = json.len();
    let payload = message.payload.unwrap_or_default();
    write_text_field(json, "raw_message", &String::from_utf8_lossy(payload));
    if std::str::from_utf8(payload).is_err() {
        write_text_field(json, "raw_message_b64", &STANDARD.encode(payload));
    }
    if message.payload.is_none() {
        json.extend_from_slice(b",\"payload_null\":true");
    }
    if json.len() - start > limit_bytes {
        json.truncate(before_raw);
        // The message itself still stands where `source` says.
        json.extend_from_slice(format!(",\"raw_message\":null,\"raw_message_bytes\":{}", payload.len()).as_bytes());
        if json.len() - start > limit_bytes {
            shrink_to_id(json, start, invalid, message);
        }
    }
    json.extend_from_slice(b",\"source\":{\"topic\":");
    write_text(json, topic);
    json.extend_from_slice(
        format!(",\"partition\":{},\"offset\":{}}}}}", message.partition, message.offset).as_bytes(),
    );
}

/// The last resort for a message whose own fields fill a whole message of Kafka: they are left out.
fn shrink_to_id(json: &mut Vec<u8>, start: usize, invalid: &Invalid<'_, '_>, message: &Message<'_>) {
    json.truncate(start);
    json.extend_from_slice(b"{\"order_id\":null");
    write_text_field(json, "status", Status::Invalid.as_str());
    let reason: String = invalid.reason().chars().take(1000).collect();
    write_text_field(json, "error_reason", &reason);
    let bytes = message.payload.unwrap_or_default().len();
    json.extend_from_slice(format!(",\"raw_message\":null,\"raw_message_bytes\":{bytes}").as_bytes());
}

/// The members without a brace around them, `status` replaced where it stands, else at the end.
fn write_members(json: &mut Vec<u8>, members: &Members<'_>, status: Status) {
    let start = json.len();
    let mut has_status = false;
    for (name, value) in &members.all {
        let plain = text(name);
        if plain.as_deref().is_some_and(|plain| OURS.contains(&plain)) {
            continue;
        }
        let is_status = plain.as_deref() == Some("status");
        if is_status && std::mem::replace(&mut has_status, true) {
            continue;
        }
        if json.len() > start {
            json.push(b',');
        }
        json.extend_from_slice(name.get().as_bytes());
        json.push(b':');
        if is_status {
            write_text(json, status.as_str());
        } else {
            json.extend_from_slice(value.get().as_bytes());
        }
    }
    if !has_status {
        if json.len() > start {
            json.push(b',');
        }
        json.extend_from_slice(b"\"status\":");
        write_text(json, status.as_str());
    }
}

fn write_text_field(json: &mut Vec<u8>, name: &str, value: &str) {
    json.push(b',');
    write_text(json, name);
    json.push(b':');
    write_text(json, value);
}

/// Adds a JSON string.
pub(super) fn write_text(json: &mut Vec<u8>, text: &str) {
    json_escape_simd::escape_into(text, json);
}
