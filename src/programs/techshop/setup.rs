//! `techshop setup-topics`: the shop's topics, made where they are missing and looked at where they are not.

use clap::Args;
use serde::Serialize;

use super::names::{Kind, Shape};
use super::{Shop, TechshopError};
use crate::doors::kafka::{Cluster, Role, TopicInfo, TopicTerms};
use crate::services::output::print;
use crate::tools::exit::Exit;
use crate::tools::stderr::remark;

/// Flags of `techshop setup-topics`.
#[derive(Args, Clone, Debug)]
pub struct SetupArgs {
    /// Copies of each partition of the topics that are made [default: the broker's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=32767))]
    replication_factor: Option<i32>,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was found of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// It was missing.
    Made,
    /// It was there, as it should be.
    There,
    /// It was there, with another shape.
    Wrong,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Flaw {
    /// What is, and what should be.
    what: String,
    /// What to do, a command where there is one.
    fix: String,
}

/// One topic, as it is told.
#[derive(Debug, Serialize)]
struct Told {
    topic: String,
    state: State,
    partitions: i32,
    flaws: Vec<Flaw>,
    /// Why its settings could not be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    unknown: Option<String>,
}

pub(super) fn run(shop: &Shop<'_>, args: &SetupArgs) -> Result<Exit, TechshopError> {
    let cluster = shop.context.connect_once(&[Role::Admin])?;
    let shapes = shop.names.shapes();
    let mut all = Vec::with_capacity(shapes.len());
    for shape in &shapes {
        all.push(set_up(shop, &cluster, shape, args.replication_factor)?);
    }
    let wrong = all.iter().filter(|told| told.state == State::Wrong).count();
    if args.json {
        print(&format!("{}\n", serde_json::json!({ "topics": all })))?;
    } else {
        print(&table(&shapes, &all))?;
        if wrong > 0 {
            let are = if wrong == 1 { "topic is" } else { "topics are" };
            remark(format_args!("{wrong} of {} {are} not as it should be: see above what to do", all.len()));
        }
    }
    Ok(if wrong == 0 { Exit::Done } else { Exit::Failed })
}

fn set_up(
    shop: &Shop<'_>,
    cluster: &Cluster,
    shape: &Shape,
    replication_factor: Option<i32>,
) -> Result<Told, TechshopError> {
    let (name, limit) = (&shape.name, Some(shop.context.common.connect_timeout));
    let found = match shape.kind {
        Kind::Kept => {
            cluster.ensure_kept_topic(name, shape.kept(replication_factor), limit, shop.context.shutdown, |_| {})
        }
        Kind::LastValues => cluster.ensure_compacted(name, replication_factor, limit, shop.context.shutdown, |_| {}),
    }?;
    // What was just made is as it was asked for.
    let terms = if found.created { None } else { Some(cluster.topic_terms(name)) };
    let mut told = Told {
        topic: found.name.clone(),
        state: if found.created { State::Made } else { State::There },
        partitions: found.partitions,
        flaws: Vec::new(),
        unknown: None,
    };
    match terms {
        Some(Ok(terms)) => told.flaws = flaws(shape, &found, Some(&terms), &shop.context.settings.brokers),
        Some(Err(reason)) => {
            told.flaws = flaws(shape, &found, None, &shop.context.settings.brokers);
            told.unknown = Some(reason);
        }
        None => {}
    }
    if !told.flaws.is_empty() {
        told.state = State::Wrong;
    }
    Ok(told)
}

/// What of a topic is not as it should be.
fn flaws(shape: &Shape, found: &TopicInfo, terms: Option<&TopicTerms>, brokers: &str) -> Vec<Flaw> {
    let name = &shape.name;
    let mut flaws = Vec::new();
    let set = |setting: &str| {
        format!("kafka-configs.sh --bootstrap-server {brokers} --alter --topic {name} --add-config {setting}")
    };
    let (is, should) = (found.partitions, shape.partitions);
    // One partition means one order of all messages; where there are to be several, more do no harm.
    if is < should {
        let fix = format!("kafka-topics.sh --bootstrap-server {brokers} --alter --topic {name} --partitions {should}");
        flaws.push(Flaw { what: format!("{}, should be {should}", partitions(is)), fix });
    } else if should == 1 && is > 1 {
        let fix = "delete it while the shop is stopped, then run setup-topics again".to_owned();
        flaws.push(Flaw { what: format!("{}, must be 1", partitions(is)), fix });
    }
    let Some(terms) = terms else { return flaws };
    match shape.kind {
        Kind::LastValues => {
            let deletes = terms.retention.is_some() || terms.most_kept_bytes.is_some();
            if !terms.compacted || deletes {
                let what = "forgets values: cleanup.policy must be compact".to_owned();
                flaws.push(Flaw { what, fix: set("cleanup.policy=compact") });
            }
        }
        Kind::Kept => {
            if terms.compacted {
                let what = "drops messages: cleanup.policy must be delete".to_owned();
                flaws.push(Flaw { what, fix: set("cleanup.policy=delete") });
            }
            if let Some(kept) = terms.retention {
                let what = format!("keeps messages for {}, should for ever", span(kept));
                flaws.push(Flaw { what, fix: set("retention.ms=-1") });
            }
            if let Some(bytes) = terms.most_kept_bytes {
                let what = format!("keeps {bytes} bytes a partition, should keep all");
                flaws.push(Flaw { what, fix: set("retention.bytes=-1") });
            }
        }
    }
    if let (Some(needed), Some(largest)) = (shape.largest_bytes, terms.largest_bytes)
        && largest < needed as u64
    {
        let what = format!("takes {largest} bytes a message, should {needed}");
        flaws.push(Flaw { what, fix: set(&format!("max.message.bytes={needed}")) });
    }
    flaws
}

fn span(kept: std::time::Duration) -> String {
    match (kept.as_secs() / 86_400, kept.as_secs() / 3_600) {
        (days @ 2.., _) => format!("{days} days"),
        (_, hours @ 2..) => format!("{hours} hours"),
        _ => format!("{} s", kept.as_secs()),
    }
}

fn partitions(count: i32) -> String {
    if count == 1 { "1 partition".to_owned() } else { format!("{count} partitions") }
}

fn table(shapes: &[Shape], all: &[Told]) -> String {
    let widest = all.iter().map(|told| told.topic.len()).max().unwrap_or_default();
    let mut text = String::new();
    for (shape, told) in shapes.iter().zip(all) {
        let Told { topic, state, .. } = told;
        let (word, about) = match state {
            State::Made | State::There => {
                let keeps = match shape.kind {
                    Kind::Kept => "keeps everything",
                    Kind::LastValues => "keeps the last of each key",
                };
                let keeps = told.unknown.as_ref().map_or(keeps, |_| "its settings may not be read");
                let word = if *state == State::Made { "made" } else { "there" };
                (word, format!("{}, {keeps}", partitions(told.partitions)))
            }
            State::Wrong => {
                let whats: Vec<&str> = told.flaws.iter().map(|flaw| flaw.what.as_str()).collect();
                ("WRONG", whats.join("; "))
            }
        };
        text.push_str(&format!("{topic:widest$}  {word:<5}  {about}\n"));
        for flaw in &told.flaws {
            text.push_str(&format!("    {}\n", flaw.fix));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn shape(kind: Kind, partitions: i32) -> Shape {
        Shape { name: "t".to_owned(), partitions, kind, largest_bytes: Some(100) }
    }

    fn whats(shape: &Shape, partitions: i32, terms: &TopicTerms) -> Vec<String> {
        let found = TopicInfo { name: "t".to_owned(), partitions, created: false };
        flaws(shape, &found, Some(terms), "b:1").into_iter().map(|flaw| flaw.what).collect()
    }

    #[test]
    fn what_is_as_it_should_be_has_no_flaw_and_more_partitions_do_no_harm() {
        let good = TopicTerms { largest_bytes: Some(100), ..TopicTerms::default() };
        assert_eq!(whats(&shape(Kind::Kept, 3), 3, &good), Vec::<String>::new());
        assert_eq!(whats(&shape(Kind::Kept, 3), 12, &good), Vec::<String>::new());
        let compacted = TopicTerms { compacted: true, ..good };
        assert_eq!(whats(&shape(Kind::LastValues, 1), 1, &compacted), Vec::<String>::new());
    }

    #[test]
    fn each_flaw_is_named() {
        let bad = TopicTerms {
            retention: Some(Duration::from_secs(7 * 86_400)),
            most_kept_bytes: Some(5),
            compacted: true,
            largest_bytes: Some(99),
            ..TopicTerms::default()
        };
        let expected = [
            "1 partition, should be 3",
            "drops messages: cleanup.policy must be delete",
            "keeps messages for 7 days, should for ever",
            "keeps 5 bytes a partition, should keep all",
            "takes 99 bytes a message, should 100",
        ];
        assert_eq!(whats(&shape(Kind::Kept, 3), 1, &bad), expected);
        let forgets = ["3 partitions, must be 1", "forgets values: cleanup.policy must be compact"];
        let keeps = TopicTerms { largest_bytes: Some(100), ..TopicTerms::default() };
        assert_eq!(whats(&shape(Kind::LastValues, 1), 3, &keeps), forgets);
        assert_eq!(whats(&shape(Kind::LastValues, 1), 1, &bad).len(), 2, "compact,delete forgets, too");
    }
}
