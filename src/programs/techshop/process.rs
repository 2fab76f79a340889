//! `techshop process`.

use clap::Args;

use super::{Shop, TechshopError};
use crate::tools::exit::Exit;

/// Flags of `techshop process`.
#[derive(Args, Clone, Debug)]
pub struct ProcessArgs {}

pub(super) fn run(_shop: &Shop<'_>, _args: &ProcessArgs) -> Result<Exit, TechshopError> {
    Err(TechshopError::Failed { reason: "not there yet".to_owned() })
}
