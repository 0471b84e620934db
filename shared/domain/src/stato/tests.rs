//! What stato.rs promises, case by case.

use super::{Attributo, Stato, StatoWire};

#[test]
fn every_state_travels_as_its_names_and_comes_back() {
    for stato in Stato::ALL {
        assert_eq!(Stato::try_from(StatoWire::from(stato)), Ok(stato));
        assert_eq!(Stato::from_names(stato.name(), stato.attributo().map(Attributo::as_str)), Ok(stato));
    }
}

#[test]
fn a_pair_that_the_process_does_not_know_is_refused() {
    for (stato, attributo) in [
        ("risolto_primo_livello", Some("da_comunicare")),
        ("risolto_primo_livello", None),
        ("risolto_secondo_livello", None),
        ("assegnato", Some("comunicato")),
        ("chiuso", None),
        ("Assegnato", None),
        ("", Some("")),
    ] {
        assert!(Stato::from_names(stato, attributo).is_err(), "{stato} {attributo:?}");
    }
}

#[test]
fn what_is_no_state_is_repeated_only_in_part() {
    let refused = Stato::from_names(&"x".repeat(500), Some(&"y".repeat(500))).unwrap_err();
    assert_eq!((refused.stato.len(), refused.attributo.map(|text| text.len())), (60, Some(60)));
}

#[test]
fn states_are_final_as_the_table_says() {
    let open: Vec<String> =
        Stato::ALL.into_iter().filter(|stato| !stato.is_final()).map(|stato| stato.to_string()).collect();
    assert_eq!(
        open,
        [
            "risolto_primo_livello/non_comunicato",
            "risolto_secondo_livello/non_comunicato",
            "risolto_secondo_livello/da_comunicare",
            "assegnato",
            "trasferito",
            "rigettato",
            "sospeso",
        ]
    );
}

#[test]
fn an_operator_reads_state_and_attribute() {
    let names = Stato::ALL.map(Stato::in_italian);
    assert_eq!(names[5], "Risolto II livello / Da Comunicare");
    assert_eq!(names[11], "Non risolvibile per informazione carente");
}
