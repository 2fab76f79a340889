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

/// Numbers of so many digits may be somebody's telephone or card.
const LONG_NUMBER: usize = 6;

/// Why a message was refused, without what it quotes of the message: texts in quotation marks, to the mark `…` when they
/// were cut, and long numbers in backquotes.
pub fn without_quotations(reason: &str) -> String {
    let quoted = reason.find('"').zip(reason.rfind(['"', '…'])).filter(|(begin, end)| begin < end);
    let reason = match quoted.and_then(|(begin, end)| Some((reason.get(..begin)?, reason.get(end..)?))) {
        Some((before, behind)) => format!("{before}\"•••{behind}"),
        None => reason.to_owned(),
    };
    let is_long = |quoted: &str| quoted.bytes().filter(u8::is_ascii_digit).count() >= LONG_NUMBER;
    let pieces = reason.split('`').enumerate();
    let shown = pieces.map(|(index, piece)| if index % 2 == 1 && is_long(piece) { "•••" } else { piece });
    shown.collect::<Vec<_>>().join("`")
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

/// Members of an object that tell of a person, wherever they stand; as [`plain_name`] writes them.
const PERSONAL: [&str; 28] = [
    "customerid",
    "customeremail",
    "customername",
    "email",
    "mail",
    "phone",
    "phonenumber",
    "telephone",
    "tel",
    "mobile",
    "address",
    "shippingaddress",
    "billingaddress",
    "street",
    "postalcode",
    "zip",
    "zipcode",
    "name",
    "firstname",
    "lastname",
    "fullname",
    "surname",
    "username",
    "birthdate",
    "dateofbirth",
    "iban",
    "cardnumber",
    "ssn",
];

/// Members that hold a person: all that they hold is personal, but for what says nothing of who it is.
const PERSONS: [&str; 5] = ["customerinfo", "customer", "person", "recipient", "contact"];

/// What a person's members may say.
const HARMLESS: [&str; 1] = ["loyaltylevel"];

/// Members that hold a message once more, perhaps cut, in a writing in which nothing of it can be found and hidden.
const ENCODED: [&str; 2] = ["rawmessage", "rawmessageb64"];

/// A name of a member as the lists above have it: `First-Name`, `firstName` and `first_name` are one.
fn plain_name(name: &str) -> String {
    name.chars().filter(|letter| !"_- .".contains(*letter)).flat_map(char::to_lowercase).collect()
}

/// What is hidden of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hide {
    /// What is named as a person's, and addresses.
    Named,
    /// Every text: what it tells of is not known.
    Texts,
    /// All of it.
    All,
}

/// Objects are looked into so deep.
const DEEPEST: u8 = 8;

/// A JSON object or array in which every text of a person is [`masked`], and everything else as it is written; what is
/// nested too deep to be looked into is hidden. `None` when it is neither.
pub fn without_people(json: &str) -> Option<String> {
    hidden(json, Hide::Named, DEEPEST)
}

/// Any JSON in which every text is [`masked`], whatever its member is called: of a message that is no order nobody knows
/// what it tells of whom. Numbers and names of members stay. `None` when it is no JSON.
pub fn without_texts(json: &str) -> Option<String> {
    let json = json.trim();
    serde_json::from_str::<serde::de::IgnoredAny>(json).ok()?;
    Some(hidden(json, Hide::Texts, DEEPEST).unwrap_or_else(|| plain(json, Hide::Texts)))
}

