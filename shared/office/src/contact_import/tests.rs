//! Mappings and lines, without a store.

use smista_domain::motivo::{CanaleInbound, Motivo};
use smista_domain::text::NomeEsterno;

use std::io::{self, Read};

use smista_domain::catalogue::Catalogue;

use super::mapping::{Mapping, MappingError};
use super::repeated::Repeated;
use super::{ContactLine, UnreadableFile, csv_lines, json_lines, unseen_services};

const MAPPING: &str = include_str!("../../../../examples/city-requests/mapping.toml");
const HEADER: &str =
    "id,created_local,closed_local,owner,request_type,status,source,anonymous,address,latitude,longitude\n";

fn mapping() -> Mapping {
    toml::from_str(MAPPING).expect("the example mapping")
}

fn read(lines: &str) -> Vec<super::ContactLine> {
    let (file, mapping) = (format!("{HEADER}{lines}"), mapping());
    let lines = csv_lines(file.as_bytes(), &mapping).expect("every column is there");
    lines.collect::<Result<_, _>>().expect("a readable file")
}

#[test]
fn a_named_request_is_a_segnalazione_with_its_own_time_and_an_invented_citizen() {
    let lines = read(
        "1-7,2020-01-01T00:02:00,,BOS,Metal/Household Appliances,Closed,Call,N,\"1 MAIN ST, 9\",34.0,-118.3\n",
    );
    let contact = lines[0].contact.as_ref().expect("a contact");
    assert_eq!(lines[0].line, 2);
    assert_eq!((contact.key.source.as_str(), contact.key.id.as_str()), ("file:myla311", "1-7"));
    let opening = &contact.opening;
    assert_eq!(opening.motivo, Some(Motivo::Segnalazione));
    assert_eq!(opening.canale, CanaleInbound::Telefono);
    assert_eq!(opening.canale_origine.as_ref().map(NomeEsterno::as_str), Some("Call"));
    let tripletta = opening.tripletta.as_ref().expect("a service").to_string();
    assert_eq!(tripletta, "bos/richieste-al-comune/metal-household-appliances");
    let opened = opening.opened_at.expect("the file's own time");
    assert_eq!(opened.to_rfc3339(), "2020-01-01T08:02:00+00:00", "Los Angeles is eight hours behind");
    assert!(opening.anagrafica.as_ref().expect("invented").missing_mandatory().is_empty());
    let again = read("1-7,2020-01-01T00:02:00,,BOS,Bulky Items,Closed,Call,N,x,,\n");
    assert_eq!(opening.anagrafica, again[0].contact.as_ref().expect("a contact").opening.anagrafica);
}

#[test]
fn an_anonymous_request_is_a_lamentela_and_a_cancelled_one_is_cancelled_at_once() {
    let lines = read(
        "1,2020-01-01T00:02:00,,BOS,Other,Closed,Email,Y,x,,\n2,2020-01-01T00:02:00,,BOS,Other,Cancelled,Email,N,x,,\n",
    );
    let lamentela = lines[0].contact.as_ref().expect("a contact");
    assert_eq!(lamentela.opening.motivo, Some(Motivo::Lamentela));
    assert!(lamentela.opening.anagrafica.is_none() && lamentela.opening.annullamento.is_none());
    assert!(lines[1].contact.as_ref().expect("a contact").opening.annullamento.is_some());
}

#[test]
fn a_line_that_cannot_be_read_says_why_and_the_next_is_read() {
    let lines = read(
        "1,2020-01-01T00:02:00,,BOS,Other,Closed,Pigeon,N,x,,\n2,yesterday,,BOS,Other,Closed,Call,N,x,,\nshort\n4,2020-01-01T00:02:00,,BOS,Other,Closed,Call,N,x,,\n",
    );
    let reason = |place: usize| lines[place].contact.as_ref().expect_err("refused").clone();
    assert!(reason(0).contains("Pigeon"));
    assert!(reason(1).contains("created_local"));
    assert_eq!(lines[2].line, 4);
    assert!(reason(2).contains("intestazione"));
    assert!(lines[3].contact.is_ok());
}

#[test]
fn a_file_without_the_columns_of_the_mapping_is_refused_as_a_whole() {
    let refused = csv_lines("id,owner\n1,BOS\n".as_bytes(), &mapping()).err();
    let Some(MappingError::MissingColumns(missing)) = refused else { panic!("{refused:?}") };
    assert!(missing.contains(&"request_type".to_owned()) && !missing.contains(&"id".to_owned()));
}

