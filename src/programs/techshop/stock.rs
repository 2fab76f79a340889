//! `techshop stock`: what is left of each product.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::catalogue::CatalogueArgs;
use super::{Shop, TechshopError};
use crate::doors::health::diagnostics_on_stderr;
use crate::doors::kafka::{Role, Table};
use crate::services::output::print;
use crate::tools::exit::Exit;
use crate::tools::shown::{cut, safe, width};
use crate::tools::stderr::remark;
use crate::words::shop::{Catalogue, StockLevel};

/// How long the topic may take to be read.
const PATIENCE: Duration = Duration::from_secs(30);

/// Names are shown in so many columns.
const NAME_COLUMNS: usize = 22;

/// Product ids are shown in so many columns.
const ID_COLUMNS: usize = 12;

/// Flags of `techshop stock`.
#[derive(Args, Clone, Debug)]
pub struct StockArgs {
    #[command(flatten)]
    catalogue: CatalogueArgs,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(shop: &Shop<'_>, args: &StockArgs) -> Result<Exit, TechshopError> {
    diagnostics_on_stderr().begin();
    let catalogue = args.catalogue.read()?;
    let cluster = shop.context.connect_once(&[Role::Admin, Role::Consumer])?;
    let name = &shop.names.stock;
    let topic = shop.existing(&cluster, name)?;
    let table = cluster.table(&topic, PATIENCE, shop.context.shutdown)?;
    let (levels, others) = levels(&table);
    if others > 0 {
        remark(format_args!("{name} has {others} values that are no stock: left out"));
    }
    if args.json {
        print(&format!("{}\n", as_json(&levels, &catalogue)))?;
        return Ok(Exit::Done);
    }
    if levels.is_empty() {
        remark(format_args!("nothing is in stock yet: techshop process writes the opening stock when it starts"));
    } else {
        print(&as_text(&levels, &catalogue))?;
    }
    Ok(Exit::Done)
}

/// The stock of each product, in the order of their ids, and how many values were none.
pub(super) fn levels(table: &Table) -> (Vec<StockLevel<'_>>, usize) {
    let levels: Vec<_> = table.values().filter_map(|value| serde_json::from_slice(value).ok()).collect();
    let others = table.len() - levels.len();
    (levels, others)
}

/// At so many pieces or less it is time to bring more: five, or a tenth of all there ever were.
pub(super) fn low_mark(opening: i64, restocked: i64) -> i64 {
    5.max(opening.saturating_add(restocked) / 10)
}

fn is_low(level: &StockLevel<'_>) -> bool {
    level.stock <= low_mark(level.opening, level.restocked)
}

fn name<'a>(level: &StockLevel<'_>, catalogue: &'a Catalogue) -> Option<&'a str> {
    catalogue.products.get(level.product_id.as_ref()).map(|product| product.name.as_str())
}

fn as_json(levels: &[StockLevel<'_>], catalogue: &Catalogue) -> serde_json::Value {
    let product = |level: &StockLevel<'_>| {
        json!({
            "product_id": level.product_id,
            "name": name(level, catalogue),
            "stock": level.stock,
            "opening": level.opening,
            "sold": level.sold,
            "restocked": level.restocked,
            "is_low": is_low(level),
        })
    };
    json!({ "products": levels.iter().map(product).collect::<Vec<_>>() })
}

fn as_text(levels: &[StockLevel<'_>], catalogue: &Catalogue) -> String {
    let fit = |text: &str, columns: usize| {
        let short = cut(text, columns);
        let pad = columns.saturating_sub(width(&short));
        format!("{short}{:pad$}", "")
    };
    let ids = levels.iter().map(|level| width(&safe(&level.product_id))).max().unwrap_or(0).clamp(7, ID_COLUMNS);
    let mut text = format!(
        "{}  {}  {:>7}  {:>7}  {:>7}  {:>9}\n",
        fit("PRODUCT", ids),
        fit("NAME", NAME_COLUMNS),
        "STOCK",
        "OPENING",
        "SOLD",
        "RESTOCKED"
    );
    for level in levels {
        let mark = match level.stock {
            ..=0 => "  sold out",
            _ if is_low(level) => "  low",
            _ => "",
        };
        let (id, name) = (fit(&level.product_id, ids), fit(name(level, catalogue).unwrap_or("–"), NAME_COLUMNS));
        let StockLevel { stock, opening, sold, restocked, .. } = level;
        text.push_str(&format!("{id}  {name}  {stock:>7}  {opening:>7}  {sold:>7}  {restocked:>9}{mark}\n"));
    }
    if let Some(low) = levels.iter().filter(|level| is_low(level)).min_by_key(|level| level.stock) {
        text.push_str(&format!("\nBring more with: techshop restock {} 20\n", safe(&low.product_id)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(id: &'static str, opening: i64, sold: i64, restocked: i64) -> StockLevel<'static> {
        StockLevel { product_id: id.into(), stock: opening - sold + restocked, opening, sold, restocked }
    }

    #[test]
    fn the_table_is_neat_and_marks_what_is_low() {
        let catalogue = Catalogue::built_in().expect("our own");
        let levels =
            [level("P001", 50, 46, 0), level("P002", 20, 20, 0), level("P005", 500, 1, 0), level("X", 9, 0, 91)];
        let text = as_text(&levels, &catalogue);
        let expected = "\
PRODUCT  NAME                      STOCK  OPENING     SOLD  RESTOCKED
P001     iPhone 15                     4       50       46          0  low
P002     MacBook Pro                   0       20       20          0  sold out
P005     Café Premium                499      500        1          0
X        –                           100        9        0         91

Bring more with: techshop restock P002 20
";
        assert_eq!(text, expected);
        assert!(text.lines().all(|line| width(line) <= 80));
    }

    #[test]
    fn low_is_a_tenth_or_five_pieces() {
        for (level, low) in [
            (level("a", 100, 90, 0), true),
            (level("a", 100, 89, 0), false),
            (level("a", 10, 0, 0), false),
            (level("a", 5, 0, 0), true),
            (level("a", 50, 50, 50), false),
            (level("a", 100, 180, 100), true),
        ] {
            assert_eq!(is_low(&level), low, "{level:?}");
        }
    }

    #[test]
    fn what_is_no_stock_is_counted_and_left_out() {
        let table: Table = [
            (b"P1".to_vec(), br#"{"product_id":"P1","stock":1,"opening":1,"sold":0,"restocked":0}"#.to_vec()),
            (b"P2".to_vec(), b"what?".to_vec()),
        ]
        .into();
        let (levels, others) = levels(&table);
        assert_eq!((levels.len(), others), (1, 1));
    }
}
