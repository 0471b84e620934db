//! The sentences that an operator reads.

use crate::names::ruolo_in_italian;
use crate::refusal::{PadreWhy, ReassignWhy, Refusal, Why};

impl Refusal {
    /// The reason, in Italian.
    pub fn italian(&self) -> String {
        match self {
            Self::Hidden => "Il caso richiesto non esiste.".to_owned(),
            Self::State { stato, command } => format!(
                "Il caso è nello stato «{}»: in questo stato non è possibile eseguire il comando «{}».",
                stato.in_italian(),
                command.in_italian()
            ),
            Self::Figlio { command } => format!(
                "Un Sollecito o una Notifica segue il proprio case padre: il comando «{}» va dato sul padre. Sul \
                 figlio è possibile soltanto aggiungere una nota o scollegarlo.",
                command.in_italian()
            ),
            Self::Role { ruolo, command } => format!(
                "Il comando «{}» su questo caso non spetta al ruolo «{}».",
                command.in_italian(),
                ruolo_in_italian(ruolo)
            ),
            Self::NotYourGroup { gruppo: Some(gruppo) } => {
                format!("Il caso è affidato al gruppo «{gruppo}», di cui Lei non fa parte.")
            }
            Self::NotYourGroup { gruppo: None } => {
                "Il caso non è affidato a un gruppo di cui Lei fa parte.".to_owned()
            }
            Self::HeldBy { titolare } => format!("Il caso è già in carico a «{titolare}»."),
            Self::HeldByNobody => "Il caso non è in carico a nessuno.".to_owned(),
            Self::HeldByYou => "Il caso è già in carico a Lei.".to_owned(),
            Self::Profile { profilo, motivo } => format!(
                "Il motivo «{}» non è ammesso per un servizio con profilo {}. I motivi ammessi sono: {}.",
                motivo.in_italian(),
                profilo.name(),
                profilo.admitted_motivi()
            ),
            Self::MotivoNotHandled { motivo } => {
                format!("Il motivo «{}» non è ancora gestito da questo sistema.", motivo.in_italian())
            }
            Self::UnknownTripletta { tripletta } => {
                format!("Il servizio «{tripletta}» non esiste nel catalogo o non è più attivo.")
            }
            Self::Missing { field, .. } => format!("Manca un dato obbligatorio: «{field}»."),
            Self::NotAdmitted { field, why } => {
                format!("Il dato «{field}» non può essere accettato: {}.", because(*why))
            }
            Self::Anagrafica { missing } => format!(
                "L'anagrafica non è completa. Per questo motivo occorrono anche: {}.",
                missing.join(", ")
            ),
            Self::Padre { why } => padre(*why).to_owned(),
            Self::NoContactBack => {
                "Per questo servizio il contact back non è abilitato: il caso non può essere \
                 risolto come Da Comunicare."
                    .to_owned()
            }
            Self::GroupRetired { gruppo } => format!(
                "Il gruppo «{gruppo}» non è più attivo e il caso sta per passare a Gestione Rigetti: non può essere \
                 risolto come Non Comunicato, perché nessuno farebbe altri tentativi."
            ),
            Self::InboundEmail => {
                "Lei non è abilitato ad aprire casi da un contatto ricevuto per email.".to_owned()
            }
            Self::AlreadyAccepted => {
                "Il caso è già stato preso in carico dal II livello: il trasferimento è \
                 riuscito, e la fine della chiamata non lo modifica."
                    .to_owned()
            }
            Self::HasCompetentGroup { gruppo } => format!(
                "Il rigetto automatico non è possibile: per il caso è competente il gruppo «{gruppo}»."
            ),
            Self::NotASpecialist { specialista } => {
                format!("«{specialista}» non è uno specialista in servizio presso l'Ente del caso.")
            }
            Self::Reassignment { why } => reassignment(why),
            Self::CancelReason { stato, reclamo } => {
                cancel_reason(&stato.in_italian(), *reclamo, stato.attributo().is_some())
            }
            Self::Conflict { expected, actual } => format!(
                "Nel frattempo il caso è stato modificato: il comando si riferisce alla versione {expected}, quella \
                 attuale è la {actual}. La preghiamo di rileggere il caso e riprovare."
            ),
        }
    }
}

