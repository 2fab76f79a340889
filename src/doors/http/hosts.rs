//! Whom strangers may have us call. Else anybody who reaches the service could make it call anything that it can reach.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::str::FromStr;

/// The hosts that may be called: none (the default), this machine, some by name, or any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallbackHosts {
    is_any: bool,
    has_loopback: bool,
    names: BTreeSet<String>,
}

impl FromStr for CallbackHosts {
    type Err = String;

    /// Reads `none`, `loopback`, `any`, or hosts separated by commas, `loopback` among them or not.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut hosts = Self::default();
        if text.trim() == "none" {
            return Ok(hosts);
        }
        for host in text.split(',').map(str::trim) {
            match host {
                "any" => hosts.is_any = true,
                "loopback" => hosts.has_loopback = true,
                "" => return Err("name hosts: none, loopback, any, or a.example,b.example".to_owned()),
                _ if host.contains(['/', '@', ' ']) => {
                    return Err(format!("`{host}` is no host; write it without http:// and without a path"));
                }
                _ => {
                    hosts.names.insert(host.to_ascii_lowercase());
                }
            }
        }
        Ok(hosts)
    }
}

impl CallbackHosts {
    /// Whether this host, without its port, may be called.
    pub fn allows(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.is_any || (self.has_loopback && is_loopback(&host)) || self.names.contains(&host)
    }

    /// This machine alone.
    pub fn loopback() -> Self {
        Self { has_loopback: true, ..Self::default() }
    }

    /// As it was given.
    pub fn text(&self) -> String {
        if *self == Self::default() {
            return "none".to_owned();
        }
        let words = [(self.is_any, "any"), (self.has_loopback, "loopback")];
        let words = words.iter().filter(|(is_said, _)| *is_said).map(|(_, word)| *word);
        words.chain(self.names.iter().map(String::as_str)).collect::<Vec<_>>().join(",")
    }
}

/// Names and addresses of this machine as they are usually written: one in another spelling is not called, which is safe.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> CallbackHosts {
        text.parse().expect("hosts")
    }

    #[test]
    fn only_who_was_named_is_called() {
        let here = hosts("loopback");
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "[::1]"] {
            assert!(here.allows(host), "{host}");
        }
        for host in
            ["10.0.0.1", "169.254.169.254", "localhost.evil.example", "2130706433", "0.0.0.0", "[::]", "127.1", ""]
        {
            assert!(!here.allows(host), "{host}");
        }
        let named = hosts("Shop.Example, 10.0.0.1");
        assert!(named.allows("shop.example") && named.allows("10.0.0.1") && !named.allows("127.0.0.1"));
        assert!(!named.allows("a.shop.example"));
        let both = hosts("loopback,shop.example");
        assert!(both.allows("localhost") && both.allows("shop.example") && !both.allows("x"));
        assert!(hosts("any").allows("x"));
        assert_eq!((both.text(), hosts("any").text()), ("loopback,shop.example".to_owned(), "any".to_owned()));
        assert!(!hosts("none").allows("localhost") && !hosts("none").allows("none"));
        assert_eq!((hosts("none").text(), CallbackHosts::loopback()), ("none".to_owned(), here));
        for wrong in ["", "a,,b", "http://a", "a/b", "u@a"] {
            assert!(wrong.parse::<CallbackHosts>().is_err(), "{wrong}");
        }
    }
}
