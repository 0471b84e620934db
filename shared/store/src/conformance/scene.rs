//! Cases to store, made by the domain's own decisions, and the set that writes them.

use chrono::{DateTime, Duration, Utc};
use smista_domain::apply::HistoryRow;
use smista_domain::attore::Attore;
use smista_domain::caso::{Caso, Pratica};
use smista_domain::catalogue::{
    Catalogue, Documento, Ente, Gruppo, Macrostruttura, Operatore, Profilo, RispostaStandard, Ruolo, Scheda,
    Servizio, Sezione,
};
use smista_domain::command::{Command, NewCaso, Opening};
use smista_domain::decide::{self, Cited, Decision, OpeningView};
use smista_domain::ids::{CasoId, GruppoId, Login, Protocollo, Tripletta};
use uuid::Uuid;

use crate::{
    Asked, Claim, Desk, IdempotencyKey, MessageKey, OpeningKey, PaperRow, Store, StoreError, StoriaRow,
    WriteSet,
};

pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 123_456_000).unwrap_or_default() + Duration::seconds(seconds)
}

pub(super) fn caso_id(n: u128) -> CasoId {
    CasoId(Uuid::from_u128(n))
}

pub(super) fn login(name: &str) -> Login {
    Login::new(name).expect("a login")
}

pub(super) fn gruppo(name: &str) -> GruppoId {
    GruppoId::new(name).expect("a group")
}

pub(super) fn tripletta(servizio: &str) -> Tripletta {
    serde_json::from_value(serde_json::json!({
        "ente": "firenze", "macrostruttura": "demografici", "servizio": servizio
    }))
    .expect("a Tripletta")
}

fn json<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> T {
    serde_json::from_value(value).expect("well-formed")
}

/// One Ente, two services on avanzato (`anagrafe`, `stato-civile`) and one on base (`musei`), two groups.
pub(super) fn catalogue() -> Catalogue {
    let ente = tripletta("anagrafe").ente;
    let unit = tripletta("anagrafe").macrostruttura;
    let scheda = Scheda {
        id: json("scheda-anagrafe".into()),
        ente: ente.clone(),
        titolo: "Certificati anagrafici".into(),
        sezioni: vec![Sezione { titolo: "Dove".into(), testo: "In viale Guidoni, n. 174.".into() }],
        risposte_standard: vec![RispostaStandard {
            codice: "orari".into(),
            titolo: "Orari".into(),
            testo: "Da lunedì a venerdì, 8:30–13:00.".into(),
        }],
        sms: Some("Viale Guidoni 174, lun-ven 8:30-13".into()),
        documenti: vec![json("modulo".into())],
        retired: false,
    };
    let documento = Documento {
        id: json("modulo".into()),
        ente: ente.clone(),
        titolo: "Modulo di richiesta".into(),
        file: "modulo.pdf".into(),
        media_type: "application/pdf".into(),
        size_bytes: 20_480,
        retired: false,
    };
    let servizio = |name: &str, profilo, of: Option<&str>| Servizio {
        tripletta: tripletta(name),
        nome: name.into(),
        profilo,
        contact_back: true,
        gruppo: of.map(gruppo),
        numero_trasferimento: Some("+390552768".into()),
        agenda: false,
        scheda: Some(scheda.id.clone()),
        retired: false,
    };
    let servizi = [
        servizio("anagrafe", Profilo::Avanzato, Some("g-anagrafe")),
        servizio("stato-civile", Profilo::Avanzato, Some("g-civile")),
        servizio("musei", Profilo::Base, None),
    ];
    let operatore = |name: &str, ruolo| Operatore {
        login: login(name),
        nome: name.into(),
        ruolo,
        email_inbound: true,
        retired: false,
    };
    let operatori = [
        operatore("anna", Ruolo::PrimoLivello),
        operatore("bruno", Ruolo::SecondoLivello { ente: ente.clone() }),
        operatore("carla", Ruolo::GestioneRigetti),
        operatore("dino", Ruolo::Specialista { ente: ente.clone() }),
    ];
    let gruppi = ["g-anagrafe", "g-civile"].map(|name| Gruppo {
        id: gruppo(name),
        ente: ente.clone(),
        nome: name.into(),
        email: Some(format!("{name}@comune.example")),
        membri: [login("bruno")].into(),
        retired: false,
    });
    let macrostruttura = Macrostruttura {
        ente: ente.clone(),
        id: unit.clone(),
        nome: "Servizi demografici".into(),
        parent: None,
        retired: false,
    };
    let body = Ente {
        id: ente.clone(),
        nome: "Comune di Firenze".into(),
        gruppo_di_ripiego: Some(gruppo("g-civile")),
        retired: false,
    };
    Catalogue {
        revision: 0,
        enti: [(ente.clone(), body)].into(),
        macrostrutture: [((ente, unit), macrostruttura)].into(),
        servizi: servizi.map(|servizio| (servizio.tripletta.clone(), servizio)).into(),
        gruppi: gruppi.map(|gruppo| (gruppo.id.clone(), gruppo)).into(),
        operatori: operatori.map(|operatore| (operatore.login.clone(), operatore)).into(),
        schede: [(scheda.id.clone(), scheda)].into(),
        documenti: [(documento.id.clone(), documento)].into(),
    }
}

