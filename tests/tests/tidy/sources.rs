//! What a source file may name, how it begins, how long it gets. Reads lines and words, not syntax trees.

use std::collections::BTreeSet;

use super::tree::Tree;

/// Past this a file is no longer read in one sitting.
const LONGEST: usize = 500;

/// Files that may be longer, each with its reason.
const LONG: &[(&str, &str)] = &[];

/// The one module of the queues that may name the AMQP library: its file, and the files of its folder.
const AMQP: (&str, &str) = ("queues/src/rabbitmq.rs", "queues/src/rabbitmq/");

/// Modules beside the handlers that are none themselves, each with its reason.
const BESIDE_HANDLERS: &[(&str, &str)] = &[
    ("lib", "declares the modules"),
    ("settling", "turns the office's outcomes into the queue's answers, alike for every handler"),
];

pub(crate) fn naming_lapin(tree: &Tree) -> Vec<String> {
    let (file, folder) = AMQP;
    let elsewhere = |path: &str| path.starts_with("queues/src/") && path != file && !path.starts_with(folder);
    tree.rust()
        .filter(|(path, text)| elsewhere(path) && names(text, "lapin"))
        .map(|(path, _)| {
            format!("{path} names lapin: only the module rabbitmq may, so that one place knows its ways")
        })
        .collect()
}

pub(crate) fn handlers_naming_handlers(tree: &Tree) -> Vec<String> {
    let files: Vec<(&str, &str, &str)> = tree
        .rust()
        .filter_map(|(path, text)| {
            let within = path.strip_prefix("workers/handlers/src/")?;
            let module = within.split('/').next()?.trim_end_matches(".rs");
            Some((path, module, text))
        })
        .collect();
    let is_handler = |module: &&str| !BESIDE_HANDLERS.iter().any(|(beside, _)| beside == module);
    let handlers: BTreeSet<&str> = files.iter().map(|(_, module, _)| *module).filter(is_handler).collect();
    let mut complaints = Vec::new();
    for (path, module, text) in files.iter().filter(|(_, module, _)| is_handler(module)) {
        for named in named_in_this_crate(text) {
            if named == "*" || (named != *module && handlers.contains(named.as_str())) {
                complaints.push(format!("{path} names {named}: handlers meet through messages"));
            }
        }
    }
    complaints
}

/// The first step of every path that starts at `crate::` or `super::`; `*` where everything is taken.
fn named_in_this_crate(text: &str) -> Vec<String> {
    let code = without_comments(text);
    let mut named = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in code.match_indices(start) {
            let path = &code[at + start.len()..];
            match path.strip_prefix('{') {
                Some(group) => named.extend(first_steps(group)),
                None => named.push(first_word(path)),
            }
        }
    }
    named
}

/// What a `use` group takes: the words at its own depth, not those of groups and paths within.
fn first_steps(group: &str) -> Vec<String> {
    let (mut steps, mut depth, mut at_start) = (Vec::new(), 0_u32, true);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_start = true,
            _ if letter.is_whitespace() => {}
            _ => {
                if at_start {
                    steps.push(first_word(&group[at..]));
                }
                at_start = false;
            }
        }
    }
    steps
}

fn first_word(path: &str) -> String {
    if path.starts_with('*') {
        return "*".to_owned();
    }
    path.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// Unit tests that stand in a file of their own (`tests.rs`, `…_tests.rs`) are excused, as they would be in the module
/// that they test: its docs speak for them.
pub(crate) fn without_module_docs(tree: &Tree) -> Vec<String> {
    let wrong = tree.rust().filter(|(path, text)| !path.ends_with("tests.rs") && !text.starts_with("//! "));
    wrong.map(|(path, _)| format!("{path} does not begin by saying what it knows (`//! …`)")).collect()
}

pub(crate) fn too_long(tree: &Tree) -> Vec<String> {
    let excused = |path: &str| LONG.iter().any(|(long, _)| *long == path);
    let lines = tree.rust().map(|(path, text)| (path, text.lines().count()));
    let wrong = lines.filter(|(path, lines)| *lines > LONGEST && !excused(path));
    wrong
        .map(|(path, lines)| format!("{path} has {lines} lines: divide it, or give a reason in {}", file!()))
        .collect()
}

fn names(text: &str, word: &str) -> bool {
    let code = without_comments(text);
    code.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|found| found == word)
}

/// The text less its line comments. A string with `//` in it loses its end, which none of these rules minds.
fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Vec<String> = Vec::new();

    #[test]
    fn lapin_may_be_named_in_one_module_and_mentioned_anywhere() {
        let there = [
            ("queues/src/rabbitmq.rs", "use lapin::Channel;"),
            ("queues/src/rabbitmq/link.rs", "use lapin::Connection;"),
            ("queues/src/lib.rs", "//! Not lapin.\n"),
        ];
        assert_eq!(naming_lapin(&Tree::of(&there)), NONE);
        let elsewhere = [("queues/src/rabbitmq_too.rs", "fn f(c: &lapin::Channel) {}")];
        assert_eq!(naming_lapin(&Tree::of(&elsewhere)).len(), 1);
    }

    fn handlers(assignment: &str) -> Vec<String> {
        handlers_naming_handlers(&Tree::of(&[
            ("workers/handlers/src/lib.rs", "pub mod assignment;\npub use crate::rejections::Rejections;"),
            ("workers/handlers/src/assignment.rs", assignment),
            ("workers/handlers/src/rejections.rs", "use crate::rejections::ranking::rank;\nmod ranking;"),
            ("workers/handlers/src/rejections/ranking.rs", "use super::Rejections;"),
        ]))
    }

    #[test]
    fn a_handler_may_name_itself_and_the_outside() {
        assert_eq!(
            handlers("use smista_office::Office;\n// like crate::rejections\nuse super::assignment::X;"),
            NONE
        );
    }

    #[test]
    fn a_handler_may_not_name_another_in_any_form() {
        let forms = [
            "use crate::rejections::Rejections;",
            "use super::rejections;",
            "fn f() { crate::rejections::f() }",
            "use crate::{assignment::A, rejections::{B, C}};",
            "use crate::{\n    assignment::{A, D},\n    rejections,\n};",
            "use crate::*;",
            "use super::{*};",
        ];
        for form in forms {
            assert_eq!(handlers(form).len(), 1, "{form}");
        }
    }

    #[test]
    fn a_group_within_another_crate_is_not_ours() {
        assert_eq!(handlers("use crate::assignment::{rejections, other::rejections};"), NONE);
    }

    #[test]
    fn a_module_begins_with_its_docs() {
        assert_eq!(
            without_module_docs(&Tree::of(&[("a/src/lib.rs", "//! Knows a.\n"), ("a.md", "# A\n")])),
            NONE
        );
        assert_eq!(without_module_docs(&Tree::of(&[("a/src/lib.rs", "use b;\n//! Late.\n")])).len(), 1);
        assert_eq!(without_module_docs(&Tree::of(&[("a/src/lib.rs", "")])).len(), 1);
        assert_eq!(without_module_docs(&Tree::of(&[("a/src/b/tests.rs", "use super::*;\n")])), NONE);
    }

    #[test]
    fn a_file_of_the_longest_length_passes_and_one_line_more_does_not() {
        let (longest, longer) = ("x\n".repeat(LONGEST), "x\n".repeat(LONGEST + 1));
        let tree = Tree::of(&[("a.rs", &longest), ("b.rs", &longer), ("c.md", &longer)]);
        assert_eq!(too_long(&tree).len(), 1);
        assert!(too_long(&tree)[0].starts_with("b.rs has 501 lines"));
    }
}
