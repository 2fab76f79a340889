//! Who may ask, and what every answer says to browsers.

use std::net::SocketAddr;

use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::Response;
use sha2::{Digest as _, Sha256};

/// Only our own files, nothing inline, no other host, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Says in every answer what a browser may do with it.
pub(super) fn harden(response: &mut Response) {
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

/// What is said to who asks for another name.
pub(super) const MISDIRECTED: &str =
    "ask for localhost or 127.0.0.1: no other name is answered here that --host does not name";

/// Whether the request was meant for us: for one of our names, or for this machine. Else any page on the Internet could
/// have its own name lead here, and read us as its own. Without `names` only an address that others cannot reach has
/// such a guard: under which names they come there is not ours to know. In a container that is always so, also when it
/// is published on the loopback address alone.
pub(super) fn is_meant_for_us(bound: SocketAddr, names: &[String], headers: &HeaderMap, uri: &Uri) -> bool {
    if !bound.ip().is_loopback() && names.is_empty() {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| uri.authority().map(axum::http::uri::Authority::as_str)).unwrap_or_default();
    let name = without_port(host);
    let bare = name.trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost")
        || names.iter().any(|own| own.eq_ignore_ascii_case(bare))
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    }
}

/// Why a request may not write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// From a page of somebody else.
    ForeignOrigin,
    /// Forms of other pages can be sent without asking; JSON cannot.
    NotJson,
    /// Without the token, or with another.
    Token,
}

impl Refusal {
    pub(super) fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Self::ForeignOrigin => (StatusCode::FORBIDDEN, "refused: the request comes from another site"),
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "refused: send it as application/json"),
            Self::Token => (
                StatusCode::UNAUTHORIZED,
                "refused: the token is missing or wrong; it stands in the file that the program named when it started",
            ),
        }
    }
}

/// Whether a browser sent the request for a page of somebody else.
pub(super) fn is_foreign(headers: &HeaderMap) -> bool {
    let value = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let site = value(HeaderName::from_static("sec-fetch-site"));
    let origin = value(header::ORIGIN).and_then(|origin| origin.split_once("://"));
    let is_own = origin.is_none_or(|(_, host)| Some(host) == value(header::HOST));
    !is_own
        || headers.contains_key(header::ORIGIN) && origin.is_none()
        // `none` is a person who typed the address.
        || site.is_some_and(|site| site != "same-origin" && site != "none")
}

/// Whether the body says that it is JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

/// Whether a request may write: it is one of our own page or of a program, and has the token.
///
/// # Errors
/// [`Refusal`].
pub(super) fn may_write(headers: &HeaderMap, token: &str) -> Result<(), Refusal> {
    let value = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    // Nobody writes by typing an address.
    let is_typed = value(HeaderName::from_static("sec-fetch-site")) == Some("none");
    if is_typed || is_foreign(headers) {
        return Err(Refusal::ForeignOrigin);
    }
    if !is_json(headers) {
        return Err(Refusal::NotJson);
    }
    let given = value(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    // Digests take as long to compare whatever the token is; equal ones are of equal tokens.
    if Sha256::digest(given.trim().as_bytes()) == Sha256::digest(token.as_bytes()) {
        Ok(())
    } else {
        Err(Refusal::Token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn on_loopback_only_names_of_this_machine_are_answered() {
        let local = "127.0.0.1:5000".parse().expect("an address");
        let asked = |host| is_meant_for_us(local, &[], &headers(&[("host", host)]), &Uri::from_static("/"));
        for host in ["localhost:5000", "LOCALHOST", "127.0.0.1:5000", "127.1.2.3", "[::1]:5000"] {
            assert!(asked(host), "{host}");
        }
        for host in ["evil.example:5000", "localhost.evil.example", "10.0.0.1", "", "127.0.0.1.evil.example"] {
            assert!(!asked(host), "{host}");
        }
        let open = "0.0.0.0:5000".parse().expect("an address");
        assert!(is_meant_for_us(open, &[], &headers(&[("host", "shop.example")]), &Uri::from_static("/")));
    }

    /// A container listens on all its addresses, also when it is published on the loopback address alone: the guard was
    /// off there, and any page could have its own name lead to it.
    #[test]
    fn with_names_of_its_own_it_is_guarded_on_any_address() {
        for bound in ["0.0.0.0:9464", "[::]:9464", "192.0.2.7:9464", "127.0.0.1:9464"] {
            let (bound, names) = (bound.parse().expect("an address"), ["tracker".to_owned(), "fe80::1".to_owned()]);
            let asked = |host| is_meant_for_us(bound, &names, &headers(&[("host", host)]), &Uri::from_static("/"));
            for host in ["tracker:9464", "TRACKER", "localhost:9464", "127.0.0.1:9464", "[::1]", "[fe80::1]:9464"] {
                assert!(asked(host), "{bound} {host}");
            }
            for host in ["evil.example:9464", "tracker.evil.example", "192.0.2.7", "0.0.0.0", ""] {
                assert!(!asked(host), "{bound} {host}");
            }
        }
    }

    #[test]
    fn writing_takes_the_token_json_and_the_same_origin() {
        let json = ("content-type", "application/json; charset=utf-8");
        let token = ("authorization", "Bearer secret");
        let host = ("host", "localhost:5000");
        let own = ("origin", "http://localhost:5000");
        assert_eq!(may_write(&headers(&[json, token, host, own]), "secret"), Ok(()));
        assert_eq!(may_write(&headers(&[json, token, host]), "secret"), Ok(()), "a program has no origin");
        for foreign in ["http://evil.example", "null", "http://localhost:5001"] {
            let headers = headers(&[json, token, host, ("origin", foreign)]);
            assert_eq!(may_write(&headers, "secret"), Err(Refusal::ForeignOrigin), "{foreign}");
        }
        let crossing = headers(&[json, token, host, ("sec-fetch-site", "cross-site")]);
        assert_eq!(may_write(&crossing, "secret"), Err(Refusal::ForeignOrigin));
        assert_eq!(may_write(&headers(&[token, host]), "secret"), Err(Refusal::NotJson));
        assert_eq!(may_write(&headers(&[json, host]), "secret"), Err(Refusal::Token));
        assert_eq!(may_write(&headers(&[json, token, host]), "other"), Err(Refusal::Token));
    }
}
