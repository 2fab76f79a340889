//! The library's consumer, where no program shows what is wanted: a topic that becomes another one,
//! a connection that goes mute, a log that was cut, and what a group publishes.

use crate::harness::{Broker, Cluster as Kafka, LONG, Listener, Need, Proxy, Record, order, shared, wait_until};
use libtest_mimic::Trial;
use ordertrail::doors::kafka::{
    Cluster, Consumer, Ends, Fetched, HearingError, Patience, ProducerEvent, Record as KafkaRecord, SendError, StartAt,
    TopicError, TransactionError, Watch, connect,
};
use ordertrail::tools::config::ClientSettings;
use ordertrail::tools::shutdown::Shutdown;
use std::collections::BTreeMap;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "consumer_watch",
        &[Need::Broker],
        [
            a_topic_made_anew_has_another_id_and_a_missing_one_has_none,
            a_longer_topic_made_anew_under_a_running_consumer_is_not_delivered,
            a_topic_made_anew_while_the_broker_restarted_is_not_delivered,
            a_topic_that_is_another_one_than_expected_is_not_delivered,
            the_watch_tells_ids_and_ends_and_new_partitions,
            the_ends_of_two_hundred_partitions_come_in_one_go,
            published_offsets_are_read_back_with_their_metadata,
            a_log_that_was_cut_behind_the_position_is_told_with_where_it_parted,
            offsets_of_a_transaction_are_published_when_it_is_committed_and_only_then,
            a_producer_that_was_replaced_can_do_nothing_more,
            a_producer_whose_listener_panicked_tells_all_who_would_wait_for_it,
            a_mute_consumer_is_dropped_at_once_and_a_rebuilt_one_goes_on,
        ]
    )
}

fn settings(bootstrap: &str) -> ClientSettings {
    ClientSettings { brokers: bootstrap.to_owned(), properties: BTreeMap::new() }
}

pub(crate) fn connected(bootstrap: &str) -> Cluster {
    connect(&settings(bootstrap), Patience::UpTo(LONG), &Shutdown::new(), |_| {}).expect("the broker answers")
}

fn orders(numbers: std::ops::Range<u32>) -> Vec<Record> {
    numbers.map(|n| Record::new(0, order(n))).collect()
}

/// Reads until `enough` of what was read so far.
#[track_caller]
fn read_until(consumer: &Consumer, what: &str, mut enough: impl FnMut(&Fetched) -> bool) -> Vec<Fetched> {
    let started = Instant::now();
    let mut all = Vec::new();
    loop {
        let last = all.iter().rev().take(5);
        assert!(started.elapsed() < LONG, "{what} never came; last came {:?}", last.collect::<Vec<_>>());
        if let Some(fetched) = consumer.next(Duration::from_millis(100)) {
            let is_enough = enough(&fetched);
            all.push(fetched);
            if is_enough {
                return all;
            }
        }
    }
}

fn offsets(fetched: &[Fetched]) -> Vec<i64> {
    let batches = fetched.iter().filter_map(|one| match one {
        Fetched::Messages(batch) => Some(batch.iter().map(|message| message.offset).collect::<Vec<_>>()),
        _ => None,
    });
    batches.flatten().collect()
}

#[track_caller]
fn read_offsets(consumer: &Consumer, count: usize) -> Vec<i64> {
    let mut read = 0;
    let all = read_until(consumer, &format!("{count} messages"), |fetched| {
        read += offsets(std::slice::from_ref(fetched)).len();
        read >= count
    });
    offsets(&all)
}

#[track_caller]
fn watched(consumer: &Consumer, what: &str, mut wanted: impl FnMut(&Watch) -> bool) -> Watch {
    let mut all = read_until(consumer, what, |fetched| matches!(fetched, Fetched::Watched(watch) if wanted(watch)));
    match all.pop() {
        Some(Fetched::Watched(watch)) => watch,
        other => panic!("{other:?} is no watch"),
    }
}

