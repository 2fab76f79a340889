//! Which sums are told of, and how.

use proptest::prelude::*;

use super::super::{Item, Order, read};
use super::{one_by_one, warnings};
use crate::base::money::Money;

/// An order of these items, each `(quantity, unit_price, total_price)`, and sums, as JSON numbers.
fn texts(items: &[(&str, &str, &str)], sub_total: &str, tax: &str, total: &str) -> Vec<String> {
    let payload = payload(items, sub_total, tax, total);
    warnings(&read(&payload).unwrap()).iter().map(ToString::to_string).collect()
}

fn payload(items: &[(&str, &str, &str)], sub_total: &str, tax: &str, total: &str) -> String {
    let items: Vec<String> = items
        .iter()
        .map(|(quantity, unit_price, total_price)| {
            format!(
                r#"{{"item_id":"i","item_name":"i","quantity":{quantity},
                "unit_price":{unit_price},"total_price":{total_price}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"order_id":"a","sequence":1,"status":"s","items":[{}],"sub_total":{sub_total},
        "tax":{tax},"shipping_fee":2.50,"total":{total},"currency":"EUR","payment_method":"p",
        "shipping_address":"s","metadata":{{"timestamp":"t","version":"1","event_type":"e",
        "source":"s","correlation_id":"c"}},"customer_info":{{"customer_id":"c","name":"n",
        "email":"e","phone":"p","address":"a","loyalty_level":"l"}},"inventory_status":[]}}"#,
        items.join(",")
    )
}

#[test]
fn an_order_that_adds_up_has_no_warning() {
    let items = [("2", "2.50", "5"), ("3", "3.20", "9.6")];
    assert_eq!(texts(&items, "14.60", "2.92", "20.02"), [""; 0]);
    assert_eq!(texts(&[], "0", "0", "2.5"), [""; 0]);
}

#[test]
fn float_dust_and_foreign_tax_rates_are_no_warnings() {
    let items = [("3", "3.2", "9.600000000000001")];
    assert_eq!(texts(&items, "9.600000000000001", "0.53", "12.63"), [""; 0]);
}

#[test]
fn each_sum_that_is_wrong_is_told() {
    let items = [("2", "2.50", "5"), ("3", "3.20", "10")];
    assert_eq!(
        texts(&items, "14", "2.92", "20"),
        [
            "items[1].total_price is 10.00, quantity × unit_price is 9.60",
            "sub_total is 14.00, its items add up to 15.00",
            "total is 20.00, sub_total + tax + shipping_fee is 19.42",
        ]
    );
}

#[test]
fn sums_are_compared_to_the_cent_with_halves_away_from_zero() {
    // 3 × 0.335 is 1.005, which is 1.01.
    assert_eq!(texts(&[("3", "0.335", "1.01")], "1.01", "0", "3.51"), [""; 0]);
    assert_eq!(texts(&[("3", "0.335", "1.00")], "1.00", "0", "3.50").len(), 1);
    assert_eq!(texts(&[("1", "-1", "-1")], "-1", "0", "1.5"), [""; 0]);
}

#[test]
fn a_sum_out_of_range_is_a_warning() {
    let items = [("9223372036854775807", "79228162514264000000000000000", "1")];
    assert_eq!(
        texts(&items, "1", "0", "3.5"),
        ["items[0].total_price is 1.00, quantity × unit_price is an amount out of range"]
    );
    let items = [("1", "79228162514264000000000000000", "79228162514264000000000000000"); 2];
    assert_eq!(texts(&items, "2", "0", "4.5"), ["sub_total is 2.00, its items add up to an amount out of range"]);
}

#[test]
fn a_million_wrong_items_do_not_make_a_million_warnings() {
    let items = vec![("1", "1", "2"); 1_000];
    let told = texts(&items, "2000", "0", "2002.5");
    assert_eq!(told.len(), 11);
    assert_eq!(told[10], "total_price of 990 more items is wrong");
}

proptest! {
    #[test]
    fn whole_cents_are_judged_as_all_other_amounts(
        items in prop::collection::vec((0_i64..4, 0_i64..300, -1_i64..2), 0..4),
        tax in 0_i64..300, wrong in -1_i64..2, factor in prop::sample::select(vec![1, 10, i64::MAX / 2000]),
    ) {
        let text = payload(&[], "0", "0", "0");
        let template = read(&text).unwrap();
        let unit_price = |cents: i64| Money::from_cents(cents * factor);
        let items: Vec<Item<'_>> = items
            .into_iter()
            .map(|(quantity, cents, wrong)| Item {
                item_id: "i".into(),
                item_name: "i".into(),
                quantity,
                unit_price: unit_price(cents),
                total_price: Money::from_cents((cents * factor).wrapping_mul(quantity) + wrong),
            })
            .collect();
        let sub_total = items.iter().filter_map(|item| item.total_price.cents()).fold(0, i64::wrapping_add);
        let total = sub_total.wrapping_add(tax * factor).wrapping_add(250).wrapping_add(wrong);
        let order = Order {
            items,
            sub_total: Money::from_cents(sub_total),
            tax: unit_price(tax),
            total: Money::from_cents(total),
            ..template
        };
        prop_assert_eq!(warnings(&order), one_by_one(&order));
    }
}
