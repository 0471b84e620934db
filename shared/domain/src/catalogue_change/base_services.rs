//! A draft that adds services met in an imported file, on profilo base, to the catalogue in force.

use crate::catalogue::{Catalogue, Ente, Macrostruttura, Profilo, Servizio};
use crate::ids::{EnteId, MacrostrutturaId, ServizioId, Tripletta};

/// A service that somebody else's file names. The names count only where the code is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServizioBase {
    /// Code and name of the body.
    pub ente: (EnteId, String),
    /// Code and name of the unit, which is created at the root of the Ente.
    pub macrostruttura: (MacrostrutturaId, String),
    /// Code and name of the service.
    pub servizio: (ServizioId, String),
}

/// The catalogue in force with the unseen Enti, Macrostrutture and Servizi added. What exists stays as it is, name,
/// profile and retirement included. To be handed to [`plan_update`](super::plan_update), which finds only additions.
pub fn catalogue_with_base_services(
    current: &Catalogue,
    services: impl IntoIterator<Item = ServizioBase>,
) -> Catalogue {
    let mut draft = current.clone();
    for service in services {
        let ServizioBase {
            ente: (ente, ente_nome),
            macrostruttura: (unit, unit_nome),
            servizio: (servizio, nome),
        } = service;
        draft.enti.entry(ente.clone()).or_insert_with(|| Ente {
            id: ente.clone(),
            nome: ente_nome,
            gruppo_di_ripiego: None,
            retired: false,
        });
        draft.macrostrutture.entry((ente.clone(), unit.clone())).or_insert_with(|| Macrostruttura {
            ente: ente.clone(),
            id: unit.clone(),
            nome: unit_nome,
            parent: None,
            retired: false,
        });
        let tripletta = Tripletta { ente, macrostruttura: unit, servizio };
        draft.servizi.entry(tripletta.clone()).or_insert_with(|| Servizio {
            tripletta,
            nome,
            profilo: Profilo::Base,
            contact_back: false,
            gruppo: None,
            numero_trasferimento: None,
            agenda: false,
            scheda: None,
            retired: false,
        });
    }
    draft
}
