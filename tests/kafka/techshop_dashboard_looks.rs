//! `techshop dashboard` for everybody: by keyboard alone, in both colours, on narrow and wide screens.

use crate::harness::{Browser, Need, SHORT, Shop, key, wait_until};
use crate::techshop_dashboard_shop::{Dashboard, order, text};
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "techshop_dashboard_looks",
        &[Need::Broker, Need::Browser],
        [everything_is_reached_by_keyboard, every_page_can_be_read_by_everybody, a_page_says_the_same_in_french]
    )
}

const PAGES: [&str; 8] = ["/", "/orders", "/stock", "/errors", "/notifications", "/kafka", "/orders/ORD-1", "/nothing"];

/// What has to be true of every page; a list of what is not.
const CHECKS: &str = include_str!("techshop_dashboard/checks.js");

fn shop_of_every_kind() -> Shop {
    let shop = Shop::new().set_up();
    shop.run(&["produce", "--count", "150"]).expect_code(0);
    shop.order_raw(&[b"what?".to_vec(), order("ORD-1", &json!({})), order("ORD-2", &json!({"quantity": 0}))]);
    shop.decide_all();
    shop.notify_all(&[]);
    shop
}

/// What has the focus now: what it says, where it leads, and whether that can be seen.
#[track_caller]
fn focused(browser: &Browser) -> Value {
    let script = "const e = document.activeElement;
        const style = getComputedStyle(e);
        const box = e.getBoundingClientRect();
        return {
            tag: e.tagName, text: e.innerText?.trim().slice(0, 40), href: e.getAttribute('href'), class: e.className,
            id: e.id, table: e.closest('tbody')?.dataset.table ?? null,
            ringed: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
            shown: box.width > 0 && box.height > 0 && box.bottom > 0 && box.right > 0
                && box.top < innerHeight && box.left < innerWidth,
        }";
    browser.run(script, &[])
}

fn everything_is_reached_by_keyboard() {
    let shop = shop_of_every_kind();
    let dashboard = shop.dashboard(&[]);
    let browser = Browser::open(&shop.scratch);
    // Without motion: what gets the focus is in sight at once.
    browser.emulate(1_280, "light");
    dashboard.visit(&browser, "/");
    browser.wait_for_text(&text("orders.all"), |shown| shown == "153");
    browser.press(&[key::TAB]);
    let first = focused(&browser);
    assert_eq!(first["class"], json!("skip"), "{first}");
    let mut reached = vec![first];
    // As many as there can be, and back at the page's beginning.
    for _ in 0..120 {
        browser.press(&[key::TAB]);
        let now = focused(&browser);
        if now["tag"] == json!("BODY") || now["class"] == json!("skip") {
            break;
        }
        reached.push(now);
    }
    for one in &reached {
        assert!(one["ringed"] == json!(true), "nobody sees that it has the focus: {one}");
        assert!(one["shown"] == json!(true), "it has the focus out of sight: {one}");
    }
    let is_there = |what: &dyn Fn(&Value) -> bool| reached.iter().any(what);
    for page in ["/", "/orders", "/stock", "/errors", "/notifications", "/kafka"] {
        assert!(is_there(&|one| one["href"] == json!(page)), "no way to {page}: {reached:?}");
    }
    assert!(is_there(&|one| one["table"] == json!("last_orders")), "no way to an order");
    assert!(is_there(&|one| one["id"] == json!("pause")) && is_there(&|one| one["id"] == json!("theme")));
    walk_with_keys(&dashboard, &browser);
}

