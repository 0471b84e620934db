//! Lines of JSON as contacts: `{"source": "…", "id": "…", "contact": {…}}`, the contact as `contact.open` takes it.

use std::io::{BufRead, BufReader, Read};

use serde::Deserialize;
use smista_domain::command::Opening;
use smista_domain::text::NomeEsterno;
use smista_messages::commands::body;
use smista_store::OpeningKey;

use super::{Contact, ContactLine, UnreadableFile};

/// The longest line, in bytes: what a message may hold.
const MAX_LINE_BYTES: u64 = 256 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    source: NomeEsterno,
    id: NomeEsterno,
    contact: Box<Opening>,
}

/// What some programs begin a file in UTF-8 with.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The contacts of a JSON Lines file, as they are read. Blank lines are passed over.
pub fn json_lines<R: Read>(file: R) -> impl Iterator<Item = Result<ContactLine, UnreadableFile>> {
    let mut reader = BufReader::new(file);
    let mut number = 0;
    let mut ended = false;
    std::iter::from_fn(move || {
        while !ended {
            number += 1;
            let mut bytes = Vec::new();
            let told = |contact| Some(Ok(ContactLine { line: number, contact }));
            let unreadable = |source| Some(Err(UnreadableFile::Io { line: number - 1, source }));
            match reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut bytes) {
                Ok(0) => ended = true,
                Ok(_) if bytes.trim_ascii().is_empty() => {}
                Ok(read) if u64::try_from(read) == Ok(MAX_LINE_BYTES) && bytes.last() != Some(&b'\n') => {
                    if let Err(error) = reader.skip_until(b'\n') {
                        ended = true;
                        return unreadable(error);
                    }
                    return told(Err("la riga è troppo lunga".to_owned()));
                }
                Ok(_) => {
                    let marked = bytes.strip_prefix(BYTE_ORDER_MARK).filter(|_| number == 1);
                    return told(contact(marked.unwrap_or(&bytes)));
                }
                Err(error) => {
                    ended = true;
                    return unreadable(error);
                }
            }
        }
        None
    })
}

fn contact(bytes: &[u8]) -> Result<Contact, String> {
    let text = std::str::from_utf8(bytes).map_err(|_error| "la riga non è testo UTF-8".to_owned())?;
    let line: Line = body(text).map_err(|malformed| format!("riga non valida: {malformed}"))?;
    let key = OpeningKey { source: format!("file:{}", line.source.as_str()), id: line.id.into() };
    Ok(Contact { key, opening: line.contact })
}
