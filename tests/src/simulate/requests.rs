//! Asking: through the door, where the answer is awaited, or by a message, where it is not.

use std::sync::Arc;

use serde_json::json;
use sha2::{Digest, Sha256};
use smista_domain::attore::Attore;
use smista_domain::authorise::possible_actions;
use smista_domain::caso::Caso;
use smista_domain::command::{CommandKind, Opening};
use smista_domain::ids::{CasoId, Login};
use smista_office::{Applied, Incoming, Outcome, Render, Rendered, Request, Who};
use smista_queues::{Destination, Exchange, Outgoing};
use smista_store::{Delegation, IdempotencyKey, IdempotentAnswer, OpeningKey, StoreError};

use super::faults::Fault;
use super::parts::CLIENT;
use super::steps::{Simulation, pick};
use super::wishes::data_of;
use crate::catalogue::{ANNA, BENE};

/// The worker's name under which the door asks.
const DOOR: &str = "http";
/// The system actor that watches transferred calls (row 3a).
const SWITCHBOARD: &str = "centralino";

/// A request through the door, to be asked again if nobody answers.
#[derive(Clone)]
pub(crate) struct Direct {
    name: String,
    incoming: Incoming,
}

impl Simulation {
    pub(crate) async fn open(&mut self) -> Result<String, String> {
        let casi: Vec<CasoId> = self.followed.casi.keys().copied().collect();
        let about_a_case = self.happens(25);
        let padre = if about_a_case { self.pick_case(&casi) } else { None };
        let opening = self.wishes.opening(padre);
        let login = if self.happens(50) { ANNA } else { BENE };
        let told = format!("{login} opens {:?} on {padre:?}", opening.motivo);
        let id = format!("desiderio-{}", self.wishes.number());
        if self.happens(50) {
            return Ok(format!("{told}: {}", self.send_opening(&id, login, &opening).await));
        }
        let who = in_the_name_of(&Login::new(login).expect("a login"));
        let key = OpeningKey { source: CLIENT.to_owned(), id: id.clone() };
        let request = Request::Open { opening: Box::new(opening), key };
        Ok(format!("{told}: {}", self.ask(direct(id, who, request, None)).await?))
    }

