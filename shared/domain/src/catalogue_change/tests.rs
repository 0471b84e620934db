use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::attore::RESERVED_LOGINS;
use crate::catalogue::Ruolo;
use crate::ids::{MacrostrutturaId, ServizioId, Tripletta};

fn ente(code: &str) -> EnteId {
    EnteId::new(code).expect("a code")
}

fn gruppo(code: &str) -> GruppoId {
    GruppoId::new(code).expect("a code")
}

/// Adds a group and, the first time, its Ente, of which it becomes the fallback.
fn with_gruppo(mut catalogue: Catalogue, ente_code: &str, code: &str) -> Catalogue {
    catalogue.enti.entry(ente(ente_code)).or_insert_with(|| Ente {
        id: ente(ente_code),
        nome: ente_code.to_uppercase(),
        gruppo_di_ripiego: Some(gruppo(code)),
        retired: false,
    });
    let membri = BTreeSet::new();
    let gruppo = Gruppo {
        id: gruppo(code),
        ente: ente(ente_code),
        nome: code.into(),
        email: None,
        membri,
        retired: false,
    };
    catalogue.gruppi.insert(gruppo.id.clone(), gruppo);
    catalogue
}

fn with_operatore(mut catalogue: Catalogue, login: &str, ruolo: Ruolo) -> Catalogue {
    let login = Login::new(login).expect("a login");
    let operatore =
        Operatore { login: login.clone(), nome: "Prova".into(), ruolo, email_inbound: false, retired: false };
    catalogue.operatori.insert(login, operatore);
    catalogue
}

fn base_service(ente_code: &str, unit: &str, servizio: &str) -> ServizioBase {
    ServizioBase {
        ente: (ente(ente_code), ente_code.to_uppercase()),
        macrostruttura: (MacrostrutturaId::new(unit).expect("a code"), unit.to_uppercase()),
        servizio: (ServizioId::new(servizio).expect("a code"), servizio.to_uppercase()),
    }
}

fn with_avanzato(catalogue: Catalogue, ente_code: &str) -> Catalogue {
    let mut catalogue =
        catalogue_with_base_services(&catalogue, [base_service(ente_code, "uffici", "anagrafe")]);
    for servizio in
        catalogue.servizi.values_mut().filter(|servizio| servizio.tripletta.ente == ente(ente_code))
    {
        servizio.profilo = Profilo::Avanzato;
    }
    catalogue
}

/// The groups that a change retires.
fn retired_by(change: &CatalogueChange) -> BTreeSet<GruppoId> {
    let retired = change.gruppi.iter().filter(|change| change.kind == ChangeKind::Retired);
    retired.map(|change| change.after.id.clone()).collect()
}

fn planned(current: &Catalogue, draft: &Catalogue) -> CatalogueChange {
    plan_update(current, draft).expect("no refusal")
}

#[test]
fn the_same_draft_twice_changes_nothing_and_keeps_the_revision() {
    let draft = with_avanzato(with_gruppo(Catalogue::default(), "firenze", "ripiego"), "firenze");
    let first = planned(&Catalogue::default(), &draft);
    assert_eq!(first.counts(), BTreeMap::from([(ChangeKind::Added, 4)]));
    let catalogue = first.applied_to(&Catalogue::default());
    assert_eq!(catalogue.revision, 1);
    let second = planned(&catalogue, &draft);
    assert!(second.is_empty());
    assert_eq!(second.applied_to(&catalogue), catalogue);
}

#[test]
fn what_is_missing_is_retired_and_what_reappears_is_restored() {
    let small = with_gruppo(Catalogue::default(), "firenze", "ripiego");
    let large = with_gruppo(small.clone(), "firenze", "anagrafe");
    let retiring = planned(&large, &small);
    assert_eq!(retired_by(&retiring), BTreeSet::from([gruppo("anagrafe")]));
    let retired = retiring.applied_to(&large);
    assert!(retired.gruppi[&gruppo("anagrafe")].retired, "retired, not removed");
    assert!(planned(&retired, &small).is_empty(), "retired once, not at every import");
    let restoring = planned(&retired, &large);
    assert_eq!(restoring.counts(), BTreeMap::from([(ChangeKind::Restored, 1)]));
    assert!(!restoring.applied_to(&retired).gruppi[&gruppo("anagrafe")].retired);
}

