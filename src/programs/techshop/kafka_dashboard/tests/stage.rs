//! A cluster that was watched for a quarter of an hour, and a screen that shows it.

use std::time::Duration;

use crate::base::language::Language;
use crate::doors::screen::{Effect, Glyphs, Input, Key, Rendered, Theme, rendered};
use crate::logic::lag::{Broker, Committed, Group, Member, Partition, Round, Topic};
use crate::programs::techshop::kafka_dashboard::app::App;
use crate::programs::techshop::kafka_dashboard::view;

/// 2026-11-21 09:41:00 UTC.
pub(super) const NOW_MS: i64 = 1_795_254_060_000;
const EVERY_MS: i64 = 2_000;

/// A screen of some size.
pub(super) struct Stage {
    pub(super) app: App,
    pub(super) theme: Theme,
    pub(super) glyphs: Glyphs,
    pub(super) size: (u16, u16),
}

impl Stage {
    /// That nobody has told anything yet.
    pub(super) fn empty() -> Stage {
        let mut app = App::new(Language::En, true, "localhost:9092".into(), Duration::from_secs(2));
        app.tick(NOW_MS);
        Stage { app, theme: Theme::Dark, glyphs: Glyphs::Unicode, size: (80, 24) }
    }

    /// That has watched a busy shop.
    pub(super) fn of_a_shop() -> Stage {
        let mut stage = Stage::empty();
        for look in 0..450 {
            stage.app.watch.observe(shop(look), NOW_MS - (449 - look) * EVERY_MS);
        }
        stage.app.tick(NOW_MS);
        stage
    }

    pub(super) fn sized(mut self, width: u16, height: u16) -> Stage {
        self.size = (width, height);
        self
    }

    pub(super) fn frame(&mut self) -> Rendered {
        let (width, height) = self.size;
        rendered(width, height, self.theme, self.glyphs, |canvas| view::draw(canvas, &mut self.app))
    }

    pub(super) fn text(&mut self) -> String {
        self.frame().text
    }

    pub(super) fn press(&mut self, key: Key) -> Effect {
        self.input(Input::Key(key))
    }

    pub(super) fn input(&mut self, input: Input) -> Effect {
        // What was drawn last decides where a click goes.
        self.frame();
        self.app.on_input(input)
    }

    pub(super) fn type_keys(&mut self, keys: &str) {
        for key in keys.chars() {
            self.press(Key::Char(key));
        }
    }

    /// One more look, so long after the last.
    pub(super) fn look(&mut self, round: Round, after_ms: i64) {
        let at_ms = self.app.now_ms + after_ms;
        self.app.watch.observe(round, at_ms);
        self.app.tick(at_ms);
    }
}

fn topic(name: &str, is_compacted: bool, first: i64, ends: &[i64]) -> Topic {
    let partition = |(end, number): (&i64, i32)| Partition {
        partition: number,
        leader: Some(number % 3 + 1),
        replicas: vec![1, 2, 3],
        isr: vec![1, 2, 3],
        first: Some(first),
        end: Some(*end),
        stable_end: Some(*end),
    };
    Topic {
        name: name.into(),
        is_compacted: Some(is_compacted),
        partitions: ends.iter().zip(0..).map(partition).collect(),
    }
}

fn group(name: &str, members: usize, committed: &[(&str, i32, i64)]) -> Group {
    let member = |number: usize| Member {
        id: format!("rdkafka-7c1f{number}-2a90-4d11-8c1e-000000000000"),
        client: "rdkafka".into(),
        host: "/127.0.0.1".into(),
        assigned: committed
            .iter()
            .filter(|(_, partition, _)| *partition as usize % members == number)
            .map(|(topic, partition, _)| ((*topic).into(), *partition))
            .collect(),
    };
    let places = committed.iter().map(|(topic, partition, offset)| Committed {
        topic: (*topic).into(),
        partition: *partition,
        offset: *offset,
    });
    Group {
        group: name.into(),
        state: Some(if members == 0 { "Empty" } else { "Stable" }.into()),
        kind: Some("Classic".into()),
        members: Some((0..members).map(member).collect()),
        committed: Some(places.collect()),
    }
}

/// The shop at one look of 450.
pub(super) fn shop(look: i64) -> Round {
    let seconds = look * 2;
    let orders = [seconds * 333, seconds * 334, seconds * 333];
    let notes = [100_000 + seconds * 314; 3];
    let mut inventory = topic("techshop.inventory", false, 40_002, &notes);
    // Transactions are seen open now and then.
    inventory.partitions[0].stable_end = Some(notes[0] - look % 2);
    // Half a minute ago what reads notes began to be too slow.
    let read = |behind: i64| notes[0] - 40 - behind.max(0) * 39;
    let collected = notes[0].min(100_000 + 880 * 314);
    let brokers = (1..=3).map(|id| Broker { id, host: "localhost".into(), port: 9091 + id as u16 }).collect();
    let errors = 9_000 + seconds * 58;
    let lag_that_falls = (450 - look) * 2;
    Round {
        cluster_id: Some("1L6g7nGhQ2WmDv0w".into()),
        controller: Some(2),
        brokers,
        topics: vec![
            topic("__consumer_offsets", true, 0, &[seconds; 5]),
            topic("techshop.analytics", false, 0, &notes),
            topic("techshop.errors", false, 0, &[errors]),
            inventory,
            topic("techshop.notifications", false, 0, &notes),
            topic("techshop.notifications-dlq", false, 0, &[0]),
            topic("techshop.orders", false, 0, &orders),
            topic("techshop.stock", true, 0, &[12_000 + seconds * 17]),
        ],
        groups: vec![
            group(
                "analytics-processor",
                1,
                &[("techshop.analytics", 0, notes[0]), ("techshop.analytics", 1, notes[1])],
            ),
            group("error-handler", 1, &[("techshop.errors", 0, errors - 12)]),
            group("metrics-collector", if look < 440 { 1 } else { 0 }, &[("techshop.analytics", 2, collected)]),
            group("never-committed", 1, &[]),
            group("notification-service", 1, &[0, 1, 2].map(|at| ("techshop.notifications", at, read(seconds - 820)))),
            group(
                "order-processor",
                2,
                &[("techshop.orders", 0, orders[0] - lag_that_falls), ("techshop.orders", 1, orders[1])],
            ),
            group("order-tracker-group", 0, &[("techshop.orders", 2, orders[2])]),
        ],
        silences: Vec::new(),
    }
}
