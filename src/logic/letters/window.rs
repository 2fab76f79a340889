//! Messages between being read and being done with. Each waits for its letters; a group may only say that it has
//! read up to the first one that still waits, whatever was done behind it.

use std::collections::{BTreeMap, VecDeque};

/// A message that all is done for, with what was kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled<T> {
    /// Where it stands; `None` when its place is no more.
    pub place: Option<(i32, i64)>,
    /// What was kept.
    pub kept: T,
}

#[derive(Debug)]
struct Waiting<T> {
    place: Option<(i32, i64)>,
    /// How many of its letters are not done with.
    left: usize,
    kept: T,
}

/// The messages that wait, by partition in the order of their offsets.
#[derive(Debug)]
pub struct Window<T> {
    waiting: BTreeMap<u64, Waiting<T>>,
    order: BTreeMap<i32, VecDeque<u64>>,
    loose: Vec<u64>,
    next_number: u64,
}

impl<T> Default for Window<T> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), order: BTreeMap::new(), loose: Vec::new(), next_number: 0 }
    }
}

impl<T> Window<T> {
    /// Adds a message that was read, which waits for `left` letters. Gives the number by which it is known.
    pub fn add(&mut self, partition: i32, offset: i64, left: usize, kept: T) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        self.waiting.insert(number, Waiting { place: Some((partition, offset)), left, kept });
        self.order.entry(partition).or_default().push_back(number);
        number
    }

    /// How many messages are held.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What was kept of a message.
    pub fn kept(&mut self, number: u64) -> Option<&mut T> {
        self.waiting.get_mut(&number).map(|waiting| &mut waiting.kept)
    }

    /// One more of a message's letters is done with.
    pub fn done_one(&mut self, number: u64) {
        if let Some(waiting) = self.waiting.get_mut(&number) {
            waiting.left = waiting.left.saturating_sub(1);
        }
    }

    /// Takes out what the group may say that it has read.
    pub fn settle(&mut self) -> Vec<Settled<T>> {
        let mut settled = Vec::new();
        let waiting = &mut self.waiting;
        let mut take = |number: u64| {
            let is_done = waiting.get(&number).is_none_or(|one| one.left == 0);
            if is_done && let Some(Waiting { place, kept, .. }) = waiting.remove(&number) {
                settled.push(Settled { place, kept });
            }
            is_done
        };
        for order in self.order.values_mut() {
            while order.front().is_some_and(|number| take(*number)) {
                order.pop_front();
            }
        }
        self.loose.retain(|number| !take(*number));
        settled
    }

    /// Where the group would go on in a partition: at the first message that waits, else at `next`.
    pub fn position(&self, partition: i32, next: i64) -> i64 {
        let first = self.order.get(&partition).and_then(VecDeque::front);
        first.and_then(|number| self.waiting.get(number)?.place).map_or(next, |(_, offset)| offset)
    }

    /// Other messages stand from `from` on in a partition, or everywhere: the old ones are still done with, and
    /// say nothing any more of how far was read.
    pub fn loosen(&mut self, partition: Option<i32>, from: i64) {
        for (_, order) in self.order.iter_mut().filter(|(one, _)| partition.is_none_or(|wanted| wanted == **one)) {
            order.retain(|number| {
                let Some(waiting) = self.waiting.get_mut(number) else { return false };
                let stays = waiting.place.is_some_and(|(_, offset)| offset < from);
                if !stays {
                    waiting.place = None;
                    self.loose.push(*number);
                }
                stays
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nobody_overtakes_one_that_waits() {
        let mut window = Window::default();
        let numbers: Vec<u64> = (0..4).map(|offset| window.add(0, offset, 1, offset)).collect();
        window.done_one(numbers[1]);
        window.done_one(numbers[3]);
        assert!(window.settle().is_empty());
        assert_eq!(window.position(0, 4), 0);
        window.done_one(numbers[0]);
        let settled: Vec<i64> = window.settle().into_iter().map(|settled| settled.kept).collect();
        assert_eq!((settled, window.position(0, 4), window.len()), (vec![0, 1], 2, 2));
        window.done_one(numbers[2]);
        assert_eq!((window.settle().len(), window.position(0, 4)), (2, 4));
        assert_eq!(window.position(7, 9), 9, "a partition without any");
    }

    #[test]
    fn what_stood_in_a_log_that_was_cut_is_done_with_and_holds_nobody_up() {
        let mut window = Window::default();
        let numbers: Vec<u64> = (0..4).map(|offset| window.add(0, offset, 1, ())).collect();
        let other = window.add(1, 0, 1, ());
        window.loosen(Some(0), 2);
        window.done_one(numbers[3]);
        assert_eq!(window.settle(), [Settled { place: None, kept: () }]);
        window.done_one(numbers[0]);
        window.done_one(numbers[1]);
        assert_eq!(window.settle().len(), 2);
        assert_eq!(window.position(0, 2), 2, "the one that still waits has no place");
        window.loosen(None, 0);
        assert_eq!(window.position(1, 0), 0);
        window.done_one(other);
        window.done_one(numbers[2]);
        assert_eq!((window.settle().len(), window.is_empty()), (2, true));
    }

    proptest! {
        #[test]
        fn each_is_settled_once_and_the_position_is_the_first_that_waits(
            steps in proptest::collection::vec((0_i32..3, 0_usize..3, any::<u16>()), 1..80),
        ) {
            let mut window = Window::default();
            let mut next = [0_i64; 3];
            let mut open: Vec<(u64, i32, i64, usize)> = Vec::new();
            let mut settled = 0;
            for (partition, left, choice) in steps {
                let at = next[partition as usize];
                let number = window.add(partition, at, left, at);
                next[partition as usize] += 1;
                open.push((number, partition, at, left));
                let chosen = usize::from(choice) % open.len();
                if open[chosen].3 > 0 {
                    window.done_one(open[chosen].0);
                    open[chosen].3 -= 1;
                }
                settled += window.settle().len();
                for (partition, next) in (0..3).zip(next) {
                    let first = open.iter().filter(|one| one.1 == partition && one.3 > 0).map(|one| one.2).min();
                    prop_assert_eq!(window.position(partition, next), first.unwrap_or(next));
                }
            }
            for (number, _, _, left) in open.iter().copied() {
                (0..left).for_each(|_| window.done_one(number));
            }
            settled += window.settle().len();
            prop_assert_eq!((settled, window.is_empty()), (open.len(), true));
        }
    }
}