#[test]
fn another_name_is_an_update() {
    let current = with_gruppo(Catalogue::default(), "firenze", "ripiego");
    let mut draft = current.clone();
    draft.enti.get_mut(&ente("firenze")).expect("just added").nome = "Comune di Firenze".into();
    let change = planned(&current, &draft);
    assert_eq!(change.counts(), BTreeMap::from([(ChangeKind::Updated, 1)]));
    assert_eq!(change.enti[0].after.nome, "Comune di Firenze");
}

#[test]
fn a_fallback_group_is_retired_only_when_another_takes_its_place() {
    let current = with_gruppo(with_gruppo(Catalogue::default(), "firenze", "ripiego"), "firenze", "anagrafe");
    let mut draft = current.clone();
    draft.gruppi.remove(&gruppo("ripiego"));
    let refusal = UpdateRefusal::FallbackGruppoRetired { ente: ente("firenze"), gruppo: gruppo("ripiego") };
    assert_eq!(plan_update(&current, &draft), Err(vec![refusal.clone()]));

    draft.enti.get_mut(&ente("firenze")).expect("there").gruppo_di_ripiego = None;
    assert_eq!(plan_update(&current, &draft), Err(vec![refusal]), "dropping the mention is no replacement");

    draft.enti.get_mut(&ente("firenze")).expect("there").gruppo_di_ripiego = Some(gruppo("anagrafe"));
    assert_eq!(retired_by(&planned(&current, &draft)), BTreeSet::from([gruppo("ripiego")]));
}

#[test]
fn an_ente_whose_services_are_all_on_base_may_do_without_a_fallback_group() {
    let current = with_gruppo(Catalogue::default(), "firenze", "ripiego");
    let mut draft = current.clone();
    draft.enti.get_mut(&ente("firenze")).expect("there").gruppo_di_ripiego = None;
    assert_eq!(planned(&current, &draft).counts(), BTreeMap::from([(ChangeKind::Updated, 1)]));
}

#[test]
fn an_ente_that_leaves_the_centre_is_retired_with_its_fallback_group() {
    let current = with_avanzato(with_gruppo(Catalogue::default(), "firenze", "ripiego"), "firenze");
    let change = planned(&current, &Catalogue::default());
    assert_eq!(change.counts(), BTreeMap::from([(ChangeKind::Retired, 4)]));
    assert_eq!(retired_by(&change), BTreeSet::from([gruppo("ripiego")]));
}

#[test]
fn an_ente_with_an_avanzato_service_needs_a_fallback_group_of_its_own() {
    let missing = |draft: &Catalogue| {
        let refusal = UpdateRefusal::FallbackGruppoMissing { ente: ente("scandicci") };
        assert_eq!(plan_update(&Catalogue::default(), draft), Err(vec![refusal]));
    };
    let mut draft = with_avanzato(with_gruppo(Catalogue::default(), "firenze", "ripiego"), "scandicci");
    missing(&draft);
    draft.enti.get_mut(&ente("scandicci")).expect("there").gruppo_di_ripiego = Some(gruppo("ripiego"));
    missing(&draft);
}

#[test]
fn a_group_does_not_move_to_another_ente() {
    let current = with_gruppo(with_gruppo(Catalogue::default(), "firenze", "ripiego"), "scandicci", "lavori");
    let mut draft = with_gruppo(current.clone(), "scandicci", "manutenzioni");
    draft.enti.get_mut(&ente("scandicci")).expect("there").gruppo_di_ripiego = Some(gruppo("manutenzioni"));
    draft.gruppi.get_mut(&gruppo("lavori")).expect("there").ente = ente("firenze");
    let moved =
        UpdateRefusal::GruppoMoved { gruppo: gruppo("lavori"), from: ente("scandicci"), to: ente("firenze") };
    assert_eq!(plan_update(&current, &draft), Err(vec![moved]));
}

#[test]
fn nobody_takes_the_login_of_a_system_actor() {
    for reserved in RESERVED_LOGINS {
        let draft = with_operatore(Catalogue::default(), reserved, Ruolo::PrimoLivello);
        let login = Login::new(reserved).expect("a login");
        let refused = Err(vec![UpdateRefusal::LoginReserved { login }]);
        assert_eq!(plan_update(&Catalogue::default(), &draft), refused);
        // One that an earlier release let in is retired when the files drop it, and does not keep them from being read.
        assert_eq!(
            planned(&draft, &Catalogue::default()).counts(),
            BTreeMap::from([(ChangeKind::Retired, 1)])
        );
    }
}

