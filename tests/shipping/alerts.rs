//! The alerts and the dashboard, as far as that can be seen without a running program; `tests/kafka/metrics.rs`
//! holds their figures to those that programs export.

use super::containers::{text_of, yaml_of};
use super::figures::{Asked, alerts, asked, exported, expressions, missing, panels};
use std::collections::{BTreeMap, BTreeSet};

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn an_expression_says_what_it_asks_for() {
    for (expression, figures, labels) in [
        ("up{job=\"a\"} == 0", &["up"][..], &["job"][..]),
        ("sum by (job, topic) (delta(lag_total[15m])) > 1e9", &["lag_total"], &["job", "topic"]),
        ("rate(a[$__rate_interval]) > 0.05 * on (job) sum by (job) (b)", &["a", "b"], &["job"]),
        ("max(a{quantile=\"0.99\", x=~\"b|c\"}) or absent(d)", &["a", "d"], &["quantile", "x"]),
        ("a > 0 and predict_linear(a[1h], 86400) < 0", &["a"], &[]),
    ] {
        assert_eq!(asked(expression), Asked { figures: set(figures), labels: set(labels) }, "{expression}");
    }
}

#[test]
fn what_nobody_exports_is_noticed() {
    let text = "# HELP a_total x\na_total{topic=\"x,y\",q=\"1\"} 3\nb 4\n# EOF\n";
    let own = exported(text);
    assert_eq!(own, BTreeMap::from([("a_total".to_owned(), set(&["topic", "q"])), ("b".to_owned(), set(&[]))]));
    let all = missing(&own).join("\n");
    assert!(all.contains("OrdertrailGap: nobody exports ordertrail_tracker_gaps_total"), "{all}");
    assert!(all.contains("no figure of it has the label consumergroup"), "{all}");
}

#[test]
fn every_alert_says_what_to_do() {
    let guide = text_of("docs/alerts.md");
    let described: BTreeSet<&str> = guide.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let alerts = alerts();
    for alert in &alerts {
        let name = alert["alert"].as_str().expect("a name");
        let said = |field: &str| alert["annotations"][field].as_str().unwrap_or_default();
        assert!(described.contains(name), "docs/alerts.md says nothing of {name}");
        assert_eq!(said("runbook"), format!("docs/alerts.md#{}", name.to_lowercase()));
        assert!(!said("summary").is_empty() && said("description").len() > 20, "{name}");
        assert!(["critical", "warning"].contains(&alert["labels"]["severity"].as_str().unwrap_or_default()), "{name}");
    }
    assert_eq!(described.len(), alerts.len(), "docs/alerts.md tells of an alert that is none");
}

#[test]
fn the_jobs_of_the_expressions_are_those_that_prometheus_has() {
    let scraped = yaml_of("deploy/prometheus/prometheus.yml");
    let jobs = scraped["scrape_configs"].as_vec().expect("jobs").iter();
    let jobs: BTreeSet<&str> = jobs.map(|job| job["job_name"].as_str().expect("a name")).collect();
    for (place, expression, _) in expressions() {
        for named in expression.split("job=").skip(1) {
            let pattern = named.trim_start_matches('~').trim_start_matches('"').split('"').next().unwrap_or_default();
            for job in pattern.split('|') {
                let is_there = job
                    .strip_suffix(".*")
                    .map_or(jobs.contains(job), |start| jobs.iter().any(|one| one.starts_with(start)));
                assert!(is_there, "{place}: {job} is no job of prometheus.yml");
            }
        }
    }
}

#[test]
fn the_dashboard_is_laid_out() {
    let panels = panels();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().expect("an id")).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
    for panel in &panels {
        let place = |side: &str| panel["gridPos"][side].as_u64().expect("a place");
        assert!(place("x") + place("w") <= 24, "{} hangs over the edge", panel["title"]);
        assert!(panel["type"] == "row" || !panel["description"].as_str().unwrap_or_default().is_empty());
    }
}
