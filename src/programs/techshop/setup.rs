//! `techshop setup`.

use clap::Args;

use super::{Shop, TechshopError};
use crate::tools::exit::Exit;

/// Flags of `techshop setup`.
#[derive(Args, Clone, Debug)]
pub struct SetupArgs {}

pub(super) fn run(_shop: &Shop<'_>, _args: &SetupArgs) -> Result<Exit, TechshopError> {
    Err(TechshopError::Failed { reason: "not there yet".to_owned() })
}
