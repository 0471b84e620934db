//! Invented citizens, for files whose personal data was removed where the process asks for it. The same key always
//! gives the same citizen; the numbers and addresses are of ranges that reach nobody.

use smista_domain::anagrafica::{Anagrafica, DatoPersonale, Email, RecapitoError, Telefono};
use smista_store::OpeningKey;
use uuid::Uuid;

const NAMES: [&str; 16] = [
    "Ada", "Bruno", "Carla", "Dario", "Elena", "Fabio", "Gina", "Hugo", "Irene", "Livio", "Marta", "Nino",
    "Olga", "Piero", "Rita", "Sergio",
];
const SURNAMES: [&str; 16] = [
    "Prova",
    "Esempio",
    "Modello",
    "Campione",
    "Fittizio",
    "Inventato",
    "Saggio",
    "Bozza",
    "Traccia",
    "Schema",
    "Figura",
    "Calco",
    "Copia",
    "Stampo",
    "Sagoma",
    "Profilo",
];

/// The citizen of a line.
pub(super) fn made_up_citizen(key: &OpeningKey) -> Result<Anagrafica, RecapitoError> {
    let seed = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{}\n{}", key.source, key.id).as_bytes()).as_u128();
    let pick =
        |list: [&'static str; 16], shift: u32| list[usize::try_from((seed >> shift) & 0xf).unwrap_or(0)];
    let number = (seed >> 8) % 10_000;
    Ok(Anagrafica {
        nome: Some(DatoPersonale::new(pick(NAMES, 0))?),
        cognome: Some(DatoPersonale::new(pick(SURNAMES, 4))?),
        telefono: Some(Telefono::new(&format!("055 000{number:04}"))?),
        email: Some(Email::new(&format!("cittadino-{:x}@example.org", seed >> 64))?),
        indirizzo: None,
    })
}