pub(super) fn actor(name: &str) -> Attore {
    let catalogue = catalogue();
    match catalogue.operatori.get(&login(name)) {
        Some(operatore) => Attore::of_operatore(operatore, &catalogue).expect("at work"),
        None => Attore::sistema(login(name)),
    }
}

/// A Reclamo about `anagrafe`.
pub(super) fn reclamo() -> Opening {
    json(serde_json::json!({
        "motivo": "reclamo", "tripletta": tripletta("anagrafe"), "canale": "telefono",
        "description": "Il certificato richiesto non è mai arrivato.",
        "anagrafica": { "nome": "Ada", "cognome": "Rossi", "telefono": "055 123456", "email": "ada@example.org" }
    }))
}

/// A Lamentela without anagrafica about `musei`.
pub(super) fn lamentela() -> Opening {
    json(serde_json::json!({
        "motivo": "lamentela", "tripletta": tripletta("musei"), "canale": "email",
        "description": "Troppa coda all'ingresso."
    }))
}

/// A Segnalazione about `musei`.
pub(super) fn segnalazione() -> Opening {
    let Opening { anagrafica, .. } = reclamo();
    let motivo = Some(smista_domain::motivo::Motivo::Segnalazione);
    Opening { motivo, anagrafica, ..lamentela() }
}

pub(super) fn sollecito(padre: CasoId) -> Opening {
    json(serde_json::json!({
        "motivo": "sollecito", "padre": padre, "canale": "telefono", "description": "Attendo ancora."
    }))
}

pub(super) fn command<T>(of: fn(T) -> Command, body: serde_json::Value) -> Command
where
    T: serde::de::DeserializeOwned,
{
    of(json(body))
}

/// The set that opens case `n` and the pratica after it.
pub(super) fn opening(n: u128, opening: &Opening, padre: Option<&Pratica>, time: i64) -> (WriteSet, Pratica) {
    let catalogue = catalogue();
    let number = i64::try_from(n).expect("a small number");
    let new = NewCaso { id: caso_id(n), protocollo: Protocollo { anno: 2026, numero: number } };
    let cited = Cited { seguito_di: opening.seguito_di.is_some(), cittadino: opening.cittadino.is_some() };
    let view = OpeningView { new, padre, cited, catalogue: &catalogue };
    let decision = decide::open(&view, opening, &actor("anna"), at(time)).expect("admitted");
    let after = decision.apply_to(padre.cloned(), at(time)).expect("a pratica");
    let mut set = written(padre, &decision, &after, "anna", "contact.open", time);
    let opened = after.caso(caso_id(n)).expect("opened").clone();
    let key = OpeningKey { source: "suite".into(), id: n.to_string() };
    set.opened.push((opened, key));
    (set, after)
}

/// The set that a command writes, and the pratica after it.
pub(super) fn act(
    before: &Pratica,
    caso: CasoId,
    command: &Command,
    by: &str,
    time: i64,
) -> (WriteSet, Pratica) {
    let decision = decide::act(before, caso, command, &catalogue(), &actor(by), at(time)).expect("admitted");
    let after = decision.apply_to(Some(before.clone()), at(time)).expect("a pratica");
    let set = written(Some(before), &decision, &after, by, command.kind().message_type(), time);
    (set, after)
}

