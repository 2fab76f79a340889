//! Where on a site somebody is.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::base::language::Language;

/// A path with its query, in the language of whoever asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Decoded, from its `/` on.
    pub path: String,
    /// Decoded; of several values of one name the last, and none that is empty.
    pub query: BTreeMap<String, String>,
    /// Of whoever asks.
    pub language: Language,
}

impl Place {
    /// Of `/orders?q=x` as it stands in a request.
    pub(super) fn read(target: &str, language: Language) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty());
        Self {
            path: percent_decode_str(path).decode_utf8_lossy().into_owned(),
            query: pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect(),
            language,
        }
    }

    /// The value of a query's parameter.
    pub fn asks(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// `?q=x`, or nothing without a query.
    pub fn search(&self) -> String {
        search(self.query.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

/// A query with its `?`, of names and values as they are; nothing when there are none.
pub fn search<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(pairs);
    let text = text.finish();
    if text.is_empty() { text } else { format!("?{text}") }
}

/// One part of a path, so that nothing in it leads elsewhere.
pub fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_go_through_a_link_and_back() {
        for text in ["../../x", "a/b?c=d&e#f%2f", "é \u{202e}", "<script>"] {
            let target = format!("/orders/{}{}", segment(text), search([("q", text)]));
            assert!(target.bytes().filter(|byte| *byte == b'/').count() == 2, "{target}");
            let place = Place::read(&target, Language::En);
            assert_eq!((place.path.as_str(), place.asks("q")), (format!("/orders/{text}").as_str(), Some(text)));
            assert_eq!(Place::read(&format!("/x{}", place.search()), Language::En).query, place.query);
        }
        assert_eq!(Place::read("/x?a=&b=1&b=2", Language::En).search(), "?b=2");
        assert_eq!(Place::read("/x", Language::En).search(), "");
    }
}
