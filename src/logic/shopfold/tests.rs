//! The figures against a plain recount, however the messages are mixed and wherever it is stopped.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::counts::{MOST_MINUTES, MOST_NAMES};
use super::latest::MOST as MOST_RECENT;
use super::*;
use crate::base::message::{Headers, push_header};
use crate::base::money::Money;
use crate::base::position::Positions;

/// A message's payload, and which of the topics it is of.
#[derive(Clone, Debug)]
struct Told {
    is_sale: bool,
    payload: Vec<u8>,
    /// Where it stands, and when it was written.
    spot: Spot,
    at_ms: i64,
}

impl Told {
    fn new(is_sale: bool, payload: Vec<u8>) -> Self {
        Self { is_sale, payload, spot: Spot(0, 0), at_ms: 1_007 }
    }
}

fn order(number: u64, region: u64, product: u64, quantity: i64, is_vip: bool, minute: u64) -> Value {
    let price = 10 + product as i64;
    json!({
        "order_id": format!("ORD-{number}"), "customer_id": "c", "customer_email": "c@d.e", "customer_vip": is_vip,
        "customer_region": format!("r{region}"), "product_id": format!("P{product}"),
        "product_name": format!("p{product}"), "product_category": format!("k{}", product % 3), "price": price,
        "quantity": quantity, "total": price * quantity, "timestamp": format!("2026-11-21T09:{:02}:34", minute % 60),
        "status": "confirmed",
    })
}

fn told() -> impl Strategy<Value = Told> {
    let fields = (any::<u64>(), 0..5_u64, 0..7_u64, 1..4_i64, any::<bool>(), 0..60_u64);
    (fields, 0..10_u8).prop_map(|((number, region, product, quantity, is_vip, minute), kind)| {
        let mut json = order(number, region, product, quantity, is_vip, minute);
        match kind {
            0 => {
                json["status"] = json!("out_of_stock");
                json["error_reason"] = json!(format!("not enough: {product} available"));
            }
            1 => json = json!({"status": "invalid", "error_reason": "it is no JSON object", "raw_message": "x"}),
            2 => return Told::new(number % 2 == 0, b"\xff no JSON".to_vec()),
            _ => {}
        }
        Told::new(kind > 2, json.to_string().into_bytes())
    })
}

fn tell(figures: &mut Figures, told: &Told) {
    let mut headers = Vec::new();
    push_header(&mut headers, b"order-timestamp-ms", Some(b"1000"));
    let message = Message {
        partition: told.spot.0,
        offset: told.spot.1,
        time: MessageTime::Create(told.at_ms),
        key: None,
        payload: Some(&told.payload),
        headers: Headers::from_block(&headers),
        leader_epoch: None,
    };
    if told.is_sale { figures.sale(&message) } else { figures.refusal(&message) }
}

/// What the figures must be, counted in another way.
fn recount(all: &[Told]) -> Value {
    let mut cents = 0;
    let (mut orders, mut vip, mut refused, mut short) = (0, 0, 0, 0);
    let mut regions: BTreeMap<String, (u64, i64)> = BTreeMap::new();
    let mut minutes: BTreeMap<String, u64> = BTreeMap::new();
    for told in all {
        let json: Value = serde_json::from_slice(&told.payload).unwrap_or_default();
        if !told.is_sale {
            refused += 1;
            short += u64::from(json["status"] == "out_of_stock");
        } else if let Some(total) = json["total"].as_i64() {
            orders += 1;
            cents += 100 * total;
            vip += u64::from(json["customer_vip"] == true);
            let region = regions.entry(json["customer_region"].as_str().unwrap().to_owned()).or_default();
            *region = (region.0 + 1, region.1 + 100 * total);
            *minutes.entry(json["timestamp"].as_str().unwrap().strip_suffix(":34").unwrap().to_owned()).or_default() +=
                1;
        }
    }
    let minutes: Vec<u64> = minutes.into_values().collect();
    json!([orders, cents, vip, refused, short, regions, minutes])
}

fn as_counted(figures: &Figures) -> Value {
    let Figures { sales, refusals, .. } = figures;
    let cents = |counted: Counted| i64::try_from(counted.revenue.cents()).unwrap();
    let regions: BTreeMap<&str, (u64, i64)> =
        sales.regions.names().map(|(name, counted)| (name, (counted.orders, cents(counted)))).collect();
    let minutes: Vec<u64> = sales.minutes.iter().map(|(_, counted)| counted.orders).collect();
    assert_eq!(sales.not_vip().orders + sales.vip.orders, sales.all.orders);
    let categories: u64 = sales.categories.names().map(|(_, counted)| counted.orders).sum();
    assert_eq!(categories, sales.all.orders);
    assert_eq!(refusals.reasons.ranked().iter().map(|(_, count)| count).sum::<u64>(), refusals.all);
    json!([sales.all.orders, cents(sales.all), sales.vip.orders, refusals.all, refusals.out_of_stock, regions, minutes])
}

