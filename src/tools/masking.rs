//! What is hidden of people where others look on: whose something is can be guessed by who knows them.

use serde_json::value::RawValue;

use crate::words::shop::Members;

/// `al•••@email.com`: whose it is can be guessed by who knows them, and by nobody else.
pub fn masked(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((name, host)) => format!("{}•••@{host}", name.chars().take(2).collect::<String>()),
        None if address.is_empty() => String::new(),
        None => format!("{}•••", address.chars().take(2).collect::<String>()),
    }
}

/// A text in which every address is [`masked`], whichever member it stands in: a message that was refused may have them
/// anywhere.
pub fn without_addresses(text: &str) -> String {
    let is_part = |letter: char| !letter.is_whitespace() && !"\"'<>()[]{},:;/\\".contains(letter);
    let mut hidden = String::with_capacity(text.len());
    let mut pieces = text.split('@').peekable();
    while let Some(piece) = pieces.next() {
        let Some(next) = pieces.peek() else {
            hidden.push_str(piece);
            break;
        };
        let name = piece.char_indices().rev().take_while(|(_, letter)| is_part(*letter)).last();
        // No host is a number: `0@20` is a place in a topic.
        let host = next.split(|letter: char| !is_part(letter)).next().unwrap_or_default();
        let is_host = host.contains(|letter: char| !letter.is_ascii_digit());
        match name.filter(|_| is_host).and_then(|(begin, _)| piece.split_at_checked(begin)) {
            Some((before, name)) => {
                hidden.push_str(before);
                hidden.extend(name.chars().take(2));
                hidden.push_str("•••@");
            }
            None => {
                hidden.push_str(piece);
                hidden.push('@');
            }
        }
    }
    hidden
}

/// JSON in which a text that is just `value` is [`masked`], also within JSON that is itself a text.
pub fn without_value(json: &str, value: &str) -> String {
    if value.is_empty() {
        return json.to_owned();
    }
    let hidden = masked(value);
    let json = json.replace(&format!("\"{value}\""), &format!("\"{hidden}\""));
    json.replace(&format!("\\\"{value}\\\""), &format!("\\\"{hidden}\\\""))
}

/// Members of an object that tell of a person, wherever they stand.
const PERSONAL: [&str; 7] =
    ["customer_id", "customer_email", "customer_name", "email", "phone", "address", "shipping_address"];

/// Members that hold a person: all that they hold is personal, but for what says nothing of who it is.
const PERSONS: [&str; 2] = ["customer_info", "customer"];

/// What a person's members may say.
const HARMLESS: [&str; 1] = ["loyalty_level"];

/// Members that hold a message once more, perhaps cut, in a writing in which nothing of it can be found and hidden.
const ENCODED: [&str; 2] = ["raw_message", "raw_message_b64"];

/// Objects are looked into so deep.
const DEEPEST: u8 = 8;

/// A JSON object or array in which every text of a person is [`masked`], and everything else as it is written; what is
/// nested too deep to be looked into is hidden. `None` when it is neither.
pub fn without_people(json: &str) -> Option<String> {
    hidden(json, false, DEEPEST)
}

fn hidden(json: &str, is_person: bool, depth: u8) -> Option<String> {
    if !json.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let Some(depth) = depth.checked_sub(1) else { return Some("\"•••\"".to_owned()) };
    if json.trim_start().starts_with('[') {
        let all: Vec<&RawValue> = serde_json::from_str(json).ok()?;
        let one = |one: &&RawValue| hidden(one.get(), is_person, depth).unwrap_or_else(|| plain(one.get(), is_person));
        return Some(format!("[{}]", all.iter().map(one).collect::<Vec<_>>().join(",")));
    }
    let members: Members<'_> = serde_json::from_str(json).ok()?;
    let member = |(name, value): (&RawValue, &RawValue)| {
        let name_text = serde_json::from_str::<String>(name.get()).unwrap_or_default();
        let name_text = name_text.as_str();
        if ENCODED.contains(&name_text) {
            return format!("{}:\"•••\"", name.get());
        }
        let is_hidden = PERSONAL.contains(&name_text) || (is_person && !HARMLESS.contains(&name_text));
        let inner = hidden(value.get(), is_hidden || PERSONS.contains(&name_text), depth);
        let value = inner.unwrap_or_else(|| plain(value.get(), is_hidden));
        format!("{}:{value}", name.get())
    };
    let members: Vec<String> = members.iter().map(member).collect();
    Some(format!("{{{}}}", members.join(",")))
}