#[test]
fn json_lines_are_contacts_and_a_bad_one_does_not_end_the_file() {
    let file = concat!(
        r#"{"source":"crm","id":"1","contact":{"motivo":"lamentela","canale":"telefono","description":"Rumore"}}"#,
        "\n\nnot json\n",
        r#"{"source":"","id":"2","contact":{"canale":"telefono"}}"#,
    );
    let lines: Vec<_> = json_lines(file.as_bytes()).map(Result::unwrap).collect();
    assert_eq!(lines.iter().map(|line| line.line).collect::<Vec<_>>(), [1, 3, 4]);
    assert_eq!(lines[0].contact.as_ref().expect("a contact").key.source, "file:crm");
    assert!(lines[1].contact.is_err() && lines[2].contact.is_err());
}

#[test]
fn a_name_that_no_store_takes_is_refused_with_its_line() {
    let csv = read(concat!(
        "1\0-7,2020-01-01T00:02:00,,BOS,Bulky Items,Closed,Call,N,x,,\n",
        "1-8,2020-01-01T00:02:00,,BOS,Bulky Items,Closed,Call,N,x,,\n",
    ));
    assert!(csv[0].contact.as_ref().expect_err("a refusal").contains("U+0000"));
    assert!(csv[1].contact.is_ok());
    let file = r#"{"source":"crm","id":"1\u0000","contact":{"canale":"telefono"}}"#;
    let json: Vec<_> = json_lines(file.as_bytes()).map(Result::unwrap).collect();
    assert!(json[0].contact.as_ref().expect_err("a refusal").contains("id:"));
}

#[test]
fn a_json_line_that_is_too_long_is_passed_over_whole() {
    let file = format!(
        "{}\n{}",
        "x".repeat(300_000),
        r#"{"source":"crm","id":"1","contact":{"canale":"telefono"}}"#
    );
    let lines: Vec<_> = json_lines(file.as_bytes()).map(Result::unwrap).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contact.is_err());
    assert!(lines[1].contact.is_ok());
}

/// A disk that fails after these bytes.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk is gone")),
            read => Ok(read),
        }
    }
}

const ROW: &str = "2020-01-01T00:02:00,,BOS,Other,Closed,Call,N,x,,";

#[test]
fn a_file_that_cannot_be_read_on_says_so_and_does_not_look_finished() {
    let file = format!("{HEADER}1,{ROW}\n2,{ROW}\n3,2020");
    let mapping = mapping();
    let mut lines = csv_lines(Failing(file.as_bytes()), &mapping).expect("a header");
    let read: Vec<_> = lines.by_ref().take_while(Result::is_ok).collect();
    assert_eq!(read.len(), 2);
    assert!(lines.next().is_none(), "it ended with the error");
    let last = csv_lines(Failing(file.as_bytes()), &mapping).expect("a header").last();
    assert!(matches!(last, Some(Err(UnreadableFile::Io { .. }))));
    let json = br#"{"source":"crm","id":"1","contact":{"canale":"telefono"}}"#;
    let json = [&json[..], b"\n{"].concat();
    let lines: Vec<_> = json_lines(Failing(&json)).collect();
    assert!(lines[0].is_ok() && matches!(lines[1], Err(UnreadableFile::Io { line: 1, .. })));
}

#[test]
fn an_open_quotation_mark_swallows_no_more_than_a_row_may_hold() {
    let swallowed = format!("2,{ROW}\n").repeat(60_000);
    let file = format!("{HEADER}1,{ROW}\n2,\"{ROW}\n{swallowed}");
    assert!(file.len() > 2 * 1024 * 1024);
    let mapping = mapping();
    let lines: Vec<_> = csv_lines(file.as_bytes(), &mapping).expect("a header").collect();
    assert!(lines[0].is_ok());
    assert!(matches!(lines[1], Err(UnreadableFile::EndlessRow { line: 3, .. })), "{:?}", lines[1]);
    assert_eq!(lines.len(), 2);
    // In a small file it reaches the end of it: the lines that it spans are named.
    let lines = read(&format!("1,{ROW}\n2,\"{ROW}\n3,{ROW}\n4,{ROW}\n"));
    let reason = lines[1].contact.as_ref().expect_err("refused");
    assert!(reason.contains("da 3 a 5") && reason.contains("virgoletta"), "{reason}");
}

#[test]
fn a_file_of_many_rows_is_no_long_row() {
    let file = format!("{HEADER}{}", format!("1,{ROW}\n").repeat(40_000));
    assert!(file.len() > 1024 * 1024);
    let mapping = mapping();
    let lines = csv_lines(file.as_bytes(), &mapping).expect("a header");
    assert_eq!(lines.filter(Result::is_ok).count(), 40_000);
}

