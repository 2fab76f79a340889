//! What can happen to a travel request, by its names in `etat`.

use serde::{Deserialize, Serialize};

/// How some producers spell [`Etat::EnAttenteValidation`].
pub const ALIAS: &str = "EN_ATTENTE_VALIDATION_MANAGER";

/// What an event says has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Etat {
    /// The request was made.
    Creation,
    /// It waits for a manager.
    EnAttenteValidation,
    /// The manager agreed.
    Validee,
    /// Transport and hotel are booked.
    Planifiee,
    /// The traveller has left.
    Depart,
    /// The traveller is back.
    Retour,
    /// All is paid and filed.
    Cloturee,
    /// Something is late; the request stays where it is.
    Retard,
    /// It was called off.
    Annulation,
}

impl Etat {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Creation,
        Self::EnAttenteValidation,
        Self::Validee,
        Self::Planifiee,
        Self::Depart,
        Self::Retour,
        Self::Cloturee,
        Self::Retard,
        Self::Annulation,
    ];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Creation => "CREATION",
            Self::EnAttenteValidation => "EN_ATTENTE_VALIDATION",
            Self::Validee => "VALIDEE",
            Self::Planifiee => "PLANIFIEE",
            Self::Depart => "DEPART",
            Self::Retour => "RETOUR",
            Self::Cloturee => "CLOTUREE",
            Self::Retard => "RETARD",
            Self::Annulation => "ANNULATION",
        }
    }

    /// The one that is written so, to the letter; the alias is the one other spelling.
    pub fn read(text: &str) -> Option<Self> {
        let text = if text == ALIAS { Self::EnAttenteValidation.as_str() } else { text };
        Self::ALL.into_iter().find(|etat| etat.as_str() == text)
    }

    /// The one that was probably meant by a text that is none.
    pub fn nearest(text: &str) -> Option<Self> {
        // Nobody means a name by a text that is far longer, and comparing it would take long.
        if text.len() > 2 * ALIAS.len() {
            return None;
        }
        let text = text.to_uppercase();
        let all = Self::ALL.into_iter().map(|etat| (strsim::jaro_winkler(&text, etat.as_str()), etat));
        all.filter(|(likeness, _)| *likeness > 0.8).max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, etat)| etat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_read_as_it_is_written_and_nothing_else_is() {
        for etat in Etat::ALL {
            assert_eq!(Etat::read(etat.as_str()), Some(etat));
            assert_eq!(serde_json::to_string(&etat).expect("a text"), format!("\"{}\"", etat.as_str()));
        }
        assert_eq!(Etat::read(ALIAS), Some(Etat::EnAttenteValidation));
        for other in ["", "creation", " CREATION", "VALIDÉE", "EN_ATTENTE"] {
            assert_eq!(Etat::read(other), None, "{other}");
        }
    }

    #[test]
    fn the_nearest_is_what_was_meant() {
        assert_eq!(Etat::nearest("VALIDÉE"), Some(Etat::Validee));
        assert_eq!(Etat::nearest("cloture"), Some(Etat::Cloturee));
        assert_eq!(Etat::nearest("xyz"), None);
        assert_eq!(Etat::nearest(&"CREATION".repeat(10_000)), None);
    }
}
