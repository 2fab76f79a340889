//! What has become of an order.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::fields::{Faults, Refusal, object, time_text, whole};
use super::order::valid_number;

/// Under this name the ids of updates are made (RFC 9562, version 5). It never changes: ids of stored updates rest on
/// it.
const NAMESPACE: Uuid = Uuid::from_u128(0x7c1d_5a5e_30c1_5b0e_9a49_0d5c_4b8f_62d1);

/// How far an order has come. Later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    /// Nobody has answered yet.
    New,
    /// It is being worked on.
    Processing,
    /// It has left.
    Shipped,
}

impl Status {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::Processing => "PROCESSING",
            Self::Shipped => "SHIPPED",
        }
    }
}

/// One update of an order: the fields of the contract, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Of which order.
    pub order_number: String,
    /// When, milliseconds since 1970-01-01 UTC.
    pub timestamp_ms: i64,
    /// How far it has come: `PROCESSING` or `SHIPPED`.
    pub status: Status,
    /// In words.
    pub message: String,
    /// Its number among the updates of its order, from 1 and without a hole; foreign services give none.
    pub seq: Option<u64>,
}

/// For finding a field that stands there twice.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it is only read for the error")]
struct Once {
    order_number: Option<IgnoredAny>,
    timestamp: Option<IgnoredAny>,
    status: Option<IgnoredAny>,
    update_message: Option<IgnoredAny>,
    seq: Option<IgnoredAny>,
}

impl Update {
    /// Reads an update; fields that the contract does not know are ignored.
    ///
    /// # Errors
    /// [`Refusal`] with all that is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let object = object(bytes)?;
        let mut faults = Faults::default();
        let order_number = faults.text(object.get("orderNumber"), "orderNumber", (1, 50));
        if !order_number.is_empty() && !valid_number(&order_number) {
            faults.note("orderNumber", "it must be 1 to 50 of A-Z a-z 0-9 . _ -");
        }
        let timestamp_ms = faults.time(object.get("timestamp"), "timestamp");
        let choices = [("PROCESSING", Status::Processing), ("SHIPPED", Status::Shipped)];
        let status = faults.choice(object.get("status"), "status", &choices);
        let message = faults.text(object.get("updateMessage"), "updateMessage", (0, 1_000));
        let seq = whole(object.get("seq"), 1_000_000);
        if let (true, Err(error)) = (faults.0.is_empty(), serde_json::from_slice::<Once>(bytes)) {
            faults.note("update", error.to_string());
        }
        match status {
            Some(status) if faults.0.is_empty() => Ok(Self { order_number, timestamp_ms, status, message, seq }),
            _ => Err(Refusal::Wrong(faults.0)),
        }
    }

    /// Its identity: the same content is the same update, by whatever road and from whatever service it comes.
    pub fn id(&self) -> Uuid {
        let content = json!([self.order_number, self.timestamp_ms, self.status.text(), self.message]);
        Uuid::new_v5(&NAMESPACE, content.to_string().as_bytes())
    }

    /// The update as it is sent.
    pub fn json(&self) -> String {
        let seq = self.seq.map(|seq| format!(r#","seq":{seq}"#)).unwrap_or_default();
        format!(
            r#"{{"orderNumber":{},"timestamp":{},"status":{},"updateMessage":{}{seq}}}"#,
            json!(self.order_number),
            json!(time_text(self.timestamp_ms)),
            json!(self.status.text()),
            json!(self.message),
        )
    }
}
