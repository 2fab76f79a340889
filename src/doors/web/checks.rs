//! What holds of every view: its changes lead a page to it, and nothing in it becomes HTML.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use regex::Regex;
use serde_json::{Value, json};

use super::html::Templates;
use super::{Dictionary, Piece, Plot, Row, Tone, View};
use crate::base::language::Language;

// ---- Changes, applied as the page's script applies them ---------------------------------------------------------------

/// `withRows` of `places.js`.
fn with_rows(old: &[Value], change: &Value) -> Vec<Value> {
    let mut fresh: Vec<Value> = change["rows"].as_array().expect("rows").clone();
    let mut stay = Vec::new();
    for row in old {
        match fresh.iter().position(|newer| newer["key"] == row["key"]) {
            Some(at) => stay.push(fresh.remove(at)),
            None => stay.push(row.clone()),
        }
    }
    let keep = change["keep"].as_u64().expect("a number") as usize;
    fresh.into_iter().chain(stay).take(keep).collect()
}

/// `withPoints` of `places.js`.
fn with_points(old: &Value, change: &Value) -> Value {
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let mut x = list(&old["x"]);
    let mut y: Vec<Vec<Value>> = list(&old["y"]).iter().map(list).collect();
    for (index, at) in list(&change["x"]).iter().enumerate() {
        let target = x.iter().rposition(|known| known == at).unwrap_or_else(|| {
            x.push(at.clone());
            y.iter_mut().for_each(|line| line.push(Value::Null));
            x.len() - 1
        });
        for (which, line) in y.iter_mut().enumerate() {
            line[target] = change["y"][which][index].clone();
        }
    }
    let over = x.len().saturating_sub(change["keep"].as_u64().expect("a number") as usize);
    x.drain(..over);
    y.iter_mut().for_each(|line| drop(line.drain(..over)));
    let mut plot = json!({"x": x, "y": y});
    if !old["limit"].is_null() {
        plot["limit"] = old["limit"].clone();
    }
    plot
}

/// `learn` of `places.js`.
fn learn(model: &mut Value, said: &Value) {
    let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
    for (name, text) in members(&said["texts"]) {
        model["texts"][name] = text;
    }
    for (name, table) in members(&said["tables"]) {
        let old = model["tables"][&name].as_array().cloned().unwrap_or_default();
        model["tables"][name] = if table["part"] == json!(true) { with_rows(&old, &table).into() } else { table };
    }
    for (name, plot) in members(&said["plots"]) {
        let old = model["plots"][&name].clone();
        model["plots"][name] = if plot["part"] == json!(true) { with_points(&old, &plot) } else { plot };
    }
    model["total"] = said["total"].clone();
}

/// A text that is gone is an empty one.
fn without_empty(mut model: Value) -> Value {
    if let Some(texts) = model["texts"].as_object_mut() {
        texts.retain(|_, text| *text != json!(""));
    }
    model
}

fn piece() -> impl Strategy<Value = Piece> {
    let tone = prop_oneof![Just(None), Just(Some(Tone::Good)), Just(Some(Tone::Bad))];
    ("[a-c]?", tone, prop::option::of(0.0..=1.0_f64)).prop_map(|(text, tone, bar)| Piece {
        text,
        tone,
        bar,
        ..Piece::default()
    })
}

/// Rows of few keys, so that many are the same as before, in other places, or of one key.
fn table() -> impl Strategy<Value = Vec<Row>> {
    let row = ("[a-h]", piece()).prop_map(|(key, cell)| Row::new(key, [cell]));
    prop::collection::vec(row, 0..8)
}

fn plot() -> impl Strategy<Value = Plot> {
    let value = prop_oneof![Just(None), (0..3_u8).prop_map(|value| Some(f64::from(value)))];
    let points = prop::collection::btree_map(0..12_i64, prop::collection::vec(value, 2), 0..10);
    (points, 1..=2_usize, prop_oneof![Just(None), Just(Some(100.0))]).prop_map(|(points, lines, limit)| Plot {
        x: points.keys().copied().collect(),
        y: (0..lines).map(|line| points.values().map(|values| values[line]).collect()).collect(),
        limit,
        range: None,
    })
}