/// A value that holds no other.
fn plain(json: &str, is_hidden: bool) -> String {
    if !is_hidden {
        return json.to_owned();
    }
    match serde_json::from_str::<String>(json) {
        Ok(text) => serde_json::Value::from(masked(&text)).to_string(),
        Err(_) if json == "null" => "null".to_owned(),
        Err(_) => "\"•••\"".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_hidden() {
        assert_eq!(masked("alice.martin@email.com"), "al•••@email.com");
        assert_eq!((masked("x"), masked(""), masked("é@b@c")), ("x•••".into(), String::new(), "é@•••@c".into()));
    }

    #[test]
    fn no_address_of_a_message_is_left() {
        for (text, hidden) in [
            (r#"{"customer_email": "alice@email.com"}"#, r#"{"customer_email": "al•••@email.com"}"#),
            (
                r#"{"raw": "{\"to\":\"bob@b.c\",\"cc\":[\"é@ü.eu\"]"}"#,
                r#"{"raw": "{\"to\":\"bo•••@b.c\",\"cc\":[\"é•••@ü.eu\"]"}"#,
            ),
            ("call <zoe@shop.example> or a@b@c", "call <zo•••@shop.example> or a•••@b•••@c"),
            ("@home, at @ five, x@ y", "@home, at @ five, x@ y"),
            ("orders/0@20: bad, x@1.2.3.4", "orders/0@20: bad, x•••@1.2.3.4"),
            ("", ""),
        ] {
            assert_eq!(without_addresses(text), hidden);
        }
    }

    #[test]
    fn whatever_tells_of_a_person_is_hidden_and_nothing_else() {
        let order = r#"{"order_id":"a","total":9.60,"customer_info":{"customer_id":"client01","name":"Zoé","n":7,
            "loyalty_level":"silver"},"shipping_address":"1 Rue","items":[{"item_name":"latte"}],"x":{"phone":"+33 6"},"raw_message_b64":"YQ=="}"#;
        let shown = without_people(order).expect("an object");
        assert_eq!(
            shown,
            r#"{"order_id":"a","total":9.60,"customer_info":{"customer_id":"cl•••","name":"Zo•••","n":"•••","loyalty_level":"silver"},"shipping_address":"1 •••","items":[{"item_name":"latte"}],"x":{"phone":"+3•••"},"raw_message_b64":"•••"}"#
        );
        assert_eq!((without_people("1"), without_people("{")), (None, None));
        let many = r#"[1,{"orders":[{"email":"a@b.c"}]},{"customer":["Zoé",{"name":["Bo"]}]}]"#;
        let shown = r#"[1,{"orders":[{"email":"a•••@b.c"}]},{"customer":["Zo•••",{"name":["Bo•••"]}]}]"#;
        assert_eq!(without_people(many).as_deref(), Some(shown));
        let deep = format!("{}{}", "{\"a\":".repeat(100), "1") + &"}".repeat(100);
        assert!(without_people(&deep).is_some_and(|shown| shown.ends_with("\"•••\"}}}}}}}}")));
    }

    #[test]
    fn a_short_name_is_hidden_only_where_it_is_the_whole_text() {
        let json = r#"{"customer_id": "a", "name": "banana", "raw": "{\"customer_id\":\"a\"}"}"#;
        let hidden = r#"{"customer_id": "a•••", "name": "banana", "raw": "{\"customer_id\":\"a•••\"}"}"#;
        assert_eq!((without_value(json, "a"), without_value(json, "")), (hidden.to_owned(), json.to_owned()));
    }
}
