//! What one order costs on its way to the trail, step by step: `cargo bench --bench line`.
//!
//! The steps are those of the tracker's main thread (judge, write the line) and of its seal thread
//! (hash the line, grow the tree), on the demo's orders with keys and headers.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput};
use jiff::Timestamp;
use ordertrail::base::message::{Headers, Message, MessageTime, push_header};
use ordertrail::base::tree::{Tree, leaf_hash};
use ordertrail::words::order::{self, DemoIds, demo_order};
use ordertrail::words::record::{AuditLine, Received, Skim, Verdict, write_message};
use uuid::Uuid;

/// As many as the demo has customers, so that short and long names are in it.
const ORDERS: u128 = 10;

type Outcome = Result<(), Box<dyn std::error::Error>>;

/// The payloads of the demo's orders, as the producer sends them.
fn payloads() -> Result<Vec<String>, serde_json::Error> {
    let ids = |number| DemoIds { order_id: Uuid::from_u128(number), correlation_id: Uuid::from_u128(!number) };
    (0..ORDERS)
        .map(|number| serde_json::to_string(&demo_order(number as i64, ids(number), Timestamp::UNIX_EPOCH)))
        .collect()
}

fn headers() -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in [
        ("content-type", "application/json"),
        ("ce_id", "00000000-0000-0000-0000-000000000000"),
        ("ce_source", "producer-service"),
        ("ce_type", "order.created"),
        ("ce_specversion", "1.0"),
        ("ce_time", "2026-11-21T12:00:00.000Z"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ] {
        push_header(&mut block, name.as_bytes(), Some(value.as_bytes()));
    }
    block
}

/// Adds the line of one payload.
fn write(line: &mut Vec<u8>, payload: &str, headers: &[u8]) {
    let message = Message {
        partition: 0,
        offset: 1_234_567,
        time: MessageTime::Create(1_795_262_400_000),
        key: Some(b"00000000-0000-0000-0000-000000000000"),
        payload: Some(payload.as_bytes()),
        headers: Headers::from_block(headers),
        leader_epoch: Some(0),
    };
    let received = Received {
        timestamp: "2026-11-21T12:00:00.001Z",
        topic: "orders",
        message: &message,
        text: Some(payload),
        gap_before: 0,
    };
    write_message(line, &received, &Verdict::Order { warnings: Vec::new() });
}

fn measure_orders(criterion: &mut Criterion, payloads: &[String], headers: &[u8]) {
    let bytes = payloads.iter().map(String::len).sum::<usize>();
    let mut group = criterion.benchmark_group("ten orders");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("read", |bench| {
        bench.iter(|| payloads.iter().filter(|payload| order::read(black_box(payload)).is_ok()).count());
    });
    group.bench_function("judge: UTF-8, read, sums", |bench| {
        bench.iter(|| {
            let warnings = |payload: &String| {
                let text = simdutf8::compat::from_utf8(black_box(payload.as_bytes())).ok()?;
                Some(order::warnings(&order::read(text).ok()?).len())
            };
            payloads.iter().filter_map(warnings).sum::<usize>()
        });
    });
    group.bench_function("write the line", |bench| {
        let mut piece = Vec::with_capacity(64 * 1024);
        bench.iter(|| {
            piece.clear();
            for payload in payloads {
                write(&mut piece, black_box(payload), headers);
            }
            piece.len()
        });
    });
    group.finish();
}

fn measure_lines(criterion: &mut Criterion, payloads: &[String], headers: &[u8]) {
    let lines: Vec<Vec<u8>> = payloads
        .iter()
        .map(|payload| {
            let mut line = Vec::new();
            write(&mut line, payload, headers);
            line.pop();
            line
        })
        .collect();
    let bytes = lines.iter().map(Vec::len).sum::<usize>();
    let mut group = criterion.benchmark_group("ten lines");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("hash the leaves", |bench| {
        bench.iter(|| lines.iter().map(|line| leaf_hash(black_box(line))).fold(0, |sum, hash| sum ^ hash[0]));
    });
    group.bench_function("hash and push into the tree", |bench| {
        bench.iter_batched_ref(
            Tree::new,
            |tree| {
                for line in &lines {
                    tree.push(leaf_hash(black_box(line)));
                }
                tree.root()
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function("read back in full", |bench| {
        bench.iter(|| lines.iter().filter(|line| AuditLine::parse(black_box(line)).is_ok()).count());
    });
    group.bench_function("skim", |bench| {
        bench.iter(|| lines.iter().filter_map(|line| Skim::of(black_box(line))?.end()).count());
    });
    group.finish();
}

fn main() -> Outcome {
    let mut criterion = Criterion::default().configure_from_args();
    let (payloads, headers) = (payloads()?, headers());
    measure_orders(&mut criterion, &payloads, &headers);
    measure_lines(&mut criterion, &payloads, &headers);
    criterion.final_summary();
    Ok(())
}
