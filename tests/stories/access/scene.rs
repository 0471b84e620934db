//! The cases and people that the matrix speaks of, built through the door as an office would build them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use smista_domain::catalogue::{Operatore, Ruolo};
use smista_domain::ids::{EnteId, Login};
use smista_intake::http::Example;
use smista_intake::issue_token;
use smista_store::{Cliente, Delegation};
use smista_tests::catalogue::{
    ANNA, BUCHE, CARLO, MUSEI, RESIDENZA, RESIDENZA_SCANDICCI, RITA, SARA, SOFIA, SPINA, tripletta,
};
use smista_tests::{Answer, TestOffice};

use super::matrix::Row;
use crate::bodies::{about, contact, gino, merged, rejection, resolution};

/// A specialist of Firenze whom nobody has involved.
const SILVA: &str = "silva";
/// Speaks for everybody.
pub(crate) const FRONT_END: &str = "sportello";
/// Speaks for the second level of Scandicci only.
pub(crate) const OF_SCANDICCI: &str = "sportello-scandicci";

/// Whose case each letter of the matrix is, and the citizen whom U names.
pub(crate) struct Scene {
    pub(crate) cases: BTreeMap<char, String>,
    /// The numbers that the citizens heard.
    protocolli: BTreeMap<char, String>,
    pub(crate) citizen: String,
    /// A token of [`OF_SCANDICCI`].
    pub(crate) token_of_scandicci: String,
    /// Cases like those of the letters, for commands that use their case up.
    spares: BTreeMap<char, Vec<String>>,
}

impl Scene {
    pub(crate) async fn build(office: &TestOffice) -> Self {
        let silva = Login::new(SILVA).expect("a login");
        let ruolo = Ruolo::Specialista { ente: EnteId::new("firenze").expect("a code") };
        let nome = "Silva".to_owned();
        let operatore = Operatore { login: silva.clone(), nome, ruolo, email_inbound: false, retired: false };
        office.change_catalogue(|catalogue| drop(catalogue.operatori.insert(silva, operatore))).await;
        let token_of_scandicci = clients(office).await;
        let registration = json!({ "anagrafica": gino(), "identificazione": "documento" });
        let citizen = office.post(ANNA, "/v1/citizens", registration).await.ok().id();

        let mut scene = Self {
            cases: BTreeMap::new(),
            protocolli: BTreeMap::new(),
            citizen,
            token_of_scandicci,
            spares: BTreeMap::new(),
        };
        for letter in ['A', 'U', 'T', 'D', 'N', 'R', 'S', 'L', 'G', 'E'] {
            let opened = scene.open(office, letter).await;
            scene.protocolli.insert(letter, opened.text("/protocollo"));
            scene.cases.insert(letter, opened.id());
        }
        office.settle().await;
        for (letter, case) in &scene.cases {
            work_on(office, *letter, case).await;
        }
        let figlio = office.open(ANNA, sollecito(&scene.cases[&'A'])).await.ok().id();
        scene.cases.insert('F', figlio);
        office.settle().await;
        scene
    }

    /// So many more cases of each letter.
    pub(crate) async fn lay_by(&mut self, office: &TestOffice, wanted: &BTreeMap<char, usize>) {
        let mut opened = Vec::new();
        for (letter, count) in wanted {
            for _ in 0..*count {
                opened.push((*letter, self.open(office, *letter).await.id()));
            }
        }
        office.settle().await;
        for (letter, case) in opened {
            work_on(office, letter, &case).await;
            let case = match letter {
                'F' => office.open(ANNA, sollecito(&case)).await.ok().id(),
                _ => case,
            };
            self.spares.entry(letter).or_default().push(case);
        }
        office.settle().await;
    }

    /// A case of this letter that nobody has used; the matrix said beforehand that it would be needed.
    pub(crate) fn use_up(&mut self, letter: char) -> String {
        self.spares.get_mut(&letter).and_then(Vec::pop).expect("a case laid by")
    }

    /// The letters of these cases.
    pub(crate) fn letters(&self, ids: &[String]) -> BTreeSet<char> {
        let letter_of = |id: &String| self.cases.iter().find(|(_, case)| *case == id);
        ids.iter().map(|id| *letter_of(id).expect("a case of the scene").0).collect()
    }