fn view() -> impl Strategy<Value = View> {
    let texts = prop::collection::btree_map(prop::sample::select(vec!["one", "two", "three"]), piece(), 0..4);
    (0..9_u64, texts, table(), plot()).prop_map(|(total, texts, table, plot)| View {
        total,
        texts,
        tables: BTreeMap::from([("table", table)]),
        plots: BTreeMap::from([("plot", plot)]),
    })
}

/// Lists as they grow: most of the old view, with something new on top and at the end.
fn grown() -> impl Strategy<Value = (View, View)> {
    (view(), table(), plot(), 0..12_usize).prop_map(|(before, rows, more, keep)| {
        let mut now = before.clone();
        let fresh = rows.into_iter().chain(before.tables["table"].iter().cloned());
        now.table("table", fresh.take(keep).collect::<Vec<_>>());
        if let Some(plot) = now.plots.get_mut("plot") {
            for (at, x) in more.x.iter().enumerate() {
                plot.x.push(100 + x);
                let values = more.y.iter().cycle();
                plot.y.iter_mut().zip(values).for_each(|(line, values)| line.push(values[at]));
            }
            let over = plot.x.len().saturating_sub(keep);
            plot.x.drain(..over);
            plot.y.iter_mut().for_each(|line| drop(line.drain(..over)));
        }
        (before, now)
    })
}

fn expect_same(before: &View, now: &View) {
    let json = |view: &View| serde_json::to_value(view).expect("JSON");
    let mut model = json(before);
    let changes = now.since(before);
    learn(&mut model, &serde_json::to_value(&changes).expect("JSON"));
    assert_eq!(without_empty(model), without_empty(json(now)));
    assert_eq!(changes.is_empty(), View { total: before.total, ..now.clone() } == *before);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_024, ..ProptestConfig::default() })]

    #[test]
    fn changes_lead_a_page_to_the_new_view(before in view(), now in view()) {
        expect_same(&before, &now);
    }

    #[test]
    fn changes_of_what_grows_lead_a_page_to_the_new_view((before, now) in grown()) {
        expect_same(&before, &now);
    }
}

// ---- HTML ---------------------------------------------------------------------------------------------------------------

const TEMPLATE: &str = r#"{{ text("t", "big") }}<p title="{{ word }}">{{ word }}</p>
<table>{{ table("rows", "name bar.label", [t("Name"), word]) }}</table>{{ text("t", optional=true) }}"#;

fn render(word: &str, href: &str) -> String {
    let sources: &'static [(&'static str, &'static str)] = &[("page.html", TEMPLATE)];
    let dictionary = Arc::new(Dictionary::read("{}").expect("JSON"));
    let templates = Templates::new(sources, dictionary, &[]).expect("a template");
    let mut view = View::default();
    view.text("t", Piece::from(word).title(word).href(href));
    let bar = Piece { spark: Some(word.to_owned()), ..Piece::from(word).title(word).href(href).bar(0.5).mark(0.2) };
    let when = Piece::from(word).at(1_732_268_463_000);
    view.table("rows", [Row::new(word, [Piece::from(word), bar]).href(href), Row::new(word, [when, word.into()])]);
    templates.render("page.html", Language::En, view, json!({"word": word})).expect("it renders")
}

/// Text as a browser reads it.
fn read(escaped: &str) -> String {
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    named.iter().fold(escaped.to_owned(), |text, (name, letter)| text.replace(name, letter))
}