/// Skip link, an order, its neighbour, and back.
#[track_caller]
fn walk_with_keys(dashboard: &Dashboard, browser: &Browser) {
    dashboard.visit(browser, "/");
    browser.press(&[key::TAB, key::ENTER]);
    assert_eq!(focused(browser)["id"], json!("main"), "the skip link leads to the content");
    wait_until("the focus is on an order", SHORT, || {
        browser.press(&[key::TAB]);
        (focused(browser)["table"] == json!("last_orders")).then_some(())
    });
    let opened = focused(browser)["href"].clone();
    browser.press(&[key::ENTER]);
    wait_until("the order is open", SHORT, || (browser.value("drawer.open") == json!(true)).then_some(()));
    let id = browser.wait_for_text("#drawer [data-text='order.id']", |shown| !shown.is_empty());
    browser.press(&[key::DOWN]);
    browser.wait_for_text("#drawer [data-text='order.id']", |shown| !shown.is_empty() && shown != id);
    for _ in 0..12 {
        browser.press(&[key::TAB]);
        let is_inside =
            browser.value("drawer.contains(document.activeElement) || document.activeElement === document.body");
        assert_eq!(is_inside, json!(true), "the focus stays in what is open");
    }
    browser.press(&[key::ESCAPE]);
    wait_until("it is closed", SHORT, || (browser.value("drawer.open") == json!(false)).then_some(()));
    let back = focused(browser);
    assert!(back["table"] == json!("last_orders") && back["href"] != opened, "on the row that was shown last: {back}");
}

fn every_page_can_be_read_by_everybody() {
    let shop = shop_of_every_kind();
    let dashboard = shop.dashboard(&["--allow-write"]);
    let browser = Browser::open(&shop.scratch);
    let mut wrong = Vec::new();
    for width_px in [320, 390, 1_000, 1_200, 1_920] {
        browser.emulate(width_px, "light");
        for page in PAGES {
            browser.go(&dashboard.address(page));
            in_both_colours(&browser, width_px, &page.replace('/', "_"), &mut wrong);
        }
        dashboard.visit(&browser, "/orders");
        browser.run("document.querySelector('tbody[data-table=orders] th a').click()", &[]);
        browser.wait_for_text("#drawer [data-text='order.status']", |shown| !shown.is_empty());
        in_both_colours(&browser, width_px, "_drawer", &mut wrong);
    }
    wrong.sort();
    wrong.dedup();
    eprintln!("pictures: {}", browser.pictures().display());
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Checks the page that is open in both colours, which follow what the window's owner prefers without a new load.
#[track_caller]
pub(crate) fn in_both_colours(browser: &Browser, width_px: u32, name: &str, wrong: &mut Vec<String>) {
    for scheme in ["light", "dark"] {
        browser.emulate(width_px, scheme);
        wait_for_layout(browser);
        check(browser, &format!("{name} at {width_px} px, {scheme}"), wrong);
        if width_px != 320 {
            browser.picture(&format!("{scheme}-{width_px}{name}"));
        }
    }
}

/// Charts are drawn and the stream has told of the page.
#[track_caller]
fn wait_for_layout(browser: &Browser) {
    wait_until("the page is live and drawn", SHORT, || {
        let ready = "document.querySelector('#live').dataset.tone === 'good' &&
            [...document.querySelectorAll('figure[data-plot]')].every((figure) => figure.querySelector('canvas'))";
        let is_missing = "document.querySelector('#live').dataset.tone !== 'good' && document.querySelector('figure[data-plot]') === null
            && location.pathname === '/nothing'";
        (browser.value(ready) == json!(true) || browser.value(is_missing) == json!(true)).then_some(())
    });
}

#[track_caller]
fn check(browser: &Browser, place: &str, wrong: &mut Vec<String>) {
    let found: Vec<String> = serde_json::from_value(browser.run(CHECKS, &[])).expect("a list of texts");
    wrong.extend(found.into_iter().map(|what| format!("{place}: {what}")));
}

fn a_page_says_the_same_in_french() {
    let shop = shop_of_every_kind();
    let dashboard = shop.dashboard(&[]);
    let browser = Browser::open(&shop.scratch);
    let mut wrong = Vec::new();
    dashboard.visit(&browser, "/");
    browser.click("button[name=lang]");
    wait_until("it is French", SHORT, || (browser.value("document.documentElement.lang") == json!("fr")).then_some(()));
    for width_px in [390, 1_280] {
        browser.emulate(width_px, "light");
        for page in PAGES {
            browser.go(&dashboard.address(page));
            wait_for_layout(&browser);
            check(&browser, &format!("{page} at {width_px} px in French"), &mut wrong);
            browser.picture(&format!("fr-{width_px}{}", page.replace('/', "_")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
