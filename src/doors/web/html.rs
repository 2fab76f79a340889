//! Views as HTML: a page's template, filled with what its view says. Every value is escaped here and nowhere else.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use minijinja::value::{Kwargs, Object, Serde};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, HtmlEscape, State, Value};
use serde::Deserialize;

use super::assets::{Asset, TEMPLATES};
use super::language::Dictionary;
use super::view::{Piece, Row, View};
use crate::base::language::Language;

/// The templates of a site.
pub(super) struct Templates {
    environment: Environment<'static>,
}

/// What the templates' functions look at.
#[derive(Debug)]
struct Shown {
    view: View,
    language: Language,
}

impl Object for Shown {}

impl Templates {
    /// Of `(name, source)` pairs.
    pub(super) fn new(
        sources: &'static [(&'static str, &'static str)],
        dictionary: Arc<Dictionary>,
        assets: &'static [Asset],
    ) -> Result<Self, Error> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        for (name, source) in TEMPLATES.iter().chain(sources) {
            environment.add_template(name, source)?;
        }
        environment.add_function("t", move |state: &State<'_, '_>, english: &str| {
            Ok::<_, Error>(dictionary.say(shown(state)?.language, english).to_owned())
        });
        environment.add_function("text", text);
        environment.add_function("table", table);
        environment.add_function("asset", move |name: &str| {
            let asset = assets.iter().find(|asset| asset.name == name);
            let missing = || Error::new(ErrorKind::InvalidOperation, format!("there is no asset {name}"));
            asset.map(Asset::address).ok_or_else(missing)
        });
        Ok(Self { environment })
    }

    /// The page of `template` with a view; `variables` are what the template names beside it.
    pub(super) fn render(
        &self,
        template: &str,
        language: Language,
        view: View,
        variables: serde_json::Value,
    ) -> Result<String, Error> {
        let shown = Value::from_object(Shown { view, language });
        let lang = language.choose("en", "fr");
        let variables = Value::from(Serde(variables));
        self.environment
            .get_template(template)?
            .render(minijinja::context! { shown__ => shown, lang => lang, ..variables })
    }
}

fn shown(state: &State<'_, '_>) -> Result<Arc<Shown>, Error> {
    let found = state.lookup("shown__").and_then(|value| value.downcast_object::<Shown>());
    found.ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "there is no view"))
}

/// A named text; empty when the view has none of that name.
fn text(state: &State<'_, '_>, name: &str, classes: Option<&str>, more: Kwargs) -> Result<Value, Error> {
    let is_optional = more.get::<Option<bool>>("optional")?.unwrap_or(false);
    more.assert_all_used()?;
    let shown = shown(state)?;
    let nothing = Piece::default();
    let piece = shown.view.texts.get(name).unwrap_or(&nothing);
    let href = own(piece.href.as_deref());
    let tag = if href.is_some() { "a" } else { "span" };
    let mut html = format!("<{tag}");
    attribute(&mut html, "data-text", Some(name));
    attribute(&mut html, "class", classes);
    attribute(&mut html, "data-tone", piece.tone.map(super::Tone::as_str));
    attribute(&mut html, "title", piece.title.as_deref());
    attribute(&mut html, "href", href);
    if is_optional {
        html.push_str(if piece.text.is_empty() { " data-optional hidden" } else { " data-optional" });
    }
    html.push('>');
    words(&mut html, piece);
    html.push_str(&format!("</{tag}>"));
    Ok(Value::from_safe_string(html))
}

/// The head of a column that rows can be sorted by.
#[derive(Deserialize)]
struct Head {
    /// Where they are.
    href: String,
    /// `ascending` or `descending` when they are sorted by it now.
    sort: Option<String>,
}

/// Head and body of a table: `columns` has the classes of each column's cells, parted by `.`, `labels` its words, and
/// `heads`, if given, for each `none` or what it is sorted by with.
fn table(state: &State<'_, '_>, name: &str, columns: &str, labels: Vec<String>, more: Kwargs) -> Result<Value, Error> {
    let heads = more.get::<Option<Value>>("heads")?;
    more.assert_all_used()?;
    let heads: Vec<Option<Head>> = heads.map(Vec::<Option<Head>>::deserialize).transpose()?.unwrap_or_default();
    let shown = shown(state)?;
    let columns_of: Vec<String> = columns.split_whitespace().map(|classes| classes.replace('.', " ")).collect();
    if columns_of.len() != labels.len() {
        let reason = format!("table {name} has {} columns and {} labels", columns_of.len(), labels.len());
        return Err(Error::new(ErrorKind::InvalidOperation, reason));
    }
    let is_name = |classes: &String| classes.split(' ').any(|class| class == "name");
    let head = columns_of.iter().position(is_name).unwrap_or(0);
    let mut html = String::from("<thead><tr>");
    for (index, (classes, label)) in columns_of.iter().zip(&labels).enumerate() {
        let head = heads.get(index).and_then(Option::as_ref);
        html.push_str("<th scope=\"col\"");
        attribute(&mut html, "class", Some(classes));
        attribute(&mut html, "aria-sort", head.and_then(|head| head.sort.as_deref()));
        match head.and_then(|head| own(Some(&head.href))) {
            Some(href) => {
                html.push_str("><a");
                attribute(&mut html, "href", Some(href));
                write_all(&mut html, format_args!(">{}</a></th>", HtmlEscape(label)));
            }
            None => write_all(&mut html, format_args!(">{}</th>", HtmlEscape(label))),
        }
    }
    html.push_str("</tr></thead><tbody");
    attribute(&mut html, "data-table", Some(name));
    attribute(&mut html, "data-columns", Some(columns));
    html.push('>');
    for row in shown.view.tables.get(name).map(Vec::as_slice).unwrap_or_default() {
        one_row(&mut html, row, &columns_of, &labels, head);
    }
    html.push_str("</tbody>");
    Ok(Value::from_safe_string(html))
}

