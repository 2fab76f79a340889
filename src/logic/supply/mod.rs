//! What the two services decide: the history of an order as a set, when a road is tried, numbers, and which orders are
//! asked after. Moments come in as numbers.

mod breaker;
mod history;
mod lane;
mod numbers;
mod sweep;

pub use breaker::{Breaker, BreakerState, Permit};
pub use history::{Entry, History, Mark, history};
pub use lane::KafkaLane;
pub use numbers::{confirmation_id, order_number};
pub use sweep::{Doubt, Patience, Watched, doubt};
