//! The shop's topics: their names and their shapes, said once.

use crate::doors::kafka::{KeptTopic, TopicShape};
use crate::tools::config::CommonArgs;

/// Stands before each name unless another prefix is given.
const PREFIX: &str = "techshop.";

/// What a topic is for, which decides how it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Messages that are kept for ever.
    Kept,
    /// Only the last value of each key counts.
    LastValues,
}

/// A topic as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Its full name.
    pub(crate) name: String,
    /// How many partitions `setup-topics` makes.
    pub(crate) partitions: i32,
    /// What for.
    pub(crate) kind: Kind,
    /// The largest message, where it must be larger than a broker's usual limit.
    pub(crate) largest_bytes: Option<usize>,
}

impl Shape {
    /// How a topic that keeps everything is made.
    pub(crate) fn kept(&self, replication_factor: Option<i32>) -> KeptTopic {
        let shape = TopicShape { partitions: self.partitions, replication_factor };
        KeptTopic { shape, largest_bytes: self.largest_bytes }
    }
}

/// The largest message of a topic that tells of others: a message of the usual limit of a megabyte, shown as
/// fields, as text and in base64.
pub(crate) const LARGEST_TOLD_BYTES: usize = 16 * 1024 * 1024;

/// The shop's topics by their full names.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// What customers order.
    pub(crate) orders: String,
    /// Confirmed orders, for whoever writes to customers.
    pub(crate) notifications: String,
    /// Confirmed orders, for whoever counts.
    pub(crate) analytics: String,
    /// Each change of a stock.
    pub(crate) inventory: String,
    /// Orders that were not confirmed.
    pub(crate) errors: String,
    /// The stock of each product.
    pub(crate) stock: String,
    /// How far orders were read, and the numbers that were used.
    pub(crate) order_numbers: String,
    /// Pieces that were brought.
    pub(crate) restocks: String,
    /// What was handed over to whom.
    pub(crate) notification_results: String,
    /// What could not be handed over to customers.
    pub(crate) notifications_dlq: String,
    /// What could not be handed over of errors.
    pub(crate) errors_dlq: String,
}

impl Names {
    pub(super) fn new(common: &CommonArgs) -> Self {
        let name = |name: &str| common.built_in_topic(PREFIX, name);
        Self {
            orders: name("orders"),
            notifications: name("notifications"),
            analytics: name("analytics"),
            inventory: name("inventory"),
            errors: name("errors"),
            stock: name("stock"),
            order_numbers: name("order-numbers"),
            restocks: name("restocks"),
            notification_results: name("notification-results"),
            notifications_dlq: name("notifications-dlq"),
            errors_dlq: name("errors-dlq"),
        }
    }

    /// All of them, as they should be.
    pub(crate) fn shapes(&self) -> Vec<Shape> {
        let kept =
            |name: &String, partitions| Shape { name: name.clone(), partitions, kind: Kind::Kept, largest_bytes: None };
        let telling = |name, partitions| Shape { largest_bytes: Some(LARGEST_TOLD_BYTES), ..kept(name, partitions) };
        let last = |name| Shape { kind: Kind::LastValues, ..kept(name, 1) };
        vec![
            kept(&self.orders, 3),
            telling(&self.notifications, 3),
            telling(&self.analytics, 3),
            kept(&self.inventory, 3),
            telling(&self.errors, 1),
            last(&self.stock),
            last(&self.order_numbers),
            kept(&self.restocks, 1),
            kept(&self.notification_results, 1),
            telling(&self.notifications_dlq, 1),
            telling(&self.errors_dlq, 1),
        ]
    }

    /// How `topic` should be; one that is none of ours stands in for `orders`.
    pub(crate) fn shape(&self, topic: &str) -> Shape {
        let mut shapes = self.shapes();
        let found = shapes.iter().position(|shape| shape.name == topic);
        Shape { name: topic.to_owned(), ..shapes.swap_remove(found.unwrap_or_default()) }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::programs::techshop::TechshopArgs;

    #[test]
    fn each_topic_has_its_prefix_and_its_shape_and_another_one_is_like_orders() {
        let args = TechshopArgs::parse_from(["techshop", "setup-topics", "--topic-prefix", "p."]);
        let names = Names::new(&args.common);
        let shapes = names.shapes();
        assert!(shapes.iter().all(|shape| shape.name.starts_with("p.")));
        assert_eq!(shapes.iter().filter(|shape| shape.kind == Kind::LastValues).count(), 2);
        assert_eq!(names.shape("p.stock").kind, Kind::LastValues);
        assert_eq!(names.shape("p.errors").largest_bytes, Some(LARGEST_TOLD_BYTES));
        let other = names.shape("elsewhere");
        assert_eq!((other.name.as_str(), other.partitions, other.kind), ("elsewhere", 3, Kind::Kept));
    }
}
