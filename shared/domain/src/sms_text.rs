//! How long an SMS is, counted as the gateway counts it (clause 4.5-3, R8).
//!
//! Knows: the GSM 7-bit default alphabet and its extension table (3GPP TS 23.038, once GSM 03.38), UCS-2, and
//! how a long text is cut into parts. Must not know: which gateway sends it, nor what the text is about.
//!
//! Everything here is about units, not characters: one GSM-7 septet, or one UTF-16 code unit.

/// How the gateway encodes a text: one character outside GSM-7 turns the whole text into UCS-2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmsEncoding {
    /// 7 bits a unit: 160 units alone, 153 in each part of several.
    Gsm7,
    /// 16 bits a unit: 70 units alone, 67 in each part of several.
    Ucs2,
}

impl SmsEncoding {
    /// Units that fit into a text of one part.
    pub const fn units_alone(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    /// Units that fit into each part of a longer text: the header that joins the parts takes the rest.
    pub const fn units_per_part(self) -> usize {
        match self {
            Self::Gsm7 => 153,
            Self::Ucs2 => 67,
        }
    }
}

/// The length of a text on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmsLength {
    /// The encoding that the text needs.
    pub encoding: SmsEncoding,
    /// Units of that encoding.
    pub units: usize,
    /// Messages that the gateway sends, and bills. An empty text is one empty message.
    pub parts: usize,
}

/// Counts a text. A character of two units (an extension character, a surrogate pair) is never split between
/// two parts, so the parts can be more than the division of the units says.
pub fn sms_length(text: &str) -> SmsLength {
    let encoding =
        if text.chars().all(|c| gsm7_units(c).is_some()) { SmsEncoding::Gsm7 } else { SmsEncoding::Ucs2 };
    let units_of = |c: char| match encoding {
        SmsEncoding::Gsm7 => gsm7_units(c).unwrap_or_default(),
        SmsEncoding::Ucs2 => c.len_utf16(),
    };
    let units = text.chars().map(units_of).sum();
    if units <= encoding.units_alone() {
        return SmsLength { encoding, units, parts: 1 };
    }
    let (mut parts, mut units_in_part) = (1, 0);
    for units_of_char in text.chars().map(units_of) {
        if units_in_part + units_of_char > encoding.units_per_part() {
            parts += 1;
            units_in_part = 0;
        }
        units_in_part += units_of_char;
    }
    SmsLength { encoding, units, parts }
}

/// The characters of a text that force it into UCS-2, each once, in order of appearance.
pub fn chars_outside_gsm7(text: &str) -> Vec<char> {
    let mut outside = Vec::new();
    for c in text.chars().filter(|c| gsm7_units(*c).is_none()) {
        if !outside.contains(&c) {
            outside.push(c);
        }
    }
    outside
}

/// The same text written with GSM-7 characters alone (`È` becomes `E'`, as Italian typists do), to be offered
/// in place of silently paying for UCS-2. `None` when a character has no accepted stand-in; the text itself when
/// it needs none.
pub fn transliterated_to_gsm7(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if gsm7_units(c).is_some() {
            plain.push(c);
        } else {
            plain.push_str(stand_in(c)?);
        }
    }
    Some(plain)
}

/// The default alphabet, in the order of its code points 0x00 to 0x7F. 0x1B, the escape to the extension
/// table, is no character and stands out.
const DEFAULT_ALPHABET: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// The extension table: each costs the escape and itself.
const EXTENSION_TABLE: &str = "\u{000C}^{}\\[~]|€";

/// Septets that a character takes, or `None` when GSM-7 does not have it.
fn gsm7_units(c: char) -> Option<usize> {
    if DEFAULT_ALPHABET.contains(c) {
        Some(1)
    } else if EXTENSION_TABLE.contains(c) {
        Some(2)
    } else {
        None
    }
}

/// What a careful typist writes for a character that GSM-7 lacks. An accent on a capital becomes an apostrophe
/// because Italian capitals carry it only at the end of a word; a foreign accent is dropped.
fn stand_in(c: char) -> Option<&'static str> {
    Some(match c {
        'À' | 'Á' => "A'",
        'È' => "E'",
        'Ì' | 'Í' => "I'",
        'Ò' | 'Ó' => "O'",
        'Ù' | 'Ú' => "U'",
        'á' => "à",
        'í' => "ì",
        'ó' => "ò",
        'ú' => "ù",
        'â' | 'ã' => "a",
        'ê' | 'ë' => "e",
        'î' | 'ï' => "i",
        'ô' | 'õ' => "o",
        'û' => "u",
        'ç' => "c",
        'Â' | 'Ã' => "A",
        'Ê' | 'Ë' => "E",
        'Î' | 'Ï' => "I",
        'Ô' | 'Õ' => "O",
        'Û' => "U",
        '‘' | '’' | '′' | '´' | '`' => "'",
        '“' | '”' | '„' | '«' | '»' | '″' => "\"",
        '‐' | '‑' | '–' | '—' => "-",
        '…' => "...",
        '•' | '·' => "-",
        '°' | 'º' => "o",
        'ª' => "a",
        '\t' | '\u{00A0}' | '\u{202F}' | '\u{2009}' => " ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
