//! How a run ended, as scripts read it. That some of the input was refused, 3, is shown with the import.

use crate::running::run_to_any_end;
use crate::stopping::{embedded, token_and_address};

fn code_of(arguments: &[&str], environment: &[(&str, &str)]) -> Option<i32> {
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    run_to_any_end(arguments, &environment).status.code()
}

#[test]
fn wrong_use_and_wrong_configuration_end_with_2() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_string_lossy();
    assert_eq!(code_of(&["riordina"], &[]), Some(2), "no such command");
    assert_eq!(code_of(&["case", "show", "nessuno", "--data", &data], &[]), Some(2), "no number and no id");
    assert_eq!(code_of(&["queues", "--data", &data], &[("SMISTA_LISTN", "127.0.0.1:1")]), Some(2));
    assert_eq!(code_of(&["queues"], &[("SMISTA_AMQP_URL", "amqp://127.0.0.1:1")]), Some(2), "half a set-up");
}

#[test]
fn what_is_not_there_ends_with_4() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_string_lossy();
    assert_eq!(code_of(&["case", "show", "2026-000042", "--data", &data], &[]), Some(4));
    assert_eq!(code_of(&["case", "list", "--data", &data], &[]), Some(4));
    assert_eq!(
        code_of(&["case", "count", "--by", "stato", "--data", &data], &[]),
        Some(0),
        "none is a number"
    );
}

#[test]
fn a_folder_in_use_ends_with_5() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut office = embedded(folder.path());
    token_and_address(&mut office);
    assert_eq!(code_of(&["case", "list", "--data", &folder.path().to_string_lossy()], &[]), Some(5));
}
