//! What a topic forgets, in words.

use crate::doors::kafka::TopicTerms;

/// What of a topic's terms makes it forget.
pub(super) fn forgets(terms: &TopicTerms) -> Vec<String> {
    let mut all = Vec::new();
    if terms.compacted {
        all.push("it is compacted: of each request only the last record stays".to_owned());
    }
    if let Some(kept) = terms.retention {
        let seconds = kept.as_secs();
        let span = if seconds >= 86_400 { format!("{} days", seconds / 86_400) } else { format!("{seconds} s") };
        all.push(format!("it keeps records for {span} only"));
    }
    if let Some(bytes) = terms.most_kept_bytes {
        all.push(format!("it keeps {bytes} bytes a partition only"));
    }
    all
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_topic_that_forgets_is_told_and_one_that_does_not_is_not() {
        assert!(forgets(&TopicTerms::default()).is_empty());
        let terms = TopicTerms {
            retention: Some(Duration::from_secs(7 * 86_400)),
            most_kept_bytes: Some(5),
            compacted: true,
            ..TopicTerms::default()
        };
        assert_eq!(forgets(&terms).len(), 3);
    }
}