fn one_row(html: &mut String, row: &Row, columns: &[String], labels: &[String], head: usize) {
    html.push_str("<tr");
    attribute(html, "data-key", Some(&row.key));
    attribute(html, "data-tone", row.tone.map(super::Tone::as_str));
    html.push('>');
    for (index, (piece, (classes, label))) in row.cells.iter().zip(columns.iter().zip(labels)).enumerate() {
        let is_head = index == head;
        html.push_str(if is_head { "<th scope=\"row\"" } else { "<td" });
        attribute(html, "class", Some(classes));
        let is_labelled = classes.split(' ').any(|class| class == "label");
        attribute(html, "data-label", is_labelled.then_some(label.as_str()));
        attribute(html, "data-tone", piece.tone.map(super::Tone::as_str));
        attribute(html, "title", piece.title.as_deref());
        html.push('>');
        bars(html, piece);
        let of_row = row.href.as_deref().filter(|_| is_head);
        let href = own(piece.href.as_deref()).or_else(|| own(of_row));
        let tag = if href.is_some() { "a" } else { "span" };
        html.push_str(&format!("<{tag}"));
        attribute(html, "href", href);
        html.push('>');
        words(html, piece);
        html.push_str(&format!("</{tag}>{}", if is_head { "</th>" } else { "</td>" }));
    }
    html.push_str("</tr>");
}

/// Only places on this server: what a browser takes for another host is none. Browsers skip tabs and line breaks, and
/// read a backslash as a slash.
fn own(href: Option<&str>) -> Option<&str> {
    let is_strange = |letter: char| letter == '\\' || letter.is_control();
    href.filter(|href| href.starts_with('/') && !href.starts_with("//") && !href.contains(is_strange))
}

fn attribute(html: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        write_all(html, format_args!(" {name}=\"{}\"", HtmlEscape(value)));
    }
}

fn words(html: &mut String, piece: &Piece) {
    match piece.at_ms.and_then(|at_ms| Some((at_ms, Timestamp::from_millisecond(at_ms).ok()?))) {
        Some((at_ms, at)) => write_all(
            html,
            format_args!(
                "<time datetime=\"{at:.3}\" data-at=\"{at_ms}\" title=\"{at:.3}\">{}</time>",
                HtmlEscape(&piece.text)
            ),
        ),
        None => write_all(html, format_args!("{}", HtmlEscape(&piece.text))),
    }
}

/// One place at most, and none that is zero.
fn hundredths(part: f64) -> f64 {
    (part.clamp(0.0, 1.0) * 1_000.0).round() / 10.0
}

fn bars(html: &mut String, piece: &Piece) {
    if let Some(bar) = piece.bar {
        html.push_str(concat!(
            "<svg class=\"bar\" viewBox=\"0 0 100 12\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
            "<rect class=\"track\" y=\"2\" width=\"100\" height=\"8\"></rect>"
        ));
        let width = hundredths(bar);
        write_all(html, format_args!("<rect class=\"fill\" y=\"2\" width=\"{width}\" height=\"8\"></rect>"));
        if let Some(mark) = piece.mark {
            let x = hundredths(mark);
            write_all(html, format_args!("<line class=\"mark\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"12\"></line>"));
        }
        html.push_str("</svg>");
    }
    if let Some(points) = &piece.spark {
        html.push_str(concat!(
            "<svg class=\"spark\" viewBox=\"0 0 60 16\" preserveAspectRatio=\"none\" aria-hidden=\"true\">",
            "<polyline"
        ));
        attribute(html, "points", Some(points));
        html.push_str("></polyline></svg>");
    }
}

fn write_all(html: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing into memory does not fail.
    let written = html.write_fmt(arguments);
    debug_assert!(written.is_ok());
}
