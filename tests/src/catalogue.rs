//! A small catalogue for stories: two Enti, every kind of service, somebody for every role.
//!
//! `firenze` has a fallback group, services on both profiles, one on avanzato without a competent group, one with
//! contact back. `scandicci` is the other Ente.

use std::collections::BTreeSet;

use smista_domain::catalogue::{
    Catalogue, Ente, Gruppo, Macrostruttura, Operatore, Profilo, RispostaStandard, Ruolo, Scheda, Servizio,
    Sezione,
};
use smista_domain::ids::{EnteId, GruppoId, Login, MacrostrutturaId, SchedaId, ServizioId, Tripletta};

/// Operators of the first level.
pub const ANNA: &str = "anna";
/// See [`ANNA`].
pub const BENE: &str = "bene";
/// May open inbound email too.
pub const EMMA: &str = "emma";
/// Referents of `firenze-anagrafe`.
pub const CARLO: &str = "carlo";
/// See [`CARLO`].
pub const CINZIA: &str = "cinzia";
/// Referent of `firenze-tributi`.
pub const TEO: &str = "teo";
/// Referent of `firenze-urp`, the fallback group.
pub const URBANO: &str = "urbano";
/// Referent of `scandicci-anagrafe`.
pub const SARA: &str = "sara";
/// Specialist of Firenze.
pub const SPINA: &str = "spina";
/// Specialist of Scandicci.
pub const SOFIA: &str = "sofia";
/// Members of Gestione Rigetti.
pub const RITA: &str = "rita";
/// See [`RITA`].
pub const RENZO: &str = "renzo";
/// Of the Ufficio esigenze informative.
pub const UGO: &str = "ugo";
/// Of operazioni.
pub const OLGA: &str = "olga";

/// On avanzato, with contact back, competent `firenze-anagrafe`.
pub const RESIDENZA: &str = "firenze/demografici/residenza";
/// On avanzato, without contact back, competent `firenze-tributi`.
pub const TARI: &str = "firenze/tributi/tari";
/// On avanzato, nobody competent (R9).
pub const ORFANO: &str = "firenze/demografici/albo";
/// On base, without a group.
pub const MUSEI: &str = "firenze/cultura/musei";
/// On base, with the group `firenze-strade`.
pub const BUCHE: &str = "firenze/strade/buche";
/// On avanzato in the other Ente, competent `scandicci-anagrafe`.
pub const RESIDENZA_SCANDICCI: &str = "scandicci/demografici/residenza";

/// The catalogue at revision 0, to be imported.
pub fn story_catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    for (ente, nome, fallback) in [
        ("firenze", "Comune di Firenze", Some("firenze-urp")),
        ("scandicci", "Comune di Scandicci", Some("scandicci-anagrafe")),
    ] {
        let id = EnteId::new(ente).expect("a code");
        let gruppo_di_ripiego = fallback.map(|code| GruppoId::new(code).expect("a code"));
        catalogue
            .enti
            .insert(id.clone(), Ente { id, nome: nome.to_owned(), gruppo_di_ripiego, retired: false });
    }
    for (ente, unit, parent) in [
        ("firenze", "servizi", None),
        ("firenze", "demografici", Some("servizi")),
        ("firenze", "tributi", Some("servizi")),
        ("firenze", "cultura", None),
        ("firenze", "strade", None),
        ("scandicci", "demografici", None),
    ] {
        let (ente, id) = (EnteId::new(ente).expect("a code"), MacrostrutturaId::new(unit).expect("a code"));
        let parent = parent.map(|code| MacrostrutturaId::new(code).expect("a code"));
        let unit = Macrostruttura {
            ente: ente.clone(),
            id: id.clone(),
            nome: unit.to_owned(),
            parent,
            retired: false,
        };
        catalogue.macrostrutture.insert((ente, id), unit);
    }
    for (tripletta, nome, profilo, contact_back, gruppo) in [
        (RESIDENZA, "Cambio di residenza", Profilo::Avanzato, true, Some("firenze-anagrafe")),
        (TARI, "Tassa sui rifiuti", Profilo::Avanzato, false, Some("firenze-tributi")),
        (ORFANO, "Albo degli scrutatori", Profilo::Avanzato, false, None),
        (MUSEI, "Musei civici", Profilo::Base, false, None),
        (BUCHE, "Buche stradali", Profilo::Base, false, Some("firenze-strade")),
        (RESIDENZA_SCANDICCI, "Cambio di residenza", Profilo::Avanzato, true, Some("scandicci-anagrafe")),
    ] {
        add_service(&mut catalogue, tripletta, nome, profilo, contact_back, gruppo);
    }
    for (id, ente, members) in [
        ("firenze-anagrafe", "firenze", &[CARLO, CINZIA][..]),
        ("firenze-tributi", "firenze", &[TEO][..]),
        ("firenze-urp", "firenze", &[URBANO][..]),
        ("firenze-strade", "firenze", &[URBANO][..]),
        ("scandicci-anagrafe", "scandicci", &[SARA][..]),
    ] {
        let id = GruppoId::new(id).expect("a code");
        let membri: BTreeSet<Login> =
            members.iter().map(|login| Login::new(*login).expect("a login")).collect();
        let ente = EnteId::new(ente).expect("a code");
        let gruppo =
            Gruppo { id: id.clone(), ente, nome: id.to_string(), email: None, membri, retired: false };
        catalogue.gruppi.insert(id, gruppo);
    }
    add_operators(&mut catalogue);
    catalogue
}

