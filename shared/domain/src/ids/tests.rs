//! What ids.rs promises, case by case.

use super::{EnteId, GruppoId, Login, NotAProtocollo, Protocollo, Tripletta};
use crate::ids::{MacrostrutturaId, ServizioId};
use crate::text::TextError;

#[test]
fn a_code_has_a_narrow_alphabet_and_a_limit() {
    for code in ["firenze", "a", "servizi-demografici.2", "anna.neri@comune_fi", "7"] {
        assert_eq!(Login::new(code).unwrap().as_str(), code);
        assert_eq!(Login::new(code).unwrap().to_string(), code);
    }
    for code in ["Firenze", "città", "a b", "a/b", " firenze", "a\n"] {
        assert_eq!(EnteId::new(code), Err(TextError::NotACode(code.to_owned())), "{code:?}");
    }
    assert_eq!(EnteId::new(""), Err(TextError::Empty));
    assert_eq!(EnteId::new("\0"), Err(TextError::Null));
    assert!(EnteId::new("a".repeat(64)).is_ok() && GruppoId::new("a".repeat(96)).is_ok());
    assert_eq!(EnteId::new("a".repeat(65)), Err(TextError::TooLong { chars: 65, limit: 64 }));
}

#[test]
fn a_protocol_number_is_year_and_counter() {
    for (text, anno, numero) in
        [("2026-000042", 2026, 42), (" 2026-1 ", 2026, 1), ("2026-1234567", 2026, 1_234_567)]
    {
        assert_eq!(text.parse(), Ok(Protocollo { anno, numero }), "{text}");
    }
    for text in [
        "",
        "2026",
        "2026-",
        "-1",
        "26-1",
        "2026-0",
        "2026-a",
        "2026--1",
        "2026-1-1",
        "+026-1",
        "2026-99999999999999999999",
    ] {
        assert_eq!(text.parse::<Protocollo>(), Err(NotAProtocollo(text.to_owned())), "{text}");
    }
}

#[test]
fn a_protocol_number_is_written_with_six_digits_at_least() {
    assert_eq!(Protocollo { anno: 2026, numero: 42 }.to_string(), "2026-000042");
    assert_eq!(String::from(Protocollo { anno: 2026, numero: 1_234_567 }), "2026-1234567");
    assert_eq!(Protocollo::try_from("2026-000042".to_owned()), Ok(Protocollo { anno: 2026, numero: 42 }));
}

#[test]
fn what_is_no_protocol_number_is_repeated_only_in_part() {
    let long = "9".repeat(100);
    assert_eq!(long.parse::<Protocollo>(), Err(NotAProtocollo("9".repeat(40))));
}

#[test]
fn a_tripletta_is_written_as_a_path() {
    let tripletta = Tripletta {
        ente: EnteId::new("firenze").unwrap(),
        macrostruttura: MacrostrutturaId::new("uffici").unwrap(),
        servizio: ServizioId::new("anagrafe").unwrap(),
    };
    assert_eq!(tripletta.to_string(), "firenze/uffici/anagrafe");
}
