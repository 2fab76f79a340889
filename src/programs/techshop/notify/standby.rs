//! On one host and one outbox, one instance of a group works; another waits until it has gone, however it goes.

use super::LettersArgs;
use crate::doors::health::ServiceLog;
use crate::programs::techshop::{Shop, TechshopError};
use crate::services::runtime::wait_for_turn;
use crate::tools::durable::Lock;

/// The name under which a group leaves files: letters, digits, dots, dashes.
pub(crate) fn owner(group: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    group.chars().take(100).map(|c| if is_plain(c) { c } else { '_' }).collect()
}

/// Waits for the outbox to be ours; `None` when a stop was asked for before.
pub(crate) fn turn(
    shop: &Shop<'_>,
    args: &LettersArgs,
    owner: &str,
    service: &'static str,
) -> Result<Option<Lock>, TechshopError> {
    let name = format!(".{owner}.lock");
    wait_for_turn(&args.outbox, &name, &ServiceLog::new(service), shop.context.shutdown).map_err(|source| {
        let hint = "pass --outbox with a folder that can be written";
        TechshopError::File { what: "lock", path: args.outbox.clone(), source, hint }
    })
}
