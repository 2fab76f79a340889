//! What programs share that is made of several doors.

pub mod runtime;
