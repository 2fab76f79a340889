//! What programs share that is made of several doors, or that no door may have.

pub mod output;
pub mod runtime;
