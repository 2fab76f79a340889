//! Batches of records made by hand, byte by byte, and sent as they are: what no client would write, but anybody who may
//! connect can.

use super::cluster::Cluster;
use std::io::{Read, Write};
use std::net::TcpStream;

/// The longest block of a frame, of either format, that is made here.
const LONGEST_BLOCK: usize = 64 * 1024;

const LZ4: u16 = 3;
const ZSTD: u16 = 4;

/// A batch whose checksum is right, whatever its records are.
pub(crate) struct Batch {
    codec: u16,
    records: i32,
    payload: Vec<u8>,
}

/// What stands in a batch: bytes as they are, or one byte again and again.
enum Part {
    Bytes(Vec<u8>),
    Repeated(u8, usize),
}

impl Batch {
    /// Records with these values, in an LZ4 frame whose checksum of the content is wrong. Kafka, the broker and its own
    /// client, do not look at that one.
    pub(crate) fn with_wrong_content_checksum(values: &[&[u8]]) -> Batch {
        let records: Vec<u8> = (0..)
            .zip(values)
            .flat_map(|(at, value)| [head(at, value.len()), value.to_vec(), vec![0]].concat())
            .collect();
        assert!(records.len() <= LONGEST_BLOCK, "one block");
        // Independent blocks, a checksum of the content; blocks of at most 64 KiB.
        let descriptor = [0x64, 0x40];
        let mut payload = 0x184d_2204_u32.to_le_bytes().to_vec();
        payload.extend(descriptor);
        payload.push((xxh32_of_few(&descriptor) >> 8) as u8);
        payload.extend((records.len() as u32 | 0x8000_0000).to_le_bytes());
        payload.extend(records);
        payload.extend([0; 4]);
        payload.extend(0xdead_beef_u32.to_le_bytes());
        Batch { codec: LZ4, records: values.len() as i32, payload }
    }

    /// So many records of one letter each, repeated so often, in a zstd frame of some kilobytes.
    pub(crate) fn bomb(records: i32, letter: u8, repeated: usize) -> Batch {
        let parts = (0..records)
            .flat_map(|at| [Part::Bytes(head(at, repeated)), Part::Repeated(letter, repeated), Part::Bytes(vec![0])]);
        Batch { codec: ZSTD, records, payload: zstd(&parts.collect::<Vec<Part>>()) }
    }

    /// As it is sent, without the length before it.
    fn bytes(&self) -> Vec<u8> {
        let mut checked = Vec::new();
        checked.extend(self.codec.to_be_bytes());
        checked.extend((self.records - 1).to_be_bytes());
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is later than 1970");
        let now_ms = now.as_millis() as i64;
        checked.extend([now_ms, now_ms, -1].map(i64::to_be_bytes).concat());
        checked.extend((-1_i16).to_be_bytes());
        checked.extend((-1_i32).to_be_bytes());
        checked.extend(self.records.to_be_bytes());
        checked.extend(&self.payload);
        let mut batch = 0_i64.to_be_bytes().to_vec();
        batch.extend((checked.len() as i32 + 9).to_be_bytes());
        batch.extend((-1_i32).to_be_bytes());
        batch.push(2);
        batch.extend(crc32c(&checked).to_be_bytes());
        batch.extend(checked);
        batch
    }

    /// How many bytes the broker is sent.
    pub(crate) fn length(&self) -> usize {
        self.bytes().len()
    }

