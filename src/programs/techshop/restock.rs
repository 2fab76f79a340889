//! `techshop restock`.

use clap::Args;

use super::{Shop, TechshopError};
use crate::tools::exit::Exit;

/// Flags of `techshop restock`.
#[derive(Args, Clone, Debug)]
pub struct RestockArgs {}

pub(super) fn run(_shop: &Shop<'_>, _args: &RestockArgs) -> Result<Exit, TechshopError> {
    Err(TechshopError::Failed { reason: "not there yet".to_owned() })
}
