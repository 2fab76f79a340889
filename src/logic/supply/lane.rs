//! Whether Kafka is silent. Nothing is called off: what waits in its lane is what finds out that it is back.

/// Nothing may have been late for so long before Kafka counts as back.
const CALM_MS: u64 = 1_000;

/// Kafka's lane, told at each look how it does.
#[derive(Clone, Copy, Debug)]
pub struct KafkaLane {
    timeout_ms: u64,
    silent: Option<Silence>,
    unconnected_since_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Silence {
    has_answered: bool,
    calm_since_ms: Option<u64>,
}

impl KafkaLane {
    /// A lane in which an acknowledgement may take so long.
    pub fn new(timeout_ms: u64) -> Self {
        Self { timeout_ms, silent: None, unconnected_since_ms: None }
    }

    /// A look at `now_ms`: whether there is a connection, since when the oldest record waits for its acknowledgement,
    /// and whether any came since the last look. Answers whether Kafka is silent.
    pub fn look(&mut self, now_ms: u64, is_connected: bool, oldest_ms: Option<u64>, has_acknowledged: bool) -> bool {
        if is_connected {
            self.unconnected_since_ms = None;
        } else {
            self.unconnected_since_ms.get_or_insert(now_ms);
        }
        let waits_since = [oldest_ms, self.unconnected_since_ms].into_iter().flatten().min();
        let is_late = waits_since.is_some_and(|since| now_ms.saturating_sub(since) >= self.timeout_ms);
        match &mut self.silent {
            None if is_late => {
                self.silent = Some(Silence { has_answered: false, calm_since_ms: None });
            }
            None => {}
            Some(silence) => {
                silence.has_answered |= has_acknowledged;
                if is_late || !is_connected {
                    silence.calm_since_ms = None;
                } else {
                    let since = *silence.calm_since_ms.get_or_insert(now_ms);
                    // With nothing to acknowledge a connection must do.
                    let answers = silence.has_answered || oldest_ms.is_none();
                    if answers && now_ms.saturating_sub(since) >= CALM_MS {
                        self.silent = None;
                    }
                }
            }
        }
        self.silent.is_some()
    }

    /// Whether Kafka was silent at the last look.
    pub fn is_silent(&self) -> bool {
        self.silent.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_begins_with_a_late_record_and_ends_with_an_acknowledgement_and_calm() {
        let mut lane = KafkaLane::new(2_000);
        assert!(!lane.look(0, true, Some(0), false));
        assert!(!lane.look(1_999, true, Some(0), false));
        assert!(lane.look(2_000, true, Some(0), false));
        assert!(lane.look(9_000, true, Some(0), false), "it lasts");
        assert!(lane.look(9_100, true, Some(9_000), true), "acknowledged, not yet calm");
        assert!(lane.look(9_900, true, Some(9_800), false));
        assert!(!lane.look(10_100, true, Some(10_000), true));
    }

    #[test]
    fn without_a_connection_it_is_silent_after_the_same_time() {
        let mut lane = KafkaLane::new(2_000);
        assert!(!lane.look(0, false, None, false));
        assert!(lane.look(2_000, false, None, false));
        assert!(lane.look(2_100, true, None, false));
        assert!(!lane.look(3_100, true, None, false), "nothing waits, and there is a connection");
    }

    #[test]
    fn a_burst_is_not_silence() {
        let mut lane = KafkaLane::new(2_000);
        for now in (0..60_000).step_by(50) {
            assert!(!lane.look(now, true, Some(now.saturating_sub(1_500)), true), "records wait, and are taken");
        }
    }
}
