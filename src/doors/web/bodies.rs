//! Bodies of requests: how long one may be, and how much all of them may take together.

use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderMap, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A body of so many bytes is read without asking for room: so many requests at once as there may be take little, and who
/// sends an order is not held up by who sends much.
const SMALL_BYTES: usize = 16 << 10;

/// All larger ones together may take so many KiB: 64 MiB.
const MOST_KIB: u32 = 64 << 10;

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoBody {
    /// It is too long, or was cut short.
    TooLong,
    /// Others take all the room that there is.
    Full,
}

/// The room for bodies.
pub(super) struct Bodies {
    room: Arc<Semaphore>,
    longest: usize,
}

impl Bodies {
    /// Room for bodies of at most `longest` bytes each.
    pub(super) fn new(longest: usize) -> Self {
        Self { room: Arc::new(Semaphore::new(MOST_KIB as usize)), longest }
    }

    /// Reads a body, and the room that it takes for as long as that is held; how long to wait is for the caller to say.
    ///
    /// # Errors
    /// [`NoBody`].
    pub(super) async fn read(
        &self,
        headers: &HeaderMap,
        mut body: Body,
    ) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), NoBody> {
        let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if declared.is_some_and(|bytes| bytes > self.longest) {
            self.skip(body, 0).await;
            return Err(NoBody::TooLong);
        }
        let (mut kept, mut held) = (Vec::new(), None);
        while let Some(piece) = next(&mut body).await {
            let piece = piece?;
            let length = kept.len() + piece.len();
            if length > self.longest {
                drop(std::mem::take(&mut kept));
                self.skip(body, length).await;
                return Err(NoBody::TooLong);
            }
            if length > SMALL_BYTES && held.is_none() {
                // For all of it at once: two that each wait for what the other has would both wait for ever.
                let most = declared.unwrap_or(self.longest);
                let kib = u32::try_from(most.div_ceil(1 << 10)).unwrap_or(MOST_KIB);
                held = Some(Arc::clone(&self.room).try_acquire_many_owned(kib).map_err(|_| NoBody::Full)?);
                kept.reserve_exact(most.saturating_sub(kept.len()));
            }
            kept.extend_from_slice(&piece);
        }
        Ok((kept, held))
    }

    /// Reads on for a while without keeping anything, when a body is only a little too long: who is still sending does
    /// not hear an answer.
    async fn skip(&self, mut body: Body, mut seen: usize) {
        while seen <= 2 * self.longest {
            match next(&mut body).await {
                Some(Ok(piece)) => seen += piece.len(),
                _ => return,
            }
        }
    }
}

/// The next piece of a body; none at its end.
async fn next(body: &mut Body) -> Option<Result<axum::body::Bytes, NoBody>> {
    loop {
        let frame = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?;
        match frame.map(|frame| frame.into_data()) {
            Ok(Ok(piece)) => return Some(Ok(piece)),
            // Headers behind the body, which nobody asked for.
            Ok(Err(_)) => {}
            Err(_) => return Some(Err(NoBody::TooLong)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const LONGEST: usize = 1 << 20;

    fn read(bodies: &Bodies, declared: Option<usize>, sent: usize) -> Result<(usize, bool), NoBody> {
        let mut headers = HeaderMap::new();
        if let Some(bytes) = declared {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let read = runtime.block_on(bodies.read(&headers, Body::from(vec![b'x'; sent])));
        read.map(|(body, held)| (body.len(), held.is_some()))
    }

    #[test]
    fn a_body_is_judged_by_what_it_says_and_by_what_comes() {
        let bodies = Bodies::new(LONGEST);
        for declared in [None, Some(100)] {
            assert_eq!(read(&bodies, declared, 100), Ok((100, false)));
        }
        assert_eq!(read(&bodies, Some(LONGEST), LONGEST), Ok((LONGEST, true)));
        assert_eq!(read(&bodies, None, LONGEST), Ok((LONGEST, true)));
        assert_eq!(read(&bodies, Some(usize::MAX), 10), Err(NoBody::TooLong));
        assert_eq!(read(&bodies, None, LONGEST + 1), Err(NoBody::TooLong));
        assert_eq!(bodies.room.available_permits(), MOST_KIB as usize, "all room is given back");
    }

    /// Five hundred callers who each sent nearly 2 MiB took a gigabyte.
    #[test]
    fn all_bodies_together_are_bounded_and_small_ones_still_come_through() {
        let bodies = Bodies::new(LONGEST);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let large = || runtime.block_on(bodies.read(&HeaderMap::new(), Body::from(vec![b'x'; LONGEST])));
        let kept: Vec<_> = std::iter::from_fn(|| large().ok()).take(512).collect();
        assert_eq!(kept.len(), 64, "64 MiB");
        assert_eq!(large().expect_err("no room"), NoBody::Full);
        assert_eq!(read(&bodies, Some(SMALL_BYTES), SMALL_BYTES), Ok((SMALL_BYTES, false)));
        drop(kept);
        assert!(large().is_ok());
    }
}
