//! The verdict in words: what, since when, and what to do.

use super::texts::Texts;
use crate::doors::screen::Role;
use crate::logic::lag::{Cause, Figures, Level};

/// More names than these are only counted.
const MOST_NAMES: usize = 3;

/// A verdict in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::programs::techshop) struct Spoken {
    /// The word of the badge.
    pub(in crate::programs::techshop) word: &'static str,
    /// What, since when.
    pub(in crate::programs::techshop) reason: String,
    /// What to do; empty when nothing is to be done.
    pub(in crate::programs::techshop) advice: String,
}

/// Says a verdict.
pub(in crate::programs::techshop) fn spoken(figures: &Figures, texts: Texts, now_ms: i64) -> Spoken {
    let age = |since_ms: i64| texts.age(now_ms - since_ms);
    let there = figures.groups.iter().filter(|group| !group.is_gone).count();
    let say = |word, reason: String, advice: &str| Spoken { word, reason, advice: advice.to_owned() };
    match &figures.verdict.cause {
        Cause::Waiting { reason } => {
            let reason = reason.clone().unwrap_or_else(|| texts.choose("the first look", "premier regard").to_owned());
            say(
                texts.choose("WAITING", "EN ATTENTE"),
                reason,
                texts.choose("Is Kafka up? ./start.sh", "Kafka tourne-t-il ? ./start.sh"),
            )
        }
        Cause::NoKafka { since_ms, reason } => say(
            texts.choose("NO KAFKA", "PAS DE KAFKA"),
            texts.choose(format!("for {}: {reason}", age(*since_ms)), format!("depuis {} : {reason}", age(*since_ms))),
            texts.choose(
                "Figures are as of then. It tries again by itself. ./start.sh",
                "Chiffres de cet instant. Nouvel essai automatique. ./start.sh",
            ),
        ),
        Cause::BrokerDown { up, of, missing, since_ms, under_replicated } => {
            let (reason, advice) = broker_down((*up, *of), &listed(missing), &age(*since_ms), *under_replicated, texts);
            say(texts.choose("BROKER DOWN", "BROKER ABSENT"), reason, &advice)
        }
        Cause::NoLeader { partitions, since_ms } => {
            let (names, age) = (listed(partitions), age(*since_ms));
            say(
                texts.choose("NO LEADER", "SANS LEADER"),
                texts
                    .choose(format!("{names} without a leader for {age}"), format!("{names} sans leader depuis {age}")),
                texts.choose(
                    "Nothing can be written there until one is elected.",
                    "Rien ne peut y être écrit avant une élection.",
                ),
            )
        }
        Cause::UnderReplicated { partitions } => say(
            texts.choose("UNDER-REPLICATED", "SOUS-RÉPLIQUÉ"),
            texts.choose(format!("{partitions} partitions"), format!("{partitions} partitions")),
            "",
        ),
        Cause::Behind { falling, unread } => say("ATTENTION", behind(falling, unread, texts), ""),
        Cause::KeepingUp { groups, lag } => {
            let lag = texts.count(*lag);
            say(
                texts.choose("KEEPING UP", "SUIT"),
                texts.choose(
                    format!("{groups} of {there} groups have lag, {lag} in all"),
                    format!("{groups} groupes sur {there} en retard, {lag} au total"),
                ),
                "",
            )
        }
        Cause::AllRead { groups, markers, unknown } => all_read(*groups, *markers, *unknown, texts),
    }
}

fn all_read(groups: usize, markers: i64, unknown: usize, texts: Texts) -> Spoken {
    let word = match unknown {
        1.. if unknown == groups => texts.choose("NO LAG KNOWN", "RETARD INCONNU"),
        _ => texts.choose("ALL READ", "TOUT LU"),
    };
    let mut reason = texts.groups(groups);
    if unknown < groups {
        reason += texts.choose(", lag 0", ", retard 0");
    }
    if unknown > 0 {
        reason += &texts.choose(format!("; {unknown} without a position"), format!(" ; {unknown} sans position"));
    }
    if markers > 0 {
        reason += &texts.choose(
            format!("; transaction markers not counted: {markers}"),
            format!(" ; marqueurs de transactions non comptés : {markers}"),
        );
    }
    Spoken { word, reason, advice: String::new() }
}

fn broker_down(
    (up, of): (usize, usize),
    names: &str,
    age: &str,
    under_replicated: usize,
    texts: Texts,
) -> (String, String) {
    let reason = texts.choose(
        format!("{up} of {of}: {names} is missing for {age}"),
        format!("{up} sur {of} : {names} absent depuis {age}"),
    );
    let advice = texts.choose(
        format!("{under_replicated} partitions are under-replicated. Figures go on."),
        format!("{under_replicated} partitions sous-répliquées. Les chiffres continuent."),
    );
    (reason, advice)
}

fn behind(falling: &[String], unread: &[String], texts: Texts) -> String {
    let mut parts = Vec::new();
    match falling.len() {
        0 => {}
        1 => parts.push(format!("{} {}", listed(falling), texts.choose("falls behind", "prend du retard"))),
        count => parts.push(texts.choose(
            format!("{count} groups fall behind: {}", listed(falling)),
            format!("{count} groupes prennent du retard : {}", listed(falling)),
        )),
    }
    if !unread.is_empty() {
        parts.push(texts.choose(
            format!("{} {} no reader", listed(unread), if unread.len() == 1 { "has" } else { "have" }),
            format!("{} sans lecteur", listed(unread)),
        ));
    }
    parts.join("; ")
}

fn listed(names: &[String]) -> String {
    let some: Vec<&str> = names.iter().take(MOST_NAMES).map(String::as_str).collect();
    match names.len().saturating_sub(MOST_NAMES) {
        0 => some.join(", "),
        more => format!("{}, +{more}", some.join(", ")),
    }
}

/// The shape that stands before the word; never colour alone.
pub(in crate::programs::techshop) fn shape(level: Level) -> &'static str {
    match level {
        Level::Good => "●",
        Level::Warn => "▲",
        Level::Bad => "■",
        Level::Pending => "…",
    }
}

/// How the badge looks.
pub(in crate::programs::techshop) fn badge_role(level: Level) -> Role {
    match level {
        Level::Good => Role::BadgeGood,
        Level::Warn => Role::BadgeWarn,
        Level::Bad => Role::BadgeBad,
        Level::Pending => Role::BadgeNeutral,
    }
}
