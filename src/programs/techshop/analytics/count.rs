//! Counting: what two topics tell goes into one set of figures.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::{Shop, TechshopError};
use crate::base::position::Positions;
use crate::doors::kafka::{Cluster, Inflow, Inlet, TopicInfo};
use crate::logic::shopfold::{Figures, Snapshot};

/// Which of the two topics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Sales,
    Refusals,
}

/// One topic that is counted.
struct Source {
    part: Part,
    topic: TopicInfo,
    inlet: Inlet,
}

/// Figures, and the topics that they are counted from.
pub(super) struct Counting<'a> {
    cluster: &'a Cluster,
    group: &'a str,
    sources: [Source; 2],
    figures: Figures,
}

impl<'a> Counting<'a> {
    /// Goes on from a snapshot. Figures of topics that it does not know are begun anew.
    ///
    /// # Errors
    /// [`TechshopError`] when there is no consumer.
    pub(super) fn new(
        shop: &Shop<'_>,
        cluster: &'a Cluster,
        group: &'a str,
        (sales, refusals): (TopicInfo, TopicInfo),
        snapshot: Snapshot,
    ) -> Result<Self, TechshopError> {
        let Snapshot { mut positions, mut figures } = snapshot;
        let mut source = |part, topic: TopicInfo, name: &str| {
            let found = positions.remove(name);
            if found.is_none() {
                forget(&mut figures, part);
            }
            let inlet = cluster.inlet(&topic, group, found.unwrap_or_default())?;
            Ok::<_, TechshopError>(Source { part, topic, inlet })
        };
        let sources =
            [source(Part::Sales, sales, &shop.names.analytics)?, source(Part::Refusals, refusals, &shop.names.errors)?];
        Ok(Self { cluster, group, sources, figures })
    }

    /// Takes what has come, waiting at most `wait` for it; whether the figures are others now. What is
    /// learnt beside messages is told.
    ///
    /// # Errors
    /// [`TechshopError`] when a new consumer is needed and cannot be made.
    pub(super) fn step(&mut self, wait: Duration, mut tell: impl FnMut(&str, &Inflow)) -> Result<bool, TechshopError> {
        let (mut is_changed, mut wait) = (false, wait);
        for source in &mut self.sources {
            // Only the first is waited for: it is the one that mostly has something.
            let Some(inflow) = source.inlet.next(std::mem::take(&mut wait))? else { continue };
            tell(&source.topic.name, &inflow);
            match inflow {
                Inflow::Messages(batch) => {
                    for message in batch.iter() {
                        if !source.inlet.take(&message) {
                            continue;
                        }
                        match source.part {
                            Part::Sales => self.figures.sale(&message),
                            Part::Refusals => self.figures.refusal(&message),
                        }
                        is_changed = true;
                    }
                    source.inlet.recycle(batch);
                }
                Inflow::NewTopic => {
                    forget(&mut self.figures, source.part);
                    is_changed = true;
                }
                // What was counted may not be there any more: counted anew, from what is.
                Inflow::Cut { .. } => {
                    forget(&mut self.figures, source.part);
                    source.inlet = self.cluster.inlet(&source.topic, self.group, Positions::default())?;
                    is_changed = true;
                }
                _ => {}
            }
        }
        Ok(is_changed)
    }

    /// What was counted.
    pub(super) fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Up to where, by topic.
    pub(super) fn positions(&self) -> BTreeMap<String, Positions> {
        let of = |source: &Source| (source.topic.name.clone(), source.inlet.positions().clone());
        self.sources.iter().map(of).collect()
    }

    /// Whether all that is there was counted, as last heard.
    pub(super) fn is_at_end(&self) -> bool {
        self.sources.iter().all(|source| source.inlet.is_at_end())
    }

    /// By topic, how far each partition was read and how far it goes.
    pub(super) fn progress(&self) -> impl Iterator<Item = (&str, Vec<(i32, i64, i64)>)> {
        self.sources.iter().map(|source| (source.topic.name.as_str(), source.inlet.ends()))
    }

    /// Publishes the positions.
    pub(super) fn commit(&self) {
        self.sources.iter().for_each(|source| source.inlet.commit());
    }

    /// Waits a little for the answers to [`Self::commit`]; nothing more is counted.
    ///
    /// # Errors
    /// [`TechshopError`] when a new consumer is needed and cannot be made.
    pub(super) fn hear_commits(&mut self, wait: Duration) -> Result<bool, TechshopError> {
        for source in self.sources.iter_mut().filter(|source| source.inlet.uncommitted() > 0) {
            source.inlet.next(wait)?;
        }
        Ok(self.sources.iter().all(|source| source.inlet.uncommitted() == 0))
    }
}

fn forget(figures: &mut Figures, part: Part) {
    match part {
        Part::Sales => figures.forget_sales(),
        Part::Refusals => figures.forget_refusals(),
    }
}
