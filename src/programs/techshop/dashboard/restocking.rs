//! Restocking from the page: the one thing that the dashboard may write, and only for who has the token.

use std::collections::VecDeque;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::super::restock::{Outcome, bring};
use super::super::{Shop, TechshopError};
use super::state::State;
use crate::doors::kafka::Role;
use crate::doors::web::{Answer, Writing};
use crate::services::runtime::Context;
use crate::tools::durable::{Access, Disk as _, OsDisk};
use crate::words::shop::{MOST_QUANTITY, Restock};

/// How long a restock is waited for.
const PATIENCE: Duration = Duration::from_secs(8);

/// A token that was made by somebody else has so many characters at least.
const SHORTEST_TOKEN: usize = 16;

/// The token in the file, which is made when it is missing.
///
/// # Errors
/// [`TechshopError`]: others may read it, it is too short, or there is no file to be had.
pub(super) fn token(path: &Path) -> Result<String, TechshopError> {
    let file = |what, source: io::Error| TechshopError::File {
        what,
        path: path.to_owned(),
        source,
        hint: "pass --token-file with a file of your own",
    };
    let usage = |reason: String| TechshopError::Usage { reason };
    let Some(found) = OsDisk.read(path).map_err(|source| file("read", source))? else {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|error| file("make", error.into()))?;
        let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        OsDisk
            .replace(path, format!("{token}\n").as_bytes(), Access::OwnerOnly)
            .map_err(|source| file("write", source))?;
        return Ok(token);
    };
    let mode = std::fs::metadata(path).map_err(|source| file("read", source))?.permissions().mode();
    let name = path.display();
    if mode & 0o077 != 0 {
        let mode = mode & 0o777;
        return Err(usage(format!("others may read the token in {name} (mode {mode:o}): run chmod 600 {name}")));
    }
    let token = String::from_utf8_lossy(&found).trim().to_owned();
    if token.len() < SHORTEST_TOKEN {
        let reason =
            format!("the token in {name} has less than {SHORTEST_TOKEN} characters: remove the file, and one is made");
        return Err(usage(reason));
    }
    Ok(token)
}

/// So many restocks are remembered, so that one that is sent again is the same one to the byte.
const MOST_REMEMBERED: usize = 256;

/// What the page sends.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// Tells it from any other; sent again it brings nothing more.
    restock_id: Uuid,
    product_id: String,
    quantity: i64,
}

/// Restocks that were sent from here, the oldest first, each with when and with its answer once that is final.
type Sent = Mutex<VecDeque<(Asked, String, Option<(u16, String)>)>>;

/// Takes restocks that the page sends.
pub(super) fn writing(shop: &Shop<'_>, state: &Arc<State>) -> Writing {
    let (common, settings, names) = (shop.context.common.clone(), shop.context.settings.clone(), shop.names.clone());
    let (shutdown, state) = (shop.context.shutdown.clone(), Arc::clone(state));
    let sent = Sent::default();
    Arc::new(move |body| {
        let context = Context { common: &common, settings: settings.clone(), shutdown: &shutdown };
        let shop = Shop { context, names: names.clone() };
        let (status, text) = match read(body) {
            Ok(asked) => once(&sent, asked, |asked, at| carry_out(&shop, &state, asked, at)),
            Err(reason) => (400, reason),
        };
        Answer { status, content_type: "text/plain; charset=utf-8", body: text }
    })
}

fn read(body: &[u8]) -> Result<Asked, String> {
    let asked: Asked = serde_json::from_slice(body).map_err(|error| {
        format!("it is no restock: {error}; send {{\"restock_id\": UUID, \"product_id\": \"P001\", \"quantity\": 20}}")
    })?;
    if !(1..=MOST_QUANTITY).contains(&asked.quantity) {
        return Err(format!("quantity must be a whole number from 1 to {MOST_QUANTITY}"));
    }
    if asked.product_id.is_empty() {
        return Err("product_id is empty".to_owned());
    }
    Ok(asked)
}

/// Carries a restock out, unless that is done with: the same one again has the same answer, another one under its id
/// none. `carry_out` is given when it was first asked for.
fn once(sent: &Sent, asked: Asked, carry_out: impl FnOnce(&Asked, &str) -> (u16, String)) -> (u16, String) {
    let lock = || sent.lock().unwrap_or_else(PoisonError::into_inner);
    let at = {
        let mut sent = lock();
        let known = sent.iter().find(|(before, _, _)| before.restock_id == asked.restock_id);
        match known {
            Some((before, _, _)) if *before != asked => {
                return (409, "this restock_id was used for something else: take a new one".to_owned());
            }
            Some((_, _, Some(answer))) => return answer.clone(),
            Some((_, at, None)) => at.clone(),
            None => {
                let at = format!("{:.3}", Timestamp::now());
                if sent.len() >= MOST_REMEMBERED {
                    sent.pop_front();
                }
                sent.push_back((asked.clone(), at.clone(), None));
                at
            }
        }
    };
    let answer = carry_out(&asked, &at);
    let is_final = matches!(answer.0, 200 | 422);
    if let Some((_, _, known)) = lock().iter_mut().find(|(before, _, _)| is_final && *before == asked) {
        *known = Some(answer.clone());
    }
    answer
}