proptest! {
    #[test]
    fn figures_are_a_recount_however_they_are_mixed_and_stopped(
        mut all in proptest::collection::vec(told(), 0..60).prop_shuffle(),
        times in proptest::collection::vec(1_000..1_020_i64, 60),
        mixed: u64,
        stops in proptest::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        for (index, told) in all.iter_mut().enumerate() {
            (told.spot, told.at_ms) = (Spot(index as i32 % 3, index as i64), times[index]);
        }
        let mut other = all.clone();
        other.sort_by_key(|told| (told.payload.len() as u64).wrapping_mul(mixed | 1));
        let stops: Vec<usize> = stops.iter().map(|stop| stop.index(all.len() + 1)).collect();
        let mut figures = Figures::default();
        for (index, told) in other.iter().enumerate() {
            if stops.contains(&index) {
                let text = Snapshot::write(&BTreeMap::new(), &figures);
                figures = Snapshot::read(&text).unwrap().figures;
            }
            tell(&mut figures, told);
        }
        let mut straight = Figures::default();
        all.iter().for_each(|told| tell(&mut straight, told));
        prop_assert_eq!(as_counted(&figures), recount(&all));
        prop_assert_eq!((&figures.sales, &figures.refusals), (&straight.sales, &straight.refusals));
        prop_assert_eq!(&figures.recent, &straight.recent);
        prop_assert_eq!(figures.recent.iter().len() as u64 + figures.sales.unreadable, all.len() as u64);
    }

    #[test]
    fn a_snapshot_with_any_byte_changed_is_none(at: prop::sample::Index, bit in 0..8_u8) {
        let mut figures = Figures::default();
        let told = Told::new(true, order(1, 1, 1, 1, true, 1).to_string().into_bytes());
        tell(&mut figures, &told);
        let mut positions = BTreeMap::new();
        positions.insert("t".to_owned(), Positions { topic_id: Some("id".to_owned()), ..Positions::default() });
        let mut text = Snapshot::write(&positions, &figures);
        prop_assert_eq!(Snapshot::read(&text), Ok(Snapshot { positions, figures }));
        let at = at.index(text.len());
        text[at] ^= 1 << bit;
        prop_assert!(Snapshot::read(&text).is_err());
    }

    #[test]
    fn any_bytes_are_no_snapshot_and_no_panic(text: Vec<u8>) {
        prop_assert!(Snapshot::read(&text).is_err());
    }
}

#[test]
fn names_minutes_and_orders_are_bounded_and_nothing_is_lost_of_the_sums() {
    let mut figures = Figures::default();
    let count = MOST_RECENT as u64 + 7;
    for number in 0..count {
        let mut json = order(number, number, 1, 2, false, 0);
        let (day, hour, minute) = (1 + number / 1_440, number / 60 % 24, number % 60);
        json["timestamp"] = json!(format!("2026-03-{day:02}T{hour:02}:{minute:02}:00Z"));
        tell(&mut figures, &Told { spot: Spot(0, number as i64), ..Told::new(true, json.to_string().into_bytes()) });
    }
    let Figures { sales, recent, .. } = &figures;
    assert_eq!(sales.regions.names().count(), MOST_NAMES);
    assert_eq!(sales.regions.names().map(|(_, one)| one.orders).sum::<u64>() + sales.regions.others().orders, count);
    assert_eq!(sales.regions.ranked().last().map(|(name, _)| *name), Some("other"));
    assert_eq!(sales.minutes.iter().count(), MOST_MINUTES);
    assert_eq!(sales.minutes.iter().map(|(_, one)| one.orders).sum::<u64>() + sales.minutes.earlier().orders, count);
    assert_eq!(recent.iter().len(), MOST_RECENT);
    assert_eq!(recent.iter().next().map(|order| order.order_id.as_str()), Some("ORD-7"));
    assert_eq!(sales.all.revenue, Sum::from(Money::from_cents(count as i64 * 2_200)));
}

#[test]
fn what_is_forgotten_is_only_of_one_topic() {
    let mut figures = Figures::default();
    let sale = Told::new(true, order(1, 1, 1, 1, true, 1).to_string().into_bytes());
    let refusal = Told::new(false, br#"{"status":"out_of_stock","error_reason":"3 left"}"#.to_vec());
    tell(&mut figures, &sale);
    tell(&mut figures, &refusal);
    let of = |figures: &Figures| (figures.sales.all.orders, figures.refusals.all, figures.recent.iter().len());
    assert_eq!(of(&figures), (1, 1, 2));
    let recent = figures.recent.iter().next().expect("the sale");
    assert_eq!((recent.ordered_ms, recent.decided_ms, recent.quantity), (Some(1_000), Some(1_007), 1));
    figures.forget_sales();
    assert_eq!(of(&figures), (0, 1, 1));
    tell(&mut figures, &sale);
    figures.forget_refusals();
    assert_eq!(of(&figures), (1, 0, 1));
}
