//! A Kafka message as it was received: plain bytes, nothing interpreted.

/// When a message was made, and who says so. Milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageTime {
    /// The format of the message has none.
    Unknown,
    /// The producer's clock.
    Create(i64),
    /// The broker's clock, when it appended the message.
    LogAppend(i64),
}

/// One message, borrowed from the batch that holds it.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Partition of the topic, from 0.
    pub partition: i32,
    /// Offset in the partition, from 0.
    pub offset: i64,
    /// The message's own time.
    pub time: MessageTime,
    /// `None` without a key, which is not the same as an empty one.
    pub key: Option<&'a [u8]>,
    /// `None` for a tombstone, which is not the same as an empty payload.
    pub payload: Option<&'a [u8]>,
    /// In the order they were sent in; names may repeat.
    pub headers: Headers<'a>,
    /// The leader epoch under which it was appended, when the broker tells it.
    pub leader_epoch: Option<i32>,
}

/// Headers packed into one block of bytes: for each, the length of the name, the name, the length
/// of the value (all ones for a header without one), the value. Lengths are 32 bits, little-endian.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    block: &'a [u8],
}

const NO_VALUE: u32 = u32::MAX;

impl<'a> Headers<'a> {
    /// Headers from a block that [`push_header`] has built.
    pub fn from_block(block: &'a [u8]) -> Self {
        Self { block }
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.block.is_empty()
    }

    /// How many bytes the block has.
    pub fn packed_bytes(self) -> usize {
        self.block.len()
    }
}

/// Adds one header at the end of `block`.
///
/// Names and values longer than 4 GiB do not occur in Kafka; they would be cut.
pub fn push_header(block: &mut Vec<u8>, name: &[u8], value: Option<&[u8]>) {
    push_part(block, name);
    match value {
        Some(value) => push_part(block, value),
        None => block.extend_from_slice(&NO_VALUE.to_le_bytes()),
    }
}

fn push_part(block: &mut Vec<u8>, part: &[u8]) {
    let length = u32::try_from(part.len()).unwrap_or(NO_VALUE - 1).min(NO_VALUE - 1);
    block.extend_from_slice(&length.to_le_bytes());
    block.extend_from_slice(part.get(..length as usize).unwrap_or(part));
}

impl<'a> Iterator for Headers<'a> {
    /// Name and value; a name may be any bytes.
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let name_length = take_length(&mut self.block)?;
        let name = take(&mut self.block, name_length)?;
        let value = match take_length(&mut self.block)? {
            NO_VALUE => None,
            length => Some(take(&mut self.block, length)?),
        };
        Some((name, value))
    }
}

fn take_length(block: &mut &[u8]) -> Option<u32> {
    let (length, rest) = block.split_first_chunk::<4>()?;
    *block = rest;
    Some(u32::from_le_bytes(*length))
}

fn take<'a>(block: &mut &'a [u8], length: u32) -> Option<&'a [u8]> {
    let (part, rest) = block.split_at_checked(length as usize)?;
    *block = rest;
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn headers_come_back_as_they_went_in(
            headers in proptest::collection::vec((any::<Vec<u8>>(), any::<Option<Vec<u8>>>()), 0..8)
        ) {
            let mut block = Vec::new();
            for (name, value) in &headers {
                push_header(&mut block, name, value.as_deref());
            }
            let back: Vec<_> = Headers::from_block(&block)
                .map(|(name, value)| (name.to_vec(), value.map(<[u8]>::to_vec)))
                .collect();
            prop_assert_eq!(back, headers);
            prop_assert_eq!(Headers::from_block(&block).is_empty(), block.is_empty());
        }

        #[test]
        fn a_block_of_any_bytes_ends_without_panic(block: Vec<u8>) {
            prop_assert!(Headers::from_block(&block).count() <= block.len());
        }
    }
}
