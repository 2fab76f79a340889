//! What a person types.

use std::path::{Path, PathBuf};

use clap::Parser;

use crate::base::language::Language;
use crate::doors::screen::ScreenArgs;
use crate::tools::config::{CommonArgs, SideCommand};

const LOG_FILE: &str = "tracker.log";
const EVENTS_FILE: &str = "tracker.events";

const EXAMPLES: &str = "\
Examples:
  log-monitor                       both files of this folder, live; ? helps
  log-monitor --dir /srv/orders     those of another folder
  log-monitor --once                one summary, as when the output is piped
  log-monitor --json | jq .verdict  the same for machines; null is unknown
Exit codes: 0 done, whatever it shows; 1 neither file can be read; 2 usage.";

/// Watch the tracker's two files live: tracker.events, the audit trail, and tracker.log, its health.
/// It needs no broker and changes nothing
#[derive(Clone, Debug, Parser)]
#[command(name = "log-monitor", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true,
    disable_help_subcommand = true, disable_help_flag = true, max_term_width = 80,
    mut_args(|flag| { let is_of_kafka = flag.get_help_heading() == Some("Kafka"); flag.hide(is_of_kafka) }))]
pub struct MonitorArgs {
    /// The audit trail [default: tracker.events in --dir]
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,

    /// The health log [default: tracker.log in --dir]
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,

    /// Folder of both
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,

    /// Print one summary and end; so it does in a pipe
    #[arg(long)]
    once: bool,

    /// Print the summary as one JSON object and end
    #[arg(long)]
    json: bool,

    /// Language of the screen: en, fr
    #[arg(long, value_name = "LANG", value_enum, default_value_t, hide_possible_values = true)]
    lang: Language,

    #[command(flatten)]
    screen: ScreenArgs,

    #[command(flatten)]
    common: CommonArgs,

    #[command(subcommand)]
    command: Option<SideCommand>,
}

impl MonitorArgs {
    /// The flags that every binary has.
    pub fn common(&self) -> &CommonArgs {
        &self.common
    }

    /// What is asked for instead of the program's job.
    pub fn side(&self) -> Option<&SideCommand> {
        self.command.as_ref()
    }

    /// Where the trail is.
    pub fn events(&self) -> PathBuf {
        self.file(self.events.as_deref(), EVENTS_FILE)
    }

    /// Where the health log is.
    pub fn log(&self) -> PathBuf {
        self.file(self.log.as_deref(), LOG_FILE)
    }

    fn file(&self, named: Option<&Path>, name: &str) -> PathBuf {
        named.map_or_else(|| self.dir.join(name), Path::to_owned)
    }

    /// Whether one summary is wanted instead of the screen.
    pub fn is_once(&self, stdout_is_terminal: bool) -> bool {
        self.once || self.json || !stdout_is_terminal
    }

    /// Whether the summary is for machines.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// The language of the screen.
    pub fn language(&self) -> Language {
        self.lang
    }

    /// How the screen looks.
    pub fn screen(&self) -> ScreenArgs {
        self.screen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doors::screen::ThemeChoice;
    use clap::CommandFactory as _;

    fn parse(flags: &[&str]) -> MonitorArgs {
        MonitorArgs::try_parse_from(["log-monitor"].iter().chain(flags)).expect("good flags")
    }

    #[test]
    fn without_flags_it_watches_this_folder() {
        let args = parse(&[]);
        assert_eq!((args.events(), args.log()), (PathBuf::from("./tracker.events"), PathBuf::from("./tracker.log")));
        assert_eq!((args.screen(), args.language()), (ScreenArgs::default(), Language::En));
        assert!(!args.is_json());
        assert!(!args.is_once(true) && args.is_once(false));
    }

    #[test]
    fn a_named_file_stands_where_it_is_named() {
        let args = parse(&["--dir", "/srv", "--log", "other.log"]);
        assert_eq!((args.events(), args.log()), (PathBuf::from("/srv/tracker.events"), PathBuf::from("other.log")));
    }

    #[test]
    fn every_flag_is_understood() {
        let args = parse(&["--json", "--theme", "contrast", "--lang", "fr", "--ascii", "--no-mouse", "--utc"]);
        let screen = ScreenArgs { theme: ThemeChoice::Contrast, ascii: true, no_mouse: true, utc: true };
        assert_eq!((args.screen(), args.language()), (screen, Language::Fr));
        assert!(args.is_json());
        assert!(args.is_once(true) && parse(&["--once"]).is_once(true));
        for flags in [["--theme", "pink"], ["--lang", "de"], ["--once", "now"]] {
            assert!(MonitorArgs::try_parse_from(["log-monitor"].iter().chain(&flags)).is_err(), "{flags:?}");
        }
    }

    #[test]
    fn the_flags_of_every_binary_are_taken_too() {
        let args = parse(&["-b", "x:1", "-X", "a=b", "--topic-prefix", "p.", "--color", "never"]);
        assert_eq!(args.common().brokers.as_deref(), Some("x:1"));
    }

    #[test]
    fn the_help_is_sound_and_fits_a_small_terminal() {
        MonitorArgs::command().debug_assert();
        let help = MonitorArgs::command().term_width(80).render_help().to_string();
        assert!(help.lines().count() <= 35, "{} lines\n{help}", help.lines().count());
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
        assert!(help.contains("Exit codes:") && !help.contains("librdkafka"), "{help}");
        assert!(parse(&["completions", "bash"]).side().unwrap().text::<MonitorArgs>().contains("--no-mouse"));
        assert!(parse(&[]).side().is_none());
    }
}
