//! `techshop analytics`.

use clap::Args;

use super::{Shop, TechshopError};
use crate::tools::exit::Exit;

/// Flags of `techshop analytics`.
#[derive(Args, Clone, Debug)]
pub struct AnalyticsArgs {}

pub(super) fn run(_shop: &Shop<'_>, _args: &AnalyticsArgs) -> Result<Exit, TechshopError> {
    Err(TechshopError::Failed { reason: "not there yet".to_owned() })
}
