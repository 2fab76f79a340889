//! `travel produce`: a request's life, an event after the other.

use std::time::Duration;

use clap::Args;

use super::args::ShapeArgs;
use super::reading::{READER, Reading, read_all};
use super::scenario;
use super::send::id;
use super::sending::Sender;
use super::{Travel, TravelError};
use crate::doors::kafka::Role;
use crate::logic::travel::{Board, Place};
use crate::services::output::print;
use crate::tools::config::duration;
use crate::tools::exit::Exit;
use crate::tools::shown::safe;
use crate::tools::stderr::remark;

/// The numbers of requests that are named by us begin with this one.
const FIRST: u64 = 3;

/// Flags of `travel produce`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Scenarios: normal, from CREATION to CLOTUREE; retard, the same with a delay
before DEPART; annulation, called off when all is planned. A FILE has an event
a line: {\"etat\":\"RETARD\",\"details\":{\"cause\":\"Grève\"}}.
The last line of standard output is always sent=N delivered=N failed=N.")]
pub struct ProduceArgs {
    /// The request's id [default: the first number from DV-2025-003 on that the topic does not hold]
    #[arg(long, value_name = "ID", value_parser = id)]
    id: Option<String>,

    /// What happens to it: normal, retard, annulation, or a file
    #[arg(long, value_name = "NAME|FILE", default_value = "normal")]
    scenario: String,

    /// Between two events
    #[arg(long, value_name = "TIME", default_value = "1.5s", value_parser = duration)]
    interval: Duration,

    /// Make the topic if it is missing, check the scenario, and send nothing
    #[arg(long)]
    dry_run: bool,

    /// Print no line an event, only errors and the last line
    #[arg(short, long)]
    quiet: bool,

    #[command(flatten)]
    shape: ShapeArgs,
}

pub(super) fn run(travel: &Travel<'_>, args: &ProduceArgs) -> Result<Exit, TravelError> {
    let mut tally = Tally::default();
    let outcome = produce(travel, args, &mut tally);
    // Also when it failed before anything was sent: whoever reads the last line is told so.
    let Tally { sent, delivered } = tally;
    let told = print(&format!("sent={sent} delivered={delivered} failed={}\n", sent - delivered));
    outcome?;
    told?;
    Ok(Exit::Done)
}

/// What became of the events.
#[derive(Default)]
struct Tally {
    sent: u64,
    delivered: u64,
}

fn produce(travel: &Travel<'_>, args: &ProduceArgs, tally: &mut Tally) -> Result<(), TravelError> {
    let steps = scenario::read(&args.scenario)?;
    let cluster = travel.context.connect_once(&[Role::Admin, Role::Producer, Role::Consumer])?;
    let topic = travel.topic(&cluster, &args.shape, false)?;
    if args.dry_run {
        return Ok(());
    }
    let reading = match &args.id {
        Some(id) => Reading::of_one(&cluster, &topic, id)?,
        None => Reading::new(&cluster, &topic, READER)?,
    };
    let reading = read_all(travel, reading, |_, _, _| Ok(()))?;
    let id = args.id.clone().unwrap_or_else(|| first_free(&reading.board));
    let place = reading.board.get(&id).and_then(|request| request.place);
    if let Some(place) = place.filter(|place| place.is_final()) {
        let reason = format!(
            "{} has ended ({}): every event would be refused, so none was sent. Pass another --id, or none",
            safe(&id),
            place.as_str()
        );
        return Err(TravelError::Failed { reason });
    }
    if let Some(place) = place {
        remark(format_args!(
            "{} is at {} already: what its life does not allow is refused",
            safe(&id),
            Place::as_str(place)
        ));
    }
    drop(reading);
    let mut sender = Sender::open(travel, &cluster)?;
    for (at, step) in steps.iter().enumerate() {
        if at > 0 && travel.context.shutdown.wait_timeout(args.interval) {
            break;
        }
        tally.sent += 1;
        let (partition, offset) = sender.send(travel, (&id, &step.etat, &step.details))?;
        tally.delivered += 1;
        if !args.quiet {
            print(&format!("{} {:<22} {partition}@{offset}\n", safe(&id), step.etat))?;
        }
    }
    Ok(())
}

/// The first number that no record of the topic is filed under.
fn first_free(board: &Board) -> String {
    let name = |number: u64| format!("DV-2025-{number:03}");
    (FIRST..).map(name).find(|id| board.get(id).is_none()).unwrap_or_else(|| name(FIRST))
}
