//! `travel consume`: every request, live.
//!
//! On a terminal it is a board (`board`); elsewhere a block or a line of JSON an event (`lines`, through the `outlet`).
//! `keep` has the snapshot, which saves reading what was read before.

mod board;
mod keep;
mod lines;
mod outlet;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use super::args::ShapeArgs;
use super::reading::Reading;
use super::{Travel, TravelError};
use crate::doors::health::ServiceEvent;
use crate::doors::kafka::{Cluster, Patience, Role, TopicInfo};
use crate::doors::screen::ScreenArgs;
use crate::services::runtime::connect;
use crate::tools::config::duration;
use crate::tools::exit::Exit;
use crate::tools::stderr::remark;
use keep::Keeper;

/// Its offsets are published as those of this group; nothing depends on them.
const GROUP: &str = "gestion-voyage-service";

/// Between two publications of the offsets.
const COMMIT: Duration = Duration::from_secs(1);

/// How long the answers to the last one are waited for.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// How long the ends of partitions are waited for before it begins without them.
const ENDS: Duration = Duration::from_secs(5);

/// Flags of `travel consume`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
It always knows every request from the beginning of the topic, whatever the
group has published. The snapshot is a cache: in any doubt it is thrown away,
with the reason, and all is read again.")]
pub struct ConsumeArgs {
    /// Print a line of JSON for each record, from the first one on; also on a terminal
    #[arg(long)]
    json: bool,

    /// Without a terminal: first print where every request is, then only what comes
    #[arg(long, conflicts_with = "json")]
    new: bool,

    /// Stop when all that was there at the start is read
    #[arg(long)]
    until_end: bool,

    /// Where the snapshot is kept
    #[arg(long, value_name = "FILE", default_value = "travel.snapshot")]
    snapshot: PathBuf,

    /// Keep no snapshot and use none
    #[arg(long, conflicts_with = "snapshot")]
    no_snapshot: bool,

    /// Between two snapshots, at least
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    snapshot_every: Duration,

    /// Only compare the snapshot with what the topic says, and end: 1 when they differ
    #[arg(long, conflicts_with_all = ["no_snapshot", "json", "new"])]
    check_snapshot: bool,

    #[command(flatten)]
    screen: ScreenArgs,

    #[command(flatten)]
    shape: ShapeArgs,
}

pub(super) fn run(travel: &Travel<'_>, args: &ConsumeArgs) -> Result<Exit, TravelError> {
    let roles = [Role::Admin, Role::Consumer];
    if args.check_snapshot {
        let cluster = travel.context.connect_once(&roles)?;
        return keep::check(travel, &cluster, &args.snapshot);
    }
    travel.context.check(&roles)?;
    let patience =
        if args.until_end { Patience::UpTo(travel.context.common.connect_timeout) } else { Patience::Forever };
    let tell = |event: &ServiceEvent| remark(event.line());
    let cluster = connect(&travel.context.settings, patience, travel.context.shutdown, tell)?;
    let topic = travel.topic(&cluster, &args.shape, !args.until_end)?;
    let is_board = !args.json && !args.new && !args.until_end && io::stdout().is_terminal();
    let mut consuming = Consuming::open(travel, &cluster, &topic, args, is_board || args.new)?;
    match is_board {
        true => board::run(travel, args, &mut consuming)?,
        false => lines::run(travel, args, &mut consuming)?,
    }
    consuming.end()
}

/// A reading whose offsets are published and whose board is kept.
struct Consuming<'a> {
    reading: Reading<'a>,
    keeper: Option<Keeper>,
    /// The topic's own warnings.
    warnings: Vec<String>,
    committed: Instant,
    is_changed: bool,
}

impl<'a> Consuming<'a> {
    fn open(
        travel: &Travel<'_>,
        cluster: &'a Cluster,
        topic: &TopicInfo,
        args: &ConsumeArgs,
        may_skip: bool,
    ) -> Result<Self, TravelError> {
        let mut reading = Reading::new(cluster, topic, GROUP)?;
        let mut warnings = Vec::new();
        if let Err(error) = reading.look(ENDS, travel.context.shutdown) {
            warnings.push(error.to_string());
        }
        warnings.extend(reading.warnings(&travel.context.settings.brokers));
        // Who prints every record has to read every record.
        let mut keeper = None;
        if may_skip && !args.no_snapshot && !reading.is_compacted() {
            match Keeper::open(&args.snapshot, args.snapshot_every, cluster) {
                Ok(opened) => {
                    warnings.extend(opened.begin(&mut reading)?);
                    keeper = Some(opened);
                }
                Err(reason) => warnings.push(reason),
            }
        }
        warnings.iter().for_each(|warning| remark(format_args!("{}", crate::tools::shown::safe(warning))));
        Ok(Self { reading, keeper, warnings, committed: Instant::now(), is_changed: false })
    }

    /// Notes that something was read.
    fn changed(&mut self) {
        self.is_changed = true;
        if let Some(keeper) = &mut self.keeper {
            keeper.changed();
        }
    }

    /// What has to be done now and then; tells what went wrong with the snapshot.
    fn look_after(&mut self) -> Option<String> {
        if self.is_changed && self.committed.elapsed() >= COMMIT {
            self.committed = Instant::now();
            self.is_changed = false;
            self.reading.commit();
        }
        let keeper = self.keeper.as_mut().filter(|keeper| keeper.is_due())?;
        keeper.save(&self.reading).err()
    }

    /// Publishes and keeps what was read last.
    fn end(mut self) -> Result<Exit, TravelError> {
        self.reading.commit();
        // Before anything more is heard: that is not folded, and positions go on all the same.
        if let Some(keeper) = self.keeper.as_mut().filter(|keeper| keeper.is_changed())
            && let Err(reason) = keeper.save(&self.reading)
        {
            remark(format_args!("{reason}"));
        }
        let deadline = Instant::now() + LAST_ANSWERS;
        while self.reading.uncommitted() > 0 && Instant::now() < deadline {
            self.reading.hear(Duration::from_millis(50))?;
        }
        Ok(Exit::Done)
    }
}
