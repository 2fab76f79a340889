//! `audit replay`: sends the messages of a trail to a topic, exactly as they were.

use std::io::Write;
use std::time::Instant;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use crate::doors::kafka::{Cluster, Patience, Role, TopicError, TopicShape, check, connect};
use crate::programs::auditor::context::Context;
use crate::programs::auditor::replay::{Outcome, Sending, Survey, Target, doubts, new_topic_config, send};
use crate::programs::auditor::search::tell;
use crate::programs::auditor::selection::SelectionArgs;
use crate::programs::auditor::trails::Trails;
use crate::programs::auditor::{AuditError, Command};
use crate::tools::exit::Exit;
use crate::tools::shown::{grouped, safe};

/// Which time each message gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Timestamps {
    /// Its own
    #[default]
    Original,
    /// That of the replay
    Now,
}

/// The flags of `audit replay`.
#[derive(Args, Clone, Debug)]
pub(in crate::programs::auditor) struct ReplayArgs {
    /// Where to; made when missing, so that it keeps everything
    #[arg(long, value_name = "TOPIC")]
    to_topic: String,

    /// Messages a second [default: as fast as delivery allows]
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<f64>,

    /// Only say what would be sent, after all checks
    #[arg(long)]
    dry_run: bool,

    /// Which time each message gets
    #[arg(long, value_enum, default_value_t)]
    timestamps: Timestamps,

    /// Send even what the topic would change or lose
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    selection: SelectionArgs,
}

fn rate(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches("/s").trim();
    let rate = number.parse::<f64>().ok().filter(|rate| (1e-6..=1e9).contains(rate));
    rate.ok_or_else(|| format!("`{text}` is no rate; write messages a second as 2000, 0.5 or 50/s"))
}

impl Command for ReplayArgs {
    fn run(&self, context: &Context<'_>, out: &mut dyn Write) -> Result<Exit, AuditError> {
        let selection = self.selection.selection()?;
        if selection.is_only_gaps() {
            return Err(AuditError::Usage { reason: "--gaps: a gap has no message to send".to_owned() });
        }
        let settings = context.common.client_settings()?;
        check(&settings, Role::Producer)?;
        let trails = Trails::open(context)?;
        let keeps_times = self.timestamps == Timestamps::Original;
        let survey = Survey::of(context, &trails, &selection)?;
        if survey.gaps > 0 {
            tell(&[format!("{} gap lines have no message and are passed over", grouped(survey.gaps))]);
        }
        if survey.messages == 0 && !self.dry_run {
            tell(&["there is nothing to send".to_owned()]);
            return self.report(context, &survey, Outcome::default(), Instant::now(), out);
        }
        let cluster = connect(&settings, Patience::UpTo(context.common.connect_timeout), context.shutdown, |_| {})?;
        let is_there = self.check_target(context, &cluster, &trails, &survey)?;
        if self.dry_run {
            let text = self.dry_line(&survey, is_there, context.json);
            out.write_all(text.as_bytes()).map_err(AuditError::output)?;
            return Ok(Exit::Done);
        }
        if !is_there && !self.make_target(context, &cluster, &survey)? {
            // Somebody else made it, or its news had not reached the broker that was asked.
            self.check_target(context, &cluster, &trails, &survey)?;
        }
        let sending = Sending {
            trails: &trails,
            selection: &selection,
            topic: &self.to_topic,
            rate: self.rate,
            keeps_times,
            messages: survey.messages,
        };
        let started = Instant::now();
        let outcome = send(context, &cluster, &sending)?;
        self.report(context, &survey, outcome, started, out)
    }
}

impl ReplayArgs {
    /// Makes the target, and waits until it is known. False when it was there already.
    fn make_target(&self, context: &Context<'_>, cluster: &Cluster, survey: &Survey) -> Result<bool, AuditError> {
        let keeps_times = self.timestamps == Timestamps::Original;
        let config = new_topic_config(survey, keeps_times, Timestamp::now());
        let config: Vec<(&str, &str)> = config.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let shape = TopicShape { partitions: survey.last_partition + 1, replication_factor: None };
        let is_new = cluster.create_topic(&self.to_topic, shape, &config)?;
        let limit = Some(context.common.connect_timeout);
        cluster.ensure_topic(&self.to_topic, shape, limit, context.shutdown, |_| {})?;
        if is_new {
            tell(&[format!("made topic {} with {} and retention.ms=-1", self.to_topic, partitions(shape.partitions))]);
        }
        Ok(is_new)
    }