#[test]
fn a_file_of_an_italian_excel_is_read_once_the_mapping_names_its_delimiter() {
    let file = format!("{HEADER}1,{ROW}\n").replace(',', ";");
    let refused = csv_lines(file.as_bytes(), &mapping()).err().expect("refused");
    assert!(refused.to_string().contains("delimiter = ';'"), "{refused}");
    let mapping = format!("delimiter = ';'\n{MAPPING}");
    let mapping: Mapping = toml::from_str(&mapping).expect("a mapping");
    let lines: Vec<_> = csv_lines(file.as_bytes(), &mapping).expect("a header").collect();
    assert!(lines[0].as_ref().expect("a line").contact.is_ok());
}

#[test]
fn a_row_in_another_encoding_is_refused_for_that_and_the_next_is_read() {
    let row = |id: &str, word: &[u8]| {
        let row = format!("{id},{ROW}\n");
        let (before, after) = row.split_once("Other").expect("a service");
        [before.as_bytes(), word, after.as_bytes()].concat()
    };
    let file = [HEADER.as_bytes(), &row("1", b"Citt\xe0"), &row("2", "Città".as_bytes())].concat();
    let mapping = mapping();
    let lines: Vec<_> = csv_lines(&file[..], &mapping).expect("a header").map(Result::unwrap).collect();
    assert!(lines[0].contact.as_ref().expect_err("refused").contains("UTF-8"));
    let tripletta = lines[1].contact.as_ref().expect("a contact").opening.tripletta.clone();
    assert_eq!(tripletta.expect("a service").servizio.as_str(), "citta");
    let header = [b"Citt\xe0,", HEADER.as_bytes()].concat();
    assert!(matches!(csv_lines(&header[..], &mapping).err(), Some(MappingError::NotUtf8)));
}

#[test]
fn a_header_that_names_a_column_twice_is_refused() {
    let file = format!("id,{HEADER}");
    let refused = csv_lines(file.as_bytes(), &mapping()).err();
    let Some(MappingError::DuplicateColumns(twice)) = refused else { panic!("{refused:?}") };
    assert_eq!(twice, ["id"]);
    let nameless = format!(",,{HEADER}");
    assert!(csv_lines(nameless.as_bytes(), &mapping()).is_ok());
}

#[test]
fn a_key_that_comes_again_with_another_content_is_refused() {
    let lines = read(&format!("1,{ROW}\n1,{ROW}\n1,{}\n2,{ROW}\n", ROW.replace("Other", "Bulky Items")));
    let mut repeated = Repeated::default();
    let checked: Vec<ContactLine> = lines.into_iter().map(|line| repeated.checked(line)).collect();
    assert!(checked[0].contact.is_ok() && checked[1].contact.is_ok() && checked[3].contact.is_ok());
    let reason = checked[2].contact.as_ref().expect_err("refused");
    assert!(reason.contains("riga 2"), "{reason}");
}

#[test]
fn two_names_never_share_a_code() {
    let unseen = |services: &[&str]| {
        let rows = services.iter().enumerate();
        let rows: String = rows.map(|(id, name)| format!("{id},{}\n", ROW.replace("Other", name))).collect();
        unseen_services(format!("{HEADER}{rows}").as_bytes(), &mapping(), &Catalogue::default())
    };
    assert_eq!(unseen(&["Città", "CITTÀ ", "Verde"]).expect("two services").len(), 2);
    let refused = unseen(&["Città", "Citta'"]).expect_err("two names");
    assert!(matches!(refused, MappingError::SameCode { .. }), "{refused}");
}

#[test]
fn a_day_without_a_time_begins_at_its_local_midnight() {
    let column = |date_only: bool| super::mapping::TimeColumn {
        column: "giorno".to_owned(),
        format: "%d/%m/%Y".to_owned(),
        date_only,
        zone: chrono_tz::Europe::Rome,
    };
    let midnight = column(true).instant("15/07/2026").expect("an instant");
    assert_eq!(midnight.to_rfc3339(), "2026-07-14T22:00:00+00:00");
    assert_eq!(column(false).instant("15/07/2026"), None, "only where the mapping says so");
}

#[test]
fn a_byte_order_mark_costs_no_line() {
    let file = "\u{feff}{\"source\":\"crm\",\"id\":\"1\",\"contact\":{\"canale\":\"telefono\"}}";
    let lines: Vec<_> = json_lines(file.as_bytes()).map(Result::unwrap).collect();
    assert!(lines[0].contact.is_ok());
    let file = format!("\u{feff}{HEADER}1,{ROW}\n");
    assert!(csv_lines(file.as_bytes(), &mapping()).is_ok());
}
