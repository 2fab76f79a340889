//! Letters: what was handed over to whom.

use super::super::state::State;
use super::super::words::{or_unknown, short_id, time};
use crate::base::language::Language;
use crate::doors::web::{Piece, Row, Tone, View, segment};

/// Rows that are shown.
const MOST_ROWS: usize = 100;

pub(super) fn fill(state: &State, language: Language, view: &mut View) {
    let figures = state.figures();
    let sent = &figures.sent;
    view.text("sent.all", language.count(sent.all));
    let of = |wanted: &str| {
        let all = sent.kinds().iter().filter(|((channel, _, _), _)| channel == wanted);
        language.count(all.map(|(_, count)| count).sum())
    };
    view.text("sent.context", format!("{} e-mails, {} SMS", of("email"), of("sms")));
    view.table(
        "sent_kinds",
        sent.kinds().iter().map(|((channel, what, result), count)| {
            let cells = [
                channel_word(channel).into(),
                kind(language, what).into(),
                Piece::from(result_word(language, result)).tone(tone(result)),
                language.count(*count).into(),
            ];
            Row::new(format!("{channel} {what} {result}"), cells)
        }),
    );
    view.table(
        "sent",
        sent.recent().rev().take(MOST_ROWS).map(|one| {
            let cells = [
                time(one.at_ms),
                Piece::from(short_id(&one.order_id)).title(one.order_id.as_str()),
                channel_word(&one.channel).into(),
                kind(language, &one.kind).into(),
                Piece::from(result_word(language, &one.result)).tone(tone(&one.result)),
                or_unknown(&one.reference).into(),
            ];
            let row = Row::new(one.told.to_string(), cells);
            if one.order_id.is_empty() { row } else { row.href(format!("/orders/{}", segment(&one.order_id))) }
        }),
    );
}

fn channel_word(channel: &str) -> &str {
    match channel {
        "email" => "e-mail",
        "sms" => "SMS",
        other => or_unknown(other),
    }
}

/// What a letter is, in a word.
pub(super) fn kind(language: Language, kind: &str) -> &str {
    match kind {
        "confirmation" => "confirmation",
        "apology" => language.choose("apology", "excuse"),
        "restock_alert" => language.choose("restock alert", "alerte de stock"),
        other => or_unknown(other),
    }
}

fn result_word(language: Language, result: &str) -> &str {
    match result {
        "handed_over" => language.choose("handed over", "remis"),
        "dead_letter" => language.choose("dead letter", "lettre morte"),
        other => or_unknown(other),
    }
}

/// What came of it.
pub(super) fn tone(result: &str) -> Tone {
    if result.contains("dead") || result.contains("fail") { Tone::Bad } else { Tone::Good }
}
