//! Mappings and lines, without a store.

use smista_domain::motivo::{CanaleInbound, Motivo};
use smista_domain::text::NomeEsterno;

use super::mapping::{Mapping, MappingError};
use super::{csv_lines, json_lines};

const MAPPING: &str = include_str!("../../../../examples/city-requests/mapping.toml");
const HEADER: &str =
    "id,created_local,closed_local,owner,request_type,status,source,anonymous,address,latitude,longitude\n";

fn mapping() -> Mapping {
    toml::from_str(MAPPING).expect("the example mapping")
}

fn read(lines: &str) -> Vec<super::ContactLine> {
    let file = format!("{HEADER}{lines}");
    csv_lines(file.as_bytes(), &mapping()).expect("every column is there").collect()
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
    let lines: Vec<_> = json_lines(file.as_bytes()).collect();
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
    let json: Vec<_> = json_lines(file.as_bytes()).collect();
    assert!(json[0].contact.as_ref().expect_err("a refusal").contains("id:"));
}

#[test]
fn a_json_line_that_is_too_long_is_passed_over_whole() {
    let file = format!(
        "{}\n{}",
        "x".repeat(300_000),
        r#"{"source":"crm","id":"1","contact":{"canale":"telefono"}}"#
    );
    let lines: Vec<_> = json_lines(file.as_bytes()).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].contact.is_err());
    assert!(lines[1].contact.is_ok());
}
