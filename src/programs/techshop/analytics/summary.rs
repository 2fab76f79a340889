//! The figures as people and machines read them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::base::money::Sum;
use crate::logic::shopfold::{Counted, Figures};
use crate::tools::shown::{cut, grouped, safe, width};

/// Rows of each table.
const ROWS: usize = 5;

/// Columns of a name.
const NAME_COLUMNS: usize = 14;

/// Columns of a table; two stand side by side in 80.
const TABLE_COLUMNS: usize = 39;

/// Minutes that machines are told.
const TOLD_MINUTES: usize = 60;

/// A table's lines, each of [`TABLE_COLUMNS`].
fn table(head: &str, rows: &[(&str, Counted)]) -> Vec<String> {
    let row = |name: &str, orders: &str, revenue: &str| {
        let name = cut(name, NAME_COLUMNS);
        let pad = NAME_COLUMNS.saturating_sub(width(&name));
        format!("{name}{:pad$}{orders:>8}{revenue:>17}", "")
    };
    let mut lines = vec![row(head, "ORDERS", "REVENUE")];
    let shown =
        |(name, counted): &(&str, Counted)| row(name, &grouped(counted.orders), &format!("{} €", counted.revenue));
    lines.extend(rows.iter().take(ROWS).map(shown));
    if rows.len() > ROWS {
        lines.pop();
        lines.push(format!("… and {} more", rows.len() - ROWS + 1));
    }
    lines
}

fn side_by_side(left: &[String], right: &[String]) -> String {
    let mut text = String::new();
    for index in 0..left.len().max(right.len()) {
        let line = |lines: &[String]| lines.get(index).cloned().unwrap_or_default();
        let left = line(left);
        let pad = TABLE_COLUMNS.saturating_sub(width(&left));
        text.push_str(format!("{left}{:pad$}  {}", "", line(right)).trim_end());
        text.push('\n');
    }
    text
}

/// The summary for people, in at most 80 columns and 24 lines.
pub(super) fn text(figures: &Figures, now: Timestamp) -> String {
    let Figures { sales, refusals, .. } = figures;
    let Counted { orders, pieces, revenue } = sales.all;
    let now_text = now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let minute = now.as_millisecond().div_euclid(60_000);
    let in_minute = |minute| sales.minutes.iter().rev().find(|(at, _)| *at == minute).map_or(0, |(_, one)| one.orders);
    let mut text = format!("ANALYTICS SUMMARY{now_text:>63}\n");
    text.push_str(&format!(
        "{} orders, {} pieces, {revenue} €; {} a minute ago, {} this minute\n",
        grouped(orders),
        grouped(pieces),
        grouped(in_minute(minute - 1)),
        grouped(in_minute(minute)),
    ));
    text.push_str(&format!(
        "{} refused: {} out of stock, {} invalid\n\n",
        grouped(refusals.all),
        grouped(refusals.out_of_stock),
        grouped(refusals.invalid)
    ));
    let (regions, categories) = (sales.regions.ranked(), sales.categories.ranked());
    text.push_str(&side_by_side(&table("REGION", &regions), &table("CATEGORY", &categories)));
    text.push('\n');
    let customers = [("VIP", sales.vip), ("not VIP", sales.not_vip())];
    text.push_str(&side_by_side(&table("PRODUCT", &sales.products.ranked()), &table("CUSTOMERS", &customers)));
    if refusals.all > 0 {
        text.push_str("\nREFUSED BECAUSE\n");
        for (reason, count) in refusals.reasons.ranked().into_iter().take(ROWS) {
            text.push_str(&format!("{:>8}  {}\n", grouped(count), cut(reason, 70)));
        }
    }
    if sales.unreadable > 0 {
        text.push_str(&format!("{} messages of analytics are no orders\n", grouped(sales.unreadable)));
    }
    text
}

/// An amount as a JSON number: an integer when whole.
fn number(sum: Sum) -> Value {
    let cents = sum.cents();
    match i64::try_from(cents / 100) {
        Ok(whole) if cents % 100 == 0 => whole.into(),
        _ => sum.to_f64().into(),
    }
}