    /// Sends it to the only broker of a cluster; the offset of its first record, or the broker's error code.
    pub(crate) fn send(&self, kafka: &Cluster, topic: &str, partition: i32) -> Result<i64, i16> {
        let text = |text: &str| [(text.len() as i16).to_be_bytes().as_slice(), text.as_bytes()].concat();
        let records = self.bytes();
        let mut request = Vec::new();
        // Produce, version 7.
        request.extend([0_i16, 7].map(i16::to_be_bytes).concat());
        request.extend(1_i32.to_be_bytes());
        request.extend(text("by-hand"));
        // No transaction; all replicas; a minute; one topic.
        request.extend([-1_i16, -1].map(i16::to_be_bytes).concat());
        request.extend([60_000_i32, 1].map(i32::to_be_bytes).concat());
        request.extend(text(topic));
        request.extend([1, partition, records.len() as i32].map(i32::to_be_bytes).concat());
        request.extend(records);
        let mut connection = TcpStream::connect(kafka.bootstrap()).expect("the broker listens");
        connection.write_all(&(request.len() as i32).to_be_bytes()).expect("it is sent");
        connection.write_all(&request).expect("it is sent");
        let mut length = [0; 4];
        connection.read_exact(&mut length).expect("it is answered");
        let mut answer = vec![0; u32::from_be_bytes(length) as usize];
        connection.read_exact(&mut answer).expect("it is answered");
        // Correlation, one topic with its name, one partition with its number.
        let at = 4 + 4 + 2 + topic.len() + 4 + 4;
        let code = i16::from_be_bytes(answer[at..at + 2].try_into().expect("two bytes"));
        let offset = i64::from_be_bytes(answer[at + 2..at + 10].try_into().expect("eight bytes"));
        if code == 0 { Ok(offset) } else { Err(code) }
    }
}

/// All of a record before its value: no key. The one byte behind the value says that there are no headers.
fn head(at: i32, value_bytes: usize) -> Vec<u8> {
    let rest = [vec![0, 0], varint(at.into()), varint(-1), varint(value_bytes as i64)].concat();
    [varint((rest.len() + value_bytes + 1) as i64), rest].concat()
}

/// Zigzag, seven bits a byte.
fn varint(number: i64) -> Vec<u8> {
    let mut left = ((number << 1) ^ (number >> 63)) as u64;
    let mut bytes = Vec::new();
    while left >= 0x80 {
        bytes.push(left as u8 | 0x80);
        left >>= 7;
    }
    bytes.push(left as u8);
    bytes
}

/// A frame that tells the length of its content, in a window of 128 KiB: blocks as they are, and of one byte repeated.
fn zstd(parts: &[Part]) -> Vec<u8> {
    let length = |part: &Part| match part {
        Part::Bytes(bytes) => bytes.len(),
        Part::Repeated(_, count) => *count,
    };
    let mut frame = 0xfd2f_b528_u32.to_le_bytes().to_vec();
    frame.extend([0xc0, 7 << 3]);
    frame.extend((parts.iter().map(length).sum::<usize>() as u64).to_le_bytes());
    let block = |kind: usize, bytes: usize, is_last: bool| {
        let head = (usize::from(is_last) | (kind << 1) | (bytes << 3)) as u32;
        head.to_le_bytes()[..3].to_vec()
    };
    for part in parts {
        match part {
            Part::Bytes(bytes) => {
                frame.extend(block(0, bytes.len(), false));
                frame.extend(bytes);
            }
            Part::Repeated(byte, count) => {
                let mut left = *count;
                while left > 0 {
                    let now = left.min(LONGEST_BLOCK);
                    frame.extend(block(1, now, false));
                    frame.push(*byte);
                    left -= now;
                }
            }
        }
    }
    frame.extend(block(0, 0, true));
    frame
}

fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 })
    })
}

/// XXH32 of less than four bytes, with seed 0.
fn xxh32_of_few(bytes: &[u8]) -> u32 {
    assert!(bytes.len() < 4);
    let start = 0x1656_67b1_u32.wrapping_add(bytes.len() as u32);
    let hash = bytes.iter().fold(start, |hash, byte| {
        hash.wrapping_add(u32::from(*byte).wrapping_mul(0x1656_67b1)).rotate_left(11).wrapping_mul(0x9e37_79b1)
    });
    let hash = (hash ^ (hash >> 15)).wrapping_mul(0x85eb_ca77);
    let hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae3d);
    hash ^ (hash >> 16)
}
