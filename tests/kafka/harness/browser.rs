//! A real Chromium, driven as WebDriver has it: what a test does here, a person could do.

use super::http::send;
use super::machine::answers;
use super::ports::free_port;
use super::process::{Process, Signal, send_signal};
use super::reaper;
use super::scratch::Scratch;
use super::wait::{LONG, SHORT, wait_until};
use super::{Run, http};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// How WebDriver names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

static FOUND: LazyLock<Result<(), String>> = LazyLock::new(|| {
    let install = "install Chromium and its driver (chromium, chromium-driver)";
    for tool in ["chromium", "chromedriver"] {
        if !answers(tool, "--version") {
            return Err(format!("no {tool}: {install}"));
        }
    }
    Ok(())
});

/// Why there is none.
pub(super) fn missing() -> Option<String> {
    FOUND.as_ref().err().cloned()
}

/// Keys as WebDriver sends them.
pub(crate) mod key {
    pub(crate) const TAB: &str = "\u{e004}";
    pub(crate) const ENTER: &str = "\u{e007}";
    pub(crate) const ESCAPE: &str = "\u{e00c}";
    pub(crate) const DOWN: &str = "\u{e015}";
}

/// A window of a browser of its own, with a profile of its own.
pub(crate) struct Browser {
    _driver: Process,
    port: u16,
    session: String,
    /// The browser itself, which outlives a driver that is killed.
    pid: u32,
    pictures: PathBuf,
}

