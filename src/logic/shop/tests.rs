//! Decisions by example, and by random histories: the state read back is the state that was.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::base::message::{Headers, MessageTime};

const TOPIC: &str = "orders";

/// The changelogs, as a compacting broker keeps them, and everything else that was sent.
#[derive(Clone, Default)]
struct Topics {
    stock: BTreeMap<Vec<u8>, Vec<u8>>,
    numbers: BTreeMap<Vec<u8>, Vec<u8>>,
    told: Vec<(Output, Option<Vec<u8>>, String)>,
}

impl Topics {
    fn send(&mut self, effects: &mut Effects) {
        for effect in effects.iter() {
            let log = match effect.output {
                Output::Stock => &mut self.stock,
                Output::OrderNumbers => &mut self.numbers,
                output => {
                    let value = String::from_utf8(effect.value.expect("a value").to_vec()).expect("text");
                    self.told.push((output, effect.key.map(<[u8]>::to_vec), value));
                    continue;
                }
            };
            let key = effect.key.expect("a changelog has keys").to_vec();
            match effect.value {
                Some(value) => drop(log.insert(key, value.to_vec())),
                None => drop(log.remove(&key)),
            }
        }
        effects.clear();
    }

    fn open(&self, remember: usize) -> (Shop, PositionRecord) {
        let position = self.numbers.get(PositionRecord::KEY);
        let position = position.map(|json| PositionRecord::read(json).expect("our own")).unwrap_or_default();
        let level = |json: &Vec<u8>| {
            let level: StockLevel<'_> = serde_json::from_slice(json).expect("our own");
            StockLevel { product_id: level.product_id.into_owned().into(), ..level }
        };
        let mut blocks: Vec<Block> = self
            .numbers
            .iter()
            .filter(|(key, _)| BlockRecord::number(key).is_some())
            .map(|(_, json)| BlockRecord::read(json).expect("our own"))
            .collect();
        blocks.sort_by_key(|block| block.block);
        let live: Vec<u64> = blocks.iter().map(|block| block.block).collect();
        assert_eq!(live, (position.first_block..position.next_block).collect::<Vec<_>>(), "no block more, none less");
        let catalogue = Catalogue::built_in().expect("our own");
        let levels: Vec<_> = self.stock.values().map(level).collect();
        assert!(position.products == levels.len() || self.numbers.is_empty());
        let next_block = position.next_block;
        let opening =
            Opening { catalogue: &catalogue, levels, blocks, next_block, remember, largest_output_bytes: 1 << 20 };
        (Shop::open(opening), position)
    }
}

fn order(id: u32, product: u32, quantity: i64, extra: &str) -> String {
    let total = 10 * quantity;
    format!(
        r#"{{"order_id":"ORD-{id}","customer_id":"c","customer_email":"c@d.e","customer_vip":false,"customer_region":"r","product_id":"P00{product}","product_name":"n","product_category":"k","price":10,"quantity":{quantity},"total":{total},"timestamp":"2026-11-21T09:10:34","status":"pending"{extra}}}"#
    )
}

fn message(offset: i64, payload: &str) -> Message<'_> {
    let payload = Some(payload.as_bytes());
    let time = MessageTime::Create(7);
    Message { partition: 1, offset, time, key: None, payload, headers: Headers::default(), leader_epoch: None }
}

fn new_shop() -> Shop {
    Topics::default().open(100).0
}