fn hidden(json: &str, hide: Hide, depth: u8) -> Option<String> {
    if !json.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let Some(depth) = depth.checked_sub(1) else { return Some("\"•••\"".to_owned()) };
    if json.trim_start().starts_with('[') {
        let all: Vec<&RawValue> = serde_json::from_str(json).ok()?;
        let one = |one: &&RawValue| hidden(one.get(), hide, depth).unwrap_or_else(|| plain(one.get(), hide));
        return Some(format!("[{}]", all.iter().map(one).collect::<Vec<_>>().join(",")));
    }
    let members: Members<'_> = serde_json::from_str(json).ok()?;
    let member = |(name, value): (&RawValue, &RawValue)| {
        let name_text = serde_json::from_str::<String>(name.get()).unwrap_or_default();
        let called = plain_name(&name_text);
        let called = called.as_str();
        if ENCODED.contains(&called) {
            return format!("{}:\"•••\"", name.get());
        }
        let own = match hide {
            Hide::All if HARMLESS.contains(&called) => Hide::Named,
            _ if PERSONAL.contains(&called) => Hide::All,
            _ => hide,
        };
        let within = if PERSONS.contains(&called) { Hide::All } else { own };
        let value = hidden(value.get(), within, depth).unwrap_or_else(|| plain(value.get(), own));
        format!("{}:{value}", name.get())
    };
    let members: Vec<String> = members.iter().map(member).collect();
    Some(format!("{{{}}}", members.join(",")))
}

/// A value that holds no other.
fn plain(json: &str, hide: Hide) -> String {
    let text = serde_json::from_str::<String>(json);
    match (hide, text) {
        (Hide::Named, Ok(text)) => {
            // An address may be written with escapes, in which it is not found later.
            let shown = without_addresses(&text);
            if shown == text { json.to_owned() } else { serde_json::Value::from(shown).to_string() }
        }
        (_, Ok(text)) => serde_json::Value::from(masked(&text)).to_string(),
        (Hide::All, Err(_)) if json != "null" => "\"•••\"".to_owned(),
        (_, Err(_)) => json.to_owned(),
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

    /// Only seven names were known, in one spelling: telephones and names under any other were shown whole.
    #[test]
    fn what_is_called_otherwise_or_written_with_escapes_is_hidden_too() {
        let payment = r#"{"Telephone":"+33612345678","first_name":"Alice","lastName":"Martin","IBAN":"FR76","Phone":336,"a":"alice\u0040secret.example","n":7}"#;
        assert_eq!(
            without_people(payment).as_deref(),
            Some(
                r#"{"Telephone":"+3•••","first_name":"Al•••","lastName":"Ma•••","IBAN":"FR•••","Phone":"•••","a":"al•••@secret.example","n":7}"#
            )
        );
        let unknown =
            r#" {"name":"Alice","note":"call Bob","deep":[{"x":"y@z.eu"},"Zoé",1.50],"phone":336,"ok":true} "#;
        assert_eq!(
            without_texts(unknown).as_deref(),
            Some(r#"{"name":"Al•••","note":"ca•••","deep":[{"x":"y•••@z.eu"},"Zo•••",1.50],"phone":"•••","ok":true}"#)
        );
        assert_eq!(without_texts("\"Alice\"").as_deref(), Some("\"Al•••\""));
        assert_eq!((without_texts("17").as_deref(), without_texts("Alice")), (Some("17"), None));
    }

    /// The page told whoever opened it what stood where no text may stand.
    #[test]
    fn a_reason_quotes_nobody() {
        for (reason, shown) in [
            (
                "sequence: invalid type: string \"Bob\", expected i64 at 1:9",
                "sequence: invalid type: string \"•••\", expected i64 at 1:9",
            ),
            ("total: invalid type: string \"Bob \\\"B\\\" Mil… at 1:9", "total: invalid type: string \"•••… at 1:9"),
            (
                "phone: invalid type: integer `33612345678`, expected a string",
                "phone: invalid type: integer `•••`, expected a string",
            ),
            ("invalid value: integer `-1`, expected u64", "invalid value: integer `-1`, expected u64"),
            ("missing field `order_id` at 1:2", "missing field `order_id` at 1:2"),
            ("the JSON ends early at 1:2", "the JSON ends early at 1:2"),
            ("a \"", "a \""),
        ] {
            assert_eq!(without_quotations(reason), shown);
        }
    }

    #[test]
    fn a_short_name_is_hidden_only_where_it_is_the_whole_text() {
        let json = r#"{"customer_id": "a", "name": "banana", "raw": "{\"customer_id\":\"a\"}"}"#;
        let hidden = r#"{"customer_id": "a•••", "name": "banana", "raw": "{\"customer_id\":\"a•••\"}"}"#;
        assert_eq!((without_value(json, "a"), without_value(json, "")), (hidden.to_owned(), json.to_owned()));
    }
}