    /// Opens what will be the case of this letter; for a figlio, its padre.
    async fn open(&self, office: &TestOffice, letter: char) -> Answer {
        let anagrafica = json!({ "anagrafica": gino() });
        let of_citizen = json!({ "anagrafica": gino(), "cittadino": self.citizen });
        let available = json!({ "anagrafica": gino(), "verifica": "disponibile" });
        let contact = match letter {
            'U' => contact("reclamo", RESIDENZA, of_citizen),
            'T' => contact("informazione", RESIDENZA, available),
            'S' => contact("reclamo", RESIDENZA_SCANDICCI, anagrafica),
            'G' => contact("segnalazione", BUCHE, anagrafica),
            'E' => contact("informazione", MUSEI, anagrafica),
            _ => contact("reclamo", RESIDENZA, anagrafica),
        };
        office.open(ANNA, contact).await.ok()
    }
}

fn sollecito(padre: &str) -> Value {
    about("sollecito", padre, json!({ "anagrafica": gino() }))
}

/// Brings a case that has been routed where its letter says.
async fn work_on(office: &TestOffice, letter: char, case: &str) {
    let away = json!({ "tripletta": tripletta(RESIDENZA_SCANDICCI) });
    let steps = match letter {
        'A' => vec![(CARLO, "involve", json!({ "specialista": SPINA }))],
        'D' => vec![(CARLO, "resolve", resolution("da_comunicare", &[]))],
        'N' => vec![(CARLO, "resolve", resolution("non_comunicato", &["non_risponde"]))],
        'R' => vec![(CARLO, "reject", rejection())],
        'S' => vec![(SARA, "involve", json!({ "specialista": SOFIA }))],
        'L' => vec![
            (CARLO, "involve", json!({ "specialista": SPINA })),
            (CARLO, "reject", rejection()),
            (RITA, "reassign", away),
            (SARA, "accept", json!({})),
        ],
        _ => vec![],
    };
    for (login, command, body) in steps {
        office.command(login, case, command, body).await.ok();
        // The workers have looked at a rejection before anybody goes on.
        if command == "reject" {
            office.settle().await;
        }
    }
}

/// The two clients; returns a token of the one that may not speak for everybody.
async fn clients(office: &TestOffice) -> String {
    let store = &office.system.office.store;
    let roles =
        ["primo_livello", "secondo_livello", "specialista", "gestione_rigetti", "ufficio", "operazioni"];
    let everybody = Delegation { ruoli: roles.map(str::to_owned).to_vec(), ..Delegation::default() };
    let of_scandicci = Delegation {
        ruoli: vec!["secondo_livello".to_owned()],
        enti: Some(vec![EnteId::new("scandicci").expect("a code")]),
        ..Delegation::default()
    };
    for (nome, delegation) in [(FRONT_END, everybody), (OF_SCANDICCI, of_scandicci)] {
        store.save_cliente(&Cliente { nome: nome.to_owned(), delegation }).await.expect("a client");
    }
    issue_token(&**store, OF_SCANDICCI, office.now(), None).await.expect("a token").token
}

/// The body of a line: the route's own example of that name, made to fit the scene, or one that the matrix names.
pub(crate) fn body(scene: &Scene, examples: &[Example], row: &Row, case: &str) -> Option<Value> {
    let own = examples.iter().find(|own| own.name == row.example).map(|own| own.body.clone());
    let fitting = match (row.example.as_str(), row.case) {
        ("everything", _) => json!({}),
        ("of_firenze", _) => json!({ "ente": "firenze" }),
        ("of_scandicci", _) => json!({ "ente": "scandicci" }),
        ("of_the_group", _) => json!({ "gruppi": ["firenze-anagrafe"] }),
        ("by_number", Some(letter)) => json!({ "protocollo": scene.protocolli[&letter] }),
        ("figli_of", _) => json!({ "padre": case }),
        ("by_telephone", _) => json!({ "telefono": "055 0000001" }),
        ("by_email", _) => json!({ "email": "nessuno@example.org" }),
        ("by_citizen", _) => json!({ "cittadino": scene.citizen }),
        ("specialist", Some('S' | 'L')) => json!({ "specialista": SOFIA }),
        ("specialist", _) => json!({ "specialista": SILVA }),
        ("no_answer", Some('N')) => merged(own?, json!({ "attributo": "non_comunicato" })),
        ("sollecito" | "notifica_per_informazione" | "informazione_su_case", _) => {
            merged(own?, json!({ "padre": case }))
        }
        ("informazione" | "informazione_transferred" | "reclamo" | "lamentela" | "segnalazione", _) => {
            merged(own?, json!({ "tripletta": tripletta(RESIDENZA) }))
        }
        _ => own?,
    };
    Some(fitting)
}