#[test]
fn an_order_is_confirmed_until_the_stock_is_used_up() {
    let (mut shop, mut effects, mut topics) = (new_shop(), Effects::default(), Topics::default());
    let mut decide = |offset, json: &str| shop.order(TOPIC, &message(offset, json), &mut effects);
    assert_eq!(decide(0, &order(1, 2, 15, "")), Verdict::Confirmed);
    assert_eq!(decide(1, &order(2, 2, 6, "")), Verdict::OutOfStock);
    assert_eq!(decide(2, &order(3, 2, 5, "")), Verdict::Confirmed);
    assert_eq!(decide(3, &order(1, 2, 15, "")), Verdict::Copy);
    assert_eq!(decide(4, &order(1, 2, 14, "")), Verdict::Invalid);
    assert_eq!(decide(5, &order(4, 9, 1, "")), Verdict::Invalid);
    let headers: Vec<_> = effects.iter().next().expect("an effect").headers.collect();
    assert_eq!(headers[0], (&b"order-source"[..], Some(&b"orders/1@0"[..])));
    assert_eq!(headers[1], (&b"order-timestamp-ms"[..], Some(&b"7"[..])));
    topics.send(&mut effects);
    let told: Vec<_> = topics.told.iter().map(|(output, ..)| *output).collect();
    use Output::{Analytics, Errors, Inventory, Notifications};
    assert_eq!(
        told,
        [Notifications, Analytics, Inventory, Errors, Notifications, Analytics, Inventory, Errors, Errors]
    );
    assert!(topics.told[2].2.starts_with(r#"{"product_id":"P002","old_stock":20,"new_stock":5,"operation":"sale""#));
    assert!(topics.told[3].2.contains(r#""error_reason":"not enough stock: 5 available, 6 asked for""#));
    assert!(topics.told[7].2.contains("order number used before, with other content"));
    assert!(topics.told[8].2.contains(r#"unknown product \"P009\""#));
    assert_eq!(topics.told[8].1.as_deref(), Some(&b"ORD-4"[..]));
}

#[test]
fn a_restock_counts_once_and_a_wrong_one_is_told() {
    let (mut shop, mut effects, mut topics) = (new_shop(), Effects::default(), Topics::default());
    let json = |id: u32, product: &str, quantity: i64| {
        format!(r#"{{"restock_id":"{id}","product_id":"{product}","quantity":{quantity},"timestamp":"t"}}"#)
    };
    let mut apply = |offset, json: &str| shop.restock("restocks", &message(offset, json), &mut effects);
    assert_eq!(apply(0, &json(1, "P001", 5)), Verdict::Restocked);
    assert_eq!(apply(1, &json(1, "P001", 5)), Verdict::Copy);
    assert_eq!(apply(2, &json(1, "P001", 6)), Verdict::Invalid);
    assert_eq!(apply(3, &json(2, "P999", 6)), Verdict::Invalid);
    assert_eq!(apply(4, &json(3, "P001", 0)), Verdict::Invalid);
    assert_eq!(apply(5, "[]"), Verdict::Invalid);
    topics.send(&mut effects);
    assert_eq!(topics.told.len(), 5);
    let expected =
        r#"{"product_id":"P001","old_stock":50,"new_stock":55,"operation":"restock","quantity":5,"timestamp":"t"}"#;
    assert_eq!(topics.told[0].2, expected);
    assert!(topics.told[2].2.contains(r#"unknown product \"P999\""#), "{}", topics.told[2].2);
    assert_eq!(shop.stock().next(), Some(("P001", 55)));
}

#[test]
fn a_copy_of_a_forgotten_number_is_a_new_order() {
    let (mut shop, _) = Topics::default().open(2);
    let mut effects = Effects::default();
    let mut decide = |offset, id| shop.order(TOPIC, &message(offset, &order(id, 5, 1, "")), &mut effects);
    for (offset, id) in [1, 2, 3].into_iter().enumerate() {
        assert_eq!(decide(offset as i64, id), Verdict::Confirmed);
    }
    assert_eq!(decide(3, 2), Verdict::Copy);
    assert_eq!(decide(4, 1), Verdict::Confirmed, "number 1 was forgotten");
}

#[derive(Clone, Debug)]
enum Step {
    Order {
        id: u32,
        product: u32,
        quantity: i64,
        odd: bool,
    },
    Restock {
        id: u32,
        product: u32,
        quantity: i64,
    },
    Close,
    Beat,
    /// What was not closed is lost, and comes again.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..40_u32, 1..7_u32, -1..12_i64, any::<bool>())
            .prop_map(|(id, product, quantity, odd)| Step::Order { id, product, quantity, odd }),
        1 => (0..9_u32, 1..7_u32, 0..20_i64).prop_map(|(id, product, quantity)| Step::Restock { id, product, quantity }),
        3 => Just(Step::Close),
        1 => Just(Step::Beat),
        1 => Just(Step::Crash),
    ]
}

fn apply(shop: &mut Shop, step: &Step, offset: i64, effects: &mut Effects) {
    match step {
        Step::Order { id, product, quantity, odd } => {
            let json = order(*id, *product, *quantity, if *odd { r#","x":1"# } else { "" });
            shop.order(TOPIC, &message(offset, &json), effects);
        }
        Step::Restock { id, product, quantity } => {
            let json =
                format!(r#"{{"restock_id":"{id}","product_id":"P00{product}","quantity":{quantity},"timestamp":"t"}}"#);
            shop.restock("restocks", &message(offset, &json), effects);
        }
        Step::Close | Step::Beat | Step::Crash => {}
    }
}

proptest! {
    #[test]
    fn whatever_crashes_the_outcomes_are_those_of_a_run_without(
        steps in proptest::collection::vec(step(), 1..120),
        remember in 1..60_usize,
    ) {
        // Without any crash or transaction.
        let (mut calm, mut calm_effects, mut calm_topics) =
            (Topics::default().open(remember).0, Effects::default(), Topics::default());
        for (offset, step) in steps.iter().enumerate() {
            apply(&mut calm, step, offset as i64, &mut calm_effects);
        }
        calm_topics.send(&mut calm_effects);

        let (mut topics, mut effects) = (Topics::default(), Effects::default());
        let (mut shop, mut position) = topics.open(remember);
        // Which step comes next is what a position is elsewhere.
        let (mut next, mut done) = (0, 0);
        let mut crashed = std::collections::BTreeSet::new();
        while next < steps.len() {
            let step = &steps[next];
            apply(&mut shop, step, next as i64, &mut effects);
            next += 1;
            match step {
                Step::Close => {
                    position.v = PositionRecord::VERSION;
                    shop.close(&mut position, &mut effects);
                    topics.send(&mut effects);
                    done = next;
                }
                Step::Beat if done == next - 1 && position.v > 0 => {
                    shop.beat(&mut effects);
                    topics.send(&mut effects);
                    done = next;
                }
                // Each strikes once: what is done again must come past it.
                Step::Crash if crashed.insert(next) => {
                    effects.clear();
                    (shop, position) = topics.open(remember);
                    next = done;
                }
                _ => {}
            }
        }
        position.v = PositionRecord::VERSION;
        shop.close(&mut position, &mut effects);
        topics.send(&mut effects);
        prop_assert_eq!(&topics.told, &calm_topics.told);
        let (again, _) = topics.open(remember);
        prop_assert_eq!(&again.levels, &shop.levels);
        prop_assert_eq!(&again.numbers.order_of_use(), &calm.numbers.order_of_use());
        for level in &again.levels {
            prop_assert!(level.stock >= 0 && level.stock == level.opening - level.sold + level.restocked);
        }
    }
}
