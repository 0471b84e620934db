//! Which keys a file has brought so far, and what each said: two contacts under one key are a mistake in the file.
//!
//! Remembers two numbers a line, not the lines: a file of a million lines costs some 30 megabytes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::ContactLine;

/// For each key, the first line that had it, and what that said.
#[derive(Default)]
pub(super) struct Repeated(HashMap<u64, (u64, u64)>);

impl Repeated {
    /// The line, or its refusal when its key came before with another content. The same once more is let through: it is
    /// known by then.
    pub(super) fn checked(&mut self, line: ContactLine) -> ContactLine {
        let ContactLine { line: number, contact } = line;
        let contact = contact.and_then(|contact| {
            let says = hash(&serde_json::to_string(&contact.opening).unwrap_or_default());
            match self.0.entry(hash(&(&contact.key.source, &contact.key.id))) {
                Entry::Occupied(before) if before.get().1 != says => {
                    let first = before.get().0;
                    Err(format!("la chiave è già quella della riga {first}, che ha un altro contenuto"))
                }
                Entry::Occupied(_) => Ok(contact),
                Entry::Vacant(vacant) => {
                    vacant.insert((number, says));
                    Ok(contact)
                }
            }
        });
        ContactLine { line: number, contact }
    }
}

fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
