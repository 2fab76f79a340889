//! Counting: what topics tell goes into one set of figures, which are kept with how far was read for them.

mod keep;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

pub(super) use keep::{Found, Keeper, load};

use super::{Shop, TechshopError, events};
use crate::base::position::Positions;
use crate::doors::kafka::{Cluster, EndError, Inflow, Inlet, TopicInfo};
use crate::logic::shopfold::{Figures, Snapshot};
use crate::services::runtime::Service;

/// How long one wait takes before anything else is looked at.
pub(super) const SLICE: Duration = Duration::from_millis(50);

/// How long the last answers are waited for.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// What a topic tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// `analytics`: confirmed orders.
    Sales,
    /// `errors`: orders that were not confirmed.
    Refusals,
    /// `inventory`: what changed the stock.
    Moves,
    /// `notification-results`: what was handed over.
    Sent,
}

impl Part {
    /// The name of its topic.
    pub(super) fn topic<'a>(self, shop: &'a Shop<'_>) -> &'a str {
        match self {
            Self::Sales => &shop.names.analytics,
            Self::Refusals => &shop.names.errors,
            Self::Moves => &shop.names.inventory,
            Self::Sent => &shop.names.notification_results,
        }
    }

    fn forget(self, figures: &mut Figures) {
        match self {
            Self::Sales => figures.forget_sales(),
            Self::Refusals => figures.forget_refusals(),
            Self::Moves => figures.forget_moves(),
            Self::Sent => figures.forget_sent(),
        }
    }
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
    sources: Vec<Source>,
    figures: Arc<RwLock<Figures>>,
}

impl<'a> Counting<'a> {
    /// Goes on from a snapshot, whose figures are put into `shown` and kept up to date there. Figures of topics that
    /// it does not know are begun anew.
    ///
    /// # Errors
    /// [`TechshopError`] when there is no consumer.
    pub(super) fn new(
        cluster: &'a Cluster,
        group: &'a str,
        topics: impl IntoIterator<Item = (Part, TopicInfo)>,
        snapshot: Snapshot,
        shown: Arc<RwLock<Figures>>,
    ) -> Result<Self, TechshopError> {
        let Snapshot { mut positions, mut figures } = snapshot;
        let source = |(part, topic): (Part, TopicInfo)| {
            let found = positions.remove(&topic.name);
            if found.is_none() {
                part.forget(&mut figures);
            }
            let inlet = cluster.inlet(&topic, group, found.unwrap_or_default())?;
            Ok::<_, TechshopError>(Source { part, topic, inlet })
        };
        let sources = topics.into_iter().map(source).collect::<Result<_, _>>()?;
        *shown.write().unwrap_or_else(PoisonError::into_inner) = figures;
        Ok(Self { cluster, group, sources, figures: shown })
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
            let mut figures = self.figures.write().unwrap_or_else(PoisonError::into_inner);
            match inflow {
                Inflow::Messages(batch) => {
                    for message in batch.iter() {
                        if !source.inlet.take(&message) {
                            continue;
                        }
                        match source.part {
                            Part::Sales => figures.sale(&message),
                            Part::Refusals => figures.refusal(&message),
                            Part::Moves => figures.moved(&message),
                            Part::Sent => figures.sent(&message),
                        }
                        is_changed = true;
                    }
                    source.inlet.recycle(batch);
                }
                Inflow::NewTopic => {
                    source.part.forget(&mut figures);
                    is_changed = true;
                }
                // What was counted may not be there any more: counted anew, from what is.
                Inflow::Cut { .. } => {
                    source.part.forget(&mut figures);
                    source.inlet = self.cluster.inlet(&source.topic, self.group, Positions::default())?;
                    is_changed = true;
                }
                _ => {}
            }
        }
        Ok(is_changed)
    }

    /// What was counted.
    pub(super) fn figures(&self) -> RwLockReadGuard<'_, Figures> {
        self.figures.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to where, by topic.
    pub(super) fn positions(&self) -> BTreeMap<String, Positions> {
        let of = |source: &Source| (source.topic.name.clone(), source.inlet.positions().clone());
        self.sources.iter().map(of).collect()
    }

    /// Whether all that is there was counted, as last heard.
    ///
    /// # Errors
    /// [`EndError`] when what is left of it cannot be read.
    pub(super) fn is_at_end(&self) -> Result<bool, EndError> {
        Inlet::are_at_end(self.sources.iter().map(|source| &source.inlet))
    }

    /// Whether no broker can be reached.
    pub(super) fn is_without_broker(&self) -> bool {
        self.sources.iter().any(|source| source.inlet.is_without_broker())
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

/// What the keeper's file says; tells of one that cannot be used, and puts it aside.
///
/// # Errors
/// [`TechshopError`] when the file cannot be read or put aside.
pub(super) fn begin(service: &Service, keeper: &Keeper) -> Result<Snapshot, TechshopError> {
    match load(keeper.path())? {
        Found::Snapshot(snapshot) => {
            service.log.write(&events::state_read(keeper.path(), snapshot.figures.sales.all.orders));
            Ok(*snapshot)
        }
        Found::Nothing => Ok(Snapshot::default()),
        Found::Unusable(error) => {
            let aside = keeper.put_aside()?;
            service.log.write(&events::state_unusable(keeper.path(), &aside, error));
            Ok(Snapshot::default())
        }
    }
}

/// Counts what has come, waiting at most `wait` for it, and tells what is learnt; whether figures are others now, and
/// whether anything was said.
///
/// # Errors
/// [`TechshopError`] when a new consumer is needed and cannot be made.
pub(super) fn step(
    service: &Service,
    counting: &mut Counting<'_>,
    wait: Duration,
) -> Result<(bool, bool), TechshopError> {
    let mut is_disturbed = false;
    let is_changed = counting.step(wait, |topic, inflow| {
        is_disturbed |= !matches!(inflow, Inflow::Messages(_) | Inflow::Ends);
        service.tell(topic, inflow);
        if matches!(inflow, Inflow::Cut { .. }) {
            service.log.write(&events::counting_anew(topic));
        }
    })?;
    Ok((is_changed, is_disturbed))
}

/// Saves what was counted when it is time to, and publishes how far; whether something was said.
pub(super) fn save_when_due(service: &Service, counting: &Counting<'_>, keeper: &mut Keeper) -> bool {
    if !keeper.is_due() {
        return false;
    }
    match keeper.save(&counting.positions(), &counting.figures()) {
        Ok(()) => {
            counting.commit();
            false
        }
        Err(error) if keeper.is_first_failure() => {
            service.log.write(&events::state_unsaved(keeper.path(), error));
            true
        }
        Err(_) => false,
    }
}

/// Keeps what was counted, whatever ended the counting, and waits a little for the answers to publishing it.
///
/// # Errors
/// [`TechshopError::File`] when it cannot be saved.
pub(super) fn end(counting: &mut Counting<'_>, keeper: &mut Keeper) -> Result<(), TechshopError> {
    if keeper.is_changed() {
        keeper.save(&counting.positions(), &counting.figures()).map_err(|error| keeper.unsaved(error))?;
    }
    counting.commit();
    let deadline = Instant::now() + LAST_ANSWERS;
    while !counting.hear_commits(SLICE)? && Instant::now() < deadline {}
    Ok(())
}
