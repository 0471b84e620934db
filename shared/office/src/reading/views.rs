//! A case as it is shown: over HTTP and by the command line, as JSON.

use chrono::{DateTime, Utc};
use serde::Serialize;
use smista_domain::anagrafica::{Anagrafica, Luogo};
use smista_domain::attore::Attore;
use smista_domain::authorise::possible_actions;
use smista_domain::caso::{Caso, ContactLimits};
use smista_domain::command::CommandKind;
use smista_domain::fact::{Campo, Contenuto, Fact};
use smista_domain::ids::{CasoId, CittadinoId, ContattoId, GruppoId, Login, Protocollo, Tripletta};
use smista_domain::motivo::{CanaleInbound, CanaleOutbound, Motivo};
use smista_domain::stato::Stato;
use smista_domain::text::{NomeEsterno, Testo};
use smista_store::{PaperRow, StoriaRow};

/// Where a case stands, without anybody's words or personal data: the line of a list, and the answer to a command.
#[derive(Debug, Clone, Serialize)]
pub struct CaseSummary {
    /// Its identifier.
    pub id: CasoId,
    /// The number that the citizen hears.
    pub protocollo: Protocollo,
    /// The version shown.
    pub versione: i64,
    /// Why the citizen made contact.
    pub motivo: Option<Motivo>,
    /// The service.
    pub tripletta: Option<Tripletta>,
    /// Where it stands: `stato` and `attributo`.
    #[serde(flatten)]
    pub stato: Stato,
    /// The group that has it.
    pub gruppo: Option<GruppoId>,
    /// The group that had it before it was rejected.
    pub gruppo_precedente: Option<GruppoId>,
    /// The person who holds it (2-5).
    pub titolare: Option<Login>,
    /// The case that it is about.
    pub padre: Option<CasoId>,
    /// When the contact took place.
    pub opened_at: DateTime<Utc>,
    /// Since when it stands so.
    pub stato_since: DateTime<Utc>,
    /// How the contact came in.
    pub canale: CanaleInbound,
    /// The channel's name where the case was imported from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canale_origine: Option<NomeEsterno>,
    /// How the answer goes out.
    pub canale_risposta: Option<CanaleOutbound>,
    /// Specialists involved now (row 14).
    pub specialisti: Vec<Login>,
    /// The groups that rejected it, in order (R12).
    pub rigettato_da: Vec<GruppoId>,
    /// R22.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contatto_id: Option<ContattoId>,
    /// R17.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seguito_di: Option<CasoId>,
    /// R24.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cittadino: Option<CittadinoId>,
    /// A referent has said that this Segnalazione is misrouted (R17).
    pub non_competente: bool,
    /// Gestione Rigetti should look twice (R12).
    pub bounces: bool,
    /// The citizen has waited too long to be told an answer that exists (R19).
    pub late: bool,
    /// Nobody moves it any more.
    pub is_final: bool,
    /// What the one who looks can do with it now.
    pub actions: Vec<CommandKind>,
}

impl CaseSummary {
    /// `shown` is the case at the version that the actor sees, `now_stands` as it stands: who sees an old version
    /// can do nothing.
    pub fn of(
        shown: &Caso,
        now_stands: &Caso,
        attore: &Attore,
        limits: ContactLimits,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id: shown.id,
            protocollo: shown.protocollo,
            versione: shown.versione,
            motivo: shown.motivo,
            tripletta: shown.tripletta.clone(),
            stato: shown.stato,
            gruppo: shown.gruppo.clone(),
            gruppo_precedente: shown.gruppo_precedente.clone(),
            titolare: shown.titolare.clone(),
            padre: shown.padre,
            opened_at: shown.opened_at,
            stato_since: shown.stato_since,
            canale: shown.canale,
            canale_origine: shown.canale_origine.clone(),
            canale_risposta: shown.canale_risposta,
            specialisti: shown.specialisti.iter().cloned().collect(),
            rigettato_da: shown.rigettato_da.clone(),
            contatto_id: shown.contatto_id,
            seguito_di: shown.seguito_di,
            cittadino: shown.cittadino,
            non_competente: shown.non_competente.is_some(),
            bounces: shown.bounces(),
            late: shown.contact_is_late(limits, now),
            is_final: shown.stato.is_final(),
            actions: possible_actions(now_stands, attore),
        }
    }
}

/// A case with what was said and written about it, as far as the one who looks may read it.
#[derive(Debug, Clone, Serialize)]
pub struct CaseView {
    /// Where it stands.
    #[serde(flatten)]
    pub summary: CaseSummary,
    /// Its figli that the one who looks may see.
    pub figli: Vec<CasoId>,
    /// What the citizen asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Testo>,
    /// The newest answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Testo>,
    /// The citizen's data: every correction laid over what came before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anagrafica: Option<Anagrafica>,
    /// Where a reported fact is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Luogo>,
    /// Notes and the contributions of specialists, oldest first.
    pub notes: Vec<Nota>,
}

/// Something written on a case.
#[derive(Debug, Clone, Serialize)]
pub struct Nota {
    /// `nota` or `contributo`.
    pub campo: Campo,
    /// The words.
    pub text: Testo,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Login,
}

impl CaseView {
    /// Lays the papers, oldest first, over each other.
    pub(super) fn new(summary: CaseSummary, figli: Vec<CasoId>, papers: Vec<PaperRow>) -> Self {
        let mut view = Self {
            summary,
            figli,
            description: None,
            answer: None,
            anagrafica: None,
            place: None,
            notes: Vec::new(),
        };
        papers.into_iter().for_each(|paper| view.lay_down(paper));
        view
    }

