//! The first rows, which say how the cluster does, and the last, which say what can be done.

use crate::doors::screen::{Canvas, Role, Text};
use crate::logic::lag::{Cause, Level};
use crate::programs::techshop::kafka_dashboard::app::App;
use crate::programs::techshop::kafka_dashboard::layout::Layout;
use crate::programs::techshop::kafka_dashboard::spoken::{Spoken, badge_role, shape};
use crate::programs::techshop::kafka_dashboard::texts::UNKNOWN;

pub(super) fn header(canvas: &mut Canvas<'_>, layout: &Layout, app: &App, told: &Spoken) {
    let texts = app.texts();
    let level = app.latest.verdict.level;
    let badge = Text::new().badge(badge_role(level), format!("{} {}", shape(level), told.word));
    let left = badge.value(format!(" {}", told.reason));
    if layout.is_tiny {
        canvas.put(layout.header, &left);
        let lag = texts.count_or_unknown(app.latest.totals.lag);
        let below = if told.advice.is_empty() {
            format!(" {} {lag}", texts.choose("lag", "retard"))
        } else {
            format!(" {}", told.advice)
        };
        canvas.put(layout.advice, &Text::of(Role::Value, below));
        return;
    }
    let mut right = match (&app.held, level) {
        (Some(_), _) => Text::new().badge(Role::BadgeWarn, texts.choose("PAUSED", "EN PAUSE")),
        (None, Level::Pending) => Text::new().badge(Role::BadgeNeutral, texts.choose("WAITING", "EN ATTENTE")),
        (None, _) if is_stale(app) => Text::new().badge(Role::BadgeWarn, texts.choose("STALE", "PÉRIMÉ")),
        (None, _) => Text::new().badge(Role::BadgeNeutral, texts.choose("LIVE", "EN DIRECT")),
    };
    if layout.is_wide {
        let every = texts.pace(app.every);
        right = right.label(format!(" {} {every}  ", texts.choose("every", "toutes les")));
    }
    right = right.value(format!(" {}", app.clock.second(app.now_ms)));
    canvas.put_both(layout.header, &left, &right);
    canvas.put(layout.advice, &Text::of(Role::Value, format!("   {}", told.advice)));
}

/// Whether what is shown is older than two looks take.
pub(super) fn is_stale(app: &App) -> bool {
    if matches!(app.latest.verdict.cause, Cause::NoKafka { .. }) {
        return true;
    }
    let most_ms = i64::try_from(app.every.as_millis()).unwrap_or(i64::MAX / 4) * 2 + 3_000;
    app.latest.as_of_ms.is_some_and(|as_of_ms| app.now_ms - as_of_ms > most_ms)
}

/// The row below: the cluster in figures.
pub(super) fn cluster(canvas: &mut Canvas<'_>, layout: &Layout, app: &App) {
    let (texts, figures) = (app.texts(), &app.latest);
    if figures.as_of_ms.is_none() {
        canvas.put(layout.cluster, &Text::of(Role::Label, format!(" {}", app.brokers)));
        return;
    }
    let mut parts: Vec<String> = Vec::new();
    if layout.is_wide {
        let (first, more) = app.brokers.split_once(',').unwrap_or((&app.brokers, ""));
        let more = if more.is_empty() { String::new() } else { format!(" +{}", more.split(',').count()) };
        parts.push(format!("{first}{more}"));
        parts.extend(figures.cluster_id.as_ref().map(|id| format!("cluster {id}")));
    }
    let up = figures.brokers.iter().filter(|broker| broker.down_since_ms.is_none()).count();
    let of = figures.brokers.len();
    parts.push(texts.choose(format!("{up} of {of} brokers"), format!("{up} brokers sur {of}")));
    let topics = figures.topics.iter().filter(|topic| !topic.is_internal && !topic.is_deleted()).count();
    let in_sync = match (layout.is_wide, figures.totals.under_replicated) {
        (true, _) => String::new(),
        (false, 0) => texts.choose(", all in sync", ", tous à jour").to_owned(),
        (false, count) => texts.choose(format!(", {count} under-replicated"), format!(", {count} en retard")),
    };
    parts.push(format!("{topics} topics{in_sync}"));
    let groups = figures.groups.iter().filter(|group| !group.is_gone).count();
    parts.push(texts.groups(groups));
    let rate = figures.totals.messages_per_second.map_or_else(|| UNKNOWN.to_owned(), |rate| texts.rate(rate));
    parts.push(format!("{rate} msg/s"));
    let lag = texts.count_or_unknown(figures.totals.lag);
    parts.push(format!("{} {lag}", texts.choose("lag", "retard")));
    let role = if is_stale(app) { Role::Muted } else { Role::Value };
    canvas.put(layout.cluster, &Text::of(role, format!(" {}", parts.join("   "))));
}

/// What is being typed, or was just done, or did not answer; and the keys.
pub(super) fn footer(canvas: &mut Canvas<'_>, layout: &Layout, app: &App) {
    let texts = app.texts();
    let prompt = match (&app.prompt, app.notice(), &app.search, app.shown().silences.as_slice()) {
        (Some(line), ..) => Some(Text::of(Role::Strong, " /").join(line.view(usize::from(layout.keys.width) / 2))),
        (None, Some(notice), ..) => Some(Text::of(Role::Value, format!(" {notice}"))),
        (None, None, Some(search), _) => {
            let keys = texts.choose("n next  N previous  Esc clear", "n suivant  N précédent  Esc efface");
            Some(Text::of(Role::Value, format!(" /{search}   ")).label(keys))
        }
        (None, None, None, [first, more @ ..]) => {
            let more = if more.is_empty() { String::new() } else { format!(" (+{})", more.len()) };
            Some(Text::of(Role::Warn, format!(" ▲ {}{more}", texts.silence(first))))
        }
        _ => None,
    };
    let keys = keys(app, usize::from(layout.keys.width));
    match prompt {
        Some(prompt) if layout.prompt.is_empty() => canvas.put(layout.keys, &prompt),
        Some(prompt) => {
            canvas.put(layout.prompt, &prompt);
            canvas.put(layout.keys, &keys);
        }
        None => canvas.put(layout.keys, &keys),
    }
}

/// The keys with what they do, as many as fit whole, the most needed first.
fn keys(app: &App, width: usize) -> Text {
    let texts = app.texts();
    let freeze = if app.held.is_some() { texts.choose("resume", "reprendre") } else { texts.choose("freeze", "figer") };
    let all = [
        ("q", texts.choose("quit", "quitter")),
        ("?", texts.choose("help", "aide")),
        ("Tab", texts.choose("pane", "volet")),
        (texts.choose("Enter", "Entrée"), texts.choose("open", "ouvrir")),
        ("/", texts.choose("find", "chercher")),
        ("s", texts.choose("sort", "trier")),
        ("i", texts.choose("internal", "internes")),
        ("f", freeze),
        ("r", texts.choose("reverse", "inverser")),
        ("+ −", "zoom"),
        ("z", texts.choose("full", "plein")),
        ("y", texts.choose("copy", "copier")),
    ];
    let mut text = Text::new();
    for (key, meaning) in all {
        let more = Text::of(Role::Value, " ").and(Role::Strong, key).label(format!(" {meaning} "));
        // The blank at the end may be cut.
        if text.width() + more.width() > width + 1 {
            break;
        }
        text = text.join(more);
    }
    text
}
