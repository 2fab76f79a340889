//! `techshop notify`.

use clap::Args;

use super::{Shop, TechshopError};
use crate::tools::exit::Exit;

/// Flags of `techshop notify`.
#[derive(Args, Clone, Debug)]
pub struct NotifyArgs {}

pub(super) fn run(_shop: &Shop<'_>, _args: &NotifyArgs) -> Result<Exit, TechshopError> {
    Err(TechshopError::Failed { reason: "not there yet".to_owned() })
}
