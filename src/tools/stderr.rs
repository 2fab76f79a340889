//! Standard error: what is told there is for who looks on. That nobody can be told, on a full disk or with the terminal
//! gone, changes nothing of what a program does, nor of its exit code; the macros of that name panic then.

use std::error::Error;
use std::fmt::Display;
use std::io::Write as _;

/// Tells a line, without its end of line, if it can be told.
pub fn remark(line: impl Display) {
    drop(writeln!(anstream::stderr(), "{line}"));
}

/// Tells why a program ends, and gives back how it ends.
pub fn fail<E>(error: &dyn Error, exit: E) -> E {
    remark(error);
    exit
}