    /// Whether the target is there; an error when it must not be used.
    fn check_target(
        &self,
        context: &Context<'_>,
        cluster: &Cluster,
        trails: &Trails,
        survey: &Survey,
    ) -> Result<bool, AuditError> {
        let needed = survey.last_partition + 1;
        let is_there = match cluster.topic(&self.to_topic, context.common.connect_timeout) {
            Ok(found) if found.partitions < needed => {
                let (has, topic) = (partitions(found.partitions), &self.to_topic);
                let reason = format!(
                    "{topic} has {has}, and the messages are of partitions up to {}: add partitions, or name a topic that is not there yet",
                    needed - 1
                );
                return Err(AuditError::Refused { reason });
            }
            Ok(_) => true,
            // What is sent for a topic that was only just made is held until its news is everywhere; for
            // what is only said, it is asked for once more.
            Err(TopicError::Missing { .. }) => {
                self.dry_run && cluster.topic_terms(&self.to_topic).is_ok_and(|terms| terms.largest_bytes.is_some())
            }
            Err(error) => return Err(error.into()),
        };
        let mut terms = None;
        if is_there {
            match cluster.topic_terms(&self.to_topic) {
                Ok(known) => terms = Some(known),
                Err(reason) => {
                    tell(&[format!("on which terms {} keeps messages is not known: {reason}", self.to_topic)])
                }
            }
        }
        let target = Target {
            topic: self.to_topic.clone(),
            terms,
            is_source: is_there && trails.topic() == Some(self.to_topic.as_str()),
        };
        let doubts = doubts(&target, survey, self.timestamps == Timestamps::Original, Timestamp::now());
        if self.yes || doubts.is_empty() {
            tell(&doubts);
            return Ok(is_there);
        }
        let reason = format!("{}\nnothing was sent; pass --yes to do it all the same", doubts.join("\n"));
        Err(AuditError::Refused { reason })
    }

    fn dry_line(&self, survey: &Survey, is_there: bool, json: bool) -> String {
        let topic = &self.to_topic;
        if json {
            let figures = serde_json::json!({
                "topic": topic, "exists": is_there, "would_send": survey.messages, "gaps_passed_over": survey.gaps,
                "partitions_needed": survey.last_partition + 1,
            });
            return format!("{figures}\n");
        }
        let made = if is_there {
            String::new()
        } else {
            format!(", which would be made with {}", partitions(survey.last_partition + 1))
        };
        format!("would send {} messages to {}{made}\n", grouped(survey.messages), safe(topic))
    }

    fn report(
        &self,
        context: &Context<'_>,
        survey: &Survey,
        outcome: Outcome,
        started: Instant,
        out: &mut dyn Write,
    ) -> Result<Exit, AuditError> {
        let Outcome { sent, delivered, failed, stopped, .. } = outcome;
        let seconds = started.elapsed().as_secs_f64().max(0.001);
        if stopped {
            let left = survey.messages.saturating_sub(sent);
            tell(&[format!("stopped with {} messages not sent", grouped(left))]);
        }
        let written = if context.json {
            let (topic, gaps) = (&self.to_topic, survey.gaps);
            let figures = serde_json::json!({
                "topic": topic, "sent": sent, "delivered": delivered, "failed": failed,
                "gaps_passed_over": gaps, "seconds": seconds,
            });
            writeln!(out, "{figures}")
        } else {
            if sent > 0 {
                let rate = grouped((delivered as f64 / seconds) as u64);
                let topic = safe(&self.to_topic);
                tell(&[format!("{} messages in {seconds:.1} s, {rate}/s, to {topic}", grouped(delivered))]);
            }
            writeln!(out, "sent={sent} delivered={delivered} failed={failed}")
        };
        written.map_err(AuditError::output)?;
        Ok(match outcome {
            Outcome { failed: 1.., .. } => Exit::Undelivered,
            // Who reads 0 takes it for all that was selected.
            Outcome { broken: true, .. } | Outcome { stopped: true, .. } => Exit::Failed,
            _ => Exit::Done,
        })
    }
}

fn partitions(count: i32) -> String {
    if count == 1 { "1 partition".to_owned() } else { format!("{count} partitions") }
}
