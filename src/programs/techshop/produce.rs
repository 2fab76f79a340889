//! `techshop produce`.

use clap::Args;

use super::{Shop, TechshopError};
use crate::tools::exit::Exit;

/// Flags of `techshop produce`.
#[derive(Args, Clone, Debug)]
pub struct ProduceArgs {}

pub(super) fn run(_shop: &Shop<'_>, _args: &ProduceArgs) -> Result<Exit, TechshopError> {
    Err(TechshopError::Failed { reason: "not there yet".to_owned() })
}
