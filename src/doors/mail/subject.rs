//! The subject of a mail. lettre leaves plain ASCII as it is, and some readers take `=?` in it for the beginning of an
//! encoded word (RFC 2047): a subject that holds these two is encoded as a whole.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{Header, HeaderName, HeaderValue};

const BEGIN: &str = "=?utf-8?b?";
const END: &str = "?=";

/// A line with an encoded word has at most 76 characters (RFC 2047), also the first one; base64 makes four of three bytes.
const MOST_BYTES: usize = (76 - "Subject: ".len() - BEGIN.len() - END.len()) / 4 * 3;

/// A subject that every reader reads as it was written.
#[derive(Clone, Debug)]
pub(super) struct Subject(String);

impl Subject {
    pub(super) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Header for Subject {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Subject")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self::new(text))
    }

    fn display(&self) -> HeaderValue {
        if self.0.contains("=?") {
            HeaderValue::dangerous_new_pre_encoded(Self::name(), self.0.clone(), encoded_words(&self.0))
        } else {
            HeaderValue::new(Self::name(), self.0.clone())
        }
    }
}

/// The text in encoded words, a line each; no character is cut in two. Base64 has no line break, so nothing of the text
/// can begin another header.
fn encoded_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (word, behind) = rest.split_at(rest.floor_char_boundary(MOST_BYTES));
        words.push(format!("{BEGIN}{}{END}", STANDARD.encode(word)));
        rest = behind;
    }
    words.join("\r\n ")
}
