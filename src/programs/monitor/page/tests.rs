//! The page without Kafka: what it says of files that a test wrote, and what it leaves alone.

use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;

use super::{FRENCH, TEMPLATES, TrailPages};
use crate::base::language::Language;
use crate::doors::web::checks::untold;
use crate::doors::web::{Pages as _, Place, View};
use crate::programs::monitor::page::reading::Reading;
use crate::programs::monitor::page::records::Records;
use crate::programs::monitor::sources::SourceOptions;
use crate::programs::monitor::tests::stage::{morning, morning_log};

fn pages_of(folder: &Path, is_unmasked: bool) -> TrailPages {
    let files = SourceOptions { events: folder.join("tracker.events"), log: folder.join("tracker.log") };
    TrailPages { reading: Reading::with_patience(files, Duration::MAX), records: Records::default(), is_unmasked }
}

/// A folder of its own, and its page.
fn pages(is_unmasked: bool) -> (TempDir, TrailPages) {
    let folder = tempfile::tempdir().expect("a folder");
    let pages = pages_of(folder.path(), is_unmasked);
    (folder, pages)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    std::fs::write(folder.join(name), bytes).expect("room");
}

fn place(path: &str, language: Language) -> Place {
    Place { path: path.to_owned(), language, ..Place::default() }
}

fn view(pages: &TrailPages, path: &str) -> View {
    pages.page(&place(path, Language::En)).expect("a page").view
}

#[test]
fn every_word_of_the_templates_has_its_french_and_no_french_is_left_over() {
    assert_eq!(untold(TEMPLATES, FRENCH), Vec::<String>::new());
}

#[test]
fn a_folder_without_files_is_told_in_words() {
    let (_folder, pages) = pages(false);
    for language in [Language::En, Language::Fr] {
        let view = pages.page(&place("/", language)).expect("a page").view;
        assert_eq!(view.texts["received.all"].text, "–");
        assert!(!view.texts["verdict"].text.is_empty() && !view.texts["verdict.services"].text.is_empty());
        assert!(view.tables["records"].is_empty() && view.tables["gaps"].is_empty());
    }
    assert!(pages.page(&place("/nothing", Language::En)).is_none());
    assert_eq!(pages.missing(&place("/nothing", Language::En)).status, 404);
}

