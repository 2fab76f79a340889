//! Writing that survives a crash: append, sync, replace, lock.