fn remake(kafka: &Kafka, topic: &str, records: u32) {
    kafka.delete_topic(topic);
    kafka.make_topic(topic, 1);
    // The broker hears of it a moment later than the controller; until then writers meet the old one.
    wait_until("the new topic can be written", LONG, || {
        let places = kafka.produce(topic, &orders(100..100 + records));
        (places.first() == Some(&(0, 0))).then_some(())
    });
}

fn a_topic_made_anew_has_another_id_and_a_missing_one_has_none() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let cluster = connected(kafka.bootstrap());
    let first = cluster.topic_id(&topic, LONG).expect("it is there").expect("this broker has ids");
    assert_eq!(first.len(), 22);
    assert_eq!(cluster.topic_id(&topic, LONG).expect("it is there").as_deref(), Some(first.as_str()));
    remake(&kafka, &topic, 1);
    let second = cluster.topic_id(&topic, LONG).expect("it is there again");
    assert!(second.is_some_and(|second| second != first));
    let missing = cluster.topic_id(&kafka.unused_name("missing"), LONG);
    assert!(matches!(missing, Err(TopicError::Missing { .. })), "{missing:?}");
}

/// A broker with a topic of ten orders, read to its end through a proxy.
struct Reading {
    proxy: Proxy,
    broker: Broker,
    kafka: Kafka,
    topic: String,
    consumer: Consumer,
}

fn reading() -> Reading {
    let proxy = Proxy::start();
    let broker = Broker::start_with(&[Listener::behind(&proxy)], &[]);
    let kafka = broker.cluster();
    let topic = kafka.topic(1);
    kafka.produce(&topic, &orders(0..10));
    let cluster = connected(&proxy.bootstrap());
    let info = cluster.topic(&topic, LONG).expect("it is there");
    let consumer = cluster.consumer(&info, "watch").expect("it can be made");
    consumer.read_from(0, StartAt::Beginning, None).expect("it can be read");
    assert_eq!(read_offsets(&consumer, 10), (0..10).collect::<Vec<_>>());
    Reading { proxy, broker, kafka, topic, consumer }
}

/// Nothing but the one notice may come, and nothing after it.
#[track_caller]
fn expect_only_the_change(consumer: &Consumer) {
    let before = read_until(consumer, "the change", |fetched| matches!(fetched, Fetched::TopicChanged));
    assert!(offsets(&before).is_empty(), "no message of the new topic");
    let mut looks = 0;
    let after = read_until(consumer, "two looks", |fetched| {
        looks += u32::from(matches!(fetched, Fetched::Watched(_)));
        looks == 2
    });
    assert!(offsets(&after).is_empty(), "nor after it was told");
    assert!(!after.iter().any(|fetched| matches!(fetched, Fetched::TopicChanged)), "which is told once");
}

fn a_longer_topic_made_anew_under_a_running_consumer_is_not_delivered() {
    let Reading { proxy, broker: _broker, kafka, topic, consumer } = reading();
    // While the consumer cannot see it, so that it finds the new topic long enough to read on in it.
    proxy.cut();
    remake(&kafka, &topic, 30);
    proxy.mend();
    expect_only_the_change(&consumer);

    drop(consumer);
    let cluster = connected(&proxy.bootstrap());
    let info = cluster.topic(&topic, LONG).expect("it is there");
    let id = cluster.topic_id(&topic, LONG).expect("it is there");
    let again = cluster.reader(&info, "watch").consumer(id.as_deref()).expect("it can be made");
    again.read_from(0, StartAt::Beginning, None).expect("it can be read");
    assert_eq!(read_offsets(&again, 30), (0..30).collect::<Vec<_>>(), "a new consumer reads the new topic");
}

fn a_topic_made_anew_while_the_broker_restarted_is_not_delivered() {
    let Reading { proxy, mut broker, kafka, topic, consumer } = reading();
    proxy.cut();
    broker.kill_nine();
    broker.start_again();
    remake(&kafka, &topic, 30);
    proxy.mend();
    expect_only_the_change(&consumer);
}

