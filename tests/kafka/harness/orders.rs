//! Orders as somebody else's program would write them.

use uuid::Uuid;

/// A valid order of about 900 bytes, in compact JSON; all its sums are right.
pub(crate) fn order(sequence: u32) -> String {
    order_for(sequence, "client01", "")
}

/// The same for a customer, and with further members before its closing brace (`,"note":"x"`).
pub(crate) fn order_for(sequence: u32, customer: &str, more: &str) -> String {
    let id = Uuid::from_u128(0x5eed_0000_0000_4000_8000_0000_0000_0000 + u128::from(sequence));
    let quantity = u64::from(sequence % 9 + 1);
    let (price, shipping) = (250, 250);
    let sub_total = quantity * price;
    let tax = (sub_total * 20 + 50) / 100;
    let [price, sub_total, tax, shipping, total] =
        [price, sub_total, tax, shipping, sub_total + tax + shipping].map(euros);
    format!(
        concat!(
            r#"{{"order_id":"{id}","sequence":{sequence},"status":"pending","#,
            r#""items":[{{"item_id":"item-espresso","item_name":"espresso","quantity":{quantity},"#,
            r#""unit_price":{price},"total_price":{sub_total}}}],"sub_total":{sub_total},"#,
            r#""tax":{tax},"shipping_fee":{shipping},"total":{total},"currency":"EUR","#,
            r#""payment_method":"credit_card","shipping_address":"{sequence} Rue de la Paix, 75000 Paris","#,
            r#""metadata":{{"timestamp":"2026-11-21T09:12:30Z","version":"1.1","#,
            r#""event_type":"order.created","source":"producer-service","correlation_id":"{id}"}},"#,
            r#""customer_info":{{"customer_id":"{customer}","name":"Client {customer}","#,
            r#""email":"{customer}@example.com","phone":"+33 6 00 00 00 00","#,
            r#""address":"{sequence} Rue de la Paix, 75000 Paris","loyalty_level":"silver"}},"#,
            r#""inventory_status":[{{"item_id":"item-espresso","item_name":"espresso","#,
            r#""available_qty":98,"reserved_qty":{quantity},"unit_price":{price},"in_stock":true,"#,
            r#""warehouse":"PARIS-01"}}]{more}}}"#,
        ),
        id = id,
        sequence = sequence,
        quantity = quantity,
        price = price,
        sub_total = sub_total,
        tax = tax,
        shipping = shipping,
        total = total,
        customer = customer,
        more = more,
    )
}

/// Cents as a JSON number of euros.
fn euros(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
