//! The lines of the matrix: a case in a situation, brought there by facts.

use smista_domain::caso::{Caso, Pratica};
use smista_domain::catalogue::Profilo;
use smista_domain::fact::{Fact, Followed, Opened};
use smista_domain::ids::CasoId;
use smista_domain::motivo::{
    CanaleInbound, CanaleOutbound, CausaRigetto, EsitoTrasferimento, GenereEsigenza, Motivo,
    MotivoAnnullamento,
};
use smista_domain::stato::Stato;

use crate::world::{at, caso_id, gruppo, login, protocollo, tripletta};

pub(crate) const PADRE: u128 = 1;
pub(crate) const FIGLIO: u128 = 2;

/// How the case stands to the actor.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Standing {
    /// Who holds it.
    pub(crate) holder: Option<&'static str>,
    /// It was with another Ente before.
    pub(crate) once_in_pistoia: bool,
    /// `specialista-uno` was involved by the group that has it, or had it last.
    pub(crate) involved: bool,
    /// `specialista-uno` was involved by a group that it has left.
    pub(crate) involved_by_a_former_group: bool,
    /// A knowledge gap cites it.
    pub(crate) gap: bool,
}

/// The state of a name in the files.
pub(crate) fn stato(name: &str) -> Stato {
    let (stato, attributo) = name.split_once('/').map_or((name, None), |(stato, a)| (stato, Some(a)));
    Stato::from_names(stato, attributo).unwrap_or_else(|error| panic!("{error}"))
}

/// A case, and the facts that go on changing it.
struct Builder(Caso);

impl Builder {
    fn opened(id: CasoId, opened: Opened) -> Self {
        Self(Caso::opened(id, &opened, at(0)))
    }

    fn then(mut self, fact: Fact) -> Self {
        self.0.versione += 1;
        self.0.apply(&fact, at(0));
        self
    }

    fn when(self, condition: bool, fact: Fact) -> Self {
        if condition { self.then(fact) } else { self }
    }

    fn held_by(self, holder: Option<&str>) -> Self {
        match holder {
            Some(name) => self.then(Fact::Accepted { titolare: login(name) }),
            None => self,
        }
    }
}

/// An opening on `firenze/anagrafe`, avanzato, by telephone.
pub(crate) fn opened(motivo: Option<Motivo>, stato: Stato) -> Opened {
    Opened {
        protocollo: protocollo(1),
        motivo,
        tripletta: Some(tripletta("firenze/anagrafe")),
        profilo: Some(Profilo::Avanzato),
        stato,
        gruppo: None,
        padre: None,
        canale: CanaleInbound::Telefono,
        canale_origine: None,
        canale_risposta: None,
        verifica: None,
        identificazione: None,
        annullamento: None,
        opened_at: at(0),
        contatto_id: None,
        seguito_di: None,
        cittadino: None,
    }
}

fn rejected(by: &str) -> Fact {
    let causa = CausaRigetto::ErroreOperatore;
    Fact::Rejected { causa, gruppo: Some(gruppo(by)), suggerita: None, dal_sistema: false }
}

fn involved() -> Fact {
    Fact::SpecialistInvolved { specialista: login("specialista-uno") }
}

fn gap() -> Fact {
    Fact::GapRaised { genere: GenereEsigenza::InformazioneCarente }
}

/// A case in a situation of the matrix.
pub(crate) fn caso(situation: &str, motivo: Motivo, standing: Standing) -> Caso {
    let base = Opened {
        tripletta: Some(tripletta("firenze/verde")),
        profilo: Some(Profilo::Base),
        ..opened(Some(motivo), Stato::NonRisolvibilePerInformazioneCarente)
    };
    let id = caso_id(PADRE);
    let begun = match situation {
        "assegnato_senza_gruppo" => Builder::opened(id, opened(Some(motivo), Stato::Assegnato)),
        "trasferito" => {
            let gruppo = Some(gruppo("firenze-anagrafe"));
            Builder::opened(id, Opened { gruppo, ..opened(Some(motivo), Stato::Trasferito) })
                .when(standing.involved, involved())
        }
        "assegnato_risolto" => {
            let gruppo = Some(gruppo("firenze-anagrafe"));
            Builder::opened(
                id,
                Opened { gruppo, ..opened(Some(Motivo::Segnalazione), Stato::AssegnatoRisolto) },
            )
        }
        "non_risolvibile_per_informazione_carente" => Builder::opened(id, base).then(gap()),
        first_level if first_level.starts_with("risolto_primo_livello/") => {
            Builder::opened(id, opened(Some(motivo), stato(first_level)))
        }
        with_second_level => assigned_then(with_second_level, motivo, standing),
    };
    begun.when(standing.gap, gap()).held_by(standing.holder).0
}

