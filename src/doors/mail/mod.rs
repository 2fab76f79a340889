//! Mails: made, and handed to an SMTP server. The only room that names lettre.
//!
//! Headers are built by lettre from values that were checked, never from text put together; an address that is
//! none is refused before anything is made.

mod subject;

use std::net::Ipv4Addr;
use std::time::{Duration, SystemTime};

use lettre::message::header::{ContentType, MIME_VERSION_1_0};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::PoolConfig;
use lettre::{Address, SmtpTransport, Transport as _};
use subject::Subject;
use thiserror::Error;

/// How long a server may take for one answer.
const ANSWER: Duration = Duration::from_secs(20);

/// The last moment that the date of a mail can tell: years have four digits. What makes the date panics behind it.
const LATEST_MS: i64 = 253_402_300_799_999;

/// Addresses may have so many bytes (RFC 5321).
const LONGEST_ADDRESS: usize = 254;

/// Who writes.
#[derive(Clone, Debug)]
pub struct Sender(Mailbox);

/// What is to be written.
#[derive(Clone, Copy, Debug)]
pub struct Draft<'a> {
    /// An address, of any text.
    pub to: &'a str,
    /// One line.
    pub subject: &'a str,
    /// Plain text.
    pub text: &'a str,
    /// Its date, milliseconds since 1970-01-01 UTC; what lies outside of the years 1970 to 9999 is moved to their edge.
    pub time_ms: i64,
    /// What stands before the `@` of its `Message-ID`.
    pub id: &'a str,
}

/// A mail that is ready to go.
#[derive(Debug)]
pub struct Mail {
    message: Message,
    /// Its `Message-ID`, with brackets.
    pub id: String,
}

/// Why there is no mail.
#[derive(Debug, Error)]
pub enum MailError {
    /// Nobody can be written to there.
    #[error("{address:?} is no mail address")]
    Address {
        /// As it was given.
        address: String,
    },
    /// lettre does not make it.
    #[error("no mail can be made of it: {reason}")]
    Make {
        /// What it said.
        reason: String,
    },
}

/// Why a mail was not taken.
#[derive(Debug, Error)]
#[error("{reason}")]
pub struct SmtpError {
    /// What was said.
    pub reason: String,
    /// Whether the same mail would be refused again and again.
    pub is_final: bool,
}

/// Why a URL of an SMTP server is not taken. It is not shown, since there may be a password in it.
#[derive(Debug, Error)]
pub enum SmtpUrlError {
    /// It is none.
    #[error(
        "it is no URL of an SMTP server; write smtp://HOST:PORT, smtp://USER:PASSWORD@HOST?tls=required or smtps://…"
    )]
    Malformed,
    /// It has a password, which everybody on the way to another machine could read.
    #[error("the password would be sent in clear: write smtp://USER:PASSWORD@HOST?tls=required, or smtps://…")]
    InClear,
}

/// Whether a URL has a user, is of another machine, and does not ask for TLS.
fn is_in_clear(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("smtp://") else { return false };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = place.split('/').next().unwrap_or(place);
    let Some((_, host)) = authority.rsplit_once('@') else { return false };
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    let is_own = name == "localhost" || name == "[::1]" || name.parse::<Ipv4Addr>().is_ok_and(|own| own.is_loopback());
    !is_own && !query.split('&').any(|pair| pair == "tls=required")
}

impl Sender {
    /// Reads `Name <address>` or an address.
    ///
    /// # Errors
    /// [`MailError::Address`].
    pub fn read(text: &str) -> Result<Self, MailError> {
        let none = || MailError::Address { address: text.chars().take(LONGEST_ADDRESS).collect() };
        if text.chars().any(char::is_control) {
            return Err(none());
        }
        text.parse().map(Self).map_err(|_| none())
    }
}

/// Whether somebody can be written to there.
///
/// # Errors
/// [`MailError::Address`].
pub fn check_address(text: &str) -> Result<(), MailError> {
    address(text).map(drop)
}

fn address(text: &str) -> Result<Address, MailError> {
    let none = || MailError::Address { address: text.chars().take(LONGEST_ADDRESS).collect() };
    if text.len() > LONGEST_ADDRESS || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(none());
    }
    text.parse().map_err(|_| none())
}

impl Mail {
    /// Makes a mail: plain text, UTF-8, in one part.
    ///
    /// # Errors
    /// [`MailError`].
    pub fn new(from: &Sender, draft: &Draft<'_>) -> Result<Self, MailError> {
        let to = Mailbox::new(None, address(draft.to)?);
        let id = format!("<{}@{}>", draft.id, from.0.email.domain());
        let time_ms = draft.time_ms.clamp(0, LATEST_MS);
        let date = SystemTime::UNIX_EPOCH + Duration::from_millis(time_ms.try_into().unwrap_or_default());
        let message = Message::builder()
            .from(from.0.clone())
            .to(to)
            .header(Subject::new(draft.subject))
            .date(date)
            .message_id(Some(id.clone()))
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            .body(draft.text.to_owned())
            .map_err(|error| MailError::Make { reason: error.to_string() })?;
        Ok(Self { message, id })
    }

    /// As it stands in a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.message.formatted()
    }
}

/// A server that takes mails. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Smtp(SmtpTransport);

impl Smtp {
    /// The server at `url`, with at most `connections` at a time. Nothing is connected yet.
    ///
    /// # Errors
    /// [`SmtpUrlError`].
    pub fn new(url: &str, connections: u32) -> Result<Self, SmtpUrlError> {
        if is_in_clear(url) {
            return Err(SmtpUrlError::InClear);
        }
        let transport = SmtpTransport::from_url(url).map_err(|_| SmtpUrlError::Malformed)?;
        let pool = PoolConfig::new().max_size(connections).idle_timeout(Duration::from_secs(30));
        Ok(Self(transport.timeout(Some(ANSWER)).pool_config(pool).build()))
    }

    /// Hands a mail over; the server has taken it when this is all right.
    ///
    /// # Errors
    /// [`SmtpError`].
    pub fn send(&self, mail: &Mail) -> Result<(), SmtpError> {
        self.0.send(&mail.message).map(drop).map_err(|error| {
            // 55x is about this mail or its address. Other refusals (who we are, what was said) are about the
            // server, and may be mended there.
            let code = error.status().map(u16::from);
            let is_final = matches!(code, Some(550..=559));
            let mut reason = error.to_string();
            let mut cause = std::error::Error::source(&error);
            while let Some(deeper) = cause {
                if !reason.contains(&deeper.to_string()) {
                    reason = format!("{reason}: {deeper}");
                }
                cause = deeper.source();
            }
            SmtpError { reason, is_final }
        })
    }
}

#[cfg(test)]
mod tests;