    fn lay_down(&mut self, paper: PaperRow) {
        let PaperRow { campo, contenuto, at, by, .. } = paper;
        match (contenuto, campo) {
            (Contenuto::Anagrafica(change), _) => {
                let before = self.anagrafica.take().unwrap_or_default();
                self.anagrafica = Some(before.changed_by(&change));
            }
            (Contenuto::Luogo(place), _) => self.place = Some(place),
            (Contenuto::Testo(text), Campo::Descrizione) => self.description = Some(text),
            (Contenuto::Testo(text), Campo::Risposta) => self.answer = Some(text),
            (Contenuto::Testo(text), Campo::Nota | Campo::Contributo) => {
                self.notes.push(Nota { campo, text, at, by });
            }
            // A text is stored under no other name.
            (Contenuto::Testo(_), Campo::Luogo | Campo::Anagrafica) => {}
        }
    }
}

/// One command's effect on a case (2-1): who, when, what, and the state before and after.
#[derive(Debug, Clone, Serialize)]
pub struct HistoryEntry {
    /// The version that the command made.
    pub versione: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: Login,
    /// The command: `case.reject`.
    pub command: String,
    /// Where the case stood; none for an opening.
    pub stato_before: Option<Stato>,
    /// Where it stood after.
    pub stato_after: Stato,
    /// What happened, in order.
    pub facts: Vec<Fact>,
    /// The words and data that came along, where they may be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub papers: Vec<PaperView>,
}

/// A text or a part of the personal data, as one command brought it.
#[derive(Debug, Clone, Serialize)]
pub struct PaperView {
    /// Which part of the case it is.
    pub campo: Campo,
    /// What it says.
    pub contenuto: Contenuto,
}

impl HistoryEntry {
    pub(super) fn new(row: StoriaRow, papers: &[PaperRow]) -> Self {
        let of_this = papers.iter().filter(|paper| paper.versione == row.row.versione);
        let papers = of_this
            .map(|paper| PaperView { campo: paper.campo, contenuto: paper.contenuto.clone() })
            .collect();
        Self {
            versione: row.row.versione,
            at: row.row.at,
            by: row.row.by,
            command: row.command,
            stato_before: row.stato_before,
            stato_after: row.stato_after,
            facts: row.row.facts,
            papers,
        }
    }
}

#[cfg(test)]
mod tests {
    use smista_domain::anagrafica::{DatoPersonale, Email};
    use smista_domain::apply::{HistoryRow, replay};
    use smista_domain::fact::Opened;
    use smista_domain::ids::CasoId;
    use uuid::Uuid;

    use super::*;

    fn caso() -> Caso {
        let opened = Opened {
            protocollo: Protocollo { anno: 2026, numero: 42 },
            motivo: Some(Motivo::Reclamo),
            tripletta: None,
            profilo: None,
            stato: Stato::Assegnato,
            gruppo: None,
            padre: None,
            canale: CanaleInbound::Telefono,
            canale_origine: None,
            canale_risposta: None,
            verifica: None,
            identificazione: None,
            annullamento: None,
            opened_at: DateTime::UNIX_EPOCH,
            contatto_id: None,
            seguito_di: None,
            cittadino: None,
        };
        let facts = vec![Fact::Opened(Box::new(opened))];
        let by = Login::new("anna").expect("a login");
        let row = HistoryRow { versione: 1, at: DateTime::UNIX_EPOCH, by, facts };
        replay(CasoId(Uuid::from_u128(1)), &[row]).expect("a history")
    }

    fn paper(versione: i64, campo: Campo, contenuto: Contenuto) -> PaperRow {
        let by = Login::new("anna").expect("a login");
        let caso = CasoId(Uuid::from_u128(1));
        PaperRow { caso, versione, indice: 0, campo, contenuto, at: DateTime::UNIX_EPOCH, by }
    }

    fn words(text: &str) -> Contenuto {
        Contenuto::Testo(Testo::new(text).expect("a text"))
    }

    #[test]
    fn a_correction_lies_over_the_anagrafica_and_the_newest_answer_counts() {
        let attore = Attore::sistema(Login::new("prova").expect("a login"));
        let caso = caso();
        let summary = CaseSummary::of(&caso, &caso, &attore, ContactLimits::default(), DateTime::UNIX_EPOCH);
        let name = |name| Some(DatoPersonale::new(name).expect("a name"));
        let email = |address| Some(Email::new(address).expect("an address"));
        let first =
            Anagrafica { nome: name("Maria"), email: email("a@example.org"), ..Anagrafica::default() };
        let change = Anagrafica { email: email("b@example.org"), ..Anagrafica::default() };
        let papers = vec![
            paper(1, Campo::Anagrafica, Contenuto::Anagrafica(Box::new(first))),
            paper(1, Campo::Descrizione, words("una buca")),
            paper(2, Campo::Risposta, words("prima")),
            paper(3, Campo::Anagrafica, Contenuto::Anagrafica(Box::new(change))),
            paper(4, Campo::Contributo, words("parere")),
            paper(5, Campo::Risposta, words("seconda")),
        ];
        let view = CaseView::new(summary, Vec::new(), papers);
        let anagrafica = view.anagrafica.expect("an anagrafica");
        assert_eq!((anagrafica.nome, anagrafica.email), (name("Maria"), email("b@example.org")));
        assert_eq!(view.answer.as_ref().map(Testo::as_str), Some("seconda"));
        assert_eq!(view.description.as_ref().map(Testo::as_str), Some("una buca"));
        assert_eq!(view.notes.iter().map(|note| note.campo).collect::<Vec<_>>(), [Campo::Contributo]);
    }
}