#[test]
fn base_services_are_added_and_what_exists_stays() {
    let current = with_avanzato(with_gruppo(Catalogue::default(), "firenze", "ripiego"), "firenze");
    let services = [base_service("firenze", "uffici", "anagrafe"), base_service("denver", "911", "potholes")];
    let draft = catalogue_with_base_services(&current, services.clone());
    let change = planned(&current, &draft);
    assert_eq!(change.counts(), BTreeMap::from([(ChangeKind::Added, 3)]));
    let catalogue = change.applied_to(&current);
    let of = |service: &ServizioBase| Tripletta {
        ente: service.ente.0.clone(),
        macrostruttura: service.macrostruttura.0.clone(),
        servizio: service.servizio.0.clone(),
    };
    assert_eq!(catalogue.servizi[&of(&services[0])].profilo, Profilo::Avanzato);
    let added = catalogue.active_servizio(&of(&services[1])).expect("added, in use");
    assert_eq!((added.profilo, added.nome.as_str()), (Profilo::Base, "POTHOLES"));
    assert_eq!(catalogue_with_base_services(&catalogue, services), catalogue);
}

/// Small catalogues over few codes, so that two of them overlap. Fallback groups are left out: refusals have
/// tests of their own above.
fn any_catalogue() -> impl Strategy<Value = Catalogue> {
    let groups = prop::collection::btree_map(0..6_u8, (any::<bool>(), 0..3_u8), 0..6);
    let services = prop::collection::btree_set((0..3_u8, 0..3_u8, 0..3_u8), 0..8);
    (groups, services).prop_map(|(groups, services)| {
        let services = services
            .into_iter()
            .map(|(e, m, s)| base_service(&format!("e{e}"), &format!("m{m}"), &format!("s{s}")));
        let mut catalogue = catalogue_with_base_services(&Catalogue::default(), services);
        for (code, (retired, nome)) in groups {
            catalogue = with_gruppo(catalogue, "enti", &format!("g{code}"));
            let gruppo = catalogue.gruppi.get_mut(&gruppo(&format!("g{code}"))).expect("just added");
            (gruppo.retired, gruppo.nome) = (retired, format!("n{nome}"));
        }
        catalogue.enti.values_mut().for_each(|ente| ente.gruppo_di_ripiego = None);
        catalogue
    })
}

proptest! {
    #[test]
    fn importing_twice_equals_importing_once(current in any_catalogue(), draft in any_catalogue()) {
        let once = planned(&current, &draft).applied_to(&current);
        prop_assert!(planned(&once, &draft).is_empty());
    }

    #[test]
    fn nothing_disappears_and_the_draft_holds_afterwards(current in any_catalogue(), draft in any_catalogue()) {
        let change = planned(&current, &draft);
        let after = change.applied_to(&current);
        for (key, servizio) in &draft.servizi {
            prop_assert_eq!(after.servizi.get(key), Some(servizio));
        }
        for (key, gruppo) in &draft.gruppi {
            prop_assert_eq!(after.gruppi.get(key), Some(gruppo));
        }
        for key in current.gruppi.keys().filter(|key| !draft.gruppi.contains_key(*key)) {
            prop_assert!(after.gruppi[key].retired);
        }
        for key in current.servizi.keys().filter(|key| !draft.servizi.contains_key(*key)) {
            prop_assert!(after.servizi[key].retired);
        }
        prop_assert_eq!(after.revision, current.revision + i64::from(!change.is_empty()));
    }

    #[test]
    fn a_catalogue_that_was_replaced_and_comes_back_is_whole_again(first in any_catalogue(), second in any_catalogue()) {
        let between = planned(&first, &second).applied_to(&first);
        let back = planned(&between, &first).applied_to(&between);
        for (key, gruppo) in &first.gruppi {
            prop_assert_eq!(back.gruppi.get(key), Some(gruppo));
        }
        for (key, servizio) in &first.servizi {
            prop_assert_eq!(back.servizi.get(key), Some(servizio));
        }
    }
}
