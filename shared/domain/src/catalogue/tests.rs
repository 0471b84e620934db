//! What catalogue.rs promises, case by case.

use super::{Catalogue, Profilo, Scheda, Servizio};
use crate::ids::{EnteId, MacrostrutturaId, SchedaId, ServizioId, Tripletta};

#[test]
fn a_tripletta_leads_to_the_sheet_of_its_service() {
    let id = SchedaId::new("firenze.anagrafe").unwrap();
    let ente = EnteId::new("firenze").unwrap();
    let tripletta = Tripletta {
        ente: ente.clone(),
        macrostruttura: MacrostrutturaId::new("uffici").unwrap(),
        servizio: ServizioId::new("anagrafe").unwrap(),
    };
    let servizio = Servizio {
        tripletta: tripletta.clone(),
        nome: "Anagrafe".to_owned(),
        profilo: Profilo::Base,
        contact_back: false,
        gruppo: None,
        numero_trasferimento: None,
        agenda: false,
        scheda: Some(id.clone()),
        retired: false,
    };
    let scheda = Scheda {
        id: id.clone(),
        ente,
        titolo: "Anagrafe".to_owned(),
        sezioni: vec![],
        risposte_standard: vec![],
        sms: None,
        documenti: vec![],
        retired: false,
    };
    let mut catalogue = Catalogue::default();
    assert_eq!(catalogue.scheda_of(&tripletta), None);
    catalogue.servizi.insert(tripletta.clone(), servizio);
    assert_eq!(catalogue.scheda_of(&tripletta), None, "a sheet that is named but not there");
    catalogue.schede.insert(id, scheda.clone());
    assert_eq!(catalogue.scheda_of(&tripletta), Some(&scheda));
}
