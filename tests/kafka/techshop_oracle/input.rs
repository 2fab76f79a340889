//! Orders of every kind, wrong ones above all, from a seed.

use crate::harness::{Chance, Record};
use serde_json::json;

/// Products of these tests: id, price in cents, opening stock. Some are soon sold out, one has an odd name.
pub(crate) const PRODUCTS: [(&str, i64, i64); 7] = [
    ("P001", 99_900, 50),
    ("P002", 249_900, 20),
    ("P003", 14_950, 1_000),
    ("P004", 2_999, 5_000),
    ("P005", 1_500, 1_000_000_000),
    ("P\"6/é", 5, 300),
    ("P007", 100, 0),
];

/// As `--catalogue` takes it.
pub(crate) fn catalogue() -> String {
    let products: serde_json::Map<String, serde_json::Value> = PRODUCTS
        .iter()
        .map(|(id, cents, stock)| {
            let price: serde_json::Value = serde_json::from_str(&money(*cents)).expect("a number");
            ((*id).to_owned(), json!({"name": id, "price": price, "stock": stock, "category": "Books"}))
        })
        .collect();
    json!({"products": products, "customers": [{"id": "a", "email": "a@b.c", "vip": true, "region": "Paris"}]})
        .to_string()
}

fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// A restock, as `restock` sends it.
pub(crate) fn restock(number: u64, product: &str, quantity: i64) -> Vec<u8> {
    let restock = json!({"restock_id": format!("restock-{number}"), "product_id": product, "quantity": quantity,
        "timestamp": "2026-11-21T10:00:00Z"});
    restock.to_string().into_bytes()
}

/// An order that has to be confirmed: there is enough of it.
pub(crate) fn surely_sold(number: &str) -> Vec<u8> {
    let mut order = Order::new(number, PRODUCTS[4], 1);
    order.set("extra", "1.10");
    order.json().into_bytes()
}

struct Order {
    fields: Vec<(String, String)>,
}

impl Order {
    fn new(number: &str, (product, cents, _): (&str, i64, i64), quantity: i64) -> Order {
        let text = |text: &str| json!(text).to_string();
        let fields = [
            ("order_id", text(number)),
            ("customer_id", text("alice.martin")),
            ("customer_email", text("alice@email.com")),
            ("customer_vip", "true".to_owned()),
            ("customer_region", text("Paris")),
            ("product_id", text(product)),
            ("product_name", text("Café \"Premium\" \u{1F6D2}")),
            ("product_category", text("Food")),
            ("price", money(cents)),
            ("quantity", quantity.to_string()),
            ("total", money(cents * quantity)),
            ("timestamp", text("2026-11-21T09:10:34.123456")),
            ("status", text("pending")),
        ];
        Order { fields: fields.map(|(name, value)| (name.to_owned(), value)).to_vec() }
    }

