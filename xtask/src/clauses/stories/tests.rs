//! What counts as a proof, and what only looks like one.

use super::*;

fn proofs(text: &str) -> Vec<(String, Vec<String>)> {
    let (stories, complaints) = read("s.rs", text);
    assert!(complaints.is_empty(), "{complaints:?}");
    stories.into_iter().map(|story| (story.name, story.proves)).collect()
}

fn complaint(text: &str) -> String {
    let (stories, complaints) = read("s.rs", text);
    assert!(stories.is_empty(), "{stories:?}");
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    complaints.into_iter().next().expect("one, as just counted")
}

fn one(name: &str, proves: &[&str]) -> Vec<(String, Vec<String>)> {
    vec![(name.to_owned(), proves.iter().map(|id| (*id).to_owned()).collect())]
}

#[test]
fn a_plain_test() {
    assert_eq!(proofs("/// Proves 2-1.\n#[test]\nfn it_is_so() {}\n"), one("it_is_so", &["2-1"]));
}

#[test]
fn an_async_test_with_arguments_and_several_clauses() {
    let text = "/// Proves 4.3-5, 4.3-7.\n#[tokio::test(flavor = \"multi_thread\")]\nasync fn rejects() {}\n";
    assert_eq!(proofs(text), one("rejects", &["4.3-5", "4.3-7"]));
}

#[test]
fn sections_subsections_and_readings() {
    let text = "/// Proves 2-1, 3.1-2, 4.5-4 and R9.\n#[test]\nfn all() {}\n";
    assert_eq!(proofs(text), one("all", &["2-1", "3.1-2", "4.5-4", "R9"]));
}

#[test]
fn a_sentence_over_two_lines() {
    let text = "/// Proves 4.3-5, 4.3-6,\n/// 4.3-7. The rest is prose, 9-9 too.\n#[test]\nfn wrapped() {}\n";
    assert_eq!(proofs(text), one("wrapped", &["4.3-5", "4.3-6", "4.3-7"]));
}

#[test]
fn prose_around_it_in_the_same_comment() {
    let text = "/// A case comes back.\n///\n/// Proves 4.3-5.\n///\n/// And so on.\n#[test]\nfn back() {}\n";
    assert_eq!(proofs(text), one("back", &["4.3-5"]));
}

#[test]
fn attributes_may_stand_above_and_over_several_lines() {
    let text = "#[test]\n/// Proves 2-1.\n#[expect(\n    clippy::unwrap_used,\n    reason = \"a test\"\n)]\nfn so() {}\n";
    assert_eq!(proofs(text), one("so", &["2-1"]));
}

#[test]
fn a_story_attribute_and_a_story_macro() {
    assert_eq!(
        proofs("/// Proves 2-2.\n#[story]\nasync fn told(office: Office) {}\n"),
        one("told", &["2-2"])
    );
    let text = "stories! {\n    /// Proves 2-2.\n    async fn told(office) {\n    }\n}\n";
    assert_eq!(proofs(text), one("told", &["2-2"]));
}

#[test]
fn a_function_after_the_macro_is_no_story() {
    let text = "stories! {\n    async fn told(office) {}\n}\n\n/// Proves 2-2.\nfn helper() {}\n";
    assert!(complaint(text).contains("`helper` is no test"));
}

#[test]
fn a_helper_proves_nothing() {
    assert_eq!(
        complaint("\n/// Proves 2-1.\nfn helper() {}\n"),
        "s.rs:2: `helper` is no test, so that it proves nothing"
    );
}

#[test]
fn an_attribute_that_only_resembles_a_test_does_not_make_one() {
    assert!(complaint("/// Proves 2-1.\n#[cfg(test)]\nfn helper() {}\n").contains("no test"));
    assert!(
        complaint("/// Proves 2-1.\n#[derive(Debug)]\nstruct Story;\n").contains("directly above a test")
    );
}

#[test]
fn an_ignored_test_proves_nothing() {
    assert!(complaint("/// Proves 2-1.\n#[test]\n#[ignore = \"slow\"]\nfn later() {}\n").contains("ignored"));
}

#[test]
fn a_module_or_a_plain_comment_proves_nothing() {
    assert!(complaint("//! Proves 2-1.\n").contains("doc comment"));
    assert!(complaint("// Proves 2-1.\n#[test]\nfn so() {}\n").contains("doc comment"));
}

#[test]
fn a_blank_line_parts_it_from_the_test() {
    assert!(complaint("/// Proves 2-1.\n\n#[test]\nfn so() {}\n").contains("directly above"));
}

#[test]
fn the_sentence_must_end_and_hold_only_numbers() {
    assert!(complaint("/// Proves 2-1\n#[test]\nfn so() {}\n").contains("full stop"));
    assert!(complaint("/// Proves 2-1, 4.3.\n#[test]\nfn so() {}\n").contains("`4.3.`"));
    assert!(complaint("/// Proves 2-1 and.\n#[test]\nfn so() {}\n").contains("`and.`"));
}

#[test]
fn prose_that_begins_with_the_word_is_prose() {
    assert_eq!(proofs("/// Proves that nothing is lost.\n#[test]\nfn so() {}\n"), vec![]);
}
