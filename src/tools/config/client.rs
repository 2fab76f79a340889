//! Where the brokers are and which properties the client gets.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// The broker that is asked when nobody names one.
const DEFAULT_BROKERS: &str = "localhost:9092";

/// The property that `-b` is short for.
const BROKERS_PROPERTY: &str = "bootstrap.servers";

/// Checked settings of a Kafka client. Which properties exist is for the `kafka` door to say.
///
/// `Debug` never prints a value, since some of them are passwords.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSettings {
    /// `host:port`, several joined by commas.
    pub brokers: String,
    /// librdkafka's names and values, without the brokers.
    pub properties: BTreeMap<String, String>,
}

impl fmt::Debug for ClientSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientSettings")
            .field("brokers", &self.brokers)
            .field("properties", &self.properties.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// Why the settings cannot be used. The program ends with exit code 2.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The file of `-F` cannot be read.
    #[error("cannot read the properties file {path}: {source}; pass -F with a readable file", path = .path.display())]
    Unreadable {
        /// The file that was named.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A line of the file, or the value of `-X`, has no `=`. The text is not shown: it may be a secret.
    #[error("{origin} is no KEY=VALUE pair; write it as for example -X security.protocol=SSL")]
    NotAPair {
        /// Where it stands: a flag, or a file and line.
        origin: String,
    },
    /// No broker is named although the flag or variable is there.
    #[error("no broker is named: pass -b HOST:PORT, or leave it out for {DEFAULT_BROKERS}")]
    NoBrokers,
}

impl ClientSettings {
    /// Puts the layers together: `-b` before `-X` before the environment before the file before
    /// the default.
    ///
    /// # Errors
    /// [`SettingsError`] when the file cannot be read, a pair has no `=`, or the brokers are empty.
    pub fn resolve(
        brokers_flag: Option<&str>,
        property_flags: &[String],
        brokers_environment: Option<&str>,
        file: Option<&Path>,
    ) -> Result<Self, SettingsError> {
        let mut from_file = match file {
            Some(path) => read_file(path)?,
            None => BTreeMap::new(),
        };
        let mut from_flags = BTreeMap::new();
        for (index, pair) in property_flags.iter().enumerate() {
            let origin = || format!("the {}. -X", index + 1);
            let (name, value) = split_pair(pair).ok_or_else(|| SettingsError::NotAPair { origin: origin() })?;
            from_flags.insert(name, value);
        }
        // An empty variable is what shells make of "unset" in scripts: it counts as not there.
        let environment = brokers_environment.filter(|text| !text.trim().is_empty());
        let brokers = brokers_flag
            .map(str::to_owned)
            .or_else(|| from_flags.remove(BROKERS_PROPERTY))
            .or_else(|| environment.map(str::to_owned))
            .or_else(|| from_file.remove(BROKERS_PROPERTY))
            .unwrap_or_else(|| DEFAULT_BROKERS.to_owned());
        from_flags.remove(BROKERS_PROPERTY);
        from_file.remove(BROKERS_PROPERTY);
        let brokers = brokers.split(',').map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(",");
        if brokers.is_empty() {
            return Err(SettingsError::NoBrokers);
        }
        let mut properties = from_file;
        properties.extend(from_flags);
        Ok(Self { brokers, properties })
    }
}

fn read_file(path: &Path) -> Result<BTreeMap<String, String>, SettingsError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| SettingsError::Unreadable { path: path.to_owned(), source })?;
    let mut properties = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let origin = || format!("{} line {}", path.display(), index + 1);
        let (name, value) = split_pair(line).ok_or_else(|| SettingsError::NotAPair { origin: origin() })?;
        properties.insert(name, value);
    }
    Ok(properties)
}

fn split_pair(pair: &str) -> Option<(String, String)> {
    let (name, value) = pair.split_once('=')?;
    let name = name.trim();
    (!name.is_empty()).then(|| (name.to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), text).expect("it can be written");
        file
    }

    #[test]
    fn flags_win_over_environment_over_file_over_default() {
        let file = file("# ours\nbootstrap.servers = file:1\nlinger.ms=7\nclient.id = a\n\n");
        let resolve = |flag, flags: &[&str], environment, path| {
            let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
            ClientSettings::resolve(flag, &flags, environment, path).expect("good settings")
        };
        let path = Some(file.path());
        assert_eq!(resolve(None, &[], None, None).brokers, "localhost:9092");
        assert_eq!(resolve(None, &[], None, path).brokers, "file:1");
        assert_eq!(resolve(None, &[], Some("env:1"), path).brokers, "env:1");
        assert_eq!(resolve(None, &[], Some(" "), path).brokers, "file:1");
        assert_eq!(resolve(None, &["bootstrap.servers=x:1"], Some("env:1"), path).brokers, "x:1");
        let all = resolve(Some("b:1, b:2,"), &["bootstrap.servers=x:1", "client.id=b"], Some("env:1"), path);
        assert_eq!(all.brokers, "b:1,b:2");
        let expected = BTreeMap::from([("client.id".into(), "b".into()), ("linger.ms".into(), "7".into())]);
        assert_eq!(all.properties, expected);
    }

    #[test]
    fn a_pair_without_equals_is_refused_without_showing_it() {
        let error = ClientSettings::resolve(None, &["hunter2".to_owned()], None, None).expect_err("no pair");
        assert_eq!(
            error.to_string(),
            "the 1. -X is no KEY=VALUE pair; write it as for example -X security.protocol=SSL"
        );
        let file = file("a=b\nhunter2\n");
        let error = ClientSettings::resolve(None, &[], None, Some(file.path())).expect_err("no pair");
        assert!(error.to_string().contains("line 2 is no KEY=VALUE pair"), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn a_missing_file_and_empty_brokers_are_refused() {
        let path = Path::new("/nowhere/at-all");
        let error = ClientSettings::resolve(None, &[], None, Some(path)).expect_err("no file");
        assert!(error.to_string().starts_with("cannot read the properties file /nowhere/at-all"), "{error}");
        assert!(matches!(ClientSettings::resolve(Some(" , "), &[], None, None), Err(SettingsError::NoBrokers)));
    }

    #[test]
    fn debug_never_shows_a_value() {
        let settings = ClientSettings::resolve(None, &["sasl.password=hunter2".to_owned()], None, None).expect("good");
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}
