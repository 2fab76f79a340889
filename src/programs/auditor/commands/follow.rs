//! `audit follow`: lines as they come, across rotations.

use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::doors::audit::read::{Followed, Follower};
use crate::programs::auditor::context::Context;
use crate::programs::auditor::search::tell;
use crate::programs::auditor::selection::{SelectionArgs, has_head};
use crate::programs::auditor::table::Table;
use crate::programs::auditor::{AuditError, Command};
use crate::tools::exit::Exit;
use crate::tools::shown::grouped;
use crate::words::record::Skim;

/// Between two looks when nothing new comes.
const LOOK: Duration = Duration::from_millis(100);

/// The flags of `audit follow`.
#[derive(Args, Clone, Debug)]
pub(in crate::programs::auditor) struct FollowArgs {
    #[command(flatten)]
    selection: SelectionArgs,
}

impl Command for FollowArgs {
    fn run(&self, context: &Context<'_>, out: &mut dyn Write) -> Result<Exit, AuditError> {
        let selection = self.selection.selection()?;
        let followers = context.dirs.iter().map(|dir| Follower::at_end(dir).map(|follower| (dir, follower)));
        let mut followers: Vec<_> = followers.collect::<Result<_, _>>()?;
        for (dir, _) in followers.iter().filter(|(_, follower)| !follower.is_open()) {
            tell(&[format!("{}: no trail there yet (tracker.events); waiting for it", dir.display())]);
        }
        let mut table = None;
        let mut lines = Vec::new();
        while !context.shutdown.is_requested() {
            let mut is_idle = true;
            for (dir, follower) in &mut followers {
                lines.clear();
                match follower.look(&mut lines)? {
                    Followed::Lines => {
                        is_idle = false;
                        let all = || lines.split_inclusive(|&byte| byte == b'\n');
                        let headless = all().filter(|line| !has_head(line)).count();
                        if headless > 0 {
                            let (dir, count) = (dir.display(), grouped(headless as u64));
                            tell(&[format!("{dir}: left out, since they have no readable beginning: {count} lines")]);
                        }
                        let wanted = all().filter(|line| selection.wants(line.strip_suffix(b"\n").unwrap_or(line)));
                        write(context, wanted, &mut table, out).map_err(AuditError::output)?;
                    }
                    Followed::Nothing => {}
                    Followed::Cut => {
                        let dir = dir.display();
                        tell(&[format!("{dir}: the end of the trail was cut; what stood there comes again")]);
                    }
                    Followed::NextFile => is_idle = false,
                }
            }
            if is_idle {
                if reader_has_gone() {
                    break;
                }
                context.shutdown.wait_timeout(LOOK);
            }
        }
        Ok(Exit::Done)
    }
}

/// Whether standard output is a pipe that nobody reads any more: no line may come for hours to tell.
fn reader_has_gone() -> bool {
    let stdout = io::stdout();
    let mut asked = [PollFd::new(&stdout, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut asked, Some(&at_once)).is_ok() && asked.iter().any(|one| one.revents().contains(PollFlags::ERR))
}

/// Lines as they are, or rows on a terminal; on their way at once.
fn write<'l>(
    context: &Context<'_>,
    lines: impl Iterator<Item = &'l [u8]>,
    table: &mut Option<Table>,
    out: &mut dyn Write,
) -> io::Result<()> {
    for line in lines {
        if context.json || !context.terminal.stdout_is_terminal {
            out.write_all(line)?;
            continue;
        }
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let topic = Skim::of(line).map_or("", |skim| skim.topic);
        table.get_or_insert_with(|| Table::without_numbers(topic, context.terminal)).row(out, None, line)?;
    }
    out.flush()
}
