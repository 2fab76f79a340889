//! `techshop analytics`: confirmed orders and refusals, counted once each, across restarts and kills.

mod summary;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::Timestamp;

use super::args::ListenArgs;
use super::counting::{self, Counting, Found, Keeper, Part, SLICE, load};
use super::{Shop, TechshopError};
use crate::doors::health::events::stopped;
use crate::doors::health::{Level, diagnostics_on_stderr};
use crate::doors::kafka::{Inflow, Role, unreadable};
use crate::logic::shopfold::{Figures, Snapshot};
use crate::services::output::print;
use crate::services::runtime::Service;
use crate::tools::config::duration;
use crate::tools::exit::Exit;
use crate::tools::stderr::remark;

/// Where it tells of itself unless told otherwise.
const ADDRESS: &str = "127.0.0.1:6068";

/// Its offsets are published as those of this group.
const GROUP: &str = "analytics-processor";

/// Between two summaries: on a terminal, where one takes the place of the other, and elsewhere.
const EVERY_ON_A_TERMINAL: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_secs(5);

/// What is counted.
const PARTS: [Part; 2] = [Part::Sales, Part::Refusals];

/// Flags of `techshop analytics`.
#[derive(Args, Clone, Debug)]
pub struct AnalyticsArgs {
    /// Where figures and positions are kept; without the file all is counted anew from the topics
    #[arg(long, value_name = "FILE", default_value = "analytics.state.json")]
    state: PathBuf,

    /// Read what is there now, print the summary, stop; changes nothing
    #[arg(long)]
    once: bool,

    /// Print JSON, one line a summary
    #[arg(long)]
    json: bool,

    /// Between two summaries [default: 1s on a terminal, else 5s; nothing while nothing changes]
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "once")]
    every: Option<Duration>,

    #[command(flatten)]
    listen: ListenArgs,
}

pub(super) fn run(shop: &Shop<'_>, args: &AnalyticsArgs) -> Result<Exit, TechshopError> {
    if args.once { once(shop, args) } else { serve(shop, args) }
}

/// Counts what is there, and changes nothing.
fn once(shop: &Shop<'_>, args: &AnalyticsArgs) -> Result<Exit, TechshopError> {
    diagnostics_on_stderr().begin();
    let snapshot = match load(&args.state)? {
        Found::Snapshot(snapshot) => *snapshot,
        Found::Nothing => Snapshot::default(),
        Found::Unusable(error) => {
            remark(format_args!("{}: {error}; counting anew from the topics", args.state.display()));
            Snapshot::default()
        }
    };
    let cluster = shop.context.connect_once(&[Role::Admin, Role::Consumer])?;
    let topic = |part: Part| Ok((part, shop.existing(&cluster, part.topic(shop))?));
    let topics: Vec<_> = PARTS.into_iter().map(topic).collect::<Result<_, TechshopError>>()?;
    let mut counting = Counting::new(&cluster, GROUP, topics, snapshot, Arc::default())?;
    while !counting.is_at_end()? {
        if shop.context.shutdown.is_requested() {
            remark(format_args!("stopped before all was read"));
            return Ok(Exit::Done);
        }
        counting.step(SLICE, |topic, inflow| match inflow {
            Inflow::Lost { partition, from, to } => {
                remark(format_args!(
                    "{topic}/{partition}: offsets {from} to {} are gone before they were read",
                    to - 1
                ));
            }
            Inflow::NewTopic | Inflow::Cut { .. } => {
                remark(format_args!("{topic} is not the one that was counted before: counting anew"));
            }
            Inflow::Unreadable { partition, offset, reason } => {
                remark(format_args!("{}", unreadable(topic, *partition, *offset, reason)));
            }
            Inflow::BrokerLost { reason } | Inflow::Trouble { reason } => remark(format_args!("{topic}: {reason}")),
            _ => {}
        })?;
    }
    print(&shown(&counting.figures(), args.json))?;
    Ok(Exit::Done)
}

fn shown(figures: &Figures, as_json: bool) -> String {
    if as_json { summary::json(figures) } else { summary::text(figures, Timestamp::now()) }
}

