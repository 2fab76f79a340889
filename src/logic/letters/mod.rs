//! Who is written to about an order, and what: decided here, handed over elsewhere. Pure.
//!
//! | file | holds |
//! |---|---|
//! | `texts` | the words, in both languages |
//! | `window` | which messages still wait, and how far a group may say that it has read |
//! | `backoff` | when to try again |
//! | `webhook` | the body of a text message for a gateway, and its signature |
//! | `result` | the record that tells what was handed over |

mod backoff;
mod result;
mod texts;
mod webhook;
mod window;

pub use backoff::{Backoff, Verdict};
pub use result::{HandedOver, Outcome};
pub use texts::{Language, harmless};
pub use webhook::{Secret, SecretError, body, signature};
pub use window::{Settled, Window};

use sha2::{Digest as _, Sha256};

use crate::words::shop::Order;

/// Why somebody is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The order is confirmed.
    Confirmation,
    /// The order could not be confirmed.
    Apology,
    /// Something has run out; for the team.
    RestockAlert,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Confirmation, Self::Apology, Self::RestockAlert];

    /// As it stands in records, headers and figures.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation",
            Self::Apology => "apology",
            Self::RestockAlert => "restock_alert",
        }
    }

    /// The one that is written so.
    pub fn read(text: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().as_bytes() == text)
    }
}

/// On which way somebody is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// A mail.
    Email,
    /// A text message.
    Sms,
}

impl Channel {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Email, Self::Sms];

    /// As it stands in records, headers and figures.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }

    /// The one that is written so.
    pub fn read(text: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str().as_bytes() == text)
    }
}

/// Something to be handed over once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Of the order that it is about, as it came: any text.
    pub order_id: String,
    /// Why.
    pub kind: Kind,
    /// How.
    pub channel: Channel,
    /// A mail address, or for text messages the customer's id: as it came, any text.
    pub to: String,
    /// Of a mail; one harmless line. Text messages have none.
    pub subject: String,
    /// What it says; harmless lines, each ended by a line feed.
    pub text: String,
    /// When what it tells of happened, milliseconds since 1970-01-01 UTC: the same in each repeat.
    pub time_ms: i64,
}

impl Letter {
    /// Tells this letter from any other, the same in each repeat: hexadecimal, whatever the order is called.
    pub fn digest(&self) -> String {
        digest(self.kind, self.channel, &self.order_id)
    }
}

/// SHA-256 over kind, channel and order_id, with a line feed between them, in hexadecimal.
pub fn digest(kind: Kind, channel: Channel, order_id: &str) -> String {
    let mut hash = Sha256::new();
    for part in [kind.as_str(), "\n", channel.as_str(), "\n", order_id] {
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What letters are written with.
#[derive(Clone, Debug)]
pub struct Desk {
    /// In which language.
    pub language: Language,
    /// Where restock alerts go.
    pub team: String,
}

impl Desk {
    /// Which letters a confirmed order asks for.
    pub fn confirmed(&self, order: &Order<'_>, time_ms: i64) -> Vec<Letter> {
        let mail = self.letter(order, Kind::Confirmation, Channel::Email, "", time_ms);
        let sms = order.customer_vip.then(|| self.letter(order, Kind::Confirmation, Channel::Sms, "", time_ms));
        std::iter::once(mail).chain(sms).collect()
    }

    /// Which letters an order asks for of which there was not enough; `reason` is what was said of it.
    pub fn out_of_stock(&self, order: &Order<'_>, reason: &str, time_ms: i64) -> Vec<Letter> {
        let letter = |kind| self.letter(order, kind, Channel::Email, reason, time_ms);
        vec![letter(Kind::Apology), letter(Kind::RestockAlert)]
    }

    /// One certain letter about an order.
    pub fn letter(&self, order: &Order<'_>, kind: Kind, channel: Channel, reason: &str, time_ms: i64) -> Letter {
        let (subject, text) = texts::write(self.language, kind, channel, order, reason);
        let to = match (kind, channel) {
            (Kind::RestockAlert, _) => self.team.clone(),
            (_, Channel::Email) => order.customer_email.to_string(),
            (_, Channel::Sms) => order.customer_id.to_string(),
        };
        Letter { order_id: order.order_id.to_string(), kind, channel, to, subject, text, time_ms }
    }
}

#[cfg(test)]
mod tests;
