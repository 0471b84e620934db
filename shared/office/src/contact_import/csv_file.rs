//! Lines of a CSV file as contacts, by a mapping.

use std::collections::BTreeMap;
use std::io::{self, Read};

use csv::StringRecord;
use smista_domain::anagrafica::{Anagrafica, DatoPersonale, Email, Luogo, Telefono};
use smista_domain::command::{Cancellation, Opening};
use smista_domain::motivo::{CanaleInbound, Motivo};
use smista_domain::text::{NomeEsterno, Testo};
use smista_store::OpeningKey;

use super::made_up::made_up_citizen;
use super::mapping::{CitizenColumns, Mapping, MappingError, PlaceColumns, pieces};
use super::row::{Row, columns_by_name};
use super::row_limit::{MAX_ROW_BYTES, ReadSinceRow, RowLimit, RowTooLong};
use super::services::tripletta_of;
use super::{Contact, ContactLine, UnreadableFile};

/// The contacts of a CSV file with a header, as they are read.
///
/// # Errors
/// The file has no header, or one that does not fit the mapping.
pub fn csv_lines<R: Read>(file: R, mapping: &Mapping) -> Result<CsvLines<'_, R>, MappingError> {
    let (rows, header) = CsvRows::open(file, mapping)?;
    let missing: Vec<String> = mapping
        .columns()
        .into_iter()
        .filter(|column| !header.contains_key(*column))
        .map(str::to_owned)
        .collect();
    if !missing.is_empty() {
        return Err(MappingError::MissingColumns(missing));
    }
    Ok(CsvLines { rows, header, mapping })
}

/// See [`csv_lines`].
pub struct CsvLines<'m, R> {
    rows: CsvRows<R>,
    header: BTreeMap<String, usize>,
    mapping: &'m Mapping,
}

impl<R: Read> Iterator for CsvLines<'_, R> {
    type Item = Result<ContactLine, UnreadableFile>;

    fn next(&mut self) -> Option<Self::Item> {
        let (line, record) = match self.rows.next()? {
            Ok(row) => row,
            Err(unreadable) => return Some(Err(unreadable)),
        };
        let contact =
            record.and_then(|record| Row { header: &self.header, record: &record }.contact(self.mapping));
        Some(Ok(ContactLine { line, contact }))
    }
}

/// The rows of a CSV file after its header: the line where each begins, and what stands in it, or why that cannot be told.
pub(super) struct CsvRows<R> {
    reader: csv::Reader<RowLimit<R>>,
    since: ReadSinceRow,
    ended: bool,
}

impl<R: Read> CsvRows<R> {
    /// Also gives where each column stands.
    pub(super) fn open(file: R, mapping: &Mapping) -> Result<(Self, BTreeMap<String, usize>), MappingError> {
        let (file, since) = RowLimit::new(file);
        let mut reader =
            csv::ReaderBuilder::new().flexible(false).delimiter(mapping.delimiter_byte()?).from_reader(file);
        let header = reader.headers().map_err(|error| match error.kind() {
            csv::ErrorKind::Utf8 { .. } => MappingError::NotUtf8,
            _ => MappingError::Csv(error),
        })?;
        let header = columns_by_name(header)?;
        since.row_ended();
        Ok((Self { reader, since, ended: false }, header))
    }

    fn unreadable(&mut self, line: u64, error: io::Error) -> UnreadableFile {
        self.ended = true;
        match error.get_ref().is_some_and(|error| error.is::<RowTooLong>()) {
            true => UnreadableFile::EndlessRow { line, limit: MAX_ROW_BYTES },
            false => UnreadableFile::Io { line: line.saturating_sub(1), source: error },
        }
    }
}

impl<R: Read> Iterator for CsvRows<R> {
    type Item = Result<(u64, Result<StringRecord, String>), UnreadableFile>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let mut record = StringRecord::new();
        let begins = self.reader.position().line();
        let read = self.reader.read_record(&mut record);
        let ends = self.reader.position().line().saturating_sub(1);
        self.since.row_ended();
        let error = match read {
            Ok(false) => return None,
            Ok(true) => {
                let line = record.position().map_or(begins, csv::Position::line);
                return Some(Ok((line, Ok(record))));
            }
            Err(error) => error,
        };
        let line = error.position().map_or(begins, csv::Position::line);
        let reason = match error.into_kind() {
            csv::ErrorKind::Io(error) => return Some(Err(self.unreadable(begins, error))),
            csv::ErrorKind::Utf8 { .. } => {
                "la riga non è in UTF-8: salvare il file come «CSV UTF-8», o convertirlo con \
                 `iconv -f WINDOWS-1252 -t UTF-8`"
                    .to_owned()
            }
            _ if ends > line => format!(
                "le righe da {line} a {ends} sono lette come una sola, che non ha la forma dell'intestazione: \
                 manca forse una virgoletta di chiusura"
            ),
            _ => "la riga non ha la forma dell'intestazione".to_owned(),
        };
        Some(Ok((line, Err(reason))))
    }
}

