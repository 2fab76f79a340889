//! The life of a request, as one table: the fold reads it, `travel states` prints it, and its digest is the fold's
//! version.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::words::travel::{Etat, Refusal};

/// How the fold judges beside the table. To be counted up with every change of what it makes of a record, whether
/// the table changes or not: snapshots of another version are not used.
const RULES: &str = "travel fold, rules 2";

/// Where in its life a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Place {
    /// It was made.
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
    /// It has ended.
    Cloturee,
    /// It was called off, and has ended.
    #[serde(rename = "ANNULATION")]
    Annulee,
}

/// The life of a request that is neither late nor called off: each place is reached by the event of its name.
pub const LIFE: [Place; 7] = [
    Place::Creation,
    Place::EnAttenteValidation,
    Place::Validee,
    Place::Planifiee,
    Place::Depart,
    Place::Retour,
    Place::Cloturee,
];

/// What the life makes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is accepted, and the request is here then: where it was, for a RETARD.
    To(Place),
    /// It is refused.
    Refused(Refusal),
}

impl Place {
    /// All of them, in the order of the table's rows behind the first.
    pub const ALL: [Self; 8] = [LIFE[0], LIFE[1], LIFE[2], LIFE[3], LIFE[4], LIFE[5], LIFE[6], Self::Annulee];

    /// The event that leads here.
    pub const fn event(self) -> Etat {
        match self {
            Self::Creation => Etat::Creation,
            Self::EnAttenteValidation => Etat::EnAttenteValidation,
            Self::Validee => Etat::Validee,
            Self::Planifiee => Etat::Planifiee,
            Self::Depart => Etat::Depart,
            Self::Retour => Etat::Retour,
            Self::Cloturee => Etat::Cloturee,
            Self::Annulee => Etat::Annulation,
        }
    }

    /// As it is written: the name of the event that leads here.
    pub const fn as_str(self) -> &'static str {
        self.event().as_str()
    }

    /// The one that is written so.
    pub fn read(text: &str) -> Option<Self> {
        let etat = Etat::read(text)?;
        Self::ALL.into_iter().find(|place| place.event() == etat)
    }

    /// Whether nothing comes after it.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Cloturee | Self::Annulee)
    }
}

const EVENTS: usize = Etat::ALL.len();
const ROWS: usize = Place::ALL.len() + 1;

/// By row (no place yet, then each place) and event.
static TABLE: [[Outcome; EVENTS]; ROWS] = table();

const fn table() -> [[Outcome; EVENTS]; ROWS] {
    let mut table = [[Outcome::Refused(Refusal::NotCreated); EVENTS]; ROWS];
    table[0][LIFE[0].event() as usize] = Outcome::To(LIFE[0]);
    let mut at = 0;
    while at < Place::ALL.len() {
        let place = Place::ALL[at];
        let refusal = if place.is_final() { Refusal::AlreadyFinal } else { Refusal::OutOfOrder };
        let row = &mut table[at + 1];
        *row = [Outcome::Refused(refusal); EVENTS];
        if !place.is_final() {
            row[LIFE[at + 1].event() as usize] = Outcome::To(LIFE[at + 1]);
            row[Etat::Retard as usize] = Outcome::To(place);
            row[Etat::Annulation as usize] = Outcome::To(Place::Annulee);
        }
        at += 1;
    }
    table
}

/// What comes of an event at a place; `None` is the place of a request that has not begun.
pub fn outcome(place: Option<Place>, etat: Etat) -> Outcome {
    let row = place.map_or(0, |place| place as usize + 1);
    let found = TABLE.get(row).and_then(|row| row.get(etat as usize));
    found.copied().unwrap_or(Outcome::Refused(Refusal::OutOfOrder))
}

/// The events that are accepted at a place.
pub fn allowed(place: Option<Place>) -> impl Iterator<Item = Etat> {
    Etat::ALL.into_iter().filter(move |etat| matches!(outcome(place, *etat), Outcome::To(_)))
}

/// Every row of the table: a place, and what each event comes to there.
pub fn rows() -> impl Iterator<Item = (Option<Place>, Vec<(Etat, Outcome)>)> {
    let places = std::iter::once(None).chain(Place::ALL.map(Some));
    places.map(|place| (place, Etat::ALL.map(|etat| (etat, outcome(place, etat))).to_vec()))
}

/// The version of the fold: another one may make another state of the same records.
pub fn fold_version() -> String {
    let mut text = format!("{RULES}\n");
    for (place, row) in rows() {
        for (etat, outcome) in row {
            let place = place.map_or("-", Place::as_str);
            text.push_str(&match outcome {
                Outcome::To(to) => format!("{place} {} {}\n", etat.as_str(), to.as_str()),
                Outcome::Refused(refusal) => format!("{place} {} {refusal:?}\n", etat.as_str()),
            });
        }
    }
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_stands_where_its_place_looks_for_it() {
        for (at, place) in Place::ALL.into_iter().enumerate() {
            assert_eq!(place as usize, at);
            assert_eq!(Place::read(place.as_str()), Some(place));
            assert_eq!(serde_json::to_string(&place).expect("a text"), format!("\"{}\"", place.as_str()));
        }
        for (at, etat) in Etat::ALL.into_iter().enumerate() {
            assert_eq!(etat as usize, at);
        }
        assert_eq!(Place::read("RETARD"), None);
    }

    #[test]
    fn the_whole_table_is_as_the_contract_says() {
        let mut walked = 0;
        for (place, row) in rows() {
            for (etat, outcome) in row {
                walked += 1;
                let at = place.and_then(|place| LIFE.iter().position(|one| *one == place));
                let expected = match (place, etat) {
                    (None, Etat::Creation) => Outcome::To(Place::Creation),
                    (None, _) => Outcome::Refused(Refusal::NotCreated),
                    (Some(Place::Cloturee | Place::Annulee), _) => Outcome::Refused(Refusal::AlreadyFinal),
                    (Some(place), Etat::Retard) => Outcome::To(place),
                    (Some(_), Etat::Annulation) => Outcome::To(Place::Annulee),
                    (Some(_), _) => match at.and_then(|at| LIFE.get(at + 1)) {
                        Some(next) if next.event() == etat => Outcome::To(*next),
                        _ => Outcome::Refused(Refusal::OutOfOrder),
                    },
                };
                assert_eq!(outcome, expected, "{place:?} {etat:?}");
            }
        }
        assert_eq!(walked, 81);
        assert_eq!(allowed(None).collect::<Vec<_>>(), [Etat::Creation]);
        assert_eq!(allowed(Some(Place::Depart)).collect::<Vec<_>>(), [Etat::Retour, Etat::Retard, Etat::Annulation]);
        assert_eq!(allowed(Some(Place::Annulee)).count(), 0);
    }

    #[test]
    fn a_change_of_the_table_is_a_change_of_the_version() {
        // Whoever changes what the fold makes of records counts up RULES and writes the new digest here; the golden
        // topics beside these tests then have to agree with it.
        assert_eq!(fold_version(), "44024a4451342448aba482c5063272c25275b379644a98c38fea5720c832e981");
    }
}
