//! The shop's topics: their names and their shapes, said once.

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
        let kept = |name: &String, partitions| Shape { name: name.clone(), partitions, kind: Kind::Kept };
        let last = |name: &String| Shape { name: name.clone(), partitions: 1, kind: Kind::LastValues };
        vec![
            kept(&self.orders, 3),
            kept(&self.notifications, 3),
            kept(&self.analytics, 3),
            kept(&self.inventory, 3),
            kept(&self.errors, 1),
            last(&self.stock),
            last(&self.order_numbers),
            kept(&self.restocks, 1),
            kept(&self.notification_results, 1),
            kept(&self.notifications_dlq, 1),
            kept(&self.errors_dlq, 1),
        ]
    }
}
