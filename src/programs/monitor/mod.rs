//! `log-monitor`: both files of the tracker, live.
