//! `travel send`: one event.

use clap::Args;
use serde_json::value::RawValue;

use super::args::ShapeArgs;
use super::reading::{Reading, read_all};
use super::sending::Sender;
use super::{Travel, TravelError};
use crate::doors::kafka::{Cluster, Role, TopicInfo};
use crate::logic::travel::{Outcome, outcome, why};
use crate::services::output::print;
use crate::tools::exit::Exit;
use crate::tools::shown::safe;
use crate::tools::stderr::remark;
use crate::words::travel::{ALIAS, Etat, LONGEST_ID_BYTES, Verdict, is_id};

/// Flags of `travel send`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Kafka takes whatever is sent, and who reads refuses what the life does not
allow. --check looks before and sends nothing that would be refused; another
writer may still come between.")]
pub struct SendArgs {
    /// The request's id, such as DV-2025-003
    #[arg(value_parser = id)]
    id: String,

    /// What happened: CREATION, EN_ATTENTE_VALIDATION, VALIDEE, PLANIFIEE, DEPART, RETOUR, CLOTUREE, RETARD, ANNULATION
    #[arg(value_parser = etat)]
    etat: String,

    /// What else is told, a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = details)]
    details: Box<RawValue>,

    /// Read the request before, and send nothing that would be refused: exit 1
    #[arg(long)]
    check: bool,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    shape: ShapeArgs,
}

/// An id that a request can have.
pub(super) fn id(text: &str) -> Result<String, String> {
    let wrong = || format!("an id has 1 to {LONGEST_ID_BYTES} bytes and no control characters");
    is_id(text).then(|| text.to_owned()).ok_or_else(wrong)
}

/// An event's name, as it is to be sent.
pub(super) fn etat(text: &str) -> Result<String, String> {
    if Etat::read(text).is_some() {
        return Ok(text.to_owned());
    }
    let hint = match Etat::nearest(text) {
        Some(near) => format!("did you mean {}?", near.as_str()),
        None => format!("there are {} (and {ALIAS})", Etat::ALL.map(Etat::as_str).join(", ")),
    };
    Err(format!("there is no such event: {hint}"))
}

/// The text of a JSON object.
pub(super) fn details(text: &str) -> Result<Box<RawValue>, String> {
    let raw = RawValue::from_string(text.trim().to_owned()).map_err(|error| format!("it is no JSON: {error}"))?;
    if raw.get().starts_with('{') {
        Ok(raw)
    } else {
        Err("it is no JSON object, such as {\"cause\":\"Grève\"}".to_owned())
    }
}

pub(super) fn run(travel: &Travel<'_>, args: &SendArgs) -> Result<Exit, TravelError> {
    let roles =
        if args.check { &[Role::Admin, Role::Producer, Role::Consumer][..] } else { &[Role::Admin, Role::Producer] };
    let cluster = travel.context.connect_once(roles)?;
    let topic = travel.topic(&cluster, &args.shape, false)?;
    if args.check && !would_be_accepted(travel, &cluster, &topic, args)? {
        return Ok(Exit::Failed);
    }
    let mut sender = Sender::open(travel, &cluster)?;
    let (partition, offset) = sender.send(travel, (&args.id, &args.etat, &args.details))?;
    let text = match args.json {
        true => super::report::line(&serde_json::json!({
            "id": args.id, "etat": args.etat, "partition": partition, "offset": offset,
        })),
        false => format!("{} {} {partition}@{offset}\n", safe(&args.id), args.etat),
    };
    print(&text)?;
    Ok(Exit::Done)
}

/// What the life says of the event now; advice only.
fn would_be_accepted(
    travel: &Travel<'_>,
    cluster: &Cluster,
    topic: &TopicInfo,
    args: &SendArgs,
) -> Result<bool, TravelError> {
    let mut reading = read_all(travel, Reading::of_one(cluster, topic, &args.id)?, |_, _, _| Ok(()))?;
    let place = reading.board.settled(&args.id).and_then(|kept| kept.state().place);
    let Some(etat) = Etat::read(&args.etat) else { return Ok(false) };
    match outcome(place, etat) {
        Outcome::To(_) => Ok(true),
        Outcome::Refused(refusal) => {
            let verdict = Verdict::Refused(refusal);
            let reason = verdict.reason().unwrap_or_default();
            remark(format_args!(
                "{} of {} would be refused ({reason}: {}): nothing was sent",
                args.etat,
                safe(&args.id),
                why(verdict, place)
            ));
            Ok(false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_sent_says_what_can() {
        assert_eq!(etat("EN_ATTENTE_VALIDATION_MANAGER").as_deref(), Ok("EN_ATTENTE_VALIDATION_MANAGER"));
        assert!(etat("retour").is_err_and(|why| why.ends_with("did you mean RETOUR?")));
        assert!(etat("x").is_err_and(|why| why.contains("CREATION, EN_ATTENTE_VALIDATION, ")));
        assert!(id("").is_err() && id("a\u{1b}b").is_err() && id(&"é".repeat(129)).is_err() && id("DV-1").is_ok());
        assert!(details("[1]").is_err() && details("{").is_err());
        assert_eq!(details(" {\"a\": 1.50} ").map(|raw| raw.get().to_owned()), Ok("{\"a\": 1.50}".to_owned()));
    }
}
