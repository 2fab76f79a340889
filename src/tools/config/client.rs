//! Where the brokers are and which properties the client gets.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A file of properties has at most so many bytes.
const MOST_FILE_BYTES: u64 = 1 << 20;

/// The broker that is asked when nobody names one.
const DEFAULT_BROKERS: &str = "localhost:9092";

/// The property that `-b` is short for.
const BROKERS_PROPERTY: &str = "bootstrap.servers";

/// A property's value, and where it was given.
#[derive(Clone, PartialEq, Eq)]
pub struct Property {
    /// As it was given; some are passwords.
    pub value: String,
    /// `-X`, or a file and its line.
    pub origin: String,
}

/// Checked settings of a Kafka client. Which properties exist is for the `kafka` door to say.
///
/// `Debug` never prints a value, since some of them are passwords.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSettings {
    /// `host:port`, several joined by commas.
    pub brokers: String,
    /// librdkafka's names and values, without the brokers.
    pub properties: BTreeMap<String, Property>,
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
    #[error("{origin} is no KEY=VALUE pair; write it as for example {example}")]
    NotAPair {
        /// Where it stands: a flag, or a file and line.
        origin: String,
        /// A pair; with the name that stands there when it looks like a property and not a secret.
        example: String,
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
        for pair in property_flags {
            let (name, property) = split_pair(pair, || "-X".to_owned())?;
            from_flags.insert(name, property);
        }
        // An empty variable is what shells make of "unset" in scripts: it counts as not there.
        let environment = brokers_environment.filter(|text| !text.trim().is_empty());
        let brokers = brokers_flag
            .map(str::to_owned)
            .or_else(|| from_flags.remove(BROKERS_PROPERTY).map(|property| property.value))
            .or_else(|| environment.map(str::to_owned))
            .or_else(|| from_file.remove(BROKERS_PROPERTY).map(|property| property.value))
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

/// All of a file, or of a pipe, as `<(command)` is one.
fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    // One more than is allowed, so that what is longer shows; a device may have no end.
    File::open(path)?.take(MOST_FILE_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST_FILE_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {MOST_FILE_BYTES} bytes")));
    }
    Ok(text)
}

fn read_file(path: &Path) -> Result<BTreeMap<String, Property>, SettingsError> {
    let text = read_text(path).map_err(|source| SettingsError::Unreadable { path: path.to_owned(), source })?;
    let mut properties = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, property) = split_pair(line, || format!("{} line {}", path.display(), index + 1))?;
        properties.insert(name, property);
    }
    Ok(properties)
}

fn split_pair(pair: &str, origin: impl Fn() -> String) -> Result<(String, Property), SettingsError> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let name = name.trim();
    if name.is_empty() || !pair.contains('=') {
        let looks_like_a_name = name.contains('.')
            && name.chars().all(|character| character.is_ascii_lowercase() || ".-_".contains(character));
        let example = if looks_like_a_name { format!("{name}=VALUE") } else { "security.protocol=SSL".to_owned() };
        return Err(SettingsError::NotAPair { origin: origin(), example });
    }
    Ok((name.to_owned(), Property { value: value.trim().to_owned(), origin: origin() }))
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
    fn a_file_without_an_end_is_refused() {
        let refused = read_file(Path::new("/dev/zero")).map(|properties| properties.len());
        let is_too_large =
            |source: &io::Error| source.kind() == io::ErrorKind::FileTooLarge && source.to_string().contains("1048576");
        assert!(
            matches!(&refused, Err(SettingsError::Unreadable { source, .. }) if is_too_large(source)),
            "{refused:?}"
        );
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
        let flat: Vec<_> =
            all.properties.iter().map(|(name, property)| (name.as_str(), property.value.as_str())).collect();
        assert_eq!(flat, [("client.id", "b"), ("linger.ms", "7")]);
        assert_eq!(all.properties["client.id"].origin, "-X");
        assert!(all.properties["linger.ms"].origin.ends_with(" line 3"));
    }

    #[test]
    fn a_pair_without_equals_is_refused_without_showing_it() {
        let error = ClientSettings::resolve(None, &["hunter2".to_owned()], None, None).expect_err("no pair");
        assert_eq!(error.to_string(), "-X is no KEY=VALUE pair; write it as for example security.protocol=SSL");
        let error = ClientSettings::resolve(None, &["client.id".to_owned()], None, None).expect_err("no value");
        assert!(error.to_string().ends_with("for example client.id=VALUE"), "{error}");
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
