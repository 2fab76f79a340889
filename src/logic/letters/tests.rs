//! What letters say, and what no order can make them say.

use super::*;
use crate::words::shop::Reading;
use proptest::prelude::*;

fn payload(order_id: &str, customer: &str, email: &str, product: &str) -> String {
    serde_json::json!({
        "order_id": order_id, "customer_id": customer, "customer_email": email, "customer_vip": true,
        "customer_region": "Paris", "product_id": "P001", "product_name": product,
        "product_category": "Electronics", "price": 999, "quantity": 2, "total": 1998,
        "timestamp": "2026-11-21T09:10:34.123456", "status": "confirmed",
    })
    .to_string()
}

fn read(payload: &str) -> Order<'_> {
    match Order::read(Some(payload.as_bytes())) {
        Reading::Order(order) => order,
        other => unreachable!("{other:?}"),
    }
}

fn desk(language: Language) -> Desk {
    Desk { language, team: "logistics@techshop.example".to_owned() }
}

#[test]
fn a_confirmed_order_of_a_vip_asks_for_a_mail_and_a_text_message() {
    let payload = payload("ORD-1", "alice.martin", "alice@email.com", "iPhone 15");
    let letters = desk(Language::En).confirmed(&read(&payload), 7);
    assert_eq!(letters.len(), 2);
    assert_eq!((letters[0].to.as_str(), letters[1].to.as_str()), ("alice@email.com", "alice.martin"));
    assert_eq!(letters[0].subject, "Order ORD-1 confirmed");
    assert_eq!(
        letters[0].text,
        "Hello alice.martin,\n\nThank you for your order. It is confirmed:\n\n  Order    ORD-1\n  \
         Product  iPhone 15 × 2\n  Total    1,998.00 €\n\nAs a VIP customer you come first: we pack your order \
         now.\n\nWith kind regards\nYour TechShop\n"
    );
    let plain = payload.replace("true", "false");
    assert_eq!(desk(Language::En).confirmed(&read(&plain), 7).len(), 1);
}

#[test]
fn french_is_written_as_the_french_write() {
    let payload = payload("ORD-1", "alice.martin", "alice@email.com", "Café Premium");
    let letters = desk(Language::Fr).confirmed(&read(&payload), 7);
    assert_eq!(letters[0].subject, "Commande ORD-1 confirmée");
    assert!(letters[0].text.contains("  Total     1\u{a0}998,00\u{a0}€\n"), "{}", letters[0].text);
}

#[test]
fn an_order_without_stock_asks_for_an_apology_and_an_alert() {
    let payload = payload("ORD-1", "alice.martin", "alice@email.com", "iPhone 15");
    for language in [Language::En, Language::Fr] {
        let letters = desk(language).out_of_stock(&read(&payload), "1 is there, 2 were asked for", 7);
        let kinds: Vec<Kind> = letters.iter().map(|letter| letter.kind).collect();
        assert_eq!(kinds, [Kind::Apology, Kind::RestockAlert]);
        assert_eq!(letters[1].to, "logistics@techshop.example");
        assert!(letters[1].text.contains("1 is there, 2 were asked for"));
        assert!(letters[1].subject.contains("iPhone 15 (P001)"));
    }
}

#[test]
fn a_digest_can_be_had_with_sha256sum() {
    // printf 'confirmation\nemail\nORD-1' | sha256sum
    let known = "c1bf2c54";
    let digest = digest(Kind::Confirmation, Channel::Email, "ORD-1");
    assert_eq!(digest.len(), 64);
    assert!(digest.starts_with(known), "{digest}");
}

#[test]
fn names_are_read_back() {
    for kind in Kind::ALL {
        assert_eq!(Kind::read(kind.as_str().as_bytes()), Some(kind));
    }
    for channel in Channel::ALL {
        assert_eq!(Channel::read(channel.as_str().as_bytes()), Some(channel));
    }
    assert_eq!(Kind::read(b"Apology"), None);
}

#[test]
fn a_line_is_cut_where_it_is_too_long() {
    assert_eq!(harmless("a  b\r\nc", 10), "a b c");
    assert_eq!(harmless("\u{202e}abc\u{0}", 3), "abc");
    assert_eq!(harmless("abcd", 3), "ab…");
    assert_eq!(harmless("", 3), "");
}

proptest! {
    #[test]
    fn no_field_adds_a_line_or_anything_that_is_obeyed(
        order_id in "\\PC*|(.|[\r\n\u{0}\u{202e}]){1,300}", customer in "(.|[\r\n]){0,200}", product in "(.|[\r\n]){0,200}",
        reason in "(.|[\r\n]){0,400}",
    ) {
        let order_id = if order_id.is_empty() { "x".to_owned() } else { order_id };
        let payload = payload(&order_id, &customer, "a@b.example", &product);
        let order = read(&payload);
        let ordinary_payload = self::payload("ORD-1", "alice", "a@b.example", "iPhone");
        let ordinary = read(&ordinary_payload);
        for language in [Language::En, Language::Fr] {
            for kind in Kind::ALL {
                for channel in Channel::ALL {
                    let letter = desk(language).letter(&order, kind, channel, &reason, 0);
                    let expected = desk(language).letter(&ordinary, kind, channel, "why", 0);
                    prop_assert!(!letter.subject.chars().any(char::is_control), "{:?}", letter.subject);
                    prop_assert!(letter.subject.chars().count() < 300);
                    prop_assert_eq!(letter.text.lines().count(), expected.text.lines().count());
                    prop_assert!(!letter.text.chars().any(|c| c != '\n' && c.is_control()));
                    prop_assert!(letter.digest().bytes().all(|byte| byte.is_ascii_hexdigit()));
                }
            }
        }
    }

    #[test]
    fn letters_have_digests_of_their_own(one in ".*", other in ".*") {
        let mut all: Vec<String> = [&one, &other].into_iter().flat_map(|order_id| {
            Kind::ALL.into_iter().flat_map(move |kind| Channel::ALL.map(|channel| digest(kind, channel, order_id)))
        }).collect();
        all.sort();
        all.dedup();
        prop_assert_eq!(all.len(), if one == other { 6 } else { 12 });
    }
}
