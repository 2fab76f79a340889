//! What every door needs: flags and files, stopping, durable writes.
