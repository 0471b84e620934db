//! Where a case stands: the states of section 6, with the attribute that only the two *Risolto* states have.
//!
//! The enum cannot hold a pair that the process does not know.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The state of a Caso (clause 6-1, table *States*).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "StatoWire", into = "StatoWire")]
pub enum Stato {
    /// Closed by the first level at the contact, or off line still to be told.
    RisoltoPrimoLivello(AttributoPrimoLivello),
    /// The second level has the answer.
    RisoltoSecondoLivello(AttributoSecondoLivello),
    /// With the second level, to be worked off line; before routing it is in no group yet.
    Assegnato,
    /// Call and case moved to the second level together (4.2-1).
    Trasferito,
    /// Given to the second level for information, no answer owed (4.1-6).
    AssegnatoRisolto,
    /// Closed without being worked (6-8).
    Annullato,
    /// Closed because the knowledge base lacks the answer and the service has no second level (4.1-2).
    NonRisolvibilePerInformazioneCarente,
    /// Wrongly assigned, at Gestione Rigetti (4.3-5).
    Rigettato,
    /// Waiting for an answer from the second level's own inquiry (4.2-5).
    Sospeso,
}

/// Whether the citizen has been told, when the first level has the answer. All but Comunicato exist for
/// off-line handling only (6-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttributoPrimoLivello {
    /// Told.
    Comunicato,
    /// First attempts failed, more will follow (6-5).
    NonComunicato,
    /// The citizen cannot be reached (6-6).
    NonComunicabile,
}

/// Whether the citizen has been told, when the second level has the answer (6-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttributoSecondoLivello {
    /// Told.
    Comunicato,
    /// First attempts failed, more will follow (6-5).
    NonComunicato,
    /// The first level is asked to tell: contact back (6-7).
    DaComunicare,
    /// The citizen cannot be reached (6-6).
    NonComunicabile,
}

/// The attribute by itself, as it travels on the wire and as commands ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attributo {
    /// The citizen has been given the answer.
    Comunicato,
    /// First attempts failed, more will follow.
    NonComunicato,
    /// The citizen cannot be reached.
    NonComunicabile,
    /// The first level is asked to tell.
    DaComunicare,
}

impl Attributo {
    /// The wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Comunicato => "comunicato",
            Self::NonComunicato => "non_comunicato",
            Self::NonComunicabile => "non_comunicabile",
            Self::DaComunicare => "da_comunicare",
        }
    }
}

impl From<AttributoPrimoLivello> for Attributo {
    fn from(attributo: AttributoPrimoLivello) -> Self {
        match attributo {
            AttributoPrimoLivello::Comunicato => Self::Comunicato,
            AttributoPrimoLivello::NonComunicato => Self::NonComunicato,
            AttributoPrimoLivello::NonComunicabile => Self::NonComunicabile,
        }
    }
}

impl From<AttributoSecondoLivello> for Attributo {
    fn from(attributo: AttributoSecondoLivello) -> Self {
        match attributo {
            AttributoSecondoLivello::Comunicato => Self::Comunicato,
            AttributoSecondoLivello::NonComunicato => Self::NonComunicato,
            AttributoSecondoLivello::DaComunicare => Self::DaComunicare,
            AttributoSecondoLivello::NonComunicabile => Self::NonComunicabile,
        }
    }
}

impl From<Attributo> for AttributoSecondoLivello {
    fn from(attributo: Attributo) -> Self {
        match attributo {
            Attributo::Comunicato => Self::Comunicato,
            Attributo::NonComunicato => Self::NonComunicato,
            Attributo::NonComunicabile => Self::NonComunicabile,
            Attributo::DaComunicare => Self::DaComunicare,
        }
    }
}

impl Stato {
    /// Every state, with every attribute that it admits.
    pub const ALL: [Stato; 14] = [
        Stato::RisoltoPrimoLivello(AttributoPrimoLivello::Comunicato),
        Stato::RisoltoPrimoLivello(AttributoPrimoLivello::NonComunicato),
        Stato::RisoltoPrimoLivello(AttributoPrimoLivello::NonComunicabile),
        Stato::RisoltoSecondoLivello(AttributoSecondoLivello::Comunicato),
        Stato::RisoltoSecondoLivello(AttributoSecondoLivello::NonComunicato),
        Stato::RisoltoSecondoLivello(AttributoSecondoLivello::DaComunicare),
        Stato::RisoltoSecondoLivello(AttributoSecondoLivello::NonComunicabile),
        Stato::Assegnato,
        Stato::Trasferito,
        Stato::AssegnatoRisolto,
        Stato::Annullato,
        Stato::NonRisolvibilePerInformazioneCarente,
        Stato::Rigettato,
        Stato::Sospeso,
    ];