fn a_topic_that_is_another_one_than_expected_is_not_delivered() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let cluster = connected(kafka.bootstrap());
    let info = cluster.topic(&topic, LONG).expect("it is there");
    let id = cluster.topic_id(&topic, LONG).expect("it is there");
    remake(&kafka, &topic, 5);
    let consumer = cluster.reader(&info, "watch").consumer(id.as_deref()).expect("it can be made");
    consumer.read_from(0, StartAt::Beginning, None).expect("it can be read");
    expect_only_the_change(&consumer);
}

fn the_watch_tells_ids_and_ends_and_new_partitions() {
    let kafka = shared();
    let topic = kafka.topic(2);
    kafka.produce(&topic, &orders(0..10));
    kafka.delete_before(&topic, 0, 4);
    let cluster = connected(kafka.bootstrap());
    let info = cluster.topic(&topic, LONG).expect("it is there");
    let (cluster_id, topic_id) = (cluster.id(LONG), cluster.topic_id(&topic, LONG).expect("it is there"));
    let consumer = cluster.consumer(&info, "watch").expect("it can be made");
    // What the watch asks with must not be the client that connected.
    drop(cluster);
    let watch = watched(&consumer, "a first look", |_| true);
    assert_eq!((&watch.cluster_id, &watch.topic_id, watch.partitions), (&cluster_id, &topic_id, 2));
    let ends = [(0, Ends { low: 4, readable_end: 10 }), (1, Ends { low: 0, readable_end: 0 })];
    assert_eq!(watch.ends, BTreeMap::from(ends));
    kafka.grow_topic(&topic, 3);
    let grown = watched(&consumer, "a third partition", |watch| watch.ends.len() == 3);
    assert_eq!((grown.partitions, &grown.topic_id), (3, &topic_id));
}

fn the_ends_of_two_hundred_partitions_come_in_one_go() {
    let kafka = shared();
    let topic = kafka.topic(200);
    kafka.produce(&topic, &[Record::new(7, order(0)), Record::new(199, order(1)), Record::new(199, order(2))]);
    let cluster = connected(kafka.bootstrap());
    let info = cluster.topic(&topic, LONG).expect("it is there");
    let consumer = cluster.consumer(&info, "watch").expect("it can be made");
    let all: Vec<i32> = (0..=200).collect();
    let ends = consumer.ends(&all, LONG).expect("the cluster answers");
    assert_eq!(ends.len(), 201, "each has an answer");
    let end = |partition: i32| ends[&partition].as_ref().map(|ends| ends.readable_end);
    assert_eq!((end(0), end(7), end(199)), (Ok(0), Ok(1), Ok(2)));
    assert!(end(200).is_err(), "there is no such partition");
}

fn published_offsets_are_read_back_with_their_metadata() {
    let kafka = shared();
    let topic = kafka.topic(3);
    kafka.produce(&topic, &orders(0..10));
    let cluster = connected(kafka.bootstrap());
    let info = cluster.topic(&topic, LONG).expect("it is there");
    let group = kafka.unused_name("group");
    let consumer = cluster.consumer(&info, &group).expect("it can be made");
    assert_eq!(consumer.committed(LONG).expect("the cluster answers"), BTreeMap::new());
    consumer.commit(&[(0, 7), (2, 0)], "shop.example/trail 1234");
    assert_eq!(consumer.unanswered(), 1);
    let all = read_until(&consumer, "an answer", |fetched| matches!(fetched, Fetched::Committed(_)));
    assert!(matches!(all.last(), Some(Fetched::Committed(Ok(())))), "{all:?}");
    assert_eq!(consumer.unanswered(), 0);
    let told = |next| (next, "shop.example/trail 1234".to_owned());
    assert_eq!(consumer.committed(LONG).expect("the cluster answers"), BTreeMap::from([(0, told(7)), (2, told(0))]));
}

