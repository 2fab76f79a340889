//! `techshop dashboard` in a real browser: figures that move, and what survives reloads, kills and outages.

use crate::harness::{Broker, Browser, LONG, Need, SHORT, Shop, key, wait_until};
use crate::techshop_dashboard_shop::{Dashboard, euros, order, rows, text, thousands};
use libtest_mimic::Trial;
use serde_json::{Value, json};

pub(crate) fn trials() -> Vec<Trial> {
    trials!(
        "techshop_dashboard",
        &[Need::Broker, Need::Browser],
        [
            figures_move_without_a_reload_and_equal_a_count_of_the_topics,
            an_order_opens_with_its_story_and_closes_where_it_was,
            an_order_opened_while_another_closes_is_loaded,
            a_reload_keeps_what_happened,
            killed_and_started_again_the_page_recovers_by_itself,
            while_kafka_is_down_figures_stay_and_then_go_on,
            a_restock_from_the_page_is_added_once,
            a_page_of_what_is_gone_says_so,
            lists_are_sorted_and_paged_by_links,
        ]
    )
}

/// Marks the page, so that a reload would show.
#[track_caller]
fn mark(browser: &Browser) {
    browser.run("window.__kept = true", &[]);
}

#[track_caller]
fn expect_no_reload(browser: &Browser) {
    assert_eq!(browser.value("window.__kept"), json!(true), "the page was not loaded anew");
}

/// Waits until the page tells of so many orders.
#[track_caller]
fn wait_for_orders(browser: &Browser, orders: u64) {
    browser.wait_for_text(&text("orders.all"), |shown| shown == thousands(orders));
}

/// What the first page shows of what happened, apart from clocks.
#[track_caller]
fn shown(browser: &Browser) -> Value {
    let names = ["orders.all", "orders.context", "revenue.all", "errors.all", "errors.context", "latency.p99"];
    let texts: Vec<_> = names.iter().map(|name| browser.text(&text(name))).collect();
    let tables = ["regions", "products", "categories", "vip", "stock", "last_orders"].map(|name| rows(browser, name));
    json!({"texts": texts, "tables": tables})
}

fn figures_move_without_a_reload_and_equal_a_count_of_the_topics() {
    let shop = Shop::new().set_up();
    let mut process = shop.active();
    let dashboard = shop.dashboard(&[]);
    let browser = Browser::open(&shop.scratch);
    dashboard.visit(&browser, "/");
    mark(&browser);
    assert_eq!(browser.text(&text("orders.all")).as_deref(), Some("0"));
    // More MacBooks than there are, so that some are refused, and two that are no orders.
    shop.run(&["produce", "--count", "150"]).expect_code(0);
    shop.order_raw(&[b"what?".to_vec(), order("ORD-X", &json!({"quantity": 0}))]);
    wait_for_orders(&browser, 152);
    let counted = shop.counted();
    assert_eq!((counted.all(), counted.invalid), (152, 2));
    assert!(counted.out_of_stock > 0, "{counted:?}");
    expect_figures(&browser, &counted);
    // ORD-X says that it is of another day.
    expect_plots(&browser, counted.all() - 1);
    expect_no_reload(&browser);
    expect_stock(&shop, &dashboard, &browser);
    shop.notify_all(&[]);
    let letters = shop.kafka.dump(&shop.topic("notification-results")).len() as u64;
    assert!(letters >= counted.confirmed, "a letter for each, and more for VIPs");
    dashboard.visit(&browser, "/notifications");
    browser.wait_for_text(&text("sent.all"), |shown| shown == thousands(letters));
    assert!(process.is_running());
}

#[track_caller]
fn expect_figures(browser: &Browser, counted: &crate::techshop_dashboard_shop::Counted) {
    let shown = |name: &str| browser.text(&text(name)).unwrap_or_default();
    assert_eq!(shown("revenue.all"), euros(counted.revenue_cents));
    assert_eq!(shown("errors.all"), thousands(counted.errors()));
    assert_eq!(shown("errors.context"), format!("{} stock · {} invalid", counted.out_of_stock, counted.invalid));
    assert_eq!(
        shown("orders.context"),
        format!("{} ok · {} refused", thousands(counted.confirmed), thousands(counted.errors()))
    );
    let table = |name: &str, counted: &std::collections::BTreeMap<String, (u64, u64)>, at: usize| {
        let mut shown: Vec<_> =
            rows(browser, name).into_iter().map(|row| (row[0].clone(), row[1].clone(), row[at].clone())).collect();
        shown.sort();
        let due: Vec<_> =
            counted.iter().map(|(name, (cents, many))| (name.clone(), euros(*cents), thousands(*many))).collect();
        assert_eq!(shown, due, "{name}");
    };
    table("regions", &counted.regions, 3);
    table("products", &counted.products, 2);
    assert_eq!(rows(browser, "last_orders").len(), 20);
}

