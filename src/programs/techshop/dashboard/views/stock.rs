//! The stock of each product, and what was brought.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use serde_json::{Value, json};

use super::super::super::stock::low_mark;
use super::super::state::State;
use super::super::words::time;
use crate::base::language::Language;
use crate::doors::web::{Piece, Row, Tone, View};
use crate::words::shop::Operation;

/// Restocks that are shown.
const MOST_RESTOCKS: usize = 20;

/// Products that are shown.
const MOST_PRODUCTS: usize = 1_000;

/// How much is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Nothing.
    Out,
    /// So little that more should be brought.
    Low,
    /// Enough.
    Enough,
}

/// A product's stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Product {
    /// Its id.
    pub(super) id: String,
    /// Its name, else its id.
    pub(super) name: String,
    left: i64,
    opening: i64,
    sold: i64,
    restocked: i64,
    refused: u64,
}

impl Product {
    pub(super) fn state(&self) -> Level {
        match self.left {
            ..=0 => Level::Out,
            left if left <= low_mark(self.opening, self.restocked) => Level::Low,
            _ => Level::Enough,
        }
    }

    fn tone(&self) -> Tone {
        match self.state() {
            Level::Out => Tone::Bad,
            Level::Low => Tone::Warn,
            Level::Enough => Tone::Good,
        }
    }

    /// A full bar is what there ever was at once.
    fn bar(&self) -> Piece {
        let full = self.opening.max(self.left).max(1) as f64;
        let mark = low_mark(self.opening, self.restocked) as f64 / full;
        Piece::default().bar(self.left as f64 / full).mark(mark).tone(self.tone())
    }

    fn word(&self, language: Language) -> Piece {
        let word = match self.state() {
            Level::Out => language.choose("OUT", "RUPTURE"),
            Level::Low => language.choose("LOW", "BAS"),
            Level::Enough => "ok",
        };
        Piece::from(word).tone(self.tone())
    }
}

/// All products, the scarcest first.
pub(super) fn levels(state: &State) -> Vec<Product> {
    let figures = state.figures();
    let levels = state.levels.read().unwrap_or_else(PoisonError::into_inner);
    let moved = figures.moves.products();
    let known = state.catalogue.products.keys().chain(levels.keys()).chain(moved.keys());
    let ids: BTreeSet<&String> = known.take(3 * MOST_PRODUCTS).collect();
    let refused: std::collections::BTreeMap<&str, u64> =
        figures.refusals.wanting.names().map(|(id, counted)| (id, counted.orders)).collect();
    let product = |id: &String| {
        let (entry, level) = (state.catalogue.products.get(id), levels.get(id));
        let moved = moved.get(id).copied();
        let opening = level.map(|level| level.opening).or(entry.map(|entry| entry.stock)).unwrap_or_default();
        let unmoved = level.map_or(opening, |level| level.stock);
        Product {
            id: id.clone(),
            name: entry.map_or_else(|| id.clone(), |entry| entry.name.clone()),
            left: moved.map_or(unmoved, |moved| moved.stock),
            opening,
            sold: moved.map_or(0, |moved| moved.sold),
            restocked: moved.map_or(0, |moved| moved.restocked),
            refused: refused.get(id.as_str()).copied().unwrap_or_default(),
        }
    };
    let mut all: Vec<Product> = ids.into_iter().map(product).collect();
    all.sort_by(|one, other| (one.state(), one.left, &one.id).cmp(&(other.state(), other.left, &other.id)));
    all.truncate(MOST_PRODUCTS);
    all
}

/// Ids and names for a list to choose from.
pub(super) fn products(levels: &[Product]) -> Vec<Value> {
    levels.iter().map(|product| json!({"id": product.id, "name": product.name})).collect()
}

/// `1 out, 1 low, 3 ok`.
pub(super) fn context(language: Language, levels: &[Product]) -> String {
    let of = |wanted: Level| language.count(levels.iter().filter(|level| level.state() == wanted).count() as u64);
    let (out, low, enough) = (of(Level::Out), of(Level::Low), of(Level::Enough));
    language.choose(format!("{out} out, {low} low, {enough} ok"), format!("{out} en rupture, {low} bas, {enough} ok"))
}

/// Name, bar, what is left, state.
pub(super) fn short_row(language: Language, product: &Product) -> Row {
    let (left, opening) = (language.signed(product.left), language.signed(product.opening));
    let of = language.choose(format!("{left} of {opening}"), format!("{left} sur {opening}"));
    let name = Piece::from(product.name.as_str()).title(product.id.as_str());
    Row::new(product.id.as_str(), [name, product.bar(), of.into(), product.word(language)])
}

pub(super) fn fill(state: &State, levels: &[Product], language: Language, view: &mut View) {
    view.text("stock.context", context(language, levels));
    view.table(
        "stock_all",
        levels.iter().map(|product| {
            let number = |number: i64| Piece::from(language.signed(number));
            let name = Piece::from(product.name.as_str()).title(product.id.as_str());
            let refused = Piece::from(language.count(product.refused));
            Row::new(
                product.id.as_str(),
                [
                    name,
                    product.bar(),
                    number(product.left),
                    number(product.opening),
                    number(product.sold),
                    refused,
                    product.word(language),
                ],
            )
        }),
    );
    let figures = state.figures();
    let name = |id: &str| {
        levels.iter().find(|product| product.id == id).map_or_else(|| id.to_owned(), |product| product.name.clone())
    };
    let restocks = figures.moves.recent().rev().filter(|change| change.operation == Operation::Restock);
    let row = |change: &crate::logic::shopfold::Move| {
        let (old, new) = (change.old_stock, change.new_stock);
        let cells = [
            time(change.at_ms),
            name(&change.product_id).into(),
            format!("+{}", language.signed(new - old)).into(),
            format!("{} → {}", language.signed(old), language.signed(new)).into(),
            format!("{}/{}", state.names.inventory, change.told).into(),
        ];
        Row::new(change.told.to_string(), cells)
    };
    view.table("restocks", restocks.take(MOST_RESTOCKS).map(row));
}
