//! What text.rs promises, case by case.

use super::{NomeEsterno, Testo, TextError, checked};

#[test]
fn a_text_is_trimmed_and_bounded() {
    let longest = "è".repeat(Testo::MAX_CHARS);
    assert_eq!(Testo::new("  buca in via Roma \n").unwrap().as_str(), "buca in via Roma");
    assert_eq!(Testo::new(longest.as_str()).unwrap().as_str(), longest);
    assert_eq!(Testo::new(" \t\n"), Err(TextError::Empty));
    assert_eq!(Testo::new("a\0b"), Err(TextError::Null));
    let too_long = TextError::TooLong { chars: Testo::MAX_CHARS + 1, limit: Testo::MAX_CHARS };
    assert_eq!(Testo::new(format!("{longest}!")), Err(too_long));
}

#[test]
fn a_limit_counts_characters_not_bytes() {
    assert_eq!(checked("èèè", 3), Ok("èèè".to_owned()));
    assert_eq!(checked("èèèè", 3), Err(TextError::TooLong { chars: 4, limit: 3 }));
}

#[test]
fn debug_shows_only_the_length() {
    assert_eq!(format!("{:?}", Testo::new("Anna Neri").unwrap()), "Testo(9 chars)");
}

#[test]
fn a_text_becomes_and_comes_from_a_string() {
    let text = Testo::try_from(" Anna ".to_owned()).unwrap();
    assert_eq!(String::from(text), "Anna");
}

#[test]
fn a_name_of_another_system_is_kept_as_it_is_or_refused() {
    let longest = "è".repeat(NomeEsterno::MAX_CHARS);
    assert_eq!(NomeEsterno::new(longest.as_str()).unwrap().as_str(), longest);
    assert_eq!(String::from(NomeEsterno::try_from(" Call ".to_owned()).unwrap()), " Call ");
    assert_eq!(NomeEsterno::new(""), Err(TextError::Empty));
    assert_eq!(NomeEsterno::new("a\0b"), Err(TextError::Null));
    let too_long = TextError::TooLong { chars: NomeEsterno::MAX_CHARS + 1, limit: NomeEsterno::MAX_CHARS };
    assert_eq!(NomeEsterno::new(format!("{longest}!")), Err(too_long));
}