    async fn send_opening(&mut self, id: &str, login: &str, opening: &Opening) -> &'static str {
        let data = serde_json::to_value(opening).expect("JSON");
        let message = self.message(id, "contact.open", None, login, &data);
        self.send(message).await
    }

    /// Mostly what the list of possible actions offers on a case that is not closed; now and then anything.
    pub(crate) async fn act(&mut self) -> Result<String, String> {
        let casi: Vec<CasoId> = self.followed.casi.keys().copied().collect();
        let Some(id) = self.pick_case(&casi) else { return Ok("there is no case yet".to_owned()) };
        let caso = self.followed.casi[&id].clone();
        let (who, kind) = self.who_and_what(&caso);
        let command = self.wishes.command(kind, caso.stato);
        let name = format!("desiderio-{}", self.wishes.number());
        let told = format!("{name}: {} asks {} of {id}", login_of(&who), kind.message_type());
        match &who {
            Who::Client { named: Some(login), .. } if self.happens(50) => {
                let data = data_of(&command);
                let message = self.message(&name, kind.message_type(), Some(id), login, &data);
                Ok(format!("{told}: {}", self.send(message).await))
            }
            Who::Client { .. } | Who::Sender { .. } | Who::System(_) => {
                let request = Request::Act { caso: id, command };
                let expected = self.expected_version(&caso);
                Ok(format!("{told}: {}", self.ask(direct(name, who, request, expected)).await?))
            }
        }
    }

    /// Mostly the version that the case has; a caller may also have looked too early, or not say.
    fn expected_version(&mut self, caso: &Caso) -> Option<i64> {
        match self.rng.u8(..10) {
            0..6 => Some(caso.versione),
            6 => Some(caso.versione - 1),
            _ => {
                // Only then is anything but the store there to notice.
                if !caso.is_figlio() && self.happens(30) {
                    self.parts.faults.arm(Fault::StaleRead, 0);
                }
                None
            }
        }
    }

    fn pick_case(&mut self, casi: &[CasoId]) -> Option<CasoId> {
        let open: Vec<CasoId> =
            casi.iter().filter(|id| !self.followed.casi[id].stato.is_final()).copied().collect();
        if self.happens(90) { self.pick(&open).or(self.pick(casi)) } else { self.pick(casi) }
    }

    fn who_and_what(&mut self, caso: &Caso) -> (Who, CommandKind) {
        let catalogue = self.parts.process.office.cached_catalogue();
        let attori: Vec<Attore> =
            catalogue.operatori.values().filter_map(|it| Attore::of_operatore(it, &catalogue)).collect();
        let switchboard = Attore::sistema(Login::new(SWITCHBOARD).expect("a login"));
        if possible_actions(caso, &switchboard).contains(&CommandKind::TransferFailed) && self.happens(10) {
            return (Who::System(switchboard), CommandKind::TransferFailed);
        }
        let anything = self.happens(8);
        let offers = attori.iter().flat_map(|attore| {
            let kinds =
                if anything { CommandKind::ON_A_CASE.to_vec() } else { possible_actions(caso, attore) };
            kinds
                .into_iter()
                .filter(|kind| *kind != CommandKind::Route)
                .map(|kind| (in_the_name_of(&attore.login), kind))
        });
        let quiet = |kind: CommandKind| {
            matches!(kind, CommandKind::Note | CommandKind::CorrectAnagrafica | CommandKind::Cancel)
        };
        let (rest, moving): (Vec<_>, Vec<_>) = offers.partition(|(_, kind)| quiet(*kind));
        // Everybody can add a note to everything: cases would only collect them.
        let among = if moving.is_empty() || self.happens(15) { rest } else { moving };
        let cancelling: Vec<_> =
            among.iter().filter(|(_, kind)| *kind == CommandKind::Cancel).cloned().collect();
        let among = if !cancelling.is_empty() && self.happens(25) { cancelling } else { among };
        let nobody = (in_the_name_of(&Login::new(ANNA).expect("a login")), CommandKind::Note);
        self.pick(&among).unwrap_or(nobody)
    }

    fn message(
        &self,
        id: &str,
        message_type: &str,
        subject: Option<CasoId>,
        login: &str,
        data: &serde_json::Value,
    ) -> Outgoing {
        // `cliente` stands where the broker of the other set-up has the verified user.
        let envelope = json!({
            "specversion": "1.0", "id": id, "source": CLIENT, "type": message_type, "subject": subject,
            "time": self.parts.now().to_rfc3339(), "datacontenttype": "application/json",
            "operatore": login, "cliente": CLIENT, "data": data,
        });
        Outgoing {
            destination: Destination::Exchange(Exchange::Commands),
            message_type: message_type.to_owned(),
            message_id: id.to_owned(),
            body: envelope.to_string().into_bytes().into(),
        }
    }

    /// Asks through the door, which may fail; then the caller will ask again.
    async fn ask(&mut self, direct: Direct) -> Result<String, String> {
        if self.happens(12) {
            let fault = [Fault::StoreAway, Fault::CommitLost, Fault::AnswerLost][self.rng.usize(..3)];
            self.parts.faults.arm(fault, 0);
        }
        let answer = self.put(&direct).await;
        match answer {
            Ok(outcome) => {
                self.check_version(&direct, &outcome)?;
                let told = told(&outcome);
                if let Some(body) = body_of(&outcome) {
                    self.answered.push((direct, body));
                }
                Ok(told)
            }
            Err(error) => {
                let told = error.to_string();
                self.unanswered.push(direct);
                Ok(told)
            }
        }
    }

    async fn put(&self, direct: &Direct) -> Result<Outcome, StoreError> {
        let mut outcomes =
            self.parts.process.office.apply(DOOR, std::slice::from_ref(&direct.incoming)).await?;
        Ok(outcomes.pop().expect("one outcome for one command"))
    }

    /// A caller who never heard asks again; so does, now and then, one who did, and must hear the same.
    pub(crate) async fn ask_again(&mut self) -> Result<String, String> {
        if let Some(direct) = self.unanswered.pop() {
            let told = format!("{} is asked again", direct.name);
            return Ok(format!("{told}: {}", self.ask(direct).await?));
        }
        let Some((direct, body)) = pick(&mut self.rng, &self.answered) else {
            return Ok("nobody asks again".to_owned());
        };
        match self.put(&direct).await {
            Ok(Outcome::Answered(answer)) if answer.body == body => {
                Ok(format!("{} hears the same again", direct.name))
            }
            Err(error) if self.parts.faults.is_planned() => Ok(format!("{} hears {error}", direct.name)),
            other => Err(format!("{} was answered, and then {other:?}", direct.name)),
        }
    }

    /// A caller who never heard asks until somebody answers; nothing fails any more but what was planned.
    pub(crate) async fn ask_for_the_last_time(&mut self) -> Result<String, String> {
        let direct = self.unanswered.remove(0);
        let heard = self.put(&direct).await;
        let heard_what = format!("{} is asked for the last time", direct.name);
        match heard {
            Ok(outcome) => {
                self.check_version(&direct, &outcome)?;
                Ok(format!("{heard_what}: {}", told(&outcome)))
            }
            Err(error) if self.parts.faults.is_planned() => {
                self.unanswered.push(direct);
                Ok(format!("{heard_what}: {error}"))
            }
            Err(error) => Err(format!("{} hears {error}", direct.name)),
        }
    }

    /// A command for one version made the next one, or nothing.
    fn check_version(&self, direct: &Direct, outcome: &Outcome) -> Result<(), String> {
        match (direct.incoming.expected_version, outcome) {
            (Some(expected), Outcome::Applied(applied)) if applied.caso.versione != expected + 1 => {
                Err(format!("{} was for version {expected} and made {}", direct.name, applied.caso.versione))
            }
            _ => Ok(()),
        }
    }
}