    /// Sets a field, or adds it.
    fn set(&mut self, name: &str, value: &str) {
        match self.fields.iter_mut().find(|(field, _)| field == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
    }

    fn json(&self) -> String {
        let members: Vec<String> = self.fields.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
        format!("{{{}}}", members.join(","))
    }
}

/// Wrong spellings of fields, each of which makes an order invalid.
const WRONG: [(&str, &str); 26] = [
    ("order_id", "\"\""),
    ("order_id", "7"),
    ("order_id", "null"),
    ("order_id", r#""\ud800""#),
    ("customer_id", "[]"),
    ("customer_email", "{}"),
    ("customer_vip", "1"),
    ("customer_vip", "\"true\""),
    ("customer_region", "null"),
    ("product_id", "\"P999\""),
    ("product_id", "\"\""),
    ("product_id", "1"),
    ("product_name", "true"),
    ("product_category", "1.5"),
    ("price", "0"),
    ("price", "-1"),
    ("price", "\"999\""),
    ("quantity", "0"),
    ("quantity", "-3"),
    ("quantity", "1.5"),
    ("quantity", "1000001"),
    ("quantity", "99999999999999999999999"),
    ("quantity", "\"2\""),
    ("total", "0.01"),
    ("timestamp", "\"yesterday\""),
    ("timestamp", "\"2026-13-45T09:10:34\""),
];

/// Timestamps that are fine.
const MOMENTS: [&str; 4] =
    ["2026-11-21T09:10:34Z", "2024-02-29T23:59:59.999999999+02:00", "2026-11-21T09:10:34", "2026-11-21T09:10"];

/// Payloads that have no fields.
const NO_OBJECTS: [&[u8]; 11] = [
    b"",
    b"null",
    b"[]",
    b"[{\"order_id\":\"x\"}]",
    b"42",
    b"\"ORD-1\"",
    b"{",
    b"{\"order_id\":\"ORD-1\"",
    b"{} {}",
    b"\xff\xfe\x00not text",
    b"{\"order_id\":\"\xc3\x28\"}",
];

/// Order numbers that somebody hopes will hurt.
const HOSTILE: [&str; 7] =
    ["../../etc/passwd", "a\nb\r\nX: y", "\u{0}", "'; DROP TABLE orders; --", "\u{202e}DRO", " ", "<script>"];

/// Makes messages for the orders topic, and remembers some to send again.
pub(crate) struct Customers {
    chance: Chance,
    partitions: u64,
    made: u64,
    sent: Vec<Record>,
}

impl Customers {
    pub(crate) fn new(chance: Chance, partitions: u64) -> Customers {
        Customers { chance, partitions, made: 0, sent: Vec::new() }
    }

    pub(crate) fn batch(&mut self, count: usize) -> Vec<Record> {
        (0..count).map(|_| self.message()).collect()
    }

    fn pick<T: Copy>(&mut self, things: &[T]) -> T {
        things[usize::try_from(self.chance.below(things.len() as u64)).expect("an index")]
    }

    fn partition(&mut self) -> i32 {
        i32::try_from(self.chance.below(self.partitions)).expect("few partitions")
    }

    fn message(&mut self) -> Record {
        self.made += 1;
        let partition = self.partition();
        match self.chance.below(100) {
            0..=5 => self.again(partition),
            6..=10 => self.other_content(partition),
            11..=12 => Record::tombstone(partition).key(format!("key-{}", self.made)),
            13..=17 => Record::new(partition, self.pick(&NO_OBJECTS)).key(self.pick(&[&b"ORD-key"[..], b"\xff\xfe"])),
            18..=32 => self.unsound(partition),
            _ => {
                let order = self.sound();
                self.send(partition, &order)
            }
        }
    }

    /// The very same bytes, in the same partition or in another.
    fn again(&mut self, partition: i32) -> Record {
        match self.earlier() {
            Some(record) if self.chance.below(2) == 0 => record,
            Some(record) => Record { partition, ..record },
            None => Record::tombstone(partition),
        }
    }

    /// Another order under a number that was used.
    fn other_content(&mut self, partition: i32) -> Record {
        let Some(mut record) = self.earlier() else { return Record::tombstone(partition) };
        let mut text = record.text().to_owned();
        text.truncate(text.len() - 1);
        text += &format!(",\"changed\":{}}}", self.made);
        record.value = Some(text.into_bytes());
        Record { partition, ..record }
    }

    fn earlier(&mut self) -> Option<Record> {
        let count = self.sent.len() as u64;
        let at = usize::try_from(self.chance.below(count.max(1))).expect("an index");
        self.sent.get(at).cloned()
    }

    fn sound(&mut self) -> Order {
        let product = self.pick(&PRODUCTS);
        // Most products shall not be sold out by the first few orders.
        let most = if self.chance.below(50) == 0 { 1_000_000 } else { 3 };
        let quantity = 1 + i64::try_from(self.chance.below(most)).expect("few");
        let number = match self.chance.below(40) {
            0 => self.pick(&HOSTILE).to_owned() + &self.made.to_string(),
            1 => format!("ORD-{}", "9".repeat(10_000)) + &self.made.to_string(),
            _ => format!("ORD-{}", self.made),
        };
        let mut order = Order::new(&number, product, quantity);
        match self.chance.below(8) {
            0 => order.set("timestamp", &format!("{:?}", self.pick(&MOMENTS))),
            1 => order.set("note", "1.1000"),
            2 => order.set("gift", r#"{ "to" : [ null, 1e3, "\u00e9" ] }"#),
            3 => order.fields.reverse(),
            4 => order.set("total", &format!("{}0", money(product.1 * quantity))),
            _ => {}
        }
        order
    }

    fn unsound(&mut self, partition: i32) -> Record {
        let mut order = self.sound();
        let field = self.chance.below(13);
        match self.chance.below(4) {
            0 => drop(order.fields.remove(usize::try_from(field).expect("an index"))),
            1 => {
                let field = order.fields[usize::try_from(field).expect("an index")].clone();
                order.fields.push(field);
            }
            _ => {
                let (name, value) = self.pick(&WRONG);
                order.set(name, value);
            }
        }
        self.send(partition, &order)
    }

    fn send(&mut self, partition: i32, order: &Order) -> Record {
        let mut record = Record::new(partition, order.json());
        record.key = match self.chance.below(10) {
            0 => None,
            1 => Some(b"\xff\x00any".to_vec()),
            2 => Some(Vec::new()),
            _ => Some(format!("key of {}", self.made).into_bytes()),
        };
        self.sent.push(record.clone());
        record
    }
}
