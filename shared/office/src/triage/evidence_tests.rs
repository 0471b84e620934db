use smista_domain::ids::{EnteId, GruppoId, MacrostrutturaId, ServizioId};
use smista_domain::motivo::CausaRigetto;

use super::*;
use crate::triage::path::Rigetto;

/// Proves R12.
#[test]
fn what_the_system_takes_from_a_group_that_group_has_not_rejected() {
    let code = || GruppoId::new("anagrafe").expect("a code");
    let tripletta = Tripletta {
        ente: EnteId::new("firenze").expect("a code"),
        macrostruttura: MacrostrutturaId::new("unit").expect("a code"),
        servizio: ServizioId::new("residenza").expect("a code"),
    };
    let at = chrono::DateTime::UNIX_EPOCH;
    let rigetto = Rigetto {
        versione: 3,
        at,
        by: smista_domain::ids::Login::new("assignment").expect("a login"),
        causa: CausaRigetto::ResponsabileNonIndividuabile,
        suggerita: None,
        dal_sistema: true,
    };
    let stay = Passaggio {
        versione: 2,
        at,
        tripletta: Some(tripletta),
        gruppo: Some(code()),
        rigetto: Some(rigetto),
    };
    let (texts, solved) = (Texts::new(&Catalogue::default()), SolvedTexts::new(Vec::new()));
    let rejected_by = |groups: &[GruppoId]| {
        evidence("", std::slice::from_ref(&stay), groups, Vec::new(), &texts, &solved).rejected_by
    };
    // As `Caso::rigettato_da` has it, which leaves the system's rejections out.
    assert!(rejected_by(&[]).is_empty());
    assert!(rejected_by(&[code()]).contains(&code()));
}
