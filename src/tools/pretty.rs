//! JSON laid out for reading, every token as it was written: numbers keep their spelling.

/// Deeper than this nothing is moved in further: a text of brackets would take the square of its length.
const DEEPEST: usize = 32;

/// The text of a JSON value, one field or element a line. What is no JSON comes out as some text.
pub fn pretty(json: &str, indent: usize) -> String {
    pretty_up_to(json, indent, usize::MAX)
}

/// The same, ended at a token once it has `longest_bytes`.
pub fn pretty_up_to(json: &str, indent: usize, longest_bytes: usize) -> String {
    let mut out = String::with_capacity(json.len().min(longest_bytes).saturating_mul(2));
    let mut depth = 0_usize;
    let mut rest = json.trim();
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', indent + depth.min(DEEPEST) * 2));
    };
    out.extend(std::iter::repeat_n(' ', indent));
    while let Some(first) = rest.chars().next().filter(|_| out.len() < longest_bytes) {
        let token = token(rest, first);
        let (text, behind) = rest.split_at(token);
        rest = behind.trim_start();
        match first {
            '{' | '[' => {
                out.push(first);
                // An empty one stays together.
                if rest.starts_with(['}', ']']) {
                    out.extend(rest.chars().next());
                    rest = rest.get(1..).unwrap_or_default().trim_start();
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(first);
            }
            ',' => {
                out.push(first);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            _ => out.push_str(text),
        }
    }
    out
}

/// The length of the token that begins the text.
fn token(text: &str, first: char) -> usize {
    if first == '"' {
        let mut is_escaped = false;
        let end = text.char_indices().skip(1).find(|&(_, character)| {
            let ends = character == '"' && !is_escaped;
            is_escaped = character == '\\' && !is_escaped;
            ends
        });
        return end.map_or(text.len(), |(quote, _)| quote + 1);
    }
    if matches!(first, '{' | '}' | '[' | ']' | ',' | ':') {
        return 1;
    }
    text.find(|c: char| matches!(c, '{' | '}' | '[' | ']' | ',' | ':' | '"') || c.is_whitespace()).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_token_keeps_its_spelling() {
        let text = r#" {"a":1.50,"b":[ ],"c":{},"d":[1e2,"x\",:\\"],"e":{"f":null}} "#;
        let expected = "{\n  \"a\": 1.50,\n  \"b\": [],\n  \"c\": {},\n  \"d\": [\n    1e2,\n    \"x\\\",:\\\\\"\n  ],\n  \"e\": {\n    \"f\": null\n  }\n}";
        assert_eq!(pretty(text, 0), expected);
        assert_eq!(pretty("42", 2), "  42");
    }

    #[test]
    fn brackets_take_no_more_than_some_times_their_length() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert!(pretty(&deep, 0).len() < 70 * deep.len());
        assert!(pretty_up_to(&deep, 0, 1_000).len() < 1_100);
    }

    proptest! {
        #[test]
        fn any_text_ends_without_panic_and_json_stays_the_same(text: String, numbers: Vec<i64>) {
            pretty(&text, 0);
            let json = serde_json::json!({ "text": text, "numbers": numbers });
            let back: serde_json::Value = serde_json::from_str(&pretty(&json.to_string(), 4)).unwrap();
            prop_assert_eq!(back, json);
        }
    }
}
