//! What is owed to subscribers.

use uuid::Uuid;

use super::rows::{SUBSCRIBERS, TABLES, put};
use super::subscribers::*;
use crate::doors::store::Store;

fn store() -> Store {
    Store::in_memory(&TABLES).expect("a store")
}

fn add_subscriber(store: &Store, url: &str) -> Option<u64> {
    let url = url.to_owned();
    let subscribed = store.commit(move |change| subscribe(change, "c".into(), url, false, 0)).expect("written");
    match subscribed {
        Subscribed::New(one) | Subscribed::Known(one) => Some(one.id),
        Subscribed::Full => None,
    }
}

fn note_one(store: &Store, n: i64) {
    let update = (n, Uuid::from_u128(n.unsigned_abs().into()));
    store.commit(move |change| note(change, "WL-1", update, n)).expect("written");
}

fn one(store: &Store, id: u64) -> SubscriberRow {
    numbered(&store.view().expect("readable"), id).expect("readable").expect("there")
}

#[test]
fn whoever_subscribed_is_owed_each_update_and_only_so_many_may() {
    let store = store();
    let first = add_subscriber(&store, "http://a/").expect("room");
    note_one(&store, 1);
    let second = add_subscriber(&store, "http://b/").expect("room");
    assert_eq!(add_subscriber(&store, "http://a/"), Some(first), "the same is the same");
    note_one(&store, 2);
    assert_eq!((one(&store, first).waiting, one(&store, second).waiting), (2, 1));
    for n in 2..MOST_SUBSCRIBERS {
        assert!(add_subscriber(&store, &format!("http://{n}/")).is_some());
    }
    assert_eq!(add_subscriber(&store, "http://more/"), None);
    assert_eq!(store.commit(move |change| unsubscribe(change, second)), Ok(true));
    let seqs = |id| notes(&store.view().expect("readable"), id, 9).expect("readable");
    assert_eq!((seqs(first).len(), seqs(second).len()), (2, 0));
    assert!(add_subscriber(&store, "http://more/").is_some_and(|id| id > second), "numbers are used once");
}

#[test]
fn a_backlog_is_bounded_and_the_oldest_is_given_up_where_it_can_be_seen() {
    let store = store();
    let id = add_subscriber(&store, "http://a/").expect("room");
    // As if it were nearly full.
    let full = store.commit(move |change| {
        let mut one = numbered(change, id)?.expect("there");
        one.waiting = MOST_NOTES - 1;
        put(change, SUBSCRIBERS, b"http://a/", &one)
    });
    full.expect("written");
    (1..=3).for_each(|n| note_one(&store, n));
    let view = store.view().expect("readable");
    let letters = dead_letters(&view, u64::MAX, 9).expect("readable");
    assert_eq!(letters.iter().map(|(_, letter)| letter.note.accepted_ms).collect::<Vec<_>>(), [2, 1]);
    assert!(letters.iter().all(|(_, letter)| letter.why == GivenUp::Backlog));
    assert_eq!((one(&store, id).waiting, one(&store, id).given_up), (MOST_NOTES, 2));
    let letter = letters[0].0;
    let again = store.commit(move |change| redeliver(change, letter, 50)).expect("written");
    assert!(matches!(again, Redelivered::Queued));
    let waiting = notes(&store.view().expect("readable"), id, 9).expect("readable");
    assert_eq!(
        waiting.last().map(|(_, note)| (note.accepted_ms, note.update.map(|update| update.0))),
        Some((50, Some(2)))
    );
}

#[test]
fn what_was_told_is_owed_no_more_and_what_was_given_up_neither() {
    let store = store();
    let id = add_subscriber(&store, "http://a/").expect("room");
    (1..=4).for_each(|n| note_one(&store, n));
    let seqs: Vec<u64> =
        notes(&store.view().expect("readable"), id, 9).expect("readable").iter().map(|(seq, _)| *seq).collect();
    assert!(seqs.is_sorted());
    let (done, dead) = (seqs[..2].to_vec(), seqs[2]);
    let untold = store.commit(move |change| untold(change, id, "refused".into()));
    untold.expect("written");
    assert_eq!(one(&store, id).last_error.as_deref(), Some("refused"));
    for count in [2, 0] {
        let done = done.clone();
        assert_eq!(store.commit(move |change| told(change, id, &done)), Ok(count), "counted once");
    }
    let gave_up = store.commit(move |change| give_up(change, id, &[dead], (GivenUp::Refused, "410"), 9));
    assert_eq!(gave_up, Ok(1));
    let one = one(&store, id);
    assert_eq!((one.waiting, one.delivered, one.given_up, one.last_error), (1, 2, 1, None));
}