fn a_log_that_was_cut_behind_the_position_is_told_with_where_it_parted() {
    let mut broker = Broker::start();
    let kafka = broker.cluster();
    let topic = kafka.topic(1);
    kafka.produce(&topic, &orders(0..5));
    let cut = std::fs::metadata(broker.log_file(&topic, 0)).expect("it is there").len();
    kafka.produce(&topic, &orders(5..10));
    // As after an unclean election: the tail is gone, and other messages take its offsets.
    broker.kill_nine();
    let log = std::fs::OpenOptions::new().write(true).open(broker.log_file(&topic, 0)).expect("it is there");
    log.set_len(cut).expect("it can be cut");
    broker.start_again();
    assert_eq!(kafka.produce(&topic, &orders(100..120))[0], (0, 5));

    let cluster = connected(kafka.bootstrap());
    let info = cluster.topic(&topic, LONG).expect("it is there");
    let consumer = cluster.consumer(&info, "watch").expect("it can be made");
    consumer.read_from(0, StartAt::Offset(10), Some(0)).expect("it can be read");
    let all = read_until(&consumer, "the truncation", |fetched| matches!(fetched, Fetched::OffsetGone { .. }));
    assert!(offsets(&all).is_empty(), "nothing of the other log was delivered");
    assert!(matches!(all.last(), Some(Fetched::OffsetGone { partition: 0, parted_at: Some(5) })), "{:?}", all.last());
    consumer.read_from(0, StartAt::Offset(5), Some(0)).expect("it can be read");
    assert_eq!(read_offsets(&consumer, 20), (5..25).collect::<Vec<_>>(), "from there on it is whole");
}

fn offsets_of_a_transaction_are_published_when_it_is_committed_and_only_then() {
    let kafka = shared();
    let (from, to) = (kafka.topic(1), kafka.topic(1));
    kafka.produce(&from, &orders(0..10));
    let cluster = connected(kafka.bootstrap());
    let group = kafka.unused_name("group");
    let consumer = cluster.consumer(&cluster.topic(&from, LONG).expect("it is there"), &group).expect("it can be made");
    let transactions = cluster.transactions(&to, &kafka.unused_name("id")).expect("properties are good");
    let mut producer = transactions.open(|_| true).expect("it can be opened");
    let record = KafkaRecord { key: Some(b"key"), payload: Some(b"value"), ..KafkaRecord::default() };
    producer.begin().expect("it begins");
    producer.send(&to, &record, || true).expect("it is taken");
    producer.send_offsets(&consumer, &[(0, 4)], "", |_| true).expect("they are taken");
    producer.abort(LONG).expect("it is aborted");
    assert_eq!(consumer.committed(LONG).expect("the cluster answers"), BTreeMap::new());
    producer.begin().expect("the next begins");
    producer.send(&to, &record, || true).expect("it is taken");
    producer.send_offsets(&consumer, &[(0, 7)], "", |_| true).expect("they are taken");
    let places = producer.commit(|_, _| true).expect("it is committed");
    assert_eq!(consumer.committed(LONG).expect("the cluster answers"), BTreeMap::from([(0, (7, String::new()))]));
    let committed = kafka.dump(&to);
    assert_eq!(committed.len(), 1, "what was aborted is not seen");
    assert_eq!(places, [(committed[0].partition, committed[0].offset)]);
}

fn a_producer_that_was_replaced_can_do_nothing_more() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let cluster = connected(kafka.bootstrap());
    let transactions = cluster.transactions(&topic, &kafka.unused_name("id")).expect("properties are good");
    let record = KafkaRecord { key: None, payload: Some(b"value"), ..KafkaRecord::default() };
    let mut first = transactions.open(|_| true).expect("it can be opened");
    first.begin().expect("it begins");
    first.send(&topic, &record, || true).expect("it is taken");
    let mut second = transactions.open(|_| true).expect("another can be opened");
    second.begin().expect("it begins");
    second.send(&topic, &record, || true).expect("it is taken");
    let refused = first.commit(|_, _| true);
    assert!(matches!(refused, Err(TransactionError::Fenced { .. })), "{refused:?}");
    let places = second.commit(|_, _| true).expect("it is committed");
    assert_eq!(places.len(), 1);
    assert_eq!(kafka.dump(&topic).len(), 1);
}

