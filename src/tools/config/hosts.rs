//! Under which names a server is asked.

use clap::Args;

/// The host names that a server answers to.
#[derive(Args, Clone, Debug, Default)]
pub struct HostArgs {
    /// Answer only who asks for this host name, or for localhost, whatever address is listened on; repeatable. Without
    /// it, an address of this machine alone is answered under its own names, any other under all
    #[arg(long = "host", value_name = "NAME", value_parser = host_name)]
    pub hosts: Vec<String>,
}

/// A name or an address as a `Host` header has it, without its port, in small letters.
fn host_name(text: &str) -> Result<String, String> {
    let is_address = text.parse::<std::net::IpAddr>().is_ok();
    let is_name = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if is_address || is_name {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("write a host name alone, without http:// and without a port, for example trail.example".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_alone() {
        for (given, taken) in [("Trail.Example", "trail.example"), ("supply-wagon-lits", "supply-wagon-lits")] {
            assert_eq!(host_name(given).as_deref(), Ok(taken));
        }
        assert_eq!(host_name("fe80::1").as_deref(), Ok("fe80::1"));
        for wrong in ["", "http://a", "a:80", "a/b", "*", "a b", "u@a"] {
            assert!(host_name(wrong).is_err(), "{wrong}");
        }
    }
}