/// Opened as Assegnato, put in the group, and led from there to the situation, where nobody holds it.
fn assigned_then(situation: &str, motivo: Motivo, standing: Standing) -> Builder {
    let anagrafe = || gruppo("firenze-anagrafe");
    let begun = if standing.once_in_pistoia || standing.involved_by_a_former_group && situation != "rigettato"
    {
        let before = if standing.once_in_pistoia { "pistoia/scuola" } else { "firenze/tributi" };
        let group_before = if standing.once_in_pistoia { "pistoia-scuola" } else { "firenze-tributi" };
        let opening = Opened { tripletta: Some(tripletta(before)), ..opened(Some(motivo), Stato::Assegnato) };
        Builder::opened(caso_id(PADRE), opening)
            .then(Fact::Routed { gruppo: gruppo(group_before) })
            .when(standing.involved_by_a_former_group, involved())
            .then(rejected(group_before))
            .then(reassigned())
    } else {
        Builder::opened(caso_id(PADRE), opened(Some(motivo), Stato::Assegnato))
            .then(Fact::Routed { gruppo: anagrafe() })
            .when(standing.involved_by_a_former_group, involved())
    };
    let begun = begun.when(standing.involved, involved());
    match situation {
        "assegnato" => begun,
        "sospeso" => begun.then(Fact::Suspended),
        "rigettato" => begun.then(rejected("firenze-anagrafe")),
        "annullato" => begun.then(Fact::Cancelled { motivo: MotivoAnnullamento::RitiratoDalCittadino }),
        resolved => begun.then(Fact::Resolved {
            stato: stato(resolved),
            risolutore: login("referente-uno"),
            canale_risposta: CanaleOutbound::Telefono,
        }),
    }
}

fn reassigned() -> Fact {
    Fact::Reassigned {
        gruppo: gruppo("firenze-anagrafe"),
        tripletta: tripletta("firenze/anagrafe"),
        profilo: Profilo::Avanzato,
    }
}

/// A figlio of the matrix, with its padre in the same state.
pub(crate) fn figlio(situation: &str, standing: Standing) -> Pratica {
    let padre_situation = match situation {
        "assegnato_padre_rigettato" => "rigettato",
        "informazione_su_case" => "assegnato",
        same => same,
    };
    let padre = caso(padre_situation, Motivo::Informazione, standing);
    let born =
        |motivo, stato, gruppo| Opened { gruppo, padre: Some(padre.id), ..opened(Some(motivo), stato) };
    let id = caso_id(FIGLIO);
    let figlio = match situation {
        "informazione_su_case" => {
            let told = stato("risolto_primo_livello/comunicato");
            let here = born(Motivo::InformazioneSuCase, told, None);
            if standing.once_in_pistoia {
                let there = Opened { tripletta: Some(tripletta("pistoia/scuola")), ..here };
                Builder::opened(id, there).then(went_along(&padre, told))
            } else {
                Builder::opened(id, here)
            }
        }
        "assegnato_padre_rigettato" => Builder::opened(id, born(Motivo::Sollecito, Stato::Assegnato, None)),
        _ if standing.once_in_pistoia => {
            let there = Opened {
                tripletta: Some(tripletta("pistoia/scuola")),
                ..born(Motivo::Sollecito, Stato::Assegnato, Some(gruppo("pistoia-scuola")))
            };
            Builder::opened(id, there).then(followed(&padre))
        }
        "assegnato" => Builder::opened(id, born(Motivo::Sollecito, Stato::Assegnato, padre.gruppo.clone())),
        _ => Builder::opened(id, born(Motivo::Sollecito, Stato::Assegnato, Some(gruppo("firenze-anagrafe"))))
            .then(followed(&padre)),
    };
    let figlio = figlio.when(standing.gap, gap()).0;
    Pratica { padre, figli: vec![figlio] }
}

fn followed(padre: &Caso) -> Fact {
    Fact::Followed(Box::new(Followed {
        stato: padre.stato,
        gruppo: padre.gruppo.clone(),
        tripletta: padre.tripletta.clone(),
        profilo: padre.profilo,
        padre_versione: padre.versione,
        cambiamento: "case.suspended".to_owned(),
    }))
}

/// What a final figlio keeps when its padre goes to another Ente.
fn went_along(padre: &Caso, stato: Stato) -> Fact {
    Fact::Followed(Box::new(Followed {
        stato,
        gruppo: None,
        tripletta: padre.tripletta.clone(),
        profilo: padre.profilo,
        padre_versione: padre.versione,
        cambiamento: "case.reassigned".to_owned(),
    }))
}

/// The pratica that a line of `openings.tsv` names as padre, and the case that it names in it.
pub(crate) fn padre_of_an_opening(motivo: &str, situation: &str, profilo: Profilo) -> (Pratica, CasoId) {
    let motivo = Motivo::from_name(motivo).unwrap_or_else(|| panic!("no such motivo: {motivo}"));
    if motivo.is_figlio() {
        let figlio_situation =
            if motivo == Motivo::InformazioneSuCase { "informazione_su_case" } else { situation };
        let mut pratica = figlio(figlio_situation, Standing::default());
        pratica.figli[0].motivo = Some(motivo);
        assert_eq!(pratica.figli[0].stato, stato(situation));
        return (pratica, caso_id(FIGLIO));
    }
    let on_base = |mut caso: Caso| {
        if profilo == Profilo::Base {
            caso.profilo = Some(Profilo::Base);
            caso.tripletta = Some(tripletta("firenze/verde"));
        }
        caso
    };
    let padre = match situation {
        "annullato_da_secondo_livello" => caso("annullato", motivo, Standing::default()),
        "annullato_all_apertura" => Builder::opened(caso_id(PADRE), opened(Some(motivo), Stato::Annullato)).0,
        other => caso(other, motivo, Standing::default()),
    };
    (Pratica::of(on_base(padre)), caso_id(PADRE))
}

/// How a transfer fails, for row 3a.
pub(crate) const FAILED: EsitoTrasferimento = EsitoTrasferimento::ChiamataTerminata;
