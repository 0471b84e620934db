//! The services that a file names, and those of them that the catalogue lacks: created on profilo base, by a
//! catalogue change of its own, before the first contact is read.

use std::collections::BTreeMap;
use std::io::Read;

use deunicode::deunicode;
use smista_domain::catalogue::Catalogue;
use smista_domain::catalogue_change::{ServizioBase, catalogue_with_base_services};
use smista_domain::ids::{EnteId, MacrostrutturaId, ServizioId, Tripletta};
use smista_store::StoreError;

use super::csv_file::CsvRows;
use super::mapping::{Mapping, MappingError, ServiceColumns};
use super::row::Row;
use crate::Office;

/// Services that the catalogue lacks, by Tripletta, with the names of Ente and service as the file writes them.
pub type Unseen = BTreeMap<Tripletta, (String, String)>;

/// Reads the whole file once for its services; lines that name none are left to the import, which refuses them, and so is
/// a file that gives out.
///
/// # Errors
/// The header does not fit the mapping, or two names that are not the same would share a code.
pub fn unseen_services<R: Read>(
    file: R,
    mapping: &Mapping,
    known: &Catalogue,
) -> Result<Unseen, MappingError> {
    let (rows, header) = CsvRows::open(file, mapping)?;
    let mut unseen = Unseen::new();
    let mut names = BTreeMap::new();
    for record in rows.map_while(Result::ok).filter_map(|(_, record)| record.ok()) {
        let row = Row { header: &header, record: &record };
        let Ok(tripletta) = tripletta_of(&row, &mapping.servizio) else { continue };
        if known.servizi.contains_key(&tripletta) {
            continue;
        }
        let ente = row.value(&mapping.servizio.ente);
        let servizio = row.value(&mapping.servizio.servizio);
        one_name(&mut names, tripletta.ente.to_string(), ente)?;
        one_name(&mut names, tripletta.to_string(), servizio)?;
        unseen.entry(tripletta).or_insert_with(|| (ente.to_owned(), servizio.to_owned()));
    }
    Ok(unseen)
}

/// Refuses a second name for a code, unless it is the first one with other capitals or blanks.
fn one_name(names: &mut BTreeMap<String, String>, code: String, name: &str) -> Result<(), MappingError> {
    let folded = |name: &str| name.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    match names.get(&code) {
        None => {
            names.insert(code, name.to_owned());
            Ok(())
        }
        Some(one) if folded(one) == folded(name) => Ok(()),
        Some(one) => Err(MappingError::SameCode { code, one: one.clone(), other: name.to_owned() }),
    }
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

/// Words as a code: `Metal/Household Appliances` becomes `metal-household-appliances`, `Città` becomes `citta`.
fn code(words: &str) -> String {
    let spaced: String = deunicode(words)
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join("-")
}