impl Browser {
    /// A window of 1280 × 900 with nothing in it. Only for tests that named [`super::Need::Browser`].
    #[track_caller]
    pub(crate) fn open(scratch: &Scratch) -> Browser {
        let port = free_port();
        let run = Run::new("chromedriver", "chromedriver", scratch).arg(format!("--port={port}"));
        let mut driver = run.start();
        wait_until("the driver is ready", LONG, || {
            assert!(driver.is_running(), "chromedriver ended: {}{}", driver.stdout(), driver.stderr());
            let status = http::get(port, "/status")?.json();
            (status["value"]["ready"] == json!(true)).then_some(())
        });
        let profile = scratch.join("profile");
        let profile = format!("--user-data-dir={}", profile.display());
        let switches = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            // In a container the shared memory is small.
            "--disable-dev-shm-usage",
            // Nothing but what the test asks for: what stands in the log of requests came from the page.
            "--disable-background-networking",
            "--no-first-run",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
            "--window-size=1280,900",
            "--lang=en-US",
            profile.as_str(),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": switches, "prefs": {"intl.accept_languages": "en-US"}},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "unhandledPromptBehavior": "ignore",
        }}});
        let pictures = scratch.join("pictures");
        std::fs::create_dir_all(&pictures).expect("a scratch folder can be made");
        let mut browser = Browser { _driver: driver, port, session: String::new(), pid: 0, pictures };
        let answer = browser.ask("POST", "/session", &wanted);
        browser.session = answer["sessionId"].as_str().expect("a session").to_owned();
        let pid = answer["capabilities"]["goog:processID"].as_u64().expect("the browser's PID");
        browser.pid = u32::try_from(pid).expect("a PID");
        reaper::started(browser.pid);
        browser
    }

    /// A command to the driver; panics with what it says when it cannot be done.
    #[track_caller]
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_ask(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    fn try_ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let json = [("Content-Type", "application/json; charset=utf-8")];
        let answer = send(self.port, method, path, &json, &body).ok_or("the driver does not answer")?;
        let mut said: Value = serde_json::from_str(&answer.body).map_err(|error| error.to_string())?;
        if answer.status == 200 { Ok(said["value"].take()) } else { Err(said["value"]["message"].to_string()) }
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", &format!("/session/{}/{path}", self.session), body)
    }

    /// A command of the browser's own protocol, for what WebDriver lacks.
    #[track_caller]
    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post("goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    /// Goes to an address, and waits until the page is loaded.
    #[track_caller]
    pub(crate) fn go(&self, address: &str) {
        self.post("url", &json!({"url": address}));
    }

    #[track_caller]
    pub(crate) fn reload(&self) {
        self.post("refresh", &json!({}));
    }

    /// What a function body returns, run in the page; `arguments` are its arguments.
    #[track_caller]
    pub(crate) fn run(&self, script: &str, arguments: &[Value]) -> Value {
        self.post("execute/sync", &json!({"script": script, "args": arguments}))
    }

    /// The value of an expression in the page.
    #[track_caller]
    pub(crate) fn value(&self, expression: &str) -> Value {
        self.run(&format!("return {expression}"), &[])
    }

    /// The text that an element shows; `None` when it is not there or not shown.
    #[track_caller]
    pub(crate) fn text(&self, selector: &str) -> Option<String> {
        let script = "const e = document.querySelector(arguments[0]);
            return e && e.checkVisibility() ? e.innerText.trim() : null";
        self.run(script, &[json!(selector)]).as_str().map(str::to_owned)
    }

    /// Waits until the text of an element is as wanted.
    #[track_caller]
    pub(crate) fn wait_for_text(&self, selector: &str, wanted: impl Fn(&str) -> bool) -> String {
        wait_until(&format!("{selector} shows it"), SHORT, || self.text(selector).filter(|text| wanted(text)))
    }

    /// A click where the middle of the element is: on what a person would hit there.
    #[track_caller]
    pub(crate) fn click(&self, selector: &str) {
        let element = self.post("element", &json!({"using": "css selector", "value": selector}));
        let id = element[ELEMENT].as_str().expect("an element").to_owned();
        self.post(&format!("element/{id}/click"), &json!({}));
    }

    /// Presses keys one after another, wherever the focus is.
    #[track_caller]
    pub(crate) fn press(&self, keys: &[&str]) {
        let pressed = |key: &&str| [json!({"type": "keyDown", "value": key}), json!({"type": "keyUp", "value": key})];
        let actions: Vec<Value> = keys.iter().flat_map(pressed).collect();
        self.post("actions", &json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]}));
    }

    /// Shows pages as a window of this width does, in the colours that its owner prefers.
    #[track_caller]
    pub(crate) fn emulate(&self, width_px: u32, scheme: &str) {
        let height_px = if width_px < 600 { 844 } else { 1_000 };
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            &json!({"width": width_px, "height": height_px, "deviceScaleFactor": 1, "mobile": width_px < 600}),
        );
        let features = json!([
            {"name": "prefers-color-scheme", "value": scheme},
            // A colour that is on its way to another one is neither.
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.devtools("Emulation.setEmulatedMedia", &json!({"features": features}));
    }

    /// A picture of the whole page among the test's files, where these are kept for a look (`ORDERTRAIL_KEEP=1`).
    #[track_caller]
    pub(crate) fn picture(&self, name: &str) {
        if std::env::var_os("ORDERTRAIL_KEEP").is_none() {
            return;
        }
        let shot = self.devtools("Page.captureScreenshot", &json!({"format": "png", "captureBeyondViewport": true}));
        let bytes = STANDARD.decode(shot["data"].as_str().expect("a picture")).expect("base64");
        let path = self.pictures.join(format!("{name}.png"));
        std::fs::write(&path, bytes).expect("a scratch file can be written");
    }

    /// Where the pictures are.
    pub(crate) fn pictures(&self) -> &Path {
        &self.pictures
    }

    /// What the browser said on its console since it was last asked: level and text.
    #[track_caller]
    pub(crate) fn console(&self) -> Vec<String> {
        let log = self.post("se/log", &json!({"type": "browser"}));
        let entries = log.as_array().expect("a list");
        entries.iter().map(|entry| format!("{}: {}", entry["level"], entry["message"])).collect()
    }

    /// The addresses that were asked for since this was last asked.
    #[track_caller]
    pub(crate) fn requests(&self) -> Vec<String> {
        let log = self.post("se/log", &json!({"type": "performance"}));
        let of = |entry: &Value| {
            let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &message["message"];
            let is_request = message["method"] == "Network.requestWillBeSent";
            is_request.then(|| message["params"]["request"]["url"].as_str().map(str::to_owned))?
        };
        // The page with which a browser begins is its own, and what stands in an address is asked of nobody.
        let asked = log.as_array().expect("a list").iter().filter_map(of);
        asked.filter(|address| !address.starts_with("chrome:") && !address.starts_with("data:")).collect()
    }

    /// The text of a dialog that is open.
    pub(crate) fn dialog(&self) -> Option<String> {
        let text = self.try_ask("GET", &format!("/session/{}/alert/text", self.session), &Value::Null).ok()?;
        Some(text.to_string())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if self.pid == 0 {
            return;
        }
        // In order, so that nothing still writes into the profile when its folder goes.
        let ended = self.try_ask("DELETE", &format!("/session/{}", self.session), &Value::Null);
        if let Err(error) = ended {
            eprintln!("the browser is killed: its session did not end: {error}");
            send_signal(self.pid, Signal::KILL);
        }
        reaper::ended(self.pid);
    }
}
