//! What a look finds is what a plain reading of the files finds.

mod disk;
mod random;
mod starts;
mod states;
