//! `smista import` and `smista catalogue import` as people run them: exit codes, and what is left beside the file.

use std::path::Path;

use crate::running::{CATALOGUE, code_words_and_complaints};

const MAPPING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/city-requests/mapping.toml");
const HEADER: &str =
    "id,created_local,closed_local,owner,request_type,status,source,anonymous,address,latitude,longitude\n";
const ROW: &str = "2020-01-01T00:02:00,,BOS,Other,Closed,Call,N,1 MAIN ST,,";

fn smista(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let data = folder.join("data").to_string_lossy().into_owned();
    code_words_and_complaints(arguments, &[("SMISTA_DATA".to_owned(), data)])
}

fn import(folder: &Path, rows: &str) -> (Option<i32>, String, String) {
    let file = folder.join("richieste.csv");
    std::fs::write(&file, rows).expect("a file");
    smista(folder, &["import", &file.to_string_lossy(), "--map", MAPPING])
}

#[test]
fn an_import_says_how_it_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (code, _, said) = import(folder, &format!("{}1,{ROW}\n", HEADER.replace("owner", "office")));
    assert_eq!(code, Some(1), "{said}");
    let (_, catalogue, _) = smista(folder, &["catalogue", "show"]);
    assert!(catalogue.contains("revision 0"), "a file that does not fit creates no service: {catalogue}");

    let (code, said, _) = import(folder, &format!("{HEADER}1,{ROW}\n2,{ROW}\n"));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("2 opened, 0 known already, 0 refused"), "{said}");
    assert!(!folder.join("richieste.csv.rejects.csv").exists(), "nothing was refused");
    for number in ["", ".2"] {
        let (code, said, _) = import(folder, &format!("{HEADER}1,{ROW}\n3,yesterday{ROW}\n"));
        assert_eq!(code, Some(3), "{said}");
        let rejects = folder.join(format!("richieste.csv.rejects{number}.csv"));
        let rejects = std::fs::read_to_string(rejects).expect("beside the file");
        assert!(rejects.starts_with("line,reason\n3,"), "{rejects}");
    }
    let swallowed = format!("5,{ROW}\n").repeat(40_000);
    let (code, said, complaint) = import(folder, &format!("{HEADER}4,{ROW}\n5,\"{ROW}\n{swallowed}"));
    assert_eq!(code, Some(6), "{complaint}");
    assert!(said.contains("1 opened"), "{said}");
    assert!(complaint.contains("line 3"), "{complaint}");
}

#[test]
fn a_catalogue_retires_services_only_when_it_is_told_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    assert_eq!(import(folder, &format!("{HEADER}1,{ROW}\n")).0, Some(0));
    // The folder knows nothing of the service that the import met.
    let (code, _, said) = smista(folder, &["catalogue", "import", CATALOGUE]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("bos/richieste-al-comune/other") && said.contains("--retire"), "{said}");
    assert!(smista(folder, &["catalogue", "show"]).1.contains("revision 1"), "nothing was imported");
    assert_eq!(import(folder, &format!("{HEADER}2,{ROW}\n")).0, Some(0), "the service is in use");

    assert_eq!(smista(folder, &["catalogue", "import", CATALOGUE, "--retire"]).0, Some(0));
    assert_eq!(smista(folder, &["catalogue", "import", CATALOGUE]).0, Some(0), "nothing more to retire");
    let (code, said, _) = import(folder, &format!("{HEADER}3,{ROW}\n"));
    assert_eq!(code, Some(3), "the service is retired: {said}");
}