fn cancel_reason(stato: &str, reclamo: bool, answered: bool) -> String {
    if answered {
        format!(
            "Il caso è nello stato «{stato}»: il comando «annullare» è possibile solo se il cittadino ritira la richiesta."
        )
    } else if reclamo {
        format!(
            "Il caso è un Reclamo nello stato «{stato}»: il comando «annullare» è possibile solo se il cittadino lo \
             ritira, se è un duplicato o se non è di competenza del centro."
        )
    } else {
        format!("Il caso è nello stato «{stato}»: il motivo indicato non consente il comando «annullare».")
    }
}

fn because(why: Why) -> &'static str {
    match why {
        Why::OtherMotivo => "non è previsto per questo motivo con gli altri dati forniti",
        Why::OnlyOnTheTelephone => {
            "il trasferimento, con la verifica che lo precede, è possibile solo al telefono"
        }
        Why::NoSecondLevel => "il servizio ha profilo base e quindi non ha un II livello",
        Why::OnlyOffLine => {
            "Non Comunicato e Non Comunicabile sono ammessi solo per una risposta data esclusivamente per email"
        }
        Why::NotThisAttribute => "l'attributo non è previsto per questo stato e questo livello",
        Why::OnlyOnceAccepted => {
            "una risposta data solo per email diventa Comunicato quando il sistema di posta la accetta"
        }
        Why::NoFailedAttempt => "serve almeno un tentativo di contatto non riuscito",
        Why::ContradictsTheAttempt => "contraddice l'esito del tentativo di contatto",
        Why::OnlyFromImport => "è ammesso solo per i contatti importati da un file",
        Why::Sms => "un SMS non modifica lo stato di un caso",
        Why::OnlyOutbound => {
            "la chiamata del cittadino vale come tentativo solo per i casi che il I livello deve richiamare"
        }
        Why::InboundIsReached => {
            "chi contatta il centro è già raggiunto: il suo contatto non è un tentativo fallito"
        }
        Why::PadresOwn => "il servizio è quello del case padre",
        Why::UnknownCaso => "il caso citato non esiste",
        Why::UnknownCittadino => "il cittadino non è presente nel registro",
        Why::InTheFuture => "la data è nel futuro",
        Why::TooLongAgo => "la data è anteriore al 1900",
        Why::NotOnTheGlobe => "le coordinate sono incomplete o fuori dai limiti geografici",
        Why::OnlyOfASegnalazioneByItsReferents => {
            "può dirlo solo il II livello, di una Segnalazione che ha ricevuto"
        }
        Why::Empty => "non contiene alcun dato",
    }
}

fn padre(why: PadreWhy) -> &'static str {
    match why {
        PadreWhy::Unknown => "Il case padre indicato non esiste.",
        PadreWhy::IsFiglio => "Il caso indicato come padre è a sua volta un case figlio.",
        PadreWhy::NotAPadre => "Solo un'Informazione o un Reclamo può avere casi figli.",
        PadreWhy::NeverWithSecondLevel => "Il case padre indicato non è mai stato affidato al II livello.",
        PadreWhy::Final => "Il case padre è concluso: è ammessa soltanto un'Informazione su Case.",
        PadreWhy::TellTheAnswer => {
            "La risposta è già disponibile ed è da comunicare: invece di aprire un Sollecito, La preghiamo di \
             comunicarla al cittadino."
        }
    }
}

fn reassignment(why: &ReassignWhy) -> String {
    match why {
        ReassignWhy::NotAvanzato => {
            "Il caso può essere riassegnato solo a un servizio con profilo avanzato.".to_owned()
        }
        ReassignWhy::NoCompetentGroup => {
            "Il servizio non ha un gruppo competente: La preghiamo di indicare il gruppo.".to_owned()
        }
        ReassignWhy::UnknownGroup => "Il gruppo indicato non esiste o non è più attivo.".to_owned(),
        ReassignWhy::OtherEnte => "Il gruppo indicato appartiene a un Ente diverso da quello del servizio.".to_owned(),
        ReassignWhy::NotCompetent => {
            "Il gruppo indicato non è competente per alcun servizio dell'Ente con profilo avanzato.".to_owned()
        }
        ReassignWhy::FallbackNotNeeded { competent } => format!(
            "Il gruppo di ripiego si usa quando nessun altro è competente: per il servizio lo è il gruppo «{competent}»."
        ),
        ReassignWhy::NoteNeeded => {
            "Il gruppo ha già rigettato il caso: per riassegnarglielo serve una nota che ne spieghi il motivo.".to_owned()
        }
    }
}