#[allow(clippy::panic, reason = "a test that cannot go on has failed, and says so")]
/// Splits HTML into texts and values of attributes; panics at a tag or an attribute that no template has.
fn taken_apart(html: &str) -> (Vec<String>, Vec<(String, String)>) {
    let tag = Regex::new(r#"^<(/?[a-z]+)((?: [a-z0-9A-Z-]+(?:="[^"<>]*")?)*)>"#).expect("a pattern");
    let attribute = Regex::new(r#" ([a-z0-9A-Z-]+)(?:="([^"]*)")?"#).expect("a pattern");
    let known =
        ["a", "span", "p", "table", "thead", "tbody", "tr", "th", "td", "svg", "rect", "line", "polyline", "time"];
    let names = [
        "data-text",
        "class",
        "title",
        "href",
        "data-tone",
        "scope",
        "data-table",
        "data-columns",
        "data-key",
        "data-label",
        "data-at",
        "datetime",
        "viewBox",
        "preserveAspectRatio",
        "aria-hidden",
        "x1",
        "x2",
        "y1",
        "y2",
        "y",
        "width",
        "height",
        "points",
        "data-optional",
        "hidden",
    ];
    let (mut texts, mut values, mut rest) = (Vec::new(), Vec::new(), html);
    while let Some(at) = rest.find('<') {
        let (text, behind) = rest.split_at(at);
        texts.push(read(text));
        let found = tag.captures(behind).unwrap_or_else(|| panic!("no tag of ours: {behind}"));
        assert!(known.contains(&found[1].trim_start_matches('/')), "{}", &found[1]);
        for one in attribute.captures_iter(&found[2]) {
            assert!(names.contains(&&one[1]), "{}", &one[1]);
            values.push((one[1].to_owned(), read(one.get(2).map_or("", |value| value.as_str()))));
        }
        rest = behind.split_at(found[0].len()).1;
    }
    (texts, values)
}

fn hostile() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "<",
        ">",
        "\"",
        "'",
        "&",
        "/",
        "\\",
        "`",
        "=",
        " ",
        "\n",
        "\u{202e}",
        "\0",
        "{{",
        "}}",
        "{%",
        "script",
        "onload",
        "javascript:",
        "&lt;",
        "]]>",
        "<!--",
        "-->",
        "é",
        "x",
    ]);
    prop_oneof![any::<String>(), prop::collection::vec(parts, 1..12).prop_map(|parts| parts.concat())]
}

proptest! {
    #[test]
    fn whatever_a_view_says_stays_text(word in hostile().prop_filter("something", |word| !word.is_empty()), lead in hostile()) {
        for href in [format!("/{lead}"), lead.clone()] {
            let (texts, values) = taken_apart(&render(&word, &href));
            prop_assert!(texts.iter().filter(|text| **text == word).count() >= 7, "{texts:?} of {word:?}");
            prop_assert!(values.iter().filter(|(name, value)| name == "title" && *value == word).count() >= 4);
            prop_assert!(values.iter().filter(|(name, value)| name == "data-key" && *value == word).count() == 2);
            for (name, value) in values {
                let is_own = value.starts_with('/') && !value.starts_with("//") && !value.contains(['\\', '\t', '\n']);
                prop_assert!(name != "href" || is_own, "{value:?} leads elsewhere");
            }
        }
    }
}

// ---- Words --------------------------------------------------------------------------------------------------------------

/// English texts of templates that have no French one, and French ones of none.
pub(crate) fn untold(templates: &[(&str, &str)], french: &str) -> Vec<String> {
    let french: BTreeMap<String, String> = serde_json::from_str(french).expect("JSON");
    let text = Regex::new(r#"\bt\("([^"]*)"\)"#).expect("a pattern");
    let words: std::collections::BTreeSet<&str> = templates
        .iter()
        .flat_map(|(_, source)| text.captures_iter(source))
        .filter_map(|found| found.get(1).map(|found| found.as_str()))
        .collect();
    let missing = words.iter().filter(|word| !french.contains_key(**word)).map(|word| format!("no French: {word}"));
    let left = french.keys().filter(|word| !words.contains(word.as_str())).map(|word| format!("not said: {word}"));
    missing.chain(left).collect()
}

#[test]
fn what_stands_around_every_page_is_said_in_french() {
    assert_eq!(untold(&super::assets::TEMPLATES, super::assets::FRENCH), Vec::<String>::new());
}
