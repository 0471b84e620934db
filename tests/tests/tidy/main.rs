//! What the compiler cannot hold together: who may depend on whom, who may name what, how a file begins and how long it
//! gets. Reads `cargo metadata` and the sources as text; must not know what the code does. Each rule is a pure function
//! over what it is shown, and is itself tested with what it must refuse.

mod edges;
mod migrations;
mod sources;
mod tree;
mod wording;

use tree::Tree;

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn packages_depend_in_one_direction() {
    assert_none(&edges::not_allowed(&tree::members()));
}

#[test]
fn the_domain_stays_pure_and_each_client_library_has_one_home() {
    assert_none(&edges::not_at_home(&tree::members()));
}

#[test]
fn every_package_takes_the_workspace_lints() {
    assert_none(&edges::without_lints(&Tree::read()));
}

#[test]
fn there_is_one_tls_provider() {
    let tree = Tree::read();
    let lock_file = tree.files().find(|(path, _)| *path == "Cargo.lock").expect("the lock file is committed");
    assert_none(&edges::other_tls(lock_file.1));
}

#[test]
fn one_file_of_the_queues_names_lapin() {
    assert_none(&sources::naming_lapin(&Tree::read()));
}

#[test]
fn no_handler_names_another() {
    assert_none(&sources::handlers_naming_handlers(&Tree::read()));
}

#[test]
fn every_module_says_what_it_knows() {
    assert_none(&sources::without_module_docs(&Tree::read()));
}

#[test]
fn files_stay_short() {
    assert_none(&sources::too_long(&Tree::read()));
}

#[test]
fn nothing_is_left_for_later_and_no_machine_is_named() {
    let tree = Tree::read();
    assert_none(&wording::left_for_later(&tree));
    assert_none(&wording::naming_a_machine(&tree, &tree::places_of_this_machine()));
}

#[test]
fn no_file_cites_a_document_that_is_not_here() {
    assert_none(&wording::citing_what_is_not_here(&Tree::read()));
}

#[test]
fn both_engines_have_the_same_migrations() {
    assert_none(&migrations::on_one_engine_only(&Tree::read()));
}
