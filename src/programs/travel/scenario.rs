//! The lives that `produce` sends: built in, or somebody's own, an event a line.

use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::TravelError;
use super::send::{details, etat};
use crate::tools::regular::read_named;

/// The built-in ones, by name.
const BUILT_IN: [(&str, &str); 3] = [
    ("normal", include_str!("scenarios/normal.jsonl")),
    ("retard", include_str!("scenarios/retard.jsonl")),
    ("annulation", include_str!("scenarios/annulation.jsonl")),
];

/// An event of a scenario.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) etat: String,
    pub(super) details: Box<RawValue>,
}

/// A line of a scenario.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    etat: String,
    #[serde(borrow)]
    details: Option<&'a RawValue>,
}

/// The scenario of this name, or in this file.
pub(super) fn read(name: &str) -> Result<Vec<Step>, TravelError> {
    if let Some((_, text)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
        return steps(text, name);
    }
    let names = BUILT_IN.map(|(name, _)| name).join(", ");
    let text = read_named(Path::new(name)).map_err(|source| TravelError::Usage {
        reason: format!("cannot read the scenario {name}: {source}; pass --scenario with a file, or one of {names}"),
    })?;
    steps(&text, name)
}

fn steps(text: &str, name: &str) -> Result<Vec<Step>, TravelError> {
    let mut steps = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |reason: String| TravelError::Usage {
            reason: format!("{name}, line {number}: {reason}; write it as {{\"etat\":\"RETARD\",\"details\":{{…}}}}"),
        };
        let line: Line<'_> = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        let etat = etat(&line.etat).map_err(&wrong)?;
        let details = details(line.details.map_or("{}", RawValue::get)).map_err(&wrong)?;
        steps.push(Step { etat, details });
    }
    if steps.is_empty() {
        return Err(TravelError::Usage { reason: format!("the scenario {name} has no event") });
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::travel::{Outcome, Place, outcome};
    use crate::words::travel::Etat;

    #[test]
    fn every_built_in_life_is_allowed_as_a_whole() {
        let ends = [("normal", Place::Cloturee), ("retard", Place::Cloturee), ("annulation", Place::Annulee)];
        for (name, end) in ends {
            let place = read(name).expect("our own").iter().fold(None, |place, step| {
                let outcome = outcome(place, Etat::read(&step.etat).expect("an event"));
                assert!(matches!(outcome, Outcome::To(_)), "{name}: {} after {place:?}", step.etat);
                if let Outcome::To(next) = outcome { Some(next) } else { place }
            });
            assert_eq!(place, Some(end), "{name}");
        }
    }

    #[test]
    fn what_is_no_scenario_says_which_line() {
        let why = |text: &str| steps(text, "x").expect_err("it is none").to_string();
        assert!(
            why("{\"etat\":\"CREATION\"}\n\n{\"etat\":\"DEPRT\"}\n").starts_with("x, line 3: there is no such event")
        );
        assert!(why("[]").starts_with("x, line 1: "));
        assert!(why("{\"etat\":\"RETARD\",\"details\":[]}").contains("no JSON object"));
        assert!(why("\n").contains("no event"));
        assert!(read("/nowhere/at/all").expect_err("no file").to_string().contains("normal, retard, annulation"));
    }
}
