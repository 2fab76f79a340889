//! The demo's orders, to the byte.

use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

use super::super::{read, warnings};
use super::{DemoIds, Order, demo_order};

fn order(sequence: i64) -> Order<'static> {
    let ids = DemoIds {
        order_id: Uuid::from_u128(0xcc69_3b1a_0c1f_4f6e_9d5c_2f7a_8b1e_4d30),
        correlation_id: Uuid::from_u128(1),
    };
    let timestamp = Timestamp::from_str("2026-11-21T09:12:30.0419Z").unwrap();
    demo_order(sequence, ids, timestamp)
}

#[test]
fn the_second_customers_order_is_this_json() {
    let expected = concat!(
        r#"{"order_id":"cc693b1a-0c1f-4f6e-9d5c-2f7a8b1e4d30","sequence":1,"status":"pending","#,
        r#""items":[{"item_id":"item-cappuccino","item_name":"cappuccino","quantity":3,"#,
        r#""unit_price":3.2,"total_price":9.6}],"#,
        r#""sub_total":9.6,"tax":1.92,"shipping_fee":2.5,"total":14.02,"currency":"EUR","#,
        r#""payment_method":"credit_card","shipping_address":"1 Rue de la Paix, 75000 Paris","#,
        r#""metadata":{"timestamp":"2026-11-21T09:12:30.041Z","version":"1.1","#,
        r#""event_type":"order.created","source":"producer-service","#,
        r#""correlation_id":"00000000-0000-0000-0000-000000000001"},"#,
        r#""customer_info":{"customer_id":"client02","name":"Client client02","#,
        r#""email":"client02@example.com","phone":"+33 6 00 00 00 00","#,
        r#""address":"1 Rue de la Paix, 75000 Paris","loyalty_level":"silver"},"#,
        r#""inventory_status":[{"item_id":"item-cappuccino","item_name":"cappuccino","#,
        r#""available_qty":97,"reserved_qty":3,"unit_price":3.2,"in_stock":true,"#,
        r#""warehouse":"PARIS-01"}]}"#,
    );
    assert_eq!(serde_json::to_string(&order(1)).unwrap(), expected);
}

#[test]
fn the_fifth_customers_order_is_this_json() {
    let expected = concat!(
        r#"{"order_id":"cc693b1a-0c1f-4f6e-9d5c-2f7a8b1e4d30","sequence":1234,"status":"pending","#,
        r#""items":[{"item_id":"item-flat white","item_name":"flat white","quantity":6,"#,
        r#""unit_price":3.3,"total_price":19.8}],"#,
        r#""sub_total":19.8,"tax":3.96,"shipping_fee":2.5,"total":26.26,"currency":"EUR","#,
        r#""payment_method":"credit_card","shipping_address":"1234 Rue de la Paix, 75000 Paris","#,
        r#""metadata":{"timestamp":"2026-11-21T09:12:30.041Z","version":"1.1","#,
        r#""event_type":"order.created","source":"producer-service","#,
        r#""correlation_id":"00000000-0000-0000-0000-000000000001"},"#,
        r#""customer_info":{"customer_id":"client05","name":"Client client05","#,
        r#""email":"client05@example.com","phone":"+33 6 00 00 00 00","#,
        r#""address":"1234 Rue de la Paix, 75000 Paris","loyalty_level":"silver"},"#,
        r#""inventory_status":[{"item_id":"item-flat white","item_name":"flat white","#,
        r#""available_qty":94,"reserved_qty":6,"unit_price":3.3,"in_stock":true,"#,
        r#""warehouse":"PARIS-01"}]}"#,
    );
    assert_eq!(serde_json::to_string(&order(1234)).unwrap(), expected);
}

#[test]
fn each_customer_pays_this() {
    let bills = [
        ("client01", "espresso", "5.00", "1.00", "8.50"),
        ("client02", "cappuccino", "9.60", "1.92", "14.02"),
        ("client03", "latte", "14.00", "2.80", "19.30"),
        ("client04", "macchiato", "15.00", "3.00", "20.50"),
        ("client05", "flat white", "19.80", "3.96", "26.26"),
        ("client06", "mocha", "28.00", "5.60", "36.10"),
        ("client07", "americano", "22.40", "4.48", "29.38"),
        ("client08", "chai latte", "34.20", "6.84", "43.54"),
        ("client09", "matcha", "45.00", "9.00", "56.50"),
        ("client10", "smoothie fraise", "60.50", "12.10", "75.10"),
    ];
    for (sequence, bill) in bills.iter().enumerate() {
        let order = order(sequence as i64);
        let (sub_total, tax, total) = (order.sub_total.to_string(), order.tax.to_string(), order.total.to_string());
        let customer = order.customer_info.customer_id.as_ref();
        let item = order.items[0].item_name.as_ref();
        assert_eq!((customer, item, sub_total.as_str(), tax.as_str(), total.as_str()), *bill);
    }
}

#[test]
fn every_demo_order_is_an_order_whose_sums_add_up() {
    for sequence in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1863, i64::MAX, -1, i64::MIN] {
        let order = order(sequence);
        let payload = serde_json::to_string(&order).unwrap();
        assert_eq!(read(&payload).as_ref(), Ok(&order));
        assert_eq!(warnings(&order), []);
    }
}