/// `ente/macrostruttura/servizio` as a Tripletta.
pub fn tripletta(text: &str) -> Tripletta {
    let mut parts = text.split('/');
    let mut next = || parts.next().expect("three parts").to_owned();
    Tripletta {
        ente: EnteId::new(next()).expect("a code"),
        macrostruttura: MacrostrutturaId::new(next()).expect("a code"),
        servizio: ServizioId::new(next()).expect("a code"),
    }
}

fn add_service(
    catalogue: &mut Catalogue,
    names: &str,
    nome: &str,
    profilo: Profilo,
    contact_back: bool,
    gruppo: Option<&str>,
) {
    let tripletta = tripletta(names);
    let scheda = SchedaId::new(names.replace('/', ".")).expect("a code");
    let sezione = |titolo: &str, testo: String| Sezione { titolo: titolo.to_owned(), testo };
    catalogue.schede.insert(
        scheda.clone(),
        Scheda {
            id: scheda.clone(),
            ente: tripletta.ente.clone(),
            titolo: nome.to_owned(),
            sezioni: vec![
                sezione("Chi", format!("{nome}: si occupa l'ufficio di {}.", tripletta.macrostruttura)),
                sezione("Quando", "Lunedì e giovedì, dalle 9 alle 13.".to_owned()),
            ],
            risposte_standard: vec![RispostaStandard {
                codice: "presa-visione".to_owned(),
                titolo: "Ringraziamento".to_owned(),
                testo: "La ringraziamo: la sua richiesta è stata registrata.".to_owned(),
            }],
            sms: Some(format!("{nome}: lun e gio 9-13")),
            documenti: vec![],
            retired: false,
        },
    );
    catalogue.servizi.insert(
        tripletta.clone(),
        Servizio {
            tripletta,
            nome: nome.to_owned(),
            profilo,
            contact_back,
            gruppo: gruppo.map(|code| GruppoId::new(code).expect("a code")),
            numero_trasferimento: None,
            agenda: false,
            scheda: Some(scheda),
            retired: false,
        },
    );
}

fn add_operators(catalogue: &mut Catalogue) {
    let firenze = || EnteId::new("firenze").expect("a code");
    let scandicci = || EnteId::new("scandicci").expect("a code");
    for (login, ruolo) in [
        (ANNA, Ruolo::PrimoLivello),
        (BENE, Ruolo::PrimoLivello),
        (EMMA, Ruolo::PrimoLivello),
        (CARLO, Ruolo::SecondoLivello { ente: firenze() }),
        (CINZIA, Ruolo::SecondoLivello { ente: firenze() }),
        (TEO, Ruolo::SecondoLivello { ente: firenze() }),
        (URBANO, Ruolo::SecondoLivello { ente: firenze() }),
        (SARA, Ruolo::SecondoLivello { ente: scandicci() }),
        (SPINA, Ruolo::Specialista { ente: firenze() }),
        (SOFIA, Ruolo::Specialista { ente: scandicci() }),
        (RITA, Ruolo::GestioneRigetti),
        (RENZO, Ruolo::GestioneRigetti),
        (UGO, Ruolo::Ufficio),
        (OLGA, Ruolo::Operazioni),
    ] {
        let login = Login::new(login).expect("a login");
        let email_inbound = login.as_str() == EMMA;
        let nome = login.to_string();
        catalogue
            .operatori
            .insert(login.clone(), Operatore { login, nome, ruolo, email_inbound, retired: false });
    }
}
