//! In which language somebody is spoken to, and the words of a page in it.

use std::collections::BTreeMap;

use super::assets::FRENCH;

use crate::base::language::Language;

/// The language that a browser asks for: by its cookie `lang`, else by what it prefers.
pub(super) fn asked(cookies: &str, accept: &str) -> Language {
    match cookie(cookies, "lang") {
        Some("fr") => return Language::Fr,
        Some("en") => return Language::En,
        _ => {}
    }
    let weighed = accept.split(',').filter_map(|entry| {
        let mut parts = entry.trim().split(';');
        let language = match parts.next()?.split('-').next()? {
            "fr" => Language::Fr,
            "en" | "*" => Language::En,
            _ => return None,
        };
        let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse::<f64>().ok()).unwrap_or(1.0);
        Some((language, weight))
    });
    // Of those that are preferred alike the first.
    let best = weighed.reduce(|best, next| if next.1 > best.1 { next } else { best });
    best.filter(|(_, weight)| *weight > 0.0).map(|(language, _)| language).unwrap_or_default()
}

/// The value of a cookie.
pub(super) fn cookie<'a>(cookies: &'a str, name: &str) -> Option<&'a str> {
    let pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.rev().find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// Every English text of a site with its French one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dictionary {
    french: BTreeMap<String, String>,
}

impl Dictionary {
    /// Of a JSON object: English texts and what they are in French, beside those that stand around every page.
    ///
    /// # Errors
    /// What is wrong with the JSON.
    pub fn read(json: &str) -> Result<Self, serde_json::Error> {
        let mut french: BTreeMap<String, String> = serde_json::from_str(FRENCH)?;
        french.extend(serde_json::from_str::<BTreeMap<String, String>>(json)?);
        Ok(Self { french })
    }

    /// The text in `language`; one that the dictionary lacks stays English.
    pub fn say<'a>(&'a self, language: Language, english: &'a str) -> &'a str {
        match language {
            Language::En => english,
            Language::Fr => self.french.get(english).map_or(english, String::as_str),
        }
    }

    /// Whether there is a French text for it.
    pub fn knows(&self, english: &str) -> bool {
        self.french.contains_key(english)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_wins_over_what_the_browser_prefers() {
        assert_eq!(asked("", ""), Language::En);
        assert_eq!(asked("", "fr-FR,fr;q=0.9,en;q=0.8"), Language::Fr);
        assert_eq!(asked("", "en;q=0.4, fr;q=0.5"), Language::Fr);
        assert_eq!(asked("", "de, fr;q=0"), Language::En);
        assert_eq!(asked("a=b; lang=en", "fr"), Language::En);
        assert_eq!(asked("lang=fr", "en"), Language::Fr);
        assert_eq!(asked("lang=xx; xlang=fr", "en"), Language::En);
    }

    #[test]
    fn a_dictionary_says_what_it_knows() {
        let words = Dictionary::read(r#"{"Orders":"Commandes"}"#).expect("JSON");
        assert_eq!(words.say(Language::Fr, "Orders"), "Commandes");
        assert_eq!(words.say(Language::Fr, "Stock"), "Stock");
        assert_eq!(words.say(Language::En, "Orders"), "Orders");
        assert!(words.knows("Orders") && !words.knows("Stock"));
    }
}