impl Row<'_> {
    fn contact(&self, mapping: &Mapping) -> Result<Contact, String> {
        let id = self.name(&mapping.key)?.ok_or_else(|| format!("manca la chiave «{}»", mapping.key))?;
        let key = OpeningKey { source: format!("file:{}", mapping.source), id: id.into() };
        let opening = Opening {
            motivo: Some(self.motivo(mapping)?),
            tripletta: Some(tripletta_of(self, &mapping.servizio)?),
            canale: self.canale(mapping)?,
            canale_origine: self.name(&mapping.canale.column)?,
            description: Some(self.description(mapping)?),
            anagrafica: mapping
                .anagrafica
                .as_ref()
                .map(|citizen| self.citizen(citizen, &key))
                .transpose()?
                .flatten(),
            place: mapping.place.as_ref().map(|place| self.place(place)).transpose()?.flatten(),
            answer: None,
            verifica: None,
            padre: None,
            notifica: None,
            identificazione: None,
            annullamento: self.annullamento(mapping)?,
            opened_at: self.opened_at(mapping)?,
            contatto_id: None,
            seguito_di: None,
            cittadino: None,
        };
        Ok(Contact { key, opening: Box::new(opening) })
    }

    /// What the other system calls something, if it does.
    fn name(&self, column: &str) -> Result<Option<NomeEsterno>, String> {
        let name = Some(self.value(column)).filter(|name| !name.is_empty()).map(NomeEsterno::new);
        name.transpose().map_err(|error| format!("colonna «{column}»: {error}"))
    }

    fn motivo(&self, mapping: &Mapping) -> Result<Motivo, String> {
        let rule = mapping.motivo.iter().find(|rule| self.holds(&rule.when));
        rule.map(|rule| rule.is).ok_or_else(|| "nessuna regola della mappatura assegna un motivo".to_owned())
    }

    fn canale(&self, mapping: &Mapping) -> Result<CanaleInbound, String> {
        let value = self.value(&mapping.canale.column);
        let unknown = || {
            let shown: String = value.chars().take(60).collect();
            format!("il canale «{shown}» non è nella mappatura")
        };
        mapping.canale.values.get(value).copied().ok_or_else(unknown)
    }

    fn description(&self, mapping: &Mapping) -> Result<Testo, String> {
        let text: String = pieces(&mapping.description)
            .map(|piece| match piece {
                Ok(column) => self.value(column),
                Err(text) => text,
            })
            .collect();
        Testo::new(text).map_err(|error| format!("descrizione: {error}"))
    }

    fn opened_at(&self, mapping: &Mapping) -> Result<Option<chrono::DateTime<chrono::Utc>>, String> {
        let Some(time) = &mapping.opened_at else { return Ok(None) };
        let instant = time.instant(self.value(&time.column));
        instant.map(Some).ok_or_else(|| format!("la data in «{}» non è leggibile", time.column))
    }

    fn annullamento(&self, mapping: &Mapping) -> Result<Option<Cancellation>, String> {
        let Some(rule) = mapping.annullamento.as_ref().filter(|rule| self.holds(&rule.when)) else {
            return Ok(None);
        };
        let note = rule.note.clone().map(Testo::new).transpose();
        let note = note.map_err(|error| format!("nota di annullamento: {error}"))?;
        Ok(Some(Cancellation { motivo: rule.motivo, note }))
    }

    fn place(&self, columns: &PlaceColumns) -> Result<Option<Luogo>, String> {
        let indirizzo = self.value(&columns.indirizzo);
        if indirizzo.is_empty() {
            return Ok(None);
        }
        let indirizzo = DatoPersonale::new(indirizzo).map_err(|error| format!("indirizzo: {error}"))?;
        let latitudine = self.degrees(columns.latitudine.as_deref())?;
        let longitudine = self.degrees(columns.longitudine.as_deref())?;
        Ok(Some(Luogo { indirizzo, latitudine, longitudine }))
    }

    fn degrees(&self, column: Option<&str>) -> Result<Option<f64>, String> {
        match column.map(|column| self.value(column)) {
            None | Some("") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_error| "le coordinate non sono numeri".to_owned()),
        }
    }

    fn citizen(&self, columns: &CitizenColumns, key: &OpeningKey) -> Result<Option<Anagrafica>, String> {
        if !columns.unless.is_empty() && self.holds(&columns.unless) {
            return Ok(None);
        }
        if columns.made_up {
            return made_up_citizen(key).map(Some).map_err(|error| format!("anagrafica: {error}"));
        }
        let read = |column: &Option<String>| {
            column.as_deref().map(|column| self.value(column)).filter(|v| !v.is_empty())
        };
        let personal = |column| read(column).map(DatoPersonale::new).transpose();
        let told = |error| format!("anagrafica: {error}");
        Ok(Some(Anagrafica {
            nome: personal(&columns.nome).map_err(told)?,
            cognome: personal(&columns.cognome).map_err(told)?,
            telefono: read(&columns.telefono).map(Telefono::new).transpose().map_err(told)?,
            email: read(&columns.email).map(Email::new).transpose().map_err(told)?,
            indirizzo: personal(&columns.indirizzo).map_err(told)?,
        }))
    }
}
