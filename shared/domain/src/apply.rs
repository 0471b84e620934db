//! What a fact does to a case. History is replayed through the same function that decisions use.

use chrono::{DateTime, Utc};

use crate::caso::{Caso, EntePrecedente};
use crate::fact::{Fact, Opened};
use crate::ids::{CasoId, Login, Tripletta};
use crate::motivo::EsitoTentativo;
use crate::stato::{AttributoSecondoLivello, Stato};

/// The facts of one command on one case, as a history row keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryRow {
    /// The version that the command made.
    pub versione: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub by: Login,
    /// What happened, in order.
    pub facts: Vec<Fact>,
}

/// A history that begins with no opening, or has a gap.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the history of case {id} does not continue at version {versione}")]
pub struct BrokenHistory {
    /// The case.
    pub id: CasoId,
    /// The version that does not fit.
    pub versione: i64,
}

/// The case that its history tells of, which must be in order of version.
pub fn replay(id: CasoId, history: &[HistoryRow]) -> Result<Caso, BrokenHistory> {
    let mut rows = history.iter();
    let broken = |versione| BrokenHistory { id, versione };
    let first = rows.next().ok_or(broken(1))?;
    let Some((Fact::Opened(opened), facts)) = first.facts.split_first() else { return Err(broken(1)) };
    if first.versione != 1 {
        return Err(broken(first.versione));
    }
    let mut caso = Caso::opened(id, opened, first.at);
    facts.iter().for_each(|fact| caso.apply(fact, first.at));
    for row in rows {
        if row.versione != caso.versione + 1 {
            return Err(broken(row.versione));
        }
        caso.versione = row.versione;
        row.facts.iter().for_each(|fact| caso.apply(fact, row.at));
    }
    Ok(caso)
}

impl Caso {
    /// The case that an opening begins, at version 1.
    pub fn opened(id: CasoId, opened: &Opened, at: DateTime<Utc>) -> Self {
        Self {
            id,
            protocollo: opened.protocollo,
            versione: 1,
            motivo: opened.motivo,
            tripletta: opened.tripletta.clone(),
            profilo: opened.profilo,
            stato: opened.stato,
            gruppo: opened.gruppo.clone(),
            gruppo_precedente: None,
            titolare: None,
            risolutore: None,
            padre: opened.padre,
            canale: opened.canale,
            canale_origine: opened.canale_origine.clone(),
            canale_risposta: opened.canale_risposta,
            specialisti: Default::default(),
            coinvolti: Default::default(),
            rigettato_da: Vec::new(),
            rigetti: 0,
            enti_precedenti: Vec::new(),
            stato_al_secondo_livello: matches!(opened.stato, Stato::Assegnato | Stato::Trasferito),
            preso_in_carico: false,
            tentativi_falliti: 0,
            esigenza: false,
            non_competente: None,
            opened_at: opened.opened_at,
            stato_since: at,
            contatto_id: opened.contatto_id,
            seguito_di: opened.seguito_di,
            cittadino: opened.cittadino,
        }
    }

    /// Changes the case as the fact says. The version is the command's, not the fact's: the caller raises it.
    pub fn apply(&mut self, fact: &Fact, at: DateTime<Utc>) {
        match fact {
            // An opening makes the case; on a case that exists it says nothing new.
            Fact::Opened(_)
            | Fact::Contributed
            | Fact::Noted
            | Fact::AnagraficaCorrected
            | Fact::Assigned => {}
            Fact::Routed { gruppo } => {
                self.gruppo = Some(gruppo.clone());
                self.titolare = None;
            }
            // The first saying stands: a Segnalazione that was filed anew since is not to be filed again.
            Fact::FoundMisrouted => {
                let versione = self.versione;
                self.non_competente.get_or_insert(versione);
            }
            Fact::TransferFailed { .. } => self.enter(Stato::Assegnato, at),
            Fact::Accepted { titolare } => {
                self.titolare = Some(titolare.clone());
                self.preso_in_carico = true;
            }
            Fact::Released => self.titolare = None,
            Fact::TakenOver { titolare, .. } => self.titolare = Some(titolare.clone()),
            Fact::SpecialistInvolved { specialista } => {
                self.specialisti.insert(specialista.clone());
                self.coinvolti.insert(specialista.clone());
            }
            Fact::Suspended => self.enter(Stato::Sospeso, at),
            Fact::Resolved { stato, risolutore, canale_risposta } => {
                self.risolutore = Some(risolutore.clone());
                self.canale_risposta = Some(*canale_risposta);
                self.tentativi_falliti = 0;
                self.enter(*stato, at);
            }
            Fact::AttemptRecorded { tentativo, stato } => {
                if tentativo.esito != EsitoTentativo::Raggiunto {
                    self.tentativi_falliti += 1;
                }
                self.enter(*stato, at);
            }
            Fact::HandedBack { titolare } => {
                self.enter(Stato::Sospeso, at);
                self.titolare = titolare.clone();
            }
            Fact::Rejected { gruppo, dal_sistema, .. } => {
                self.rigetti += 1;
                if !dal_sistema {
                    self.rigettato_da.extend(gruppo.clone());
                }
                self.gruppo_precedente = self.gruppo.take();
                self.specialisti.clear();
                self.enter(Stato::Rigettato, at);
            }
            Fact::Reassigned { gruppo, tripletta, profilo } => {
                self.move_to(tripletta);
                self.profilo = Some(*profilo);
                self.gruppo = Some(gruppo.clone());
                self.specialisti.clear();
                self.enter(Stato::Assegnato, at);
            }
            Fact::Cancelled { .. } | Fact::Detached => self.enter(Stato::Annullato, at),
            Fact::Followed(followed) => {
                if let Some(tripletta) = &followed.tripletta {
                    self.move_to(tripletta);
                }
                self.profilo = followed.profilo;
                if self.gruppo != followed.gruppo {
                    self.gruppo_precedente = self.gruppo.take().or_else(|| self.gruppo_precedente.take());
                    self.gruppo = followed.gruppo.clone();
                }
                self.enter(followed.stato, at);
            }
            Fact::GapRaised { .. } => self.esigenza = true,
        }
    }

    /// Puts the case in a state. Rigettato, Assegnato, Da Comunicare and every final state have no holder
    /// (the note under table *Transitions*).
    fn enter(&mut self, stato: Stato, at: DateTime<Utc>) {
        let clears = match stato {
            Stato::Assegnato | Stato::Rigettato => true,
            Stato::RisoltoSecondoLivello(AttributoSecondoLivello::DaComunicare) => true,
            Stato::RisoltoPrimoLivello(_)
            | Stato::RisoltoSecondoLivello(_)
            | Stato::Trasferito
            | Stato::AssegnatoRisolto
            | Stato::Annullato
            | Stato::NonRisolvibilePerInformazioneCarente
            | Stato::Sospeso => stato.is_final(),
        };
        if clears {
            self.titolare = None;
        }
        if stato == Stato::Assegnato {
            self.stato_al_secondo_livello = true;
            self.preso_in_carico = false;
        }
        if stato != self.stato {
            self.stato_since = at;
        }
        self.stato = stato;
    }

    /// Changes the service, remembering the Ente that the case leaves (R23).
    fn move_to(&mut self, tripletta: &Tripletta) {
        if let Some(former) = self.ente().filter(|ente| **ente != tripletta.ente) {
            let fino_a_versione = self.versione - 1;
            self.enti_precedenti.push(EntePrecedente { ente: former.clone(), fino_a_versione });
        }
        self.tripletta = Some(tripletta.clone());
    }
}
