//! The keys, and what the words mean.

use crate::doors::screen::{Area, Canvas, Role, Text};
use crate::programs::techshop::kafka_dashboard::app::App;

/// Columns of the keys.
const KEY_COLUMNS: usize = 12;

const ENGLISH: &[(&str, &str)] = &[
    ("", "KEYS"),
    ("↑ ↓ j k", "a row up, down"),
    ("PgUp PgDn", "a page; Ctrl-u Ctrl-d half of one"),
    ("g G", "first row, last row"),
    ("Tab 1 2 3", "groups, topics, brokers"),
    ("Enter", "a group's partitions, members and lag over time"),
    ("/ n N", "find a name; next, previous; Esc clears"),
    ("s r", "sort groups by lag, slope, name; the other way round"),
    ("i", "show internal topics"),
    ("f Space", "freeze lists and plots; the verdict goes on"),
    ("+ − =", "zoom the plot of the lag"),
    ("z", "this pane alone"),
    ("u L T", "UTC, language, theme"),
    ("y", "copy the selected name"),
    ("q", "quit"),
    ("", "WORDS"),
    ("LAG", "end − committed, as kafka-consumer-groups prints it; – is unknown"),
    ("MESSAGES", "end − first; ≤ where markers or compaction leave holes, or may"),
    ("IN/S", "growth of the end over the last minute"),
    ("TREND", "slope of the lag over a minute, from five looks on; … before"),
    ("TO ZERO", "lag over its fall; never while it grows"),
    ("BEHIND", "lag over what comes in, about"),
    ("committing", "no member, but positions move: partitions are assigned by hand"),
    ("markers", "a lag of 1 that rests is the mark of a transaction, read by nobody"),
    ("controller", "the broker that each look named; a KRaft cluster hides its own"),
];

const FRENCH: &[(&str, &str)] = &[
    ("", "TOUCHES"),
    ("↑ ↓ j k", "une ligne plus haut, plus bas"),
    ("PgUp PgDn", "une page ; Ctrl-u Ctrl-d une demie"),
    ("g G", "première, dernière ligne"),
    ("Tab 1 2 3", "groupes, topics, brokers"),
    ("Entrée", "partitions, membres et retard d’un groupe"),
    ("/ n N", "chercher un nom ; suivant, précédent ; Esc efface"),
    ("s r", "trier les groupes par retard, pente, nom ; inverser"),
    ("i", "montrer les topics internes"),
    ("f Espace", "figer listes et courbes ; le verdict continue"),
    ("+ − =", "échelle de temps du retard"),
    ("z", "ce volet seul"),
    ("u L T", "UTC, langue, thème"),
    ("y", "copier le nom choisi"),
    ("q", "quitter"),
    ("", "MOTS"),
    ("LAG", "end − committed, comme kafka-consumer-groups ; – est inconnu"),
    ("MESSAGES", "end − first ; ≤ où marqueurs ou compaction font des trous"),
    ("IN/S", "croissance de la fin sur une minute"),
    ("TREND", "pente du retard sur une minute, dès cinq regards ; … avant"),
    ("TO ZERO", "retard sur sa baisse ; jamais tant qu’il monte"),
    ("BEHIND", "retard sur ce qui arrive, environ"),
    ("publie", "aucun membre, mais les positions avancent : partitions choisies à la main"),
    ("marqueurs", "un retard de 1 par partition qui dure est un marqueur de transaction"),
    ("controller", "le broker nommé à chaque regard ; un cluster KRaft cache le sien"),
];

/// Draws it, and tells how many rows it had.
pub(super) fn help(canvas: &mut Canvas<'_>, area: Area, top: &mut usize, app: &App) -> usize {
    let texts = app.texts();
    let (head, rest) = area.split_top(1);
    let (body, foot) = rest.split_bottom(1);
    let right = Text::of(Role::Label, concat!("kafka-dashboard ", env!("CARGO_PKG_VERSION")));
    canvas.rule(head, &Text::of(Role::Focus, texts.choose("Help", "Aide")), &right, true);
    let line = |(key, meaning): &(&str, &str)| match key.is_empty() {
        true => Text::of(Role::Strong, format!(" {meaning}")),
        false => Text::new().value(" ").padded(Role::Strong, key, KEY_COLUMNS).value(meaning),
    };
    let lines: Vec<Text> = texts.choose(ENGLISH, FRENCH).iter().map(line).collect();
    let rows = usize::from(body.height);
    *top = (*top).min(lines.len().saturating_sub(rows));
    canvas.put_lines(body, lines.get(*top..).unwrap_or_default());
    let more = if lines.len() > rows { texts.choose("↑↓ more   ", "↑↓ suite   ") } else { "" };
    canvas.put(foot, &Text::of(Role::Label, format!(" {more}{}", texts.choose("Esc back", "Esc retour"))));
    rows
}
