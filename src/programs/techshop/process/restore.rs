//! The shop as its changelogs tell it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Processor;
use crate::doors::kafka::{ClusterError, Gather, LastValues, Reach, ReadBackError};
use crate::logic::shop::{Block, BlockRecord, Opening, PositionRecord, Shop, StateError};
use crate::programs::techshop::TechshopError;
use crate::words::shop::StockLevel;

/// How long the changelogs may take to be read. A transaction that is still open holds them up until the broker ends
/// it, after ten seconds.
const READ: Duration = Duration::from_secs(30);

/// What topic `order-numbers` holds, from its end backwards.
#[derive(Default)]
struct Numbers {
    position: Option<(i64, Vec<u8>)>,
    blocks: BTreeMap<u64, Block>,
    damaged: Option<StateError>,
}

impl Gather for Numbers {
    fn take(&mut self, offset: i64, key: &[u8], value: Option<&[u8]>) {
        let Some(value) = value else { return };
        if key == PositionRecord::KEY {
            if self.position.as_ref().is_none_or(|(newest, _)| *newest < offset) {
                self.position = Some((offset, value.to_vec()));
            }
        } else if BlockRecord::number(key).is_some() {
            match BlockRecord::read(value) {
                Ok(block) => drop(self.blocks.insert(block.block, block)),
                Err(error) => self.damaged = Some(error),
            }
        }
    }

    fn is_enough(&mut self) -> bool {
        let Some((_, json)) = &self.position else { return false };
        // What cannot be read is told later.
        PositionRecord::read(json).map_or(true, |position| self.has_all(&position))
    }
}

impl Numbers {
    fn has_all(&self, position: &PositionRecord) -> bool {
        let needed = position.next_block.saturating_sub(position.first_block);
        self.blocks.range(position.first_block..position.next_block).count() as u64 == needed
    }
}

/// What topic `stock` holds, from its end backwards.
struct Levels {
    newest: BTreeMap<Vec<u8>, (i64, Vec<u8>)>,
    products: usize,
}

impl Gather for Levels {
    fn take(&mut self, offset: i64, key: &[u8], value: Option<&[u8]>) {
        let Some(value) = value else { return };
        match self.newest.get_mut(key) {
            Some(known) if known.0 > offset => {}
            Some(known) => *known = (offset, value.to_vec()),
            None => drop(self.newest.insert(key.to_vec(), (offset, value.to_vec()))),
        }
    }

    fn is_enough(&mut self) -> bool {
        self.newest.len() >= self.products
    }
}

impl Processor<'_> {
    /// Whether asking again may help. A damaged batch is waited for as an absent broker is, since a sound copy of it may
    /// come back, but not by a run that is to end by itself.
    pub(super) fn is_passing(&self, error: &TechshopError) -> bool {
        match error {
            TechshopError::Cluster(ClusterError::ReadBack(ReadBackError::NoAnswer { .. })) => true,
            TechshopError::Cluster(ClusterError::ReadBack(ReadBackError::Damaged { .. })) => !self.args.until_end,
            _ => false,
        }
    }

    /// How far the shop has come, as the last committed transaction says; `None` when there was none yet.
    ///
    /// # Errors
    /// [`TechshopError`].
    pub(super) fn last_position(&self, reach: Reach) -> Result<Option<PositionRecord>, TechshopError> {
        let topic = &self.shop.names.order_numbers;
        let values = self.cluster.last_values(topic)?;
        let json = values.get(PositionRecord::KEY, reach, READ, || !self.shop.context.shutdown.is_requested())?;
        json.map(|json| PositionRecord::read(&json).map_err(|error| damaged(topic, &error.to_string()))).transpose()
    }

    /// The shop as the last committed transaction left it. To be asked only by whoever has fenced all others.
    ///
    /// # Errors
    /// [`TechshopError`], also when the changelogs lack something: then nothing is decided on half a memory.
    pub(super) fn restore(&self) -> Result<(Shop, PositionRecord), TechshopError> {
        let goes_on = || !self.shop.context.shutdown.is_requested();
        let topic = &self.shop.names.order_numbers;
        let mut numbers = Numbers::default();
        let changelog = self.cluster.last_values(topic)?;
        changelog.read_back(&mut numbers, Reach::Everything, READ, goes_on)?;
        if let Some(error) = &numbers.damaged {
            return Err(damaged(topic, &error.to_string()));
        }
        let position = match &numbers.position {
            Some((_, json)) => PositionRecord::read(json).map_err(|error| damaged(topic, &error.to_string()))?,
            None => PositionRecord::default(),
        };
        if !numbers.has_all(&position) {
            let (first, next) = (position.first_block, position.next_block);
            return Err(damaged(topic, &format!("not all of the blocks {first} to {next} are there")));
        }
        let blocks = numbers.blocks.into_iter();
        let blocks = blocks.filter(|(block, _)| (position.first_block..position.next_block).contains(block));
        let blocks = blocks.map(|(_, block)| block).collect();
        let levels = self.levels(changelog, numbers.position.is_some().then_some(position.products))?;
        let opening = Opening {
            catalogue: &self.catalogue,
            levels,
            blocks,
            next_block: position.next_block,
            remember: self.args.remember,
            largest_output_bytes: self.largest_output_bytes,
        };
        Ok((Shop::open(opening), position))
    }

    /// The level of each of so many products; `None` where nobody has said how many, since there is no shop yet.
    fn levels(
        &self,
        changelog: LastValues,
        products: Option<usize>,
    ) -> Result<Vec<StockLevel<'static>>, TechshopError> {
        let topic = &self.shop.names.stock;
        let mut levels = Levels { newest: BTreeMap::new(), products: products.unwrap_or(1) };
        let goes_on = || !self.shop.context.shutdown.is_requested();
        changelog.turned_to(topic).read_back(&mut levels, Reach::Everything, READ, goes_on)?;
        let found = levels.newest.len();
        match products {
            Some(products) if found < products => {
                return Err(damaged(topic, &format!("it has levels of {found} products, not of {products}")));
            }
            // The memory of a shop that has sold is lost: its orders would be decided again.
            None if found > 0 => {
                return Err(damaged(&self.shop.names.order_numbers, "it is empty, though there are levels of stock"));
            }
            _ => {}
        }
        let level = |(_, json): (i64, Vec<u8>)| {
            let level: StockLevel<'_> =
                serde_json::from_slice(&json).map_err(|error| damaged(topic, &error.to_string()))?;
            Ok(StockLevel { product_id: level.product_id.into_owned().into(), ..level })
        };
        levels.newest.into_values().map(level).collect()
    }
}

fn damaged(topic: &str, reason: &str) -> TechshopError {
    let reason = format!(
        "topic {topic} is not as this program writes it ({reason}): restore it, or name another --topic-prefix to \
         begin anew"
    );
    TechshopError::Failed { reason }
}
