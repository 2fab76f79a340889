//! `supply`: two services that exchange orders, by Kafka and by HTTP, and what they make of trouble.

mod chaos;
mod crashes;
mod doors;
mod health;
mod kept;
mod pair;
mod roads;
mod scripts;
mod subscribers;

use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = chaos::trials();
    trials.extend(roads::trials());
    trials.extend(doors::trials());
    trials.extend(health::trials());
    trials.extend(kept::trials());
    trials.extend(subscribers::trials());
    trials.extend(crashes::trials());
    trials.extend(scripts::trials());
    trials
}