    /// The wire name of the state, without its attribute.
    pub fn name(self) -> &'static str {
        match self {
            Self::RisoltoPrimoLivello(_) => "risolto_primo_livello",
            Self::RisoltoSecondoLivello(_) => "risolto_secondo_livello",
            Self::Assegnato => "assegnato",
            Self::Trasferito => "trasferito",
            Self::AssegnatoRisolto => "assegnato_risolto",
            Self::Annullato => "annullato",
            Self::NonRisolvibilePerInformazioneCarente => "non_risolvibile_per_informazione_carente",
            Self::Rigettato => "rigettato",
            Self::Sospeso => "sospeso",
        }
    }

    /// The attribute, for the two Risolto states.
    pub fn attributo(self) -> Option<Attributo> {
        match self {
            Self::RisoltoPrimoLivello(attributo) => Some(attributo.into()),
            Self::RisoltoSecondoLivello(attributo) => Some(attributo.into()),
            Self::Assegnato
            | Self::Trasferito
            | Self::AssegnatoRisolto
            | Self::Annullato
            | Self::NonRisolvibilePerInformazioneCarente
            | Self::Rigettato
            | Self::Sospeso => None,
        }
    }

    /// The state of these wire names, if the process knows the pair.
    pub fn from_names(stato: &str, attributo: Option<&str>) -> Result<Self, NotAStato> {
        let found = Self::ALL
            .into_iter()
            .find(|known| known.name() == stato && known.attributo().map(Attributo::as_str) == attributo);
        found.ok_or_else(|| {
            let cut = |text: &str| text.chars().take(60).collect();
            NotAStato { stato: cut(stato), attributo: attributo.map(cut) }
        })
    }

    /// Whether no operator moves the case any more (table *States*, column *final*).
    pub fn is_final(self) -> bool {
        match self {
            Self::RisoltoPrimoLivello(attributo) => match attributo {
                AttributoPrimoLivello::Comunicato | AttributoPrimoLivello::NonComunicabile => true,
                AttributoPrimoLivello::NonComunicato => false,
            },
            Self::RisoltoSecondoLivello(attributo) => match attributo {
                AttributoSecondoLivello::Comunicato | AttributoSecondoLivello::NonComunicabile => true,
                AttributoSecondoLivello::NonComunicato | AttributoSecondoLivello::DaComunicare => false,
            },
            Self::AssegnatoRisolto | Self::Annullato | Self::NonRisolvibilePerInformazioneCarente => true,
            Self::Assegnato | Self::Trasferito | Self::Rigettato | Self::Sospeso => false,
        }
    }

    /// The state in words that an operator reads.
    pub fn in_italian(self) -> String {
        let stato = match self {
            Self::RisoltoPrimoLivello(_) => "Risolto I livello",
            Self::RisoltoSecondoLivello(_) => "Risolto II livello",
            Self::Assegnato => "Assegnato",
            Self::Trasferito => "Trasferito",
            Self::AssegnatoRisolto => "Assegnato Risolto",
            Self::Annullato => "Annullato",
            Self::NonRisolvibilePerInformazioneCarente => "Non risolvibile per informazione carente",
            Self::Rigettato => "Rigettato",
            Self::Sospeso => "Sospeso",
        };
        match self.attributo() {
            None => stato.to_owned(),
            Some(Attributo::Comunicato) => format!("{stato} / Comunicato"),
            Some(Attributo::NonComunicato) => format!("{stato} / Non Comunicato"),
            Some(Attributo::NonComunicabile) => format!("{stato} / Non Comunicabile"),
            Some(Attributo::DaComunicare) => format!("{stato} / Da Comunicare"),
        }
    }
}

impl fmt::Display for Stato {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        self.attributo().map_or(Ok(()), |attributo| write!(f, "/{}", attributo.as_str()))
    }
}

/// A pair of names that is no state of the process.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("«{stato}» con attributo «{}» non è uno stato del processo", .attributo.as_deref().unwrap_or("nessuno"))]
pub struct NotAStato {
    /// The name of the state, cut.
    pub stato: String,
    /// The name of the attribute, cut.
    pub attributo: Option<String>,
}

/// How a state travels: two names.
#[derive(Serialize, Deserialize)]
struct StatoWire {
    stato: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attributo: Option<String>,
}

impl TryFrom<StatoWire> for Stato {
    type Error = NotAStato;
    fn try_from(wire: StatoWire) -> Result<Self, NotAStato> {
        Self::from_names(&wire.stato, wire.attributo.as_deref())
    }
}

impl From<Stato> for StatoWire {
    fn from(stato: Stato) -> Self {
        Self { stato: stato.name().to_owned(), attributo: stato.attributo().map(|a| a.as_str().to_owned()) }
    }
}

#[cfg(test)]
mod tests;
