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
