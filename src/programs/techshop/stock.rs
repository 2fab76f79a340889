//! `techshop stock`.

use clap::Args;

use super::{Shop, TechshopError};
use crate::tools::exit::Exit;

/// Flags of `techshop stock`.
#[derive(Args, Clone, Debug)]
pub struct StockArgs {}

pub(super) fn run(_shop: &Shop<'_>, _args: &StockArgs) -> Result<Exit, TechshopError> {
    Err(TechshopError::Failed { reason: "not there yet".to_owned() })
}
