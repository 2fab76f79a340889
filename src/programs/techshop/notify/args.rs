//! The flags that `notify` and `errors` share: where letters go, and in which words.

use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::hands::{Route, Routes};
use crate::base::language::Language;
use crate::doors::http::Gateway;
use crate::doors::mail::{Sender, Smtp, check_address};
use crate::logic::letters::{Desk, Secret};
use crate::programs::techshop::TechshopError;
use crate::tools::config::duration;
use crate::tools::regular::read_text;

/// Where the secret of the gateway may stand, beside a file.
const SECRET_VARIABLE: &str = "TECHSHOP_SMS_SECRET";

/// So many mails or text messages are under way at a time.
pub(super) const AT_A_TIME: u32 = 4;

/// Where letters go.
#[derive(Args, Clone, Debug)]
pub(crate) struct LettersArgs {
    /// Mail server: smtp://USER:PASSWORD@HOST:PORT?tls=required (STARTTLS), or smtps://…; without TLS only with no
    /// password, or on this machine [default: none, mails go into the outbox]
    #[arg(long, value_name = "URL", env = "TECHSHOP_SMTP", hide_env_values = true)]
    pub(super) smtp: Option<String>,
    /// Who writes
    #[arg(long, value_name = "ADDRESS", default_value = "TechShop <no-reply@techshop.example>")]
    pub(super) from: String,
    /// Gateway for text messages, which are posted to it as JSON, signed as Standard Webhooks has it [default: none,
    /// text messages go into the outbox]
    #[arg(long, value_name = "URL", env = "TECHSHOP_SMS_URL", hide_env_values = true)]
    pub(super) sms_url: Option<String>,
    /// File (mode 0600) with the secret for the signatures; it may stand in TECHSHOP_SMS_SECRET instead
    #[arg(long, value_name = "FILE")]
    pub(super) sms_secret_file: Option<PathBuf>,
    /// Folder for what has no other way to go: .eml files of mails, .json files of text messages
    #[arg(long, value_name = "DIR", default_value = "outbox")]
    pub(super) outbox: PathBuf,
    /// Language of the letters
    #[arg(long, value_enum, default_value_t)]
    pub(super) lang: Language,
    /// How long a letter is tried again before it becomes a dead letter [default: 1h, 30s with --resend]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) retry_for: Option<Duration>,
}

impl LettersArgs {
    /// The ways that letters go.
    pub(crate) fn routes(&self) -> Result<Routes, TechshopError> {
        let usage =
            |flag: &str, error: &dyn std::fmt::Display| TechshopError::Usage { reason: format!("{flag}: {error}") };
        let from = Sender::read(&self.from).map_err(|error| usage("--from", &error))?;
        let email = match given(self.smtp.as_ref()) {
            Some(url) => Route::Smtp(Smtp::new(url, AT_A_TIME).map_err(|error| usage("--smtp", &error))?),
            None => Route::Outbox,
        };
        let sms = match given(self.sms_url.as_ref()) {
            Some(url) => {
                let gateway = Gateway::new(url, AT_A_TIME as usize).map_err(|error| usage("--sms-url", &error))?;
                Route::Gateway(gateway, self.secret()?)
            }
            None => Route::Outbox,
        };
        Ok(Routes { from, email, sms, outbox: self.outbox.clone() })
    }

    /// Who writes the words.
    pub(crate) fn desk(&self, team: &str) -> Result<Desk, TechshopError> {
        check_address(team).map_err(|error| TechshopError::Usage { reason: format!("--team: {error}") })?;
        Ok(Desk { language: self.lang, team: team.to_owned() })
    }

    fn secret(&self) -> Result<Secret, TechshopError> {
        let usage = |reason: String| TechshopError::Usage { reason };
        let (text, origin) = match &self.sms_secret_file {
            Some(path) => (read_secret(path)?, format!("--sms-secret-file {}", path.display())),
            None => {
                let text = std::env::var(SECRET_VARIABLE).map_err(|_| {
                    usage(format!("--sms-url needs a secret: pass --sms-secret-file FILE, or set {SECRET_VARIABLE}"))
                })?;
                (text, SECRET_VARIABLE.to_owned())
            }
        };
        Secret::read(&text).map_err(|error| {
            usage(format!("{origin} holds no secret: {error}; write whsec_ and base64, or a text of 16 bytes or more"))
        })
    }
}

/// An empty variable of the environment says nothing.
fn given(url: Option<&String>) -> Option<&String> {
    url.filter(|url| !url.is_empty())
}

fn read_secret(path: &Path) -> Result<String, TechshopError> {
    let file = |source: io::Error| TechshopError::File {
        what: "read",
        path: path.to_owned(),
        source,
        hint: "pass --sms-secret-file with a readable file",
    };
    let opened = File::open(path).map_err(file)?;
    let mode = opened.metadata().map_err(file)?.permissions().mode();
    if mode & 0o077 != 0 {
        let path = path.display();
        let reason = format!("others may read the secret in {path} (mode {:o}): run chmod 600 {path}", mode & 0o777);
        return Err(TechshopError::Usage { reason });
    }
    read_text(opened).map_err(file)
}
