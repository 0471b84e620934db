//! The services that a file names, and those of them that the catalogue lacks: created on profilo base, by a
//! catalogue change of its own, before the first contact is read.

use std::collections::BTreeMap;
use std::io::Read;

use smista_domain::catalogue_change::{ServizioBase, catalogue_with_base_services};
use smista_domain::ids::{EnteId, MacrostrutturaId, ServizioId, Tripletta};
use smista_store::StoreError;

use super::mapping::{Mapping, MappingError, ServiceColumns};
use super::row::{Row, columns_by_name};
use crate::Office;

/// Services that the catalogue lacks, by Tripletta, with the names of Ente and service as the file writes them.
pub type Unseen = BTreeMap<Tripletta, (String, String)>;

/// Reads the whole file once for its services; lines that name none are left to the import, which refuses them.
pub fn unseen_services<R: Read>(file: R, mapping: &Mapping, office: &Office) -> Result<Unseen, MappingError> {
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(file);
    let header = columns_by_name(reader.headers()?);
    let known = office.cached_catalogue();
    let mut unseen = Unseen::new();
    for record in reader.records().filter_map(Result::ok) {
        let row = Row { header: &header, record: &record };
        if let Ok(tripletta) = tripletta_of(&row, &mapping.servizio)
            && !known.servizi.contains_key(&tripletta)
        {
            let ente = row.value(&mapping.servizio.ente).to_owned();
            unseen.entry(tripletta).or_insert((ente, row.value(&mapping.servizio.servizio).to_owned()));
        }
    }
    Ok(unseen)
}

/// Adds the services to the catalogue; says its revision after.
///
/// # Errors
/// The store failed, or somebody else changed the catalogue at the same time.
pub async fn create_unseen_services(
    office: &Office,
    mapping: &Mapping,
    unseen: &Unseen,
) -> Result<i64, StoreError> {
    let current = office.catalogue().await?;
    let unit = &mapping.servizio.macrostruttura;
    let services = unseen.iter().map(|(tripletta, (ente, servizio))| ServizioBase {
        ente: (tripletta.ente.clone(), ente.clone()),
        macrostruttura: (tripletta.macrostruttura.clone(), unit.clone()),
        servizio: (tripletta.servizio.clone(), servizio.clone()),
    });
    let extended = catalogue_with_base_services(&current, services);
    office.replace_catalogue(current.revision, &extended).await
}

/// The Tripletta that a line names: its values as codes.
pub(super) fn tripletta_of(row: &Row<'_>, columns: &ServiceColumns) -> Result<Tripletta, String> {
    let refused = |column: &str| format!("la colonna «{column}» non dà un codice");
    let ente = EnteId::new(code(row.value(&columns.ente))).map_err(|_error| refused(&columns.ente))?;
    let unit = MacrostrutturaId::new(code(&columns.macrostruttura));
    let macrostruttura = unit.map_err(|_error| refused(&columns.macrostruttura))?;
    let servizio = ServizioId::new(code(row.value(&columns.servizio)));
    let servizio = servizio.map_err(|_error| refused(&columns.servizio))?;
    Ok(Tripletta { ente, macrostruttura, servizio })
}

/// Words as a code: `Metal/Household Appliances` becomes `metal-household-appliances`.
fn code(words: &str) -> String {
    let spaced: String =
        words.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join("-")
}
