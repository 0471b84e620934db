//! What anagrafica.rs promises, case by case.

use super::{Anagrafica, DatoPersonale, Email, Luogo, RecapitoError, Telefono};
use crate::text::TextError;

fn whole() -> Anagrafica {
    Anagrafica {
        nome: Some(DatoPersonale::new("Anna").unwrap()),
        cognome: Some(DatoPersonale::new("Neri").unwrap()),
        telefono: Some(Telefono::new("055 123456").unwrap()),
        email: Some(Email::new("anna@example.org").unwrap()),
        indirizzo: Some(DatoPersonale::new("Via Roma 1").unwrap()),
    }
}

#[test]
fn debug_shows_nothing_personal() {
    let place = Luogo {
        indirizzo: DatoPersonale::new("Via Roma 1").unwrap(),
        latitudine: Some(43.77),
        longitudine: Some(11.25),
    };
    let shown = format!("{:?} {place:?}", whole());
    for personal in ["Anna", "Neri", "055", "55123456", "anna", "example", "Roma", "43", "11.25"] {
        assert!(!shown.contains(personal), "{shown}");
    }
}

#[test]
fn the_same_number_is_always_the_same_text() {
    for (written, kept) in [
        ("055 123456", "+39055123456"),
        ("(055) 12.34-56", "+39055123456"),
        ("+39 055/123456", "+39055123456"),
        ("0039055123456", "+39055123456"),
        ("333 1234567", "+393331234567"),
        ("393 1234567", "+393931234567"),
        ("+1 212 555 0100", "+12125550100"),
        ("055055", "+39055055"),
    ] {
        assert_eq!(Telefono::new(written).unwrap().as_str(), kept, "{written}");
    }
}

#[test]
fn what_is_no_number_is_refused_without_repeating_it() {
    for written in
        ["1234", "abcdef", "055 12345x", "+0551234567", "00012345678", "1234567890123456", "++39055", "055#1"]
    {
        assert_eq!(Telefono::new(written), Err(RecapitoError::Telefono), "{written}");
    }
    assert_eq!(Telefono::new("  "), Err(RecapitoError::Text(TextError::Empty)));
    assert!(!RecapitoError::Telefono.to_string().contains("055"));
    assert!(Telefono::new("+123456789012345").is_ok() && Telefono::new("+1234567890123456").is_err());
}

#[test]
fn an_address_keeps_its_local_part_and_lowers_its_domain() {
    assert_eq!(Email::new(" Anna.Neri@Example.ORG ").unwrap().as_str(), "Anna.Neri@example.org");
    for written in [
        "anna",
        "anna@",
        "@example.org",
        "anna@localhost",
        "anna@[127.0.0.1]",
        "Anna <anna@example.org>",
        "a b@example.org",
    ] {
        assert_eq!(Email::new(written), Err(RecapitoError::Email), "{written}");
    }
}

#[test]
fn a_datum_is_trimmed_and_bounded() {
    assert_eq!(DatoPersonale::new(" Anna ").unwrap().as_str(), "Anna");
    assert!(DatoPersonale::new(&"a".repeat(200)).is_ok() && DatoPersonale::new(&"a".repeat(201)).is_err());
}

#[test]
fn what_is_mandatory_is_name_surname_and_one_way_to_answer() {
    let nothing = Anagrafica::default();
    assert_eq!(nothing.missing_mandatory(), ["nome", "cognome", "telefono oppure email"]);
    assert_eq!(Anagrafica { telefono: None, ..whole() }.missing_mandatory(), Vec::<&str>::new());
    assert_eq!(Anagrafica { email: None, ..whole() }.missing_mandatory(), Vec::<&str>::new());
    assert_eq!(Anagrafica { nome: None, ..whole() }.missing_mandatory(), ["nome"]);
    assert!(nothing.is_empty() && !whole().is_empty());
}

#[test]
fn a_change_leaves_what_it_does_not_name() {
    let other = |text| Some(DatoPersonale::new(text).unwrap());
    let change = Anagrafica { cognome: other("Bianchi"), ..Anagrafica::default() };
    assert_eq!(whole().changed_by(&change), Anagrafica { cognome: other("Bianchi"), ..whole() });
    assert_eq!(Anagrafica::default().changed_by(&whole()), whole());
    assert_eq!(whole().changed_by(&Anagrafica::default()), whole());
}

#[test]
fn coordinates_come_in_pairs_and_lie_on_the_globe() {
    for (latitudine, longitudine, on_the_globe) in [
        (None, None, true),
        (Some(43.77), Some(11.25), true),
        (Some(-90.0), Some(180.0), true),
        (Some(90.1), Some(0.0), false),
        (Some(0.0), Some(-180.1), false),
        (Some(f64::NAN), Some(0.0), false),
        (Some(43.77), None, false),
        (None, Some(11.25), false),
    ] {
        let place = Luogo { indirizzo: DatoPersonale::new("Via Roma 1").unwrap(), latitudine, longitudine };
        assert_eq!(place.is_on_the_globe(), on_the_globe, "{latitudine:?} {longitudine:?}");
    }
}
