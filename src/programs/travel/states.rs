//! `travel states`: what is allowed when, as the fold reads it.

use clap::Args;

use super::TravelError;
use crate::logic::travel::{Outcome, Place, allowed, fold_version, rows};
use crate::services::output::print;
use crate::tools::exit::Exit;
use crate::words::travel::Etat;

/// Flags of `travel states`.
#[derive(Args, Clone, Debug)]
pub struct StatesArgs {
    /// Print a Mermaid state diagram
    #[arg(long)]
    mermaid: bool,
}

pub(super) fn run(args: &StatesArgs) -> Result<Exit, TravelError> {
    print(&if args.mermaid { mermaid() } else { table() })?;
    Ok(Exit::Done)
}

/// What stands for a request that has not begun.
const NOTHING: &str = "(nothing)";

fn name(place: Option<Place>) -> &'static str {
    place.map_or(NOTHING, Place::as_str)
}

fn table() -> String {
    let widest = rows().map(|(place, _)| name(place).len()).max().unwrap_or_default();
    let mut text = format!("{:widest$}  ACCEPTS\n", "PLACE");
    for (place, row) in rows() {
        let accepted: Vec<String> = row.iter().filter_map(|(etat, outcome)| arrow(place, *etat, *outcome)).collect();
        let accepted = if accepted.is_empty() { "nothing: it has ended".to_owned() } else { accepted.join(", ") };
        text.push_str(&format!("{:widest$}  {accepted}\n", name(place)));
    }
    text.push_str(&format!(
        "\nAn event leads to the place of its name; RETARD marks the request and leaves it where it is.\n\
         Whatever else comes is kept in the history, refused, and changes nothing.\nFold {}\n",
        fold_version()
    ));
    text
}

/// The event, with where it leads if its name does not say so.
fn arrow(place: Option<Place>, etat: Etat, outcome: Outcome) -> Option<String> {
    let Outcome::To(to) = outcome else { return None };
    let stays = Some(to) == place;
    Some(if stays { format!("{} (stays)", etat.as_str()) } else { etat.as_str().to_owned() })
}

fn mermaid() -> String {
    let mut text = "stateDiagram-v2\n".to_owned();
    for (place, row) in rows() {
        let from = place.map_or("[*]", Place::as_str);
        for (etat, outcome) in row {
            if let Outcome::To(to) = outcome {
                text.push_str(&format!("    {from} --> {}: {}\n", to.as_str(), etat.as_str()));
            }
        }
        if place.is_some() && allowed(place).next().is_none() {
            text.push_str(&format!("    {from} --> [*]\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_the_diagram_say_what_the_fold_does() {
        let text = table();
        assert!(text.contains("(nothing)              CREATION\n"), "{text}");
        assert!(text.contains("DEPART                 RETOUR, RETARD (stays), ANNULATION\n"), "{text}");
        assert!(text.contains("CLOTUREE               nothing: it has ended\n"), "{text}");
        let diagram = mermaid();
        assert!(diagram.starts_with("stateDiagram-v2\n    [*] --> CREATION: CREATION\n"), "{diagram}");
        for line in ["DEPART --> DEPART: RETARD", "RETOUR --> CLOTUREE: CLOTUREE", "ANNULATION --> [*]"] {
            assert!(diagram.contains(&format!("    {line}\n")), "{line} in {diagram}");
        }
        let accepted = rows().flat_map(|(_, row)| row).filter(|(_, outcome)| matches!(outcome, Outcome::To(_))).count();
        assert_eq!(diagram.matches(": ").count(), accepted);
    }
}
