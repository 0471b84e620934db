use super::*;

fn length(encoding: SmsEncoding, units: usize, parts: usize) -> SmsLength {
    SmsLength { encoding, units, parts }
}

use SmsEncoding::{Gsm7, Ucs2};

#[test]
fn every_character_of_the_default_alphabet_counts_one() {
    assert_eq!(DEFAULT_ALPHABET.chars().count(), 127, "128 code points, less the escape");
    for c in DEFAULT_ALPHABET.chars() {
        assert_eq!(sms_length(&c.to_string()), length(Gsm7, 1, 1), "{c:?}");
    }
}

#[test]
fn every_extension_character_counts_two() {
    assert_eq!(EXTENSION_TABLE.chars().count(), 10);
    for c in EXTENSION_TABLE.chars() {
        assert_eq!(sms_length(&c.to_string()), length(Gsm7, 2, 1), "{c:?}");
    }
}

#[test]
fn no_character_is_in_both_tables_nor_twice_in_one() {
    let mut all: Vec<char> = DEFAULT_ALPHABET.chars().chain(EXTENSION_TABLE.chars()).collect();
    all.sort_unstable();
    let count = all.len();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn small_e_grave_is_in_gsm7_and_its_capital_is_not() {
    assert_eq!(sms_length("perché è così").encoding, Gsm7);
    assert_eq!(sms_length("È").encoding, Ucs2);
    assert_eq!(sms_length("É").encoding, Gsm7);
    for capital in ["À", "Ì", "Ò", "Ù"] {
        assert_eq!(sms_length(capital).encoding, Ucs2, "{capital}");
    }
}

#[test]
fn one_foreign_character_turns_the_whole_text_into_ucs2() {
    assert_eq!(sms_length("Ufficio in via Verdi 3"), length(Gsm7, 22, 1));
    assert_eq!(sms_length("Ufficio in via Verdi 3’"), length(Ucs2, 23, 1));
}

#[test]
fn an_empty_text_is_one_empty_message() {
    assert_eq!(sms_length(""), length(Gsm7, 0, 1));
}

#[test]
fn gsm7_takes_160_alone_and_153_in_each_part() {
    for (units, parts) in [(159, 1), (160, 1), (161, 2), (306, 2), (307, 3), (459, 3), (460, 4)] {
        assert_eq!(sms_length(&"a".repeat(units)), length(Gsm7, units, parts));
    }
}

#[test]
fn ucs2_takes_70_alone_and_67_in_each_part() {
    for (units, parts) in [(69, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)] {
        assert_eq!(sms_length(&"È".repeat(units)), length(Ucs2, units, parts));
    }
}

#[test]
fn extension_characters_fill_a_single_text_to_the_brim() {
    assert_eq!(sms_length(&"€".repeat(80)), length(Gsm7, 160, 1));
    assert_eq!(sms_length(&"€".repeat(81)), length(Gsm7, 162, 2));
}

#[test]
fn an_extension_character_is_never_split_between_parts() {
    // 76 euro signs take 152 of 153 units; the 77th moves to the next part as a whole.
    assert_eq!(sms_length(&"€".repeat(152)), length(Gsm7, 304, 2));
    assert_eq!(sms_length(&"€".repeat(153)), length(Gsm7, 306, 3));
    let text = format!("{}€{}", "a".repeat(152), "b".repeat(152));
    assert_eq!(
        sms_length(&text),
        length(Gsm7, 306, 3),
        "306 units would fit in two parts if it could be split"
    );
}

#[test]
fn a_surrogate_pair_counts_two_and_is_never_split() {
    assert_eq!(sms_length("😀"), length(Ucs2, 2, 1));
    assert_eq!(sms_length(&"😀".repeat(35)), length(Ucs2, 70, 1));
    assert_eq!(sms_length(&"😀".repeat(36)), length(Ucs2, 72, 2));
    assert_eq!(sms_length(&"😀".repeat(67)), length(Ucs2, 134, 3), "33 pairs a part, not 33 and a half");
}

#[test]
fn what_forces_ucs2_is_named_once_in_order() {
    assert_eq!(chars_outside_gsm7("È l’ora: l’ufficio è aperto"), ['È', '’']);
    assert!(chars_outside_gsm7("tutto bene, 10 € {ok}").is_empty());
}

#[test]
fn a_transliteration_is_offered_and_fits_gsm7() {
    assert_eq!(
        transliterated_to_gsm7("È aperto – l’ufficio «URP»…").as_deref(),
        Some("E' aperto - l'ufficio \"URP\"...")
    );
    assert_eq!(transliterated_to_gsm7("è già così").as_deref(), Some("è già così"));
    assert_eq!(transliterated_to_gsm7("ciao 😀"), None);
    assert_eq!(transliterated_to_gsm7("ŝ"), None);
}

#[test]
fn what_gsm7_lacks_is_written_as_a_careful_typist_would() {
    for (foreign, plain) in [
        ("ÀÁÈÌÍÒÓÙÚ", "A'A'E'I'I'O'O'U'U'"),
        ("áíóú", "àìòù"),
        ("âãêëîïôõûç", "aaeeiioouc"),
        ("ÂÃÊËÎÏÔÕÛ", "AAEEIIOOU"),
        ("‘’′´`", "'''''"),
        ("“”„«»″", r#""""""""#),
        ("‐‑–—•·", "------"),
        ("…", "..."),
        ("°ºª", "ooa"),
        ("\t\u{00A0}\u{202F}\u{2009}", "    "),
    ] {
        assert_eq!(transliterated_to_gsm7(foreign).as_deref(), Some(plain), "{foreign}");
    }
}

#[test]
fn every_stand_in_is_itself_gsm7() {
    for c in ('\u{0000}'..='\u{FFFF}').filter(|c| gsm7_units(*c).is_none()) {
        if let Some(plain) = stand_in(c) {
            assert_eq!(sms_length(plain).encoding, Gsm7, "{c:?} becomes {plain:?}");
        }
    }
}
