//! A small centre to test with: three Enti, services on both profiles, a few people of every role.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use smista_domain::attore::Attore;
use smista_domain::catalogue::{
    Catalogue, Ente, Gruppo, Macrostruttura, Operatore, Profilo, Ruolo, Servizio,
};
use smista_domain::ids::{
    CasoId, EnteId, GruppoId, Login, MacrostrutturaId, Protocollo, ServizioId, Tripletta,
};
use smista_domain::text::Testo;
use uuid::Uuid;

/// Noon of some day, and so many minutes later.
pub(crate) fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).expect("a time that exists") + Duration::minutes(minutes)
}

pub(crate) fn testo(text: &str) -> Testo {
    Testo::new(text).expect("a text that is neither blank nor too long")
}

pub(crate) fn login(name: &str) -> Login {
    Login::new(name).expect("a login in lower case")
}

pub(crate) fn gruppo(name: &str) -> GruppoId {
    GruppoId::new(name).expect("a code in lower case")
}

pub(crate) fn ente(name: &str) -> EnteId {
    EnteId::new(name).expect("a code in lower case")
}

pub(crate) fn caso_id(number: u128) -> CasoId {
    CasoId(Uuid::from_u128(number))
}

pub(crate) fn protocollo(numero: i64) -> Protocollo {
    Protocollo { anno: 2027, numero }
}

/// `firenze/anagrafe`: Ente and service; the unit is always the same.
pub(crate) fn tripletta(name: &str) -> Tripletta {
    let (of_ente, servizio) = name.split_once('/').expect("an Ente and a service");
    Tripletta {
        ente: ente(of_ente),
        macrostruttura: unit(),
        servizio: ServizioId::new(servizio).expect("a code in lower case"),
    }
}

fn unit() -> MacrostrutturaId {
    MacrostrutturaId::new("uffici").expect("a code in lower case")
}

/// The catalogue of the tests. `firenze/verde` is on base; `firenze/nuovo` is on avanzato and nobody's.
pub(crate) fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue { revision: 1, ..Catalogue::default() };
    for (name, ripiego) in [("firenze", "firenze-urp"), ("pistoia", "pistoia-urp"), ("prato", "prato-urp")] {
        let gruppo_di_ripiego = Some(gruppo(ripiego));
        let ente_value = Ente { id: ente(name), nome: name.to_owned(), gruppo_di_ripiego, retired: false };
        catalogue.enti.insert(ente(name), ente_value);
        let macrostruttura = Macrostruttura {
            ente: ente(name),
            id: unit(),
            nome: "Uffici".to_owned(),
            parent: None,
            retired: false,
        };
        catalogue.macrostrutture.insert((ente(name), unit()), macrostruttura);
    }
    for (name, profilo, of_gruppo, contact_back) in [
        ("firenze/anagrafe", Profilo::Avanzato, Some("firenze-anagrafe"), true),
        ("firenze/tributi", Profilo::Avanzato, Some("firenze-tributi"), false),
        ("firenze/nuovo", Profilo::Avanzato, None, false),
        ("firenze/verde", Profilo::Base, None, false),
        ("pistoia/scuola", Profilo::Avanzato, Some("pistoia-scuola"), true),
        ("prato/casa", Profilo::Avanzato, Some("prato-casa"), true),
    ] {
        let servizio = Servizio {
            tripletta: tripletta(name),
            nome: name.to_owned(),
            profilo,
            contact_back,
            gruppo: of_gruppo.map(gruppo),
            numero_trasferimento: None,
            agenda: false,
            scheda: None,
            retired: false,
        };
        catalogue.servizi.insert(tripletta(name), servizio);
    }
    for (name, membri) in [
        ("firenze-anagrafe", vec!["referente-uno", "referente-due"]),
        ("firenze-tributi", vec!["referente-tributi"]),
        ("firenze-urp", vec!["referente-urp"]),
        ("pistoia-scuola", vec!["referente-pistoia"]),
        ("pistoia-urp", vec!["referente-pistoia"]),
        ("prato-casa", vec!["referente-prato"]),
        ("prato-urp", vec!["referente-prato"]),
    ] {
        let of_ente = name.split_once('-').map(|(of_ente, _)| ente(of_ente)).expect("an Ente in the name");
        let membri: BTreeSet<Login> = membri.into_iter().map(login).collect();
        let value = Gruppo {
            id: gruppo(name),
            ente: of_ente,
            nome: name.to_owned(),
            email: None,
            membri,
            retired: false,
        };
        catalogue.gruppi.insert(gruppo(name), value);
    }
    let secondo = |name: &str| Ruolo::SecondoLivello { ente: ente(name) };
    for (name, ruolo) in [
        ("primo-uno", Ruolo::PrimoLivello),
        ("primo-due", Ruolo::PrimoLivello),
        ("referente-uno", secondo("firenze")),
        ("referente-due", secondo("firenze")),
        ("referente-tributi", secondo("firenze")),
        ("referente-urp", secondo("firenze")),
        ("referente-pistoia", secondo("pistoia")),
        ("referente-prato", secondo("prato")),
        ("specialista-uno", Ruolo::Specialista { ente: ente("firenze") }),
        ("specialista-due", Ruolo::Specialista { ente: ente("firenze") }),
        ("rigetti-uno", Ruolo::GestioneRigetti),
        ("rigetti-due", Ruolo::GestioneRigetti),
        ("ufficio", Ruolo::Ufficio),
        ("operazioni", Ruolo::Operazioni),
        ("sistema", Ruolo::Sistema),
    ] {
        let email_inbound = ruolo == Ruolo::PrimoLivello;
        let value =
            Operatore { login: login(name), nome: name.to_owned(), ruolo, email_inbound, retired: false };
        catalogue.operatori.insert(login(name), value);
    }
    catalogue
}

/// The actor behind a login.
pub(crate) fn attore(name: &str, catalogue: &Catalogue) -> Attore {
    let operatore = catalogue.operatori.get(&login(name)).expect("an operator of the catalogue");
    Attore::of_operatore(operatore, catalogue).expect("an operator at work")
}
