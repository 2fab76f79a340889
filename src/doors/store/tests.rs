//! What was answered is there.

use std::ops::Bound;

use super::*;

const ROWS: Table = Table("rows");

fn open(path: &Path) -> (Store, Shutdown) {
    let shutdown = Shutdown::new();
    (Store::open(path, &[ROWS], &shutdown).expect("a store"), shutdown)
}

#[test]
fn what_many_write_at_once_is_there_after_it_was_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.redb");
    let (store, _) = open(&path);
    let write = |thread: u8| {
        let store = store.clone();
        std::thread::spawn(move || {
            for n in 0..50_u8 {
                let before = store.commit_soon(move |change| {
                    let count = change.count(ROWS)?;
                    change.put(ROWS, &[thread, n], b"x")?;
                    assert_eq!(change.get(ROWS, &[thread, n])?.as_deref(), Some(&b"x"[..]), "it sees itself");
                    Ok(count)
                });
                assert!(before.expect("written") >= u64::from(n));
                assert!(store.view().expect("readable").get(ROWS, &[thread, n]).expect("read").is_some());
            }
        })
    };
    let threads: Vec<_> = (0..8).map(write).collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    drop(store);
    let (store, _) = open(&path);
    let view = store.view().expect("readable");
    assert_eq!(view.count(ROWS), Ok(400));
    assert_eq!(view.beginning(ROWS, &[3], 1_000).expect("read").len(), 50);
    let last = view.range(ROWS, (Bound::Unbounded, Bound::Excluded(&[3, 7])), Side::Last, 2).expect("read");
    assert_eq!(last.iter().map(|(key, _)| key.as_slice()).collect::<Vec<_>>(), [[3, 6], [3, 5]]);
}

#[test]
fn a_change_that_fails_leaves_nothing_behind_and_ends_the_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.redb");
    let (store, shutdown) = open(&path);
    store.commit(|change| change.put(ROWS, b"a", b"1")).expect("written");
    let failed: Result<(), StoreError> = store.commit(|change| {
        change.put(ROWS, b"b", b"2")?;
        Err(StoreError::Damaged("on purpose".into()))
    });
    assert!(failed.is_err());
    assert!(shutdown.is_requested());
    assert!(store.failure().is_some_and(|why| why.contains("on purpose")));
    assert_eq!(store.commit(|change| change.put(ROWS, b"c", b"3")), Err(StoreError::Closed));
    drop(store);
    let (store, _) = open(&path);
    let view = store.view().expect("readable");
    assert_eq!(view.count(ROWS), Ok(1), "only what was answered with yes");
    assert!(store.commit(|change| change.remove(ROWS, b"a")).expect("written"));
}

#[test]
fn a_change_that_panics_ends_the_store_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, shutdown) = open(&folder.path().join("x.redb"));
    let panicked: Result<(), StoreError> = store.commit(|_| unreachable!("on purpose"));
    assert_eq!(panicked, Err(StoreError::Closed));
    assert!(shutdown.wait_timeout(Duration::from_secs(60)), "the service ends");
    assert!(store.failure().is_some_and(|why| why.contains("panicked")));
}