/// Whoever flushed until nothing was in flight, or waited for what the listener would say, once waited for ever.
fn a_producer_whose_listener_panicked_tells_all_who_would_wait_for_it() {
    let kafka = shared();
    let topic = kafka.topic(1);
    let (tell, reports) = sync_channel(1);
    let listen = move |event| {
        if let ProducerEvent::Delivered { token, .. } = event {
            assert_ne!(token, 2, "on purpose");
            tell.try_send(token).expect("there is room");
        }
    };
    let producer = connected(kafka.bootstrap()).producer(&topic, listen).expect("it can be made");
    let record = KafkaRecord { key: None, payload: Some(b"value"), ..KafkaRecord::default() };
    let stop = Shutdown::new();
    producer.send(&record, 1, &stop).expect("it is taken");
    assert_eq!(producer.flush(LONG), Ok(0));
    assert_eq!(reports.recv_timeout(LONG), Ok(1));
    producer.send(&record, 2, &stop).expect("it is taken");
    let flushing = Instant::now();
    let deaf = || HearingError::Panicked { in_flight: 0 };
    assert_eq!(producer.flush(2 * LONG), Err(deaf()));
    assert!(flushing.elapsed() < LONG, "nothing will come: {:?}", flushing.elapsed());
    assert_eq!((producer.in_flight(), producer.give_up()), (Err(deaf()), Err(deaf())));
    let refused = producer.send(&record, 3, &stop);
    assert!(matches!(refused, Err(SendError::Fatal { token: 3, .. })), "{refused:?}");
    assert_eq!(reports.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
}

fn a_mute_consumer_is_dropped_at_once_and_a_rebuilt_one_goes_on() {
    let proxy = Proxy::start();
    let broker = Broker::start_with(&[Listener::behind(&proxy)], &[]);
    let kafka = broker.cluster();
    let topic = kafka.topic(1);
    kafka.produce(&topic, &orders(0..10));
    let cluster = connected(&proxy.bootstrap());
    let info = cluster.topic(&topic, LONG).expect("it is there");
    let reader = cluster.reader(&info, "watch");
    drop(cluster);
    let mut consumer = reader.consumer(None).expect("it can be made");
    consumer.read_from(0, StartAt::Beginning, None).expect("it can be read");
    assert_eq!(read_offsets(&consumer, 10).len(), 10);
    for round in 1..=3 {
        wait_until("there is a connection that fetches", LONG, || (proxy.mute_fetchers() > 0).then_some(()));
        let next = 10 * round;
        kafka.produce(&topic, &orders(next..next + 10));
        let next = i64::from(next);
        // The watch hears what the consumer does not.
        let mut silent = Vec::new();
        while silent.len() < 2 {
            let all = read_until(
                &consumer,
                "a look at what is there",
                |fetched| matches!(fetched, Fetched::Watched(watch) if watch.ends.get(&0).is_some_and(|ends| ends.readable_end > next)),
            );
            assert!(offsets(&all).is_empty(), "the consumer is mute");
            silent.push(all);
        }
        consumer.commit(&[(0, next)], "");
        let dropping = Instant::now();
        drop(consumer);
        assert!(dropping.elapsed() < Duration::from_secs(3), "{:?}", dropping.elapsed());
        consumer = reader.consumer(None).expect("it can be made");
        consumer.read_from(0, StartAt::Offset(next), None).expect("it can be read");
        assert_eq!(read_offsets(&consumer, 10), (next..next + 10).collect::<Vec<_>>());
    }
}