#[test]
fn the_page_counts_what_the_trail_holds_and_opens_each_line() {
    let (folder, pages) = pages(false);
    let events = morning();
    write(folder.path(), "tracker.events", &events);
    write(folder.path(), "tracker.log", morning_log().as_bytes());
    let lines = events.iter().filter(|byte| **byte == b'\n').count();
    let gaps = String::from_utf8_lossy(&events).matches(r#""event_type":"audit.gap""#).count();
    let page = view(&pages, "/");
    assert_eq!(page.total as usize + gaps, lines, "each line is a message or a gap");
    let rows = &page.tables["records"];
    assert_eq!(rows.len(), 30);
    let mut opened = 0;
    for row in rows.iter().chain(&page.tables["logs"]) {
        let record = view(&pages, row.href.as_deref().expect("a link"));
        assert!(!record.texts.contains_key("record.missing") && !record.tables["fields"].is_empty());
        let told = serde_json::to_string(&record).expect("JSON");
        assert!(!told.contains("+33 6") && !told.contains("Rue de la Paix"), "{told}");
        opened += usize::from(record.texts["record.payload"].text.contains("order_id"));
    }
    assert!(opened > 10);
}

#[test]
fn the_folder_of_the_files_is_shown_nowhere() {
    let (folder, pages) = pages(true);
    let path = folder.path().to_str().expect("text");
    let started = format!(
        "{{\"timestamp\":\"2026-11-21T09:00:00Z\",\"level\":\"ERROR\",\"message\":\"cannot write {path}/tracker.events\",\
         \"service\":\"order-tracker\",\"error\":\"{path}/tracker.events: no space\",\"event\":\"disk.full\",\
         \"metadata\":{{\"events_file\":\"{path}/tracker.events\"}}}}\n"
    );
    let told = serde_json::to_string(&view(&pages, "/")).expect("JSON");
    assert!(told.contains("tracker.events is not there yet") && !told.contains(path), "{told}");
    write(folder.path(), "tracker.events", &morning());
    write(folder.path(), "tracker.log", format!("{}{started}", morning_log()).as_bytes());
    let pages = pages_of(folder.path(), true);
    let all = view(&pages, "/");
    let told = serde_json::to_string(&all).expect("JSON");
    assert!(told.contains("tracker.events.pub") && !told.contains(path), "{told}");
    let last = all.tables["logs"].first().and_then(|row| row.href.clone()).expect("a link");
    let told = serde_json::to_string(&view(&pages, &last)).expect("JSON");
    assert!(told.contains("tracker.events: no space") && !told.contains(path), "{told}");
}

#[test]
fn a_link_that_leads_into_a_line_or_nowhere_says_so() {
    let (folder, pages) = pages(true);
    write(folder.path(), "tracker.events", &morning());
    let href = view(&pages, "/").tables["records"].first().and_then(|row| row.href.clone()).expect("a link");
    let (file, byte) = href.split_once('@').expect("a place");
    let inside: u64 = byte.parse::<u64>().expect("a number") + 7;
    for gone in [format!("{file}@{inside}"), format!("{file}@99999999"), "/records/events/1-1@0".to_owned()] {
        let record = view(&pages, &gone);
        assert!(record.texts["record.missing"].text.contains("not there any more"), "{gone}");
    }
    for wrong in ["/records/events/x", "/records/other/1-1@0", "/records/events/1-1@-1", "/records"] {
        assert!(pages.page(&place(wrong, Language::En)).is_none(), "{wrong}");
    }
    // One that is there is there after a rotation and another start, too.
    std::fs::rename(folder.path().join("tracker.events"), folder.path().join("tracker.events.1")).expect("renamed");
    write(folder.path(), "tracker.events", b"");
    assert!(!view(&pages_of(folder.path(), true), &href).texts.contains_key("record.missing"));
}

/// The reason quotes what stood where no text may stand; a line that is damaged may hold anything.
#[test]
fn why_a_message_was_refused_quotes_nobody_unless_that_is_asked_for() {
    let reason = r#"sequence: invalid type: string \"Alice Martin\", expected i64 at line 1 column 9"#;
    let invalid = format!(
        r#"{{"timestamp":"2026-11-21T09:12:30.123Z","event_type":"message.received.deserialization_error","kafka_topic":"orders","kafka_partition":0,"kafka_offset":0,"raw_message":"{{\"sequence\":\"Alice Martin\"}}","message_size":27,"deserialized":false,"error":"{reason}"}}"#
    );
    let told = format!(
        r#"{{"timestamp":"2026-11-21T09:12:30.123Z","level":"ERROR","message":"message refused","event":"message.invalid","service":"order-tracker","error":"{reason}","metadata":{{"kafka_topic":"orders","kafka_partition":0,"kafka_offset":0,"raw_message":"{{\"sequence\":\"Alice Martin\"}}"}}}}"#
    );
    for is_unmasked in [false, true] {
        let (folder, pages) = pages(is_unmasked);
        write(folder.path(), "tracker.events", format!("{invalid}\nname Alice Martin\n").as_bytes());
        write(folder.path(), "tracker.log", format!("{told}\n").as_bytes());
        let list = view(&pages, "/");
        let rows = ["records", "logs"].into_iter().flat_map(|table| &list.tables[table]);
        let opened: Vec<View> = rows.filter_map(|row| Some(view(&pages, row.href.as_deref()?))).collect();
        assert_eq!(opened.len(), 3);
        for view in opened.iter().chain([&list]) {
            let told = serde_json::to_string(view).expect("JSON");
            assert_eq!(told.contains("Alice Martin"), is_unmasked, "{told}");
        }
        assert!(serde_json::to_string(&opened).expect("JSON").contains("expected i64"));
    }
}

/// Of a topic that is not of orders names, telephones, keys and headers were shown whole.
#[test]
fn of_what_is_no_order_no_text_is_shown_unless_that_is_asked_for() {
    let line = r#"{"timestamp":"2026-11-21T09:12:30.123Z","event_type":"message.received","kafka_topic":"payments","kafka_partition":0,"kafka_offset":0,"raw_message":"{\"name\":\"Alice Martin\",\"note\":\"Alice Martin\",\"telephone\":\"+33612345678\",\"n\":7}","message_size":80,"deserialized":true,"kafka_timestamp":1763716350123,"kafka_key":"+33612345678","kafka_headers":[["caller","+33612345678 Alice Martin"],["content-type","application/json"]]}"#;
    for is_unmasked in [false, true] {
        let (folder, pages) = pages(is_unmasked);
        write(folder.path(), "tracker.events", format!("{line}\n").as_bytes());
        let list = view(&pages, "/");
        let href = list.tables["records"].first().and_then(|row| row.href.clone()).expect("a link");
        let record = view(&pages, &href);
        let told = serde_json::to_string(&(&list, &record)).expect("JSON");
        for personal in ["Alice Martin", "33612345678"] {
            assert_eq!(told.contains(personal), is_unmasked, "{personal} in {told}");
        }
        assert!(told.contains("application/json"), "{told}");
        assert!(record.texts["record.payload"].text.contains("\"n\": 7"), "{told}");
    }
}