fn serve(shop: &Shop<'_>, args: &AnalyticsArgs) -> Result<Exit, TechshopError> {
    let mut keeper = Keeper::open(&args.state)?;
    let service = shop.service("techshop-analytics", &args.listen, ADDRESS)?;
    let snapshot = counting::begin(&service, &keeper)?;
    let cluster = service.connect(&shop.context, &[Role::Admin, Role::Consumer])?;
    let topic = |part: Part| Ok((part, shop.topic(&service, &cluster, part.topic(shop))?));
    let topics: Vec<_> = PARTS.into_iter().map(topic).collect::<Result<_, TechshopError>>()?;
    let mut counting = Counting::new(&cluster, GROUP, topics, snapshot, Arc::default())?;
    service.ready();
    let ended = run_on(shop, args, &service, &mut counting, &mut keeper);
    counting::end(&mut counting, &mut keeper)?;
    let orders = counting.figures().sales.all.orders;
    service.log.write(&stopped(format!("stopped, {orders} orders counted"), Some(orders), None));
    ended.map(|()| Exit::Done)
}

/// The figures of the figures.
struct Gauges {
    orders: Level,
    revenue_cents: Level,
    refused: Level,
}

impl Gauges {
    fn new(service: &Service) -> Self {
        let level = |name: &str, help: &str| service.meters.level(name, help);
        Self {
            orders: level("orders", "Confirmed orders"),
            revenue_cents: level("revenue_cents", "Revenue of confirmed orders, in cents"),
            refused: level("refused_orders", "Orders that were not confirmed"),
        }
    }

    fn set(&self, figures: &Figures) {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.orders.set(number(figures.sales.all.orders));
        self.revenue_cents.set(i64::try_from(figures.sales.all.revenue.cents()).unwrap_or(i64::MAX));
        self.refused.set(number(figures.refusals.all));
    }
}

fn run_on(
    shop: &Shop<'_>,
    args: &AnalyticsArgs,
    service: &Service,
    counting: &mut Counting<'_>,
    keeper: &mut Keeper,
) -> Result<(), TechshopError> {
    let gauges = Gauges::new(service);
    let mut screen = Screen::new(args);
    gauges.set(&counting.figures());
    while !shop.context.shutdown.is_requested() {
        let (is_changed, mut is_disturbed) = counting::step(service, counting, SLICE)?;
        if is_changed {
            keeper.changed();
            screen.changed();
            gauges.set(&counting.figures());
        }
        is_disturbed |= counting::save_when_due(service, counting, keeper);
        if is_disturbed {
            screen.disturbed();
        }
        if screen.is_due() {
            for (topic, progress) in counting.progress() {
                service.meters.progress(GROUP, topic, &progress);
            }
            screen.show(&counting.figures())?;
        }
    }
    screen.show(&counting.figures())
}

/// Where summaries are shown: each in the place of the one before where that can be, else one after the other.
struct Screen {
    as_json: bool,
    every: Duration,
    is_terminal: bool,
    due: Instant,
    is_changed: bool,
    /// Lines of the last summary, if nothing was written after it.
    lines: usize,
}

impl Screen {
    fn new(args: &AnalyticsArgs) -> Self {
        let is_terminal = std::io::stdout().is_terminal() && !args.json;
        let every = args.every.unwrap_or(if is_terminal { EVERY_ON_A_TERMINAL } else { EVERY });
        Self { as_json: args.json, every, is_terminal, due: Instant::now() + SLICE, is_changed: true, lines: 0 }
    }

    fn changed(&mut self) {
        self.is_changed = true;
    }

    /// Something else was written.
    fn disturbed(&mut self) {
        self.lines = 0;
    }

    fn is_due(&self) -> bool {
        Instant::now() >= self.due
    }

    fn show(&mut self, figures: &Figures) -> Result<(), TechshopError> {
        self.due = Instant::now() + self.every;
        if !std::mem::take(&mut self.is_changed) {
            return Ok(());
        }
        let text = shown(figures, self.as_json);
        let rows = terminal_size::terminal_size().map_or(0, |(_, height)| usize::from(height.0));
        let back = if self.is_terminal && (1..rows).contains(&self.lines) {
            format!("\u{1b}[{}A\u{1b}[J", self.lines)
        } else if self.is_terminal || self.as_json {
            String::new()
        } else {
            "\n".to_owned()
        };
        self.lines = text.lines().count();
        Ok(print(&format!("{back}{text}"))?)
    }
}
