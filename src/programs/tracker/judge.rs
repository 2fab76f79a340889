//! What a payload is. Pure.

use serde::de::IgnoredAny;

use super::args::Payload;
use crate::words::order::{self, NotAnOrder, Reader};
use crate::words::record::{FailureReason, Verdict};

/// What was made of a payload.
pub(super) struct Judgement<'a> {
    pub(super) verdict: Verdict,
    /// The payload as text, when it is there and UTF-8.
    pub(super) text: Option<&'a str>,
    /// What kind of trouble it is, when it is not what was expected.
    pub(super) failure: FailureReason,
}

/// Judges a payload; `None` is a tombstone. Orders are read by `orders`.
pub(super) fn judge<'a>(payload: Option<&'a [u8]>, expected: Payload, orders: &mut Reader) -> Judgement<'a> {
    let text = payload.map(simdutf8::compat::from_utf8);
    let readable = text.and_then(Result::ok);
    let plain = |verdict| {
        let failure = FailureReason::DeserializationError;
        Judgement { verdict, text: readable, failure }
    };
    let invalid = |reason: String| plain(Verdict::Invalid { reason });
    match (expected, text) {
        (Payload::Bytes, _) => plain(Verdict::Accepted),
        (_, None) => invalid("tombstone: the message has no payload".to_owned()),
        (_, Some(Err(error))) => invalid(format!("byte {} is not UTF-8", error.valid_up_to())),
        (Payload::Json, Some(Ok(text))) => match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => plain(Verdict::Accepted),
            Err(error) if text.trim().is_empty() => invalid(format!("empty payload ({error})")),
            Err(error) => invalid(error.to_string()),
        },
        (Payload::Order, Some(Ok(text))) => match orders.read(text) {
            Ok(order) => {
                let warnings = order::warnings(&order).iter().map(ToString::to_string).collect();
                orders.take_back(order);
                plain(Verdict::Order { warnings })
            }
            Err(reason) => {
                let failure = match reason {
                    NotAnOrder::WrongShape { .. } | NotAnOrder::EmptyOrderId | NotAnOrder::TooDeep => {
                        FailureReason::ValidationError
                    }
                    _ => FailureReason::DeserializationError,
                };
                Judgement { failure, ..invalid(reason.to_string()) }
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(payload: Option<&[u8]>, expected: Payload) -> Option<String> {
        match judge(payload, expected, &mut Reader::default()).verdict {
            Verdict::Invalid { reason } => Some(reason),
            Verdict::Accepted | Verdict::Order { .. } => None,
        }
    }

    #[test]
    fn reasons_name_what_is_wrong() {
        let tombstone = Some("tombstone: the message has no payload".to_owned());
        assert_eq!(reason(None, Payload::Order), tombstone);
        assert_eq!(reason(None, Payload::Json), tombstone);
        assert_eq!(reason(Some(b"ab\xff"), Payload::Order).as_deref(), Some("byte 2 is not UTF-8"));
        assert_eq!(reason(Some(b""), Payload::Order).as_deref(), Some("empty payload"));
        assert!(reason(Some(b""), Payload::Json).is_some_and(|reason| reason.starts_with("empty payload")));
        assert!(reason(Some(b"{\"a\":"), Payload::Json).is_some());
    }

    #[test]
    fn any_json_and_any_bytes_are_accepted_where_they_are_asked_for() {
        let deep = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
        for payload in [b"1".as_slice(), b"{\"a\":[1e999,\"\\ud800\"]}", &deep] {
            assert_eq!(reason(Some(payload), Payload::Json), None);
        }
        for payload in [None, Some(b"".as_slice()), Some(b"\xff\x00")] {
            assert_eq!(reason(payload, Payload::Bytes), None);
        }
    }
}
