//! The table of queues against the commands and facts that exist.

use smista_domain::command::CommandKind;

use crate::commands::{FROM_OUTSIDE, body, parse};
use crate::malformed::{JsonType, Malformed, Reason};
use crate::problem::{Language, Problem};
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
    assert_eq!((path.as_deref(), reason), (Some("anagrafica.nome"), Reason::WrongType(JsonType::Text)));

    let secret =
        body::<smista_domain::command::WithNote>(r#"{"note":"x","Rossi Mario":1}"#).expect_err("unknown");
    assert!(!secret.to_string().contains("Rossi"), "{secret}");
}

/// What each body is refused for, and where. The sender's own words are all spelt `Rossi`.
#[test]
fn every_kind_of_fault_is_told_in_both_languages_without_the_senders_words() {
    let long = "Rossi".repeat(2_000);
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let cases = [
        (r#"{"motivo":"reclamo"}"#, Some("canale"), Reason::MissingField),
        (
            r#"{"canale":"telefono","tripletta":{"ente":"x"}}"#,
            Some("tripletta.macrostruttura"),
            Reason::MissingField,
        ),
        (
            r#"{"canale":"telefono","tripletta":{"Rossi":1}}"#,
            Some("tripletta"),
            Reason::UnknownField { known: named(&["ente", "macrostruttura", "servizio"]) },
        ),
        (r#"{"canale":"telefono","canale":"email"}"#, Some("canale"), Reason::DuplicateField),
        (
            r#"{"canale":"Rossi, expected `piccione`"}"#,
            Some("canale"),
            Reason::UnknownName { admitted: named(&["telefono", "email"]) },
        ),
        (r#"{"canale":12}"#, Some("canale"), Reason::WrongType(JsonType::Another)),
        (
            r#"{"canale":"telefono","anagrafica":"Rossi"}"#,
            Some("anagrafica"),
            Reason::WrongType(JsonType::Object),
        ),
        (r#"{"canale":"telefono","anagrafica":[]}"#, Some("anagrafica"), Reason::WrongType(JsonType::Object)),
        (
            r#"{"canale":"telefono","tripletta":["firenze","demografici","residenza"]}"#,
            Some("tripletta"),
            Reason::WrongType(JsonType::Object),
        ),
        (
            r#"{"canale":"telefono","answer":{"text":"x","canale":"email","tentativi":"Rossi"}}"#,
            Some("answer.tentativi"),
            Reason::WrongType(JsonType::List),
        ),
        (
            r#"{"canale":"telefono","anagrafica":{"telefono":"Rossi"}}"#,
            Some("anagrafica.telefono"),
            Reason::NotATelefono,
        ),
        (
            r#"{"canale":"telefono","anagrafica":{"email":"Rossi"}}"#,
            Some("anagrafica.email"),
            Reason::NotAnEmail,
        ),
        (r#"{"canale":"telefono","anagrafica":{"nome":" "}}"#, Some("anagrafica.nome"), Reason::Empty),
        (r#"{"canale":"telefono","description":"Ros\u0000si"}"#, Some("description"), Reason::Null),
        (
            &format!(r#"{{"canale":"telefono","description":"{long}"}}"#),
            Some("description"),
            Reason::TooLong { limit: 8_000 },
        ),
        (
            r#"{"canale":"telefono","tripletta":{"ente":"Rossi Mario","macrostruttura":"x","servizio":"x"}}"#,
            Some("tripletta.ente"),
            Reason::NotACode,
        ),
        (r#"{"canale":"telefono","padre":"Rossi"}"#, Some("padre"), Reason::NotAnId),
        (r#"{"canale":"telefono","opened_at":"Rossi"}"#, Some("opened_at"), Reason::NotATime),
        (r#"{"canale":"telefono"} Rossi"#, None, Reason::AfterTheEnd),
        (
            r#"{"canale":"telefono","description":"Rossi"#,
            Some("description"),
            Reason::NotJson { line: 1, column: 41 },
        ),
        ("", None, Reason::NotJson { line: 1, column: 0 }),
        ("[]", None, Reason::WrongType(JsonType::Object)),
    ];
    for (data, field, wanted) in cases {
        let malformed = parse("contact.open", None, data).expect_err(data);
        let Malformed::Data { reason, .. } = &malformed else { panic!("{malformed:?}") };
        assert_eq!((malformed.field(), reason), (field, &wanted), "{data}");
        let [italian, english] = [Language::Italian, Language::English]
            .map(|language| Problem::of_malformed(&malformed, language));
        assert_ne!(italian.detail, english.detail, "{data}");
        assert_ne!(italian.title, english.title);
        for problem in [italian, english] {
            let told = serde_json::to_string(&problem).expect("JSON");
            assert!(!told.contains("Rossi") && !told.contains("piccione"), "{told}");
            assert_eq!(problem.field.as_deref(), field);
        }
    }
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