fn carry_out(shop: &Shop<'_>, state: &State, asked: &Asked, at: &str) -> (u16, String) {
    let restock = Restock {
        restock_id: asked.restock_id.to_string(),
        product_id: asked.product_id.clone(),
        quantity: asked.quantity,
        timestamp: at.to_owned(),
    };
    let name = state.catalogue.products.get(&restock.product_id).map(|product| product.name.as_str());
    let name = name.unwrap_or(&restock.product_id);
    let quantity = restock.quantity;
    let done = shop
        .context
        .connect_once(&[Role::Admin, Role::Consumer, Role::Producer])
        .map_err(TechshopError::from)
        .and_then(|cluster| bring(shop, &cluster, &restock, Instant::now() + PATIENCE));
    match done {
        Ok((source, Outcome::Applied { old_stock, new_stock })) => {
            (200, format!("{name}: {old_stock} → {new_stock} (+{quantity}), asked for at {source}"))
        }
        Ok((source, Outcome::Queued)) => {
            (202, format!("{name}: +{quantity} waits at {source}; it is added once, as soon as techshop process runs"))
        }
        Ok((_, Outcome::Refused { reason })) => (422, format!("{name}: not brought: {reason}")),
        Ok((_, Outcome::Undelivered { reason })) => {
            (503, format!("{name}: no delivery was heard of: {reason}; look at its stock before it is sent again"))
        }
        Err(error) => (503, format!("{name}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_once_and_only_for_its_owner() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("token");
        let made = token(&path).expect("made");
        assert_eq!((made.len(), token(&path).expect("found")), (64, made.clone()));
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("ours");
        assert!(token(&path).unwrap_err().to_string().contains("chmod 600"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("ours");
        std::fs::write(&path, "short\n").expect("ours");
        assert!(token(&path).unwrap_err().to_string().contains("16 characters"));
    }

    #[test]
    fn a_restock_that_is_sent_again_is_the_same_one() {
        let sent = Sent::default();
        let asked = |id, quantity| Asked { restock_id: Uuid::from_u128(id), product_id: "P001".to_owned(), quantity };
        let mut moments = Vec::new();
        let mut send = |id, quantity, status: u16| {
            once(&sent, asked(id, quantity), |_, at| {
                moments.push(at.to_owned());
                (status, format!("answer {}", moments.len()))
            })
        };
        assert_eq!(send(1, 20, 202), (202, "answer 1".to_owned()));
        assert_eq!(send(1, 20, 200), (200, "answer 2".to_owned()), "it waited, and is asked about again");
        assert_eq!(send(1, 20, 503), (200, "answer 2".to_owned()), "it is done with");
        assert_eq!(send(1, 21, 200).0, 409);
        assert_eq!(send(2, 20, 422), (422, "answer 3".to_owned()));
        assert_eq!(moments.first(), moments.get(1), "the same to the byte");
        (10..300).for_each(|id| assert_eq!(once(&sent, asked(id, 1), |_, _| (200, String::new())).0, 200));
        assert_eq!(sent.lock().expect("whole").len(), MOST_REMEMBERED);
    }

    #[test]
    fn what_is_no_restock_is_told_what_one_is() {
        let id = Uuid::new_v4();
        let json = |rest: &str| format!("{{\"restock_id\":\"{id}\",{rest}}}");
        assert!(read(json(r#""product_id":"P001","quantity":20"#).as_bytes()).is_ok());
        for (body, said) in [
            (json(r#""product_id":"P001","quantity":0"#), "from 1 to"),
            (json(r#""product_id":"","quantity":1"#), "empty"),
            (json(r#""product_id":"P001","quantity":1.5"#), "no restock"),
            (json(r#""product_id":"P001","quantity":1,"x":1"#), "no restock"),
            ("{}".to_owned(), "no restock"),
            ("what?".to_owned(), "\"quantity\": 20"),
        ] {
            let reason = read(body.as_bytes()).expect_err("refused");
            assert!(reason.contains(said), "{reason}");
        }
    }
}