fn written(
    before: Option<&Pratica>,
    decision: &Decision,
    after: &Pratica,
    by: &str,
    command: &str,
    time: i64,
) -> WriteSet {
    let mut set = WriteSet::default();
    for change in &decision.changes {
        let old = before.and_then(|pratica| pratica.caso(change.caso));
        let new = after.caso(change.caso).expect("changed");
        if let Some(old) = old {
            set.changed.push((new.clone(), old.versione));
        }
        set.storia.push(StoriaRow {
            caso: change.caso,
            row: HistoryRow {
                versione: new.versione,
                at: at(time),
                by: login(by),
                facts: change.facts.clone(),
            },
            command: command.into(),
            stato_before: old.map(|old| old.stato),
            stato_after: new.stato,
        });
        set.papers.extend((0..).zip(&change.papers).map(|(indice, paper)| PaperRow {
            caso: change.caso,
            versione: new.versione,
            indice,
            campo: paper.campo,
            contenuto: paper.contenuto.clone(),
            at: at(time),
            by: login(by),
        }));
    }
    set
}

/// Writes a set in a desk of its own.
pub(super) async fn write(store: &dyn Store, set: &WriteSet) -> Result<(), StoreError> {
    let mut desk: Box<dyn Desk> = store.desk().await?;
    desk.write(set).await?;
    desk.commit().await.map(|_committed| ())
}

/// Enters messages in an inbox; for each whether it was new.
pub(super) async fn take_unseen(desk: &mut dyn Desk, worker: &str, messages: &[MessageKey]) -> Vec<bool> {
    let asked = Asked { worker: worker.into(), messages: messages.to_vec(), ..Asked::default() };
    desk.take(&asked).await.expect("taken").unseen
}

/// Claims idempotency keys.
pub(super) async fn claim(desk: &mut dyn Desk, keys: &[IdempotencyKey]) -> Vec<Claim> {
    desk.take(&Asked { keys: keys.to_vec(), ..Asked::default() }).await.expect("claimed").claims
}

/// The catalogue's revision as a desk sees it.
pub(super) async fn revision(desk: &mut dyn Desk) -> i64 {
    desk.take(&Asked::default()).await.expect("read").revision
}

/// Opens case `n` and stores it.
pub(super) async fn open(store: &dyn Store, n: u128, what: &Opening, time: i64) -> Pratica {
    let (set, pratica) = opening(n, what, None, time);
    write(store, &set).await.expect("stored");
    pratica
}

/// Decides and stores a command.
pub(super) async fn apply(
    store: &dyn Store,
    before: &Pratica,
    command: &Command,
    by: &str,
    time: i64,
) -> Pratica {
    let (set, after) = act(before, before.padre.id, command, by, time);
    write(store, &set).await.expect("stored");
    after
}

/// A Reclamo, routed to its group and resolved; told or not.
pub(super) async fn resolved(store: &dyn Store, n: u128, attributo: &str, time: i64) -> Pratica {
    let pratica = open(store, n, &reclamo(), time).await;
    let pratica = apply(store, &pratica, &Command::Route, "instradamento", time + 1).await;
    let failed =
        serde_json::json!([{ "canale": "telefono", "direzione": "outbound", "esito": "non_risponde" }]);
    let told = serde_json::json!([{ "canale": "telefono", "direzione": "outbound", "esito": "raggiunto" }]);
    let tentativi = match attributo {
        "non_comunicato" => failed,
        "comunicato" => told,
        _ => serde_json::json!([]),
    };
    let answer = serde_json::json!({ "answer": {
        "text": "Il certificato è pronto.", "canale": "telefono", "attributo": attributo, "tentativi": tentativi
    }});
    let resolve = command(|body| Command::Resolve(Box::new(body)), answer);
    apply(store, &pratica, &resolve, "bruno", time + 2).await
}

/// The case of a pratica by itself, or the padre.
pub(super) fn alone(pratica: &Pratica) -> &Caso {
    &pratica.padre
}