/// The summary for machines, one line.
pub(super) fn json(figures: &Figures) -> String {
    let Figures { sales, refusals, .. } = figures;
    let counted = |one: Counted| json!({"orders": one.orders, "pieces": one.pieces, "revenue": number(one.revenue)});
    let named = |rows: Vec<(&str, Counted)>| {
        let row = |(name, one): &(&str, Counted)| json!({"name": name, "orders": one.orders, "pieces": one.pieces, "revenue": number(one.revenue)});
        rows.iter().map(row).collect::<Vec<_>>()
    };
    let minute = |(minute, one): (i64, Counted)| {
        let at = Timestamp::from_second(minute * 60).map(|at| at.to_string()).ok();
        json!({"minute": at, "orders": one.orders, "revenue": number(one.revenue)})
    };
    let mut minutes: Vec<Value> = sales.minutes.iter().rev().take(TOLD_MINUTES).map(minute).collect();
    minutes.reverse();
    let reasons = refusals.reasons.ranked();
    let reasons: Vec<Value> =
        reasons.iter().map(|(why, count)| json!({"reason": safe(why), "orders": count})).collect();
    let summary = json!({
        "orders": sales.all.orders, "pieces": sales.all.pieces, "revenue": number(sales.all.revenue),
        "vip": counted(sales.vip), "not_vip": counted(sales.not_vip()),
        "regions": named(sales.regions.ranked()), "categories": named(sales.categories.ranked()),
        "products": named(sales.products.ranked()), "minutes": minutes, "unreadable": sales.unreadable,
        "errors": {
            "orders": refusals.all, "out_of_stock": refusals.out_of_stock, "invalid": refusals.invalid,
            "reasons": reasons,
        },
    });
    format!("{summary}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::message::{Headers, Message, MessageTime};

    fn figures() -> Figures {
        let mut figures = Figures::default();
        let message = |payload: &str, tell: &mut dyn FnMut(&Message<'_>)| {
            tell(&Message {
                partition: 0,
                offset: 0,
                time: MessageTime::Unknown,
                key: None,
                payload: Some(payload.as_bytes()),
                headers: Headers::default(),
                leader_epoch: None,
            });
        };
        let regions = ["Paris", "Lyon", "Nice", "Marseille", "Lille", "Bordeaux-sur-Garonne", "Paris"];
        for (index, region) in regions.iter().enumerate() {
            let order = json!({
                "order_id": "ORD-1", "customer_id": "c", "customer_email": "c@d.e", "customer_vip": index % 2 == 0,
                "customer_region": region, "product_id": "P001", "product_name": "Café Premium",
                "product_category": "Food", "price": 1234.5, "quantity": 2, "total": 2469,
                "timestamp": "2026-11-21T09:10:34", "status": "confirmed",
            });
            message(&order.to_string(), &mut |message| figures.sale(message));
        }
        let refused = r#"{"status":"out_of_stock","error_reason":"not enough stock: 1 available, 3 asked for"}"#;
        message(refused, &mut |message| figures.refusal(message));
        figures
    }

    #[test]
    fn the_summary_is_tidy_in_eighty_columns() {
        let now = "2026-11-21T09:11:20Z".parse().expect("a moment");
        let text = text(&figures(), now);
        let expected = "\
ANALYTICS SUMMARY                                        2026-11-21 09:11:20 UTC
7 orders, 14 pieces, 17,283.00 €; 7 a minute ago, 0 this minute
1 refused: 1 out of stock, 0 invalid

REGION          ORDERS          REVENUE  CATEGORY        ORDERS          REVENUE
Paris                2       4,938.00 €  Food                 7      17,283.00 €
Bordeaux-sur-…       1       2,469.00 €
Lille                1       2,469.00 €
Lyon                 1       2,469.00 €
… and 2 more

PRODUCT         ORDERS          REVENUE  CUSTOMERS       ORDERS          REVENUE
Café Premium         7      17,283.00 €  VIP                  4       9,876.00 €
                                         not VIP              3       7,407.00 €

REFUSED BECAUSE
       1  not enough stock: # available, # asked for
";
        assert_eq!(text, expected);
        assert!(text.lines().all(|line| width(line) <= 80));
    }

    #[test]
    fn machines_are_told_numbers() {
        let told: Value = serde_json::from_str(&json(&figures())).expect("JSON");
        assert_eq!((&told["orders"], &told["revenue"]), (&json!(7), &json!(17_283)));
        assert_eq!(told["regions"][0], json!({"name": "Paris", "orders": 2, "pieces": 4, "revenue": 4_938}));
        assert_eq!(told["minutes"][0]["minute"], json!("2026-11-21T09:10:00Z"));
        assert_eq!(told["errors"]["out_of_stock"], json!(1));
        let mut sum = Sum::default();
        sum.add(crate::base::money::Money::from_cents(1_050));
        assert_eq!(number(sum), json!(10.5));
    }
}
