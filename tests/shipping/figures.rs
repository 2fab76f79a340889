//! The figures that the alerts and the dashboard name: read out of their expressions, far enough to know which
//! names and which labels of Prometheus each of them asks for.

use std::collections::{BTreeMap, BTreeSet};
use yaml_rust2::{Yaml, YamlLoader};

/// What Prometheus itself adds to whatever it scrapes.
const ADDED: [&str; 2] = ["job", "instance"];

/// The figure that Prometheus makes of each scrape.
const OWN: &str = "up";

/// Words of the language that are no figures though no bracket follows them.
const WORDS: [&str; 6] = ["and", "or", "unless", "by", "on", "bool"];

/// An expression: the names of figures in it, and the labels that it asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) figures: BTreeSet<String>,
    pub(crate) labels: BTreeSet<String>,
}

/// Reads an expression.
pub(crate) fn asked(expression: &str) -> Asked {
    let mut asked = Asked::default();
    let characters: Vec<char> = expression.chars().collect();
    let mut place = 0;
    // Inside braces, and behind `by (` or `on (`, names are those of labels.
    let (mut in_braces, mut in_list, mut before) = (false, false, String::new());
    while let Some(&one) = characters.get(place) {
        place += 1;
        match one {
            '"' => place += after(&characters[place..], '"'),
            '[' => place += after(&characters[place..], ']'),
            '{' => in_braces = true,
            '}' => in_braces = false,
            '(' => in_list = before == "by" || before == "on",
            ')' => in_list = false,
            _ if one.is_ascii_digit() => place += characters[place..].iter().take_while(|c| is_in_name(**c)).count(),
            _ if is_in_name(one) => {
                let end = place + characters[place..].iter().take_while(|c| is_in_name(**c)).count();
                let word: String = characters[place - 1..end].iter().collect();
                place = end;
                let follows = characters[place..].iter().find(|c| !c.is_whitespace());
                if in_braces || in_list {
                    asked.labels.insert(word.clone());
                } else if follows != Some(&'(') && !WORDS.contains(&word.as_str()) && before_list(&word, follows) {
                    asked.figures.insert(word.clone());
                }
                before = word;
            }
            _ => {}
        }
    }
    asked
}

/// `sum by (job) (…)`: a word before `by` is a function, though no bracket follows it.
fn before_list(word: &str, follows: Option<&char>) -> bool {
    !(matches!(word, "sum" | "max" | "min" | "avg" | "count") && follows.is_some_and(|next| next.is_alphabetic()))
}

fn is_in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':' || c == '.'
}

/// How far it is until behind the next `end`.
fn after(characters: &[char], end: char) -> usize {
    characters.iter().position(|c| *c == end).map_or(characters.len(), |place| place + 1)
}

/// Every alert, as YAML.
pub(crate) fn alerts() -> Vec<Yaml> {
    let text = include_str!("../../deploy/prometheus/alerts.yaml");
    let rules = YamlLoader::load_from_str(text).expect("alerts.yaml is YAML").remove(0);
    let groups = rules["groups"].as_vec().expect("groups").clone();
    groups.iter().flat_map(|group| group["rules"].as_vec().expect("rules").clone()).collect()
}

/// The panels of the dashboard.
pub(crate) fn panels() -> Vec<serde_json::Value> {
    let text = include_str!("../../deploy/grafana/ordertrail.json");
    let dashboard: serde_json::Value = serde_json::from_str(text).expect("ordertrail.json is JSON");
    dashboard["panels"].as_array().expect("panels").clone()
}

/// Every expression that is shipped, with where it stands and the labels that are shown beside it.
pub(crate) fn expressions() -> Vec<(String, String, BTreeSet<String>)> {
    let mut all = Vec::new();
    for alert in alerts() {
        let name = alert["alert"].as_str().expect("a name").to_owned();
        let texts = ["summary", "description"].map(|one| alert["annotations"][one].as_str().unwrap_or_default());
        let shown = texts.iter().flat_map(|text| text.split("$labels.").skip(1)).map(first_name).collect();
        all.push((name, alert["expr"].as_str().expect("an expression").to_owned(), shown));
    }
    for panel in panels() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let title = panel["title"].as_str().expect("a title").to_owned();
            let legend = target["legendFormat"].as_str().unwrap_or_default();
            let shown = legend.split("{{").skip(1).map(first_name).collect();
            all.push((title, target["expr"].as_str().expect("an expression").to_owned(), shown));
        }
    }
    all
}

fn first_name(text: &str) -> String {
    text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

/// What is asked for and missing in `exported`: by figure, the labels that it has.
pub(crate) fn missing(exported: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut all = Vec::new();
    for (place, expression, shown) in expressions() {
        let asked = asked(&expression);
        let of = |figure: &String| exported.get(figure).filter(|_| figure != OWN);
        let unknown = asked.figures.iter().filter(|figure| *figure != OWN && of(figure).is_none());
        all.extend(unknown.map(|figure| format!("{place}: nobody exports {figure}")));
        let has =
            |label: &str| ADDED.contains(&label) || asked.figures.iter().filter_map(of).any(|own| own.contains(label));
        let strange = asked.labels.iter().chain(&shown).filter(|label| !has(label.as_str()));
        all.extend(strange.map(|label| format!("{place}: no figure of it has the label {label}")));
    }
    all
}

/// What a program exports, from the text that it gives Prometheus: by figure, its labels.
pub(crate) fn exported(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        let labels = line.split_once('{').and_then(|(_, rest)| rest.rsplit_once('}')).map_or("", |(labels, _)| labels);
        // Only what stands before a quoted value.
        let names = labels.split("=\"").filter_map(|piece| piece.rsplit(['"', ',']).next());
        let names = names.filter(|name| !name.is_empty()).map(str::to_owned);
        all.entry(name.to_owned()).or_default().extend(names);
    }
    all
}
