//! `techshop errors`.

use clap::Args;

use super::{Shop, TechshopError};
use crate::tools::exit::Exit;

/// Flags of `techshop errors`.
#[derive(Args, Clone, Debug)]
pub struct ErrorsArgs {}

pub(super) fn run(_shop: &Shop<'_>, _args: &ErrorsArgs) -> Result<Exit, TechshopError> {
    Err(TechshopError::Failed { reason: "not there yet".to_owned() })
}