/// Every order of the last hour stands in the charts, which are drawn, and in the tables beside them.
#[track_caller]
fn expect_plots(browser: &Browser, orders: u64) {
    let sum = "window.ordertrail.model.plots.orders.y.flat().reduce((sum, value) => sum + (value ?? 0), 0)";
    assert_eq!(browser.value(sum).as_f64(), Some(orders as f64));
    let told: u64 = rows(browser, "plot.orders")
        .iter()
        .map(|row| row[1..].iter().map(|cell| cell.parse::<u64>().expect("a number")).sum::<u64>())
        .sum();
    assert_eq!(told, orders);
    let inked = "[...document.querySelectorAll('figure[data-plot] canvas')].map((canvas) => canvas.getContext('2d')
        .getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0))";
    assert_eq!(browser.value(inked), json!([true, true, true]), "three charts, and something is drawn in each");
}

/// The stock page says what `techshop stock` says.
#[track_caller]
fn expect_stock(shop: &Shop, dashboard: &Dashboard, browser: &Browser) {
    let exit = shop.run(&["stock", "--json"]);
    let told: Value = serde_json::from_str(&exit.stdout).expect("JSON");
    dashboard.visit(browser, "/stock");
    let mut shown = rows(browser, "stock_all");
    shown.sort();
    let products = told["products"].as_array().expect("products");
    let figure = |product: &Value, name: &str| thousands(product[name].as_u64().expect("a number"));
    let mut due: Vec<_> = products
        .iter()
        .map(|product| {
            let name = product["name"].as_str().expect("a text").to_owned();
            [name, figure(product, "stock"), figure(product, "opening"), figure(product, "sold")]
        })
        .collect();
    due.sort();
    let shown: Vec<_> =
        shown.iter().map(|row| [row[0].clone(), row[2].clone(), row[3].clone(), row[4].clone()]).collect();
    assert_eq!(shown, due);
}

fn an_order_opens_with_its_story_and_closes_where_it_was() {
    let shop = Shop::new().set_up();
    shop.order_raw(&[order("ORD-1", &json!({})), order("ORD-2", &json!({"quantity": 3, "total": 45}))]);
    shop.decide_all();
    shop.notify_all(&[]);
    let dashboard = shop.dashboard(&[]);
    let browser = Browser::open(&shop.scratch);
    dashboard.visit(&browser, "/");
    wait_for_orders(&browser, 2);
    let link = "tbody[data-table='last_orders'] a[href='/orders/ORD%2D2']";
    browser.click(link);
    browser.wait_for_text("#drawer [data-text='order.id']", |shown| shown == "ORD-2");
    let script = "return [...document.querySelectorAll(`#drawer tbody[data-table='timeline'] tr`)]
        .map((row) => [...row.cells].map((cell) => cell.textContent.trim()))";
    let story: Vec<Vec<String>> = wait_until("its story is told", SHORT, || {
        let story: Vec<Vec<String>> = serde_json::from_value(browser.run(script, &[])).expect("rows of texts");
        story.iter().any(|step| step[2] == "SMS").then_some(story)
    });
    let mut steps: Vec<&str> = story.iter().map(|step| step[2].as_str()).collect();
    assert_eq!(steps[0], "ordered");
    steps.sort_unstable();
    assert_eq!(steps, ["SMS", "confirmed", "e-mail", "ordered", "stock"]);
    let stock = story.iter().find(|step| step[2] == "stock").expect("it is there");
    assert_eq!(stock[3], "\u{2068}Café Premium\u{2069}: 499 → 496");
    assert!(stock[4].starts_with(&shop.topic("inventory")), "{stock:?}");
    browser.wait_for_text("#drawer [data-text='order.payload']", |shown| shown.contains("\"order_id\": \"ORD-2\""));
    browser.press(&[key::ESCAPE]);
    wait_until("the drawer is closed", SHORT, || (browser.value("drawer.open") == json!(false)).then_some(()));
    let focused = browser.value("document.activeElement.getAttribute('href')");
    assert_eq!(focused, json!("/orders/ORD%2D2"), "the focus is where it was");
}

