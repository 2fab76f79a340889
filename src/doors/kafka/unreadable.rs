//! What is said of a batch that cannot be read, by all who meet one.

/// The words of [`Inflow::Unreadable`](super::Inflow::Unreadable), with the next step.
pub fn unreadable(topic: &str, partition: i32, offset: i64, reason: &str) -> String {
    format!(
        "{topic}/{partition}: the batch from offset {offset} on cannot be read ({reason}); the partition waits there, \
         nothing is passed over, and it goes on when the batch is deleted (kafka-delete-records)"
    )
}
