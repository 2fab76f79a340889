//! Where somebody wants to be called: read strictly, since it is a stranger who says it.

use thiserror::Error;
use ureq::http::Uri;

/// The longest address that is taken, in bytes.
const LONGEST_URL_BYTES: usize = 2_000;

/// What is no address to call.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CallbackError {
    /// It cannot be read.
    #[error("it is no URL of at most 2000 bytes; write http://HOST:PORT/PATH")]
    NoUrl,
    /// Another scheme, or none.
    #[error("only http:// is called")]
    NotHttp,
    /// Names, passwords and fragments are sent to nobody.
    #[error("it must hold no user, password or fragment")]
    Extras,
}

/// An address to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// `http://HOST:PORT`.
    pub origin: String,
    /// The host alone, in small letters; an IPv6 address with its brackets.
    pub host: String,
    /// The rest, from its `/` on.
    pub path: String,
}

impl Callback {
    /// Reads `http://127.0.0.1:8080/told?x=1`.
    ///
    /// # Errors
    /// [`CallbackError`].
    pub fn read(url: &str) -> Result<Self, CallbackError> {
        if url.len() > LONGEST_URL_BYTES {
            return Err(CallbackError::NoUrl);
        }
        if url.contains('#') {
            return Err(CallbackError::Extras);
        }
        let uri: Uri = url.parse().map_err(|_| CallbackError::NoUrl)?;
        if uri.scheme_str() != Some("http") {
            return Err(CallbackError::NotHttp);
        }
        let authority = uri.authority().filter(|authority| !authority.host().is_empty());
        let authority = authority.ok_or(CallbackError::NoUrl)?;
        if authority.as_str().contains('@') {
            return Err(CallbackError::Extras);
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { origin: format!("http://{authority}"), host: authority.host().to_ascii_lowercase(), path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_its_parts() {
        let read = |url| Callback::read(url).map(|at| (at.origin, at.host, at.path));
        let parts = |origin: &str, host: &str, path: &str| Ok((origin.to_owned(), host.to_owned(), path.to_owned()));
        assert_eq!(
            read("http://Shop.Example:80/told?x=1"),
            parts("http://Shop.Example:80", "shop.example", "/told?x=1")
        );
        assert_eq!(read("http://[::1]:3000"), parts("http://[::1]:3000", "[::1]", "/"));
        assert_eq!(read("http://h?x"), parts("http://h", "h", "/?x"));
    }

    #[test]
    fn what_might_lead_elsewhere_is_no_address() {
        let refused = |url: &str| Callback::read(url).expect_err(url);
        for url in ["", "x", "/told", "http://", "http:///told", "http://a b/", "http://a\n/", "file:///etc/passwd"] {
            assert!(matches!(refused(url), CallbackError::NoUrl | CallbackError::NotHttp), "{url:?}");
        }
        for url in ["https://a/", "ftp://a/", "gopher://a/"] {
            assert_eq!(refused(url), CallbackError::NotHttp, "{url}");
        }
        for url in ["http://127.0.0.1@evil.example/", "http://u:p@h/", "http://h/#x"] {
            assert_eq!(refused(url), CallbackError::Extras, "{url}");
        }
        assert_eq!(refused(&format!("http://h/{}", "x".repeat(2_000))), CallbackError::NoUrl);
    }
}