/// A browser tells of a closing some time after it, and that news once emptied the order opened in between.
fn an_order_opened_while_another_closes_is_loaded() {
    let shop = Shop::new().set_up();
    shop.order_raw(&[order("ORD-1", &json!({})), order("ORD-2", &json!({}))]);
    shop.decide_all();
    let dashboard = shop.dashboard(&[]);
    let browser = Browser::open(&shop.scratch);
    dashboard.visit(&browser, "/");
    wait_for_orders(&browser, 2);
    let link = |id: &str| format!("tbody[data-table='last_orders'] a[href='/orders/ORD%2D{id}']");
    browser.click(&link("1"));
    browser.wait_for_text("#drawer [data-text='order.id']", |shown| shown == "ORD-1");
    browser.run("drawer.close(); document.querySelector(arguments[0]).click()", &[json!(link("2"))]);
    browser.wait_for_text("#drawer [data-text='order.id']", |shown| shown == "ORD-2");
    assert_eq!(browser.value("drawer.open"), json!(true));
}

fn a_reload_keeps_what_happened() {
    let shop = Shop::new().set_up();
    shop.run(&["produce", "--count", "60"]).expect_code(0);
    shop.decide_all();
    let dashboard = shop.dashboard(&[]);
    let browser = Browser::open(&shop.scratch);
    dashboard.visit(&browser, "/");
    wait_for_orders(&browser, 60);
    let before = shown(&browser);
    let points = browser.value("window.ordertrail.model.plots");
    browser.reload();
    // What the first HTML holds, before any script has asked for anything, is the same already.
    assert_eq!(shown(&browser), before);
    browser.wait_for_text("#live", |shown| shown.starts_with("Live"));
    wait_for_orders(&browser, 60);
    let sum = |points: &Value| {
        points["orders"]["y"][0].as_array().map(|values| values.iter().filter_map(Value::as_f64).sum::<f64>())
    };
    assert_eq!(sum(&browser.value("window.ordertrail.model.plots")), sum(&points));
}

fn killed_and_started_again_the_page_recovers_by_itself() {
    let shop = Shop::new().set_up();
    shop.run(&["produce", "--count", "80"]).expect_code(0);
    shop.decide_all();
    let mut dashboard = shop.dashboard(&[]);
    let browser = Browser::open(&shop.scratch);
    dashboard.visit(&browser, "/");
    wait_for_orders(&browser, 80);
    mark(&browser);
    let before = shown(&browser);
    dashboard.process.kill_nine();
    browser.wait_for_text("#lost", |shown| shown.contains("does not answer"));
    assert_eq!(shown(&browser), before, "figures stay");
    let mut again = shop.dashboard_on(dashboard.port, &[]);
    wait_until("the page says so no longer", LONG, || browser.text("#lost").is_none().then_some(()));
    assert_eq!(shown(&browser), before, "all is counted as it was");
    // What comes now is counted on top, once.
    shop.run(&["produce", "--count", "7"]).expect_code(0);
    shop.decide_all();
    wait_for_orders(&browser, 87);
    expect_figures_of_topics(&shop, &browser);
    // Without what it had kept, too.
    again.process.kill_nine();
    std::fs::remove_file(shop.scratch.join("dashboard.state.json")).expect("figures were kept");
    let after = shown(&browser);
    let _anew = shop.dashboard_on(dashboard.port, &[]);
    wait_until("it answers again", LONG, || {
        let fresh = browser.text("#lost").is_none()
            && browser.value("document.querySelector('#live').dataset.tone") == json!("good");
        (fresh && shown(&browser) == after).then_some(())
    });
    expect_no_reload(&browser);
}

#[track_caller]
fn expect_figures_of_topics(shop: &Shop, browser: &Browser) {
    let counted = shop.counted();
    wait_for_orders(browser, counted.all());
    expect_figures(browser, &counted);
}

fn while_kafka_is_down_figures_stay_and_then_go_on() {
    let mut broker = Broker::start();
    let shop = Shop::on(broker.cluster()).set_up();
    shop.run(&["produce", "--count", "40"]).expect_code(0);
    shop.decide_all();
    let dashboard = shop.dashboard(&[]);
    let browser = Browser::open(&shop.scratch);
    dashboard.visit(&browser, "/");
    wait_for_orders(&browser, 40);
    mark(&browser);
    let before = shown(&browser);
    broker.stop();
    wait_until("the page says that Kafka is down", LONG, || {
        browser.text(&text("banner.kafka")).filter(|shown| shown.contains("Kafka does not answer"))
    });
    assert_eq!(shown(&browser), before, "figures stay");
    wait_until("it is told to programs", LONG, || (dashboard.get("/readyz").status == 503).then_some(()));
    assert_eq!(dashboard.get("/healthz").status, 200);
    broker.start_again();
    wait_until("the banner is gone", LONG, || browser.text(&text("banner.kafka")).is_none().then_some(()));
    shop.run(&["produce", "--count", "5"]).expect_code(0);
    shop.decide_all();
    wait_until("figures go on", LONG, || (browser.text(&text("orders.all")).as_deref() == Some("45")).then_some(()));
    expect_figures_of_topics(&shop, &browser);
    expect_no_reload(&browser);
}

