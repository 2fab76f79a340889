//! Text messages for a gateway: a JSON body, signed as the Standard Webhooks specification has it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use thiserror::Error;

use super::Letter;

/// Shorter keys are taken for a mistake.
const FEWEST_BYTES: usize = 16;

/// What bodies are signed with. Never shown.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret")
    }
}

/// Why a text is no secret; it is never shown.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SecretError {
    /// What follows `whsec_` is no base64.
    #[error("what follows whsec_ is no base64")]
    NoBase64,
    /// Anybody could try them all.
    #[error("it has fewer than {FEWEST_BYTES} bytes")]
    Short,
}

impl Secret {
    /// Reads `whsec_` and base64, or any other text as the key itself.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn read(text: &str) -> Result<Self, SecretError> {
        let text = text.trim();
        let key = match text.strip_prefix("whsec_") {
            Some(coded) => STANDARD.decode(coded).map_err(|_| SecretError::NoBase64)?,
            None => text.as_bytes().to_vec(),
        };
        if key.len() < FEWEST_BYTES { Err(SecretError::Short) } else { Ok(Self(key)) }
    }
}

/// The body that tells a gateway of a text message; `time` is RFC 3339. The same in each repeat.
pub fn body(letter: &Letter, time: &str) -> String {
    json!({
        "type": format!("sms.{}", letter.kind.as_str()),
        "timestamp": time,
        "data": {"to": letter.to, "text": letter.text, "order_id": letter.order_id},
    })
    .to_string()
}

/// What stands in header `webhook-signature`.
pub fn signature(secret: &Secret, id: &str, timestamp_seconds: i64, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&secret.0) else {
        // A key may have any length.
        return String::new();
    };
    mac.update(format!("{id}.{timestamp_seconds}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_specification() {
        let secret = Secret::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").expect("a secret");
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(format!("{secret:?}"), "Secret");
    }

    #[test]
    fn a_poor_secret_is_refused_without_being_shown() {
        assert_eq!(Secret::read("whsec_*").expect_err("no base64"), SecretError::NoBase64);
        assert_eq!(Secret::read("short").expect_err("short"), SecretError::Short);
        assert!(Secret::read("a text that is long enough").is_ok());
    }
}