fn direct(name: String, who: Who, request: Request, expected_version: Option<i64>) -> Direct {
    let asked = format!("{name}: {request:?}");
    let idempotency = IdempotencyKey {
        cliente: CLIENT.to_owned(),
        key: name.clone(),
        request_digest: Sha256::digest(asked.as_bytes()).into(),
    };
    let render: Render = Arc::new(|outcome: &Outcome| Rendered {
        answer: body_of(outcome).map(|body| IdempotentAnswer {
            status: 200,
            headers: "{}".to_owned(),
            body,
            at: chrono::DateTime::UNIX_EPOCH,
        }),
        message: None,
    });
    let incoming = Incoming {
        who,
        request,
        expected_version,
        message: None,
        idempotency: Some(idempotency),
        spool_row: None,
        traceparent: None,
        render: Some(render),
    };
    Direct { name, incoming }
}

fn body_of(outcome: &Outcome) -> Option<Vec<u8>> {
    let text = match outcome {
        Outcome::Applied(applied) => told_applied(applied),
        Outcome::OpenedBefore(caso) => format!("opened before as {caso}"),
        Outcome::Refused(refusal) => format!("refused: {refusal:?}"),
        Outcome::Answered(answer) => return Some(answer.body.clone()),
        Outcome::NoOperator(why) => format!("refused: {why:?}"),
        Outcome::SeenBefore | Outcome::KeyOfOtherRequest | Outcome::Panicked | Outcome::Failed(_) => {
            return None;
        }
    };
    Some(text.into_bytes())
}

fn told_applied(applied: &Applied) -> String {
    format!("{} is at v{}", applied.caso.id, applied.caso.versione)
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Applied(applied) => told_applied(applied),
        other => format!("{other:?}"),
    }
}

fn in_the_name_of(login: &Login) -> Who {
    let delegation = Delegation { operatori: vec![login.clone()], ..Delegation::default() };
    Who::Client { named: Some(login.to_string()), delegation: Arc::new(delegation) }
}

fn login_of(who: &Who) -> &str {
    match who {
        Who::Client { named, .. } | Who::Sender { named, .. } => named.as_deref().unwrap_or("nobody"),
        Who::System(attore) => attore.login.as_str(),
    }
}