fn a_restock_from_the_page_is_added_once() {
    let shop = Shop::new().set_up();
    let _process = shop.active();
    let dashboard = shop.dashboard(&["--allow-write"]);
    let token = std::fs::read_to_string(shop.scratch.join("dashboard.token")).expect("the token is there");
    let browser = Browser::open(&shop.scratch);
    dashboard.visit(&browser, "/stock");
    let fill = "const form = document.querySelector('form[data-post]');
        form.elements.product_id.value = 'P002';
        form.elements.quantity.value = '7';
        form.querySelector('[data-token]').value = arguments[0]";
    browser.run(fill, &[json!(token.trim())]);
    browser.click("form[data-post] button");
    let said = browser.wait_for_text("form[data-post] .answer", |shown| !shown.is_empty() && shown != "Sending");
    assert!(said.starts_with("MacBook Pro: 20 → 27 (+7)"), "{said}");
    wait_until("the page shows it", SHORT, || {
        let level = rows(&browser, "stock_all").into_iter().find(|row| row[0] == "MacBook Pro")?;
        (level[2] == "27" && rows(&browser, "restocks").len() == 1).then_some(())
    });
}

fn a_page_of_what_is_gone_says_so() {
    let shop = Shop::new().set_up();
    let group = shop.topic("readers");
    shop.run(&["produce", "--count", "5"]).expect_code(0);
    shop.command(&["process", "--listen", "off", "--until-end", "--group", &group]).finish_within(LONG).expect_code(0);
    let mut dashboard = shop.dashboard(&[]);
    let browser = Browser::open(&shop.scratch);
    let page = format!("/kafka/groups/{group}");
    wait_until("the group is known", LONG, || {
        let groups = dashboard.get("/api/view?of=/kafka").json()["tables"]["groups"].clone();
        groups.as_array()?.iter().any(|row| row["key"] == json!(group)).then_some(())
    });
    dashboard.visit(&browser, &page);
    mark(&browser);
    // A restart before anything is heard of Kafka is no reason to say that it is gone.
    dashboard.process.kill_nine();
    browser.wait_for_text("#lost", |shown| shown.contains("does not answer"));
    let mut again = shop.dashboard_on(dashboard.port, &[]);
    wait_until("the page goes on", LONG, || browser.text("#lost").is_none().then_some(()));
    again.process.kill_nine();
    browser.wait_for_text("#lost", |shown| shown.contains("does not answer"));
    shop.kafka.delete_group(&group);
    let _anew = shop.dashboard_on(dashboard.port, &[]);
    wait_until("the page says that it is gone", LONG, || {
        browser.text("#lost").filter(|shown| shown.contains("is not there any more"))
    });
    assert_eq!(browser.text("#live").as_deref(), Some("Gone"));
    expect_no_reload(&browser);
}

fn lists_are_sorted_and_paged_by_links() {
    let shop = Shop::new().set_up();
    let orders: Vec<Vec<u8>> = (0..230).map(|n| order(&format!("ORD-{:03}", (n * 7) % 230), &json!({}))).collect();
    shop.order_raw(&orders);
    shop.decide_all();
    let dashboard = shop.dashboard(&[]);
    let browser = Browser::open(&shop.scratch);
    dashboard.visit(&browser, "/orders");
    // By script, so that no pointer rests on the table: it would hold its rows.
    browser.run("document.querySelector(\"thead a[href*='sort=order']\").click()", &[]);
    wait_until("they are sorted", SHORT, || {
        let sorted = browser.value("document.querySelector('th[aria-sort]')?.getAttribute('aria-sort')");
        (sorted == json!("ascending") && rows(&browser, "orders").len() == 200).then_some(())
    });
    let first = |browser: &Browser| rows(browser, "orders").first().map(|row| row[1].clone());
    assert_eq!(first(&browser).as_deref(), Some("ORD-000"));
    browser.run("document.querySelector(\"a[data-text='page.next']\").click()", &[]);
    wait_until("the next page is shown", SHORT, || (first(&browser).as_deref() == Some("ORD-200")).then_some(()));
    assert_eq!(rows(&browser, "orders").len(), 30);
    // What comes stands at its place, without a reload.
    browser.wait_for_text("#live", |shown| shown.starts_with("Live"));
    mark(&browser);
    shop.order_raw(&[order("ORD-300", &json!({}))]);
    shop.decide_all();
    wait_until("it came", LONG, || {
        let last = rows(&browser, "orders").last().map(|row| row[1].clone());
        (last.as_deref() == Some("ORD-300")).then_some(())
    });
    expect_no_reload(&browser);
}
