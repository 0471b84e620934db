//! The table of queues against the commands and facts that exist.

use smista_domain::command::CommandKind;

use crate::commands::{FROM_OUTSIDE, Malformed, body, parse};
use crate::topology::{INTAKE, TOPOLOGY};

#[test]
fn the_table_of_queues_is_sound() {
    TOPOLOGY.check().expect("a sound table");
}

#[test]
fn intake_takes_every_command_that_may_come_from_outside_and_no_other() {
    let intake = TOPOLOGY.queue(INTAKE).expect("the queue of commands");
    let mut wanted: Vec<_> = FROM_OUTSIDE.iter().map(|kind| kind.message_type()).collect();
    wanted.push(CommandKind::Open.message_type());
    wanted.sort_unstable();
    let mut bound: Vec<_> = intake.fed_by.iter().map(|binding| binding.message_type).collect();
    bound.sort_unstable();
    assert_eq!(bound, wanted);
    assert!(!intake.takes(CommandKind::Route.message_type()), "routing is the system's own");
}

#[test]
fn a_command_that_does_not_fit_names_the_field_and_never_its_value() {
    let data = r#"{"motivo":"reclamo","canale":"telefono","anagrafica":{"nome":12}}"#;
    let refused = parse("contact.open", None, data).expect_err("a number is no name");
    let Malformed::Data { path, reason } = refused else { panic!("{refused:?}") };
    assert_eq!(path, "anagrafica.nome");
    assert!(!reason.contains("12"), "{reason}");

    let secret =
        body::<smista_domain::command::WithNote>(r#"{"note":"x","Rossi Mario":1}"#).expect_err("unknown");
    assert!(!secret.to_string().contains("Rossi"), "{secret}");
}

#[test]
fn routing_cannot_be_asked_for_from_outside() {
    let caso = "018f0000-0000-7000-8000-000000000001";
    assert_eq!(
        parse("case.route", Some(caso), "{}").expect_err("not from outside"),
        Malformed::UnknownType("case.route".to_owned())
    );
    assert_eq!(parse("case.accept", None, "").expect_err("which case?"), Malformed::NoCase);
    assert_eq!(parse("case.accept", Some("42"), "").expect_err("which case?"), Malformed::NoCase);
    parse("case.accept", Some(caso), "").expect("no body needed");
    parse("case.accept", Some(caso), "{}").expect("an empty body is fine");
}

/// What travelled once must be readable for ever: the golden files say how each message looks. `UPDATE=1` writes them
/// anew, which is a change of version unless old readers can take it.
#[test]
fn the_messages_look_as_their_golden_files_say() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut expected: Vec<String> = Vec::new();
    for (name, value) in golden::messages() {
        let path = folder.join(format!("{name}.v1.json"));
        let text = format!("{}\n", serde_json::to_string_pretty(&value).expect("JSON"));
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &text).expect("written");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(kept, text, "{name} looks otherwise than its golden file");
        expected.push(format!("{name}.v1.json"));
    }
    let files = std::fs::read_dir(&folder).expect("the golden files");
    let mut found: Vec<String> =
        files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected, "a golden file for each message, and no other");
}

#[test]
fn golden_facts_and_commands_are_read_back_as_they_were() {
    for (name, value) in golden::messages() {
        let text = value.to_string();
        if name.starts_with("case.") && golden::is_fact(name) || name == "gap.raised" {
            let fact: crate::facts::CaseFact = body(&text).expect("a fact");
            assert_eq!(serde_json::to_value(&fact).expect("JSON"), value, "{name}");
        } else if name == "contact.open" {
            let opening: smista_domain::command::Opening = body(&text).expect("an opening");
            assert_eq!(serde_json::to_value(&opening).expect("JSON"), value, "{name}");
        } else if FROM_OUTSIDE.iter().any(|kind| kind.message_type() == name) {
            let caso = "018f0000-0000-7000-8000-000000000001";
            parse(name, Some(caso), &text).expect("a command");
        }
    }
}

mod golden;

/// The spool routes by type alone, and whoever reads a log should not have to ask.
#[test]
fn no_message_is_both_a_command_and_a_fact() {
    let facts: Vec<_> = golden::messages().into_keys().filter(|name| golden::is_fact(name)).collect();
    let bound = TOPOLOGY.queues.iter().flat_map(|queue| queue.fed_by);
    let wrong = bound.filter(|binding| {
        (binding.exchange == smista_queues::Exchange::Commands) == facts.contains(&binding.message_type)
    });
    assert_eq!(wrong.count(), 0);
}

#[test]
fn every_fact_of_the_domain_has_a_golden_file() {
    let source = include_str!("../../domain/src/fact.rs");
    let names = source.split('"').filter(|text| text.starts_with("case.") || *text == "gap.raised");
    let missing: Vec<_> = names.filter(|name| !golden::messages().contains_key(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
