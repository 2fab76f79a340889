//! The flag `--catalogue`, and what it names.

use std::path::PathBuf;

use clap::Args;

use super::TechshopError;
use crate::tools::regular::read_named;
use crate::words::shop::Catalogue;

/// Where the catalogue is.
#[derive(Args, Clone, Debug)]
pub(crate) struct CatalogueArgs {
    /// JSON file of products and customers; its stock counts for products never seen before [default: five of each,
    /// built in]
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
}

impl CatalogueArgs {
    /// The catalogue of the file, else the built-in one.
    ///
    /// # Errors
    /// [`TechshopError`] naming the file.
    pub(crate) fn read(&self) -> Result<Catalogue, TechshopError> {
        let Some(path) = &self.catalogue else {
            let origin = "the built-in catalogue".to_owned();
            return Catalogue::built_in().map_err(|source| TechshopError::Catalogue { origin, source });
        };
        let json = read_named(path).map_err(|source| TechshopError::CatalogueFile { path: path.clone(), source })?;
        let origin = path.display().to_string();
        Catalogue::read(json.as_bytes()).map_err(|source| TechshopError::Catalogue { origin, source })
    }
}
