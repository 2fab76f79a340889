//! `techshop dashboard` and values that nobody means well with: they are text, wherever they are shown.

use crate::harness::{Browser, Need, SHORT, Shop, get, wait_until};
use crate::techshop_dashboard_shop::{order, rows, text};
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "techshop_dashboard_hostile",
        &[Need::Broker, Need::Browser],
        [names_that_are_scripts_are_shown_as_text, names_of_ten_kilobytes_break_no_page]
    )
}

pub(crate) const SCRIPTS: [&str; 8] = [
    "<script>window.__x=1</script>",
    "\"><img src=x onerror=\"window.__x=1\">",
    "'\"`</title></script></textarea><svg onload=window.__x=1>",
    "</template><iframe srcdoc='<script>top.__x=1</script>'>",
    "{{ 7*7 }}{% include 'layout.html' %}",
    "javascript:window.__x=1",
    "//evil.example/x.png",
    "\u{202e}gnp.exe\u{2066}\u{200f}",
];

/// Orders whose every name is one of the values, and messages that are no orders.
fn hostile(values: &[&str]) -> Vec<Vec<u8>> {
    let mut orders = Vec::new();
    for (index, value) in values.iter().enumerate() {
        let names = json!({
            "customer_id": value, "customer_email": format!("{value}@{value}"), "customer_region": value,
            "product_name": value, "product_category": value, "gift": value,
        });
        orders.push(order(&format!("ORD-{index}"), &names));
        // As its number, too; and refused, so that it stands in a reason.
        orders.push(order(value, &names));
        orders.push(order(&format!("BAD-{index}"), &json!({"product_id": value, "product_name": value})));
        orders.push(value.as_bytes().to_vec());
    }
    orders
}

fn shop_of(values: &[&str]) -> Shop {
    let shop = Shop::new().set_up();
    shop.order_raw(&hostile(values));
    shop.decide_all();
    shop.notify_all(&[]);
    shop
}

/// Nothing ran, nothing was fetched from elsewhere, nothing was refused by the browser.
#[track_caller]
pub(crate) fn expect_harmless(browser: &Browser, own: &str, place: &str) {
    assert_eq!(browser.dialog(), None, "{place}");
    assert_eq!(browser.value("typeof window.__x"), json!("undefined"), "{place}: a script ran");
    assert_eq!(browser.console(), Vec::<String>::new(), "{place}");
    for request in browser.requests() {
        assert!(request.starts_with(own), "{place} asked for {request}");
    }
    let strange =
        "document.querySelectorAll('iframe, embed, object, img, script:not([src]), [onload], [onerror]').length";
    assert_eq!(browser.value(strange), json!(0), "{place}");
}

/// Links of the page that lead elsewhere.
#[track_caller]
fn foreign_links(browser: &Browser) -> Value {
    browser.value("[...document.querySelectorAll('a[href]')].map((a) => a.href).filter((a) => !a.startsWith(location.origin + '/'))")
}

fn names_that_are_scripts_are_shown_as_text() {
    let shop = shop_of(&SCRIPTS);
    let dashboard = shop.dashboard(&["--unmask"]);
    let browser = Browser::open(&shop.scratch);
    browser.requests();
    dashboard.visit(&browser, "/");
    browser.wait_for_text(&text("orders.all"), |shown| shown == (SCRIPTS.len() * 4).to_string());
    let regions: Vec<String> = rows(&browser, "regions").into_iter().map(|row| row[0].clone()).collect();
    for value in SCRIPTS {
        assert!(regions.contains(&value.to_owned()), "{value} is not among {regions:?}");
    }
    expect_harmless(&browser, &dashboard.address("/"), "/");
    let views = get(dashboard.port, "/api/view?of=/orders").expect("it answers").json();
    let mut places: Vec<String> =
        ["/orders", "/errors", "/notifications", "/stock", "/kafka"].map(str::to_owned).into();
    let orders = views["tables"]["orders"].as_array().expect("rows");
    assert_eq!(orders.len(), SCRIPTS.len() * 4);
    places.extend(orders.iter().filter_map(|row| row["href"].as_str().map(str::to_owned)));
    for value in SCRIPTS {
        let quoted: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        places.push(format!("/orders?q={quoted}&region={quoted}&status={quoted}"));
        places.push(format!("/errors?reason={quoted}&product={quoted}"));
        places.push(format!("/orders/{quoted}"));
    }
    places.sort();
    places.dedup();
    for place in &places {
        let answer = get(dashboard.port, place).expect("it answers");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{place}: {policy}");
        dashboard.visit(&browser, place);
        expect_harmless(&browser, &dashboard.address("/"), place);
        assert_eq!(foreign_links(&browser), json!([]), "{place}");
    }
    // In the drawer, too, which only scripts fill.
    dashboard.visit(&browser, "/orders");
    for row in [0, 1, 2, 3] {
        browser.run("document.querySelectorAll('tbody[data-table=orders] th a')[arguments[0]].click()", &[json!(row)]);
        wait_until("the drawer is filled", SHORT, || {
            (browser.value("drawer.querySelectorAll('tbody[data-table=timeline] tr').length > 0") == json!(true))
                .then_some(())
        });
        expect_harmless(&browser, &dashboard.address("/"), "the drawer");
        browser.run("drawer.close()", &[]);
    }
}

fn names_of_ten_kilobytes_break_no_page() {
    let (words, word) = ("many words ".repeat(1_000), "W".repeat(10_240));
    let shop = shop_of(&[&words, &word]);
    let dashboard = shop.dashboard(&["--unmask"]);
    let browser = Browser::open(&shop.scratch);
    browser.requests();
    for width_px in [390, 1_280] {
        browser.emulate(width_px, "light");
        for place in ["/", "/orders", "/errors", "/notifications", "/stock", "/orders/ORD-0", "/orders/ORD-1"] {
            dashboard.visit(&browser, place);
            expect_harmless(&browser, &dashboard.address("/"), place);
            let (needed, there) = (browser.value("document.documentElement.scrollWidth"), browser.value("innerWidth"));
            browser.picture(&format!("long-{width_px}-{}", place.replace('/', "_")));
            assert!(needed.as_u64() <= there.as_u64(), "{place} scrolls sideways: {needed} of {there} px");
        }
    }
    dashboard.visit(&browser, "/");
    let region = rows(&browser, "regions").into_iter().find(|row| row[0].starts_with('W')).expect("it is there");
    // Names are known by 120 characters, and one that is longer says so.
    assert_eq!(region[0], format!("{}…", "W".repeat(119)));
}
