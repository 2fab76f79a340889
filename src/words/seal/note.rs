//! C2SP signed notes: a text, an empty line, and signature lines.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What a signature line begins with: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// No note of ours has more than a few; more would only be work for nothing.
const MOST_SIGNATURES: usize = 64;

/// A note taken apart; nothing in it is checked yet.
#[derive(Debug)]
pub(super) struct Note<'a> {
    /// The signed text, with its last LF.
    pub(super) text: &'a str,
    pub(super) signatures: Vec<Signature<'a>>,
}

/// One signature line.
#[derive(Debug)]
pub(super) struct Signature<'a> {
    /// The key's name.
    pub(super) name: &'a str,
    /// The first bytes of a hash of the key.
    pub(super) key_id: [u8; 4],
    /// What the key made of the text.
    pub(super) bytes: Vec<u8>,
}

/// Takes a note apart; `None` when it is none.
pub(super) fn parse(bytes: &[u8]) -> Option<Note<'_>> {
    let note = std::str::from_utf8(bytes).ok()?;
    if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return None;
    }
    let (before, after) = note.rsplit_once("\n\n")?;
    let text = note.get(..before.len() + 1)?;
    let lines = after.strip_suffix('\n')?;
    let signatures = lines.split('\n').take(MOST_SIGNATURES + 1).map(signature).collect::<Option<Vec<_>>>()?;
    (signatures.len() <= MOST_SIGNATURES).then_some(Note { text, signatures })
}

fn signature(line: &str) -> Option<Signature<'_>> {
    let (name, base64) = line.strip_prefix(DASH)?.split_once(' ')?;
    is_key_name(name).then(|| signature_by(name, base64)).flatten()
}

/// The signature by a key of this name, of its base64; `None` when it is none.
pub(super) fn signature_by<'a>(name: &'a str, base64: &str) -> Option<Signature<'a>> {
    let decoded = STANDARD.decode(base64).ok()?;
    let (key_id, bytes) = decoded.split_first_chunk::<4>()?;
    (!bytes.is_empty()).then(|| Signature { name, key_id: *key_id, bytes: bytes.to_vec() })
}

/// The base64 of a signature.
pub(super) fn signature_text(key_id: [u8; 4], signature: &[u8]) -> String {
    STANDARD.encode([&key_id, signature].concat())
}

/// A signature line with its LF.
pub(super) fn signature_line(name: &str, key_id: [u8; 4], signature: &[u8]) -> String {
    format!("{DASH}{name} {}\n", signature_text(key_id, signature))
}

/// Whether notes allow this name for a key.
pub(super) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|sign| sign.is_whitespace() || sign.is_control() || sign == '+')
}
