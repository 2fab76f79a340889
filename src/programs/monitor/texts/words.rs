//! The table of the words: English, French.

use crate::base::language::Language;

macro_rules! words {
    ($($name:ident: $english:literal, $french:literal;)*) => {
        /// Every fixed word of the screen in one language, by its name here.
        #[allow(missing_docs)] // The table below says each in English.
        #[derive(Debug)]
        pub struct Texts {
            pub language: Language,
            $(pub $name: &'static str,)*
        }

        static ENGLISH: Texts = Texts { language: Language::En, $($name: $english,)* };
        static FRENCH: Texts = Texts { language: Language::Fr, $($name: $french,)* };

        #[cfg(test)]
        pub(super) const TABLE: &[(&str, &str, &str)] = &[$((stringify!($name), $english, $french),)*];
    };
}

words! {
    // Titles of panels.
    messages: "Messages", "Messages";
    health: "Health", "Santé";
    tracker: "Tracker", "Tracker";
    partitions: "Partitions", "Partitions";
    throughput_plot: "Throughput /s", "Débit (msg/s)";
    throughput_plot_long: "Throughput /s", "Débit de messages (msg/s)";
    success_plot: "Success %", "Succès %";
    success_plot_long: "Success %", "Taux de succès (%)";
    logs: "Logs", "Logs";
    logs_long: "Logs · tracker.log", "Logs récents (tracker.log)";
    events: "Events", "Événements";
    events_long: "Events · tracker.events", "Événements récents (tracker.events)";
    record: "Record", "Message";
    log_line: "Log line", "Ligne du log";
    payload: "Payload", "Contenu";
    headers: "Headers", "En-têtes";
    key: "Key", "Clé";
    order: "Order", "Commande";
    timeline: "Timeline", "Chronologie";
    help: "Help", "Aide";
    help_title: "Help · the keys of this pane", "Aide · les touches de ce volet";
    same_key: "Same key", "Même clé";
    same_customer: "Same customer", "Même client";
    same_correlation: "Same correlation_id", "Même correlation_id";

    // Figures.
    received: "Received", "Messages reçus";
    received_short: "Received", "Reçus";
    valid: "Valid", "Messages traités";
    invalid: "Invalid", "Messages échoués";
    invalid_short: "Invalid", "Échoués";
    gaps: "Gaps", "Trous";
    unreadable: "Unreadable", "Lignes illisibles";
    unreadable_short: "Unreadable", "Illisibles";
    last_message: "Last message", "Dernier message";
    last_bad: "last bad", "échec";
    this_run: "This run", "Cette exécution";
    success: "Success", "Taux de succès";
    success_short: "Success", "Succès";
    in_15_min: "in 15 min", "sur 15 min";
    throughput: "Throughput", "Débit (msg/s)";
    throughput_short: "Throughput", "Débit";
    errors: "Errors", "Erreurs";
    quality: "Quality", "Qualité";
    lag: "Lag", "Retard (lag)";
    lag_short: "Lag", "Retard";
    lag_word: "lag", "retard";
    to_zero: "to zero", "à zéro dans";
    overall: "Overall", "Santé globale";
    whole_trail: "whole trail", "en tout";
    kept_as_sent: "kept as sent", "gardés tels quels";
    offsets_word: "offsets", "offsets";
    lines_word: "lines", "lignes";
    up: "up", "actif depuis";
    up_short: "up", "actif";
    pid: "pid", "pid";
    process: "Process", "Processus";
    standby_word: "standby", "remplaçant";
    no_standby: "no standby", "0 remplaçant";
    cpu: "CPU", "CPU";
    memory: "memory", "mémoire";
    load: "load", "charge";
    write: "Write", "écriture";
    sync: "Sync", "sync";
    write_p99: "Write p99", "écriture p99";
    sync_p99: "Sync p99", "sync p99";
    median: "p50", "p50";
    percentile_99: "p99", "p99";
    disk: "disk", "disque";
    free: "free", "libre";
    disk_free: "Disk free", "disque libre";
    sealed: "Sealed", "scellé";
    line_word: "line", "ligne";
    checkpoint: "Checkpoint", "contrôle";
    group: "group", "groupe";
    segments_word: "older segments", "segments plus anciens";
    next: "next", "suivant";
    per_second: "in/s", "msg/s";
    sum: "Σ", "Σ";
    gap_word: "gap", "trou";
    now_word: "now", "actuel";
    mean: "mean", "moyenne";
    peak: "peak", "max";
    low: "low", "bas";
    byte_word: "byte", "octet";
    metrics_word: "metrics", "métriques";

    // One record.
    received_at: "Received", "Reçu";
    kafka_time: "Kafka time", "Heure Kafka";
    create_time: "CreateTime", "CreateTime";
    log_append_time: "LogAppendTime", "LogAppendTime";
    status: "Status", "État";
    size_word: "Size", "Taille";
    epoch: "Epoch", "Époque";
    gap_before: "Gap before", "Trou avant";
    error: "Error", "Erreur";
    warnings: "Warnings", "Avertissements";
    no_warning: "no warning", "sans avertissement";
    not_yet: "not yet", "pas encore";
    yes: "yes", "oui";
    topic: "Topic", "Topic";
    partition: "Partition", "Partition";
    offset: "Offset", "Offset";
    no_key: "no key", "sans clé";
    tombstone: "tombstone: no payload at all", "tombstone : aucun contenu";
    empty_payload: "empty", "vide";
    not_utf8: "not UTF-8", "pas UTF-8";
    text_word: "text", "texte";
    view_pretty: "pretty", "mis en forme";
    view_raw: "raw", "brut";
    view_hex: "hex", "hexa";
    torn_line: "torn: the line has no end yet", "tronquée : la ligne n'a pas encore de fin";
    not_json: "no line of a trail", "pas une ligne du journal";
    this_record: "this record", "ce message";
    same_key_only: "this record only", "ce message seulement";

    // States of the screen.
    live: "LIVE", "EN DIRECT";
    paused: "PAUSED", "EN PAUSE";
    stale: "STALE", "PÉRIMÉ";
    following: "following", "au fil de l’eau";
    frozen: "frozen", "figé";
    from_the_top: "from the top", "depuis le début";
    from_the_end: "from the end", "depuis la fin";
    no_hit: "no hit", "aucun résultat";
    searching: "searching", "recherche";
    loading: "reading", "lecture";
    as_of: "as of", "à";
    newest_of: "newest of", "dernier de";
    none: "none", "aucun";
    never: "never", "jamais";
    unknown: "–", "–";
    utc: "UTC", "UTC";
    local_time: "local time", "heure locale";
    copied: "copied", "copié";
    saved: "saved", "enregistré";
    filter: "filter", "filtre";
    bad_pattern: "no pattern", "pas un motif";
    nothing_there: "nothing there", "rien à cet endroit";
    too_small: "too small", "trop petit";
    no_message_yet: "No message yet. In another terminal: ./start.sh", "Aucun message encore. Dans un autre terminal : ./start.sh";
    no_log_yet: "No line yet: the tracker writes tracker.log once it starts", "Aucune ligne encore : le tracker écrit tracker.log dès son démarrage";
    no_metrics_yet: "no figures yet", "aucune mesure encore";
    no_message_in_it: "no message", "aucun message";
    nothing_fits: "nothing fits the filter; Esc shows all", "rien ne passe le filtre ; Échap montre tout";

    // Keys: what they do, on the last row.
    do_quit: "quit", "quitter";
    do_help: "help", "aide";
    do_pane: "pane", "volet";
    do_record: "record", "détail";
    do_find: "find", "chercher";
    do_freeze: "freeze", "figer";
    do_resume: "resume", "reprendre";
    do_error: "error", "erreur";
    do_order: "order", "commande";
    do_timeline: "timeline", "chronologie";
    do_ends: "ends", "début, fin";
    do_copy: "copy", "copier";
    do_zoom: "zoom", "zoom";
    do_back: "back", "retour";
    do_scroll: "scroll", "défiler";
    do_before_after: "record before, after", "message précédent, suivant";
    do_view: "view", "vue";
    do_next: "next", "suivant";
    do_previous: "previous", "précédent";
    do_clear: "clear", "effacer";
    do_filter: "filter", "filtrer";
    do_go: "goes", "y va";
    do_full: "full screen", "plein écran";
    do_more: "more", "suite";
    do_close: "close", "fermer";
    enter_key: "Enter", "Entrée";
    escape_key: "Esc", "Échap";
    go_prompt: "offset, orders/1@505, time, span", "offset, orders/1@505, heure, durée";
    find_prompt: "regular expression", "expression régulière";
    filter_prompt: "bad, text, 1, client04", "bad, texte, 1, client04";

    // Words of states.
    excellent: "EXCELLENT", "EXCELLENT";
    good: "GOOD", "BON";
    attention: "ATTENTION", "ATTENTION";
    critical: "CRITICAL", "CRITIQUE";
    normal: "NORMAL", "NORMAL";
    low_throughput: "LOW", "FAIBLE";
    no_throughput: "STOPPED", "ARRÊTÉ";
    no_errors: "NONE", "AUCUNE";
    recent_errors: "RECENT", "RÉCENTES";
    active_errors: "ACTIVE", "ACTIVES";
    fair: "FAIR", "MOYEN";
    poor: "POOR", "FAIBLE";
    no_sign_of_life: "NO SIGN OF LIFE", "SANS SIGNE DE VIE";
    stopped: "STOPPED", "ARRÊTÉ";
    failed: "FAILED", "EN ÉCHEC";
    waiting: "WAITING", "EN ATTENTE";
    starting: "STARTING", "DÉMARRAGE";
    broker_lost: "BROKER LOST", "BROKER PERDU";
    topic_missing: "TOPIC MISSING", "TOPIC ABSENT";
    batch_unreadable: "BATCH UNREADABLE", "LOT ILLISIBLE";
    disk_full: "DISK FULL", "DISQUE PLEIN";
    gap: "GAP", "TROU";
    unreadable_state: "UNREADABLE", "ILLISIBLE";
    refused: "NO ACCESS", "ACCÈS REFUSÉ";
    standby: "STANDBY", "REMPLAÇANT";
    counting: "COUNTING", "COMPTAGE";
    grows: "grows", "monte";
    falls: "falls", "baisse";
    steady: "steady", "stable";
    idle: "idle", "inactif";
    status_valid: "ok", "ok";
    status_invalid: "BAD", "BAD";
    status_gap: "GAP", "GAP";
    status_unreadable: "??", "??";

    // The help.
    help_move: "MOVE", "SE DÉPLACER";
    help_hold: "HOLD", "RETENIR";
    help_find: "FIND", "CHERCHER";
    help_see: "SEE", "VOIR";
    help_mouse: "MOUSE", "SOURIS";
    help_other: "OTHER", "AUTRES";
    help_line: "line", "ligne";
    help_sideways: "sideways", "de côté";
    help_page: "page", "page";
    help_half_page: "half a page", "demi-page";
    help_oldest: "oldest", "le plus ancien";
    help_newest: "newest, follow", "fin, et suivre";
    help_next_pane: "next pane", "volet suivant";
    help_pane_by_number: "pane by number", "volet n° …";
    help_freeze: "freeze, resume", "figer, suivre";
    help_scroll_up: "stop following", "ne plus suivre";
    help_follow_again: "follow again", "suivre encore";
    help_search: "search (regex)", "chercher (regex)";
    help_hits: "next, previous hit", "résultat suivant";
    help_errors: "next, prev. error", "erreur suivante";
    help_warnings: "next, prev. warning", "alerte suivante";
    help_gaps: "next, prev. gap", "trou suivant";
    help_go: "go to offset, time,", "aller : offset,";
    help_go_span: "\"30 min ago\"", "heure, 30 min ago";
    help_filter: "filter: bad, text,", "filtre : bad, …";
    help_filter_more: "partition, customer", "partition, client";
    help_record: "whole record", "message entier";
    help_timeline: "logs and events", "logs et événements";
    help_timeline_more: "on one time line", "sur un seul temps";
    help_order: "follow one order", "suivre une commande";
    help_view: "pretty, raw, hex", "forme, brut, hexa";
    help_full: "pane full screen", "volet plein écran";
    help_columns: "columns", "colonnes";
    help_utc: "local time, UTC", "heure locale, UTC";
    help_zoom: "plots: zoom, reset", "zoom des courbes";
    help_copy: "copy (OSC 52)", "copier (OSC 52)";
    help_save: "save hits (JSONL)", "garder (JSONL)";
    help_theme: "theme, language", "thème, langue";
    help_wheel: "scroll; zoom a plot", "défiler ; zoom";
    help_click: "pane, row", "volet, ligne";
    help_twice: "whole record", "message entier";
    help_no_mouse: "--no-mouse: select text", "--no-mouse : sélection";
    help_words: "What the words mean", "Le sens des mots";
    help_worst: "the verdict is the worst", "verdict : le pire";
    help_counts: "Received, Valid, Invalid, Gaps: lines of tracker.events, each counted once.",
        "Reçus, traités, échoués, trous : lignes de tracker.events, comptées une fois.";
    below: "below", "en dessous";
    for_5_min: "for 5 min", "depuis 5 min";
    over_1_min: "> 1 min", "> 1 min";
    within_1_min: "within 1 min", "< 1 min";
}

impl Texts {
    /// Those of a language.
    pub fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &ENGLISH,
            Language::Fr => &FRENCH,
        }
    }

    /// Those of the other language.
    pub fn other(&self) -> &'static Self {
        match self.language {
            Language::En => &FRENCH,
            Language::Fr => &ENGLISH,
        }
    }
}
