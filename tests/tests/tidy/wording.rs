//! Words that no committed file may hold: marks of unfinished work, documents that are not here, and places on somebody's machine. They are spelled in
//! two halves here, so that this file does not hold them either.

use super::tree::Tree;

const LATER: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("HA", "CK"),
    concat!("to", "do!("),
    concat!("unimple", "mented!("),
];

const FOLDERS_OF_USERS: &[&str] = &[concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/ro", "ot/")];

/// A document that nobody who reads the repository has.
const NOT_HERE: &[&str] = &[concat!("DES", "IGN")];

pub(crate) fn citing_what_is_not_here(tree: &Tree) -> Vec<String> {
    let names: Vec<String> = NOT_HERE.iter().map(|name| (*name).to_owned()).collect();
    holding(tree, &names, "is not in the repository: say the thing itself, or point to ARCHITECTURE.md")
}

pub(crate) fn left_for_later(tree: &Tree) -> Vec<String> {
    let marks: Vec<String> = LATER.iter().map(|mark| (*mark).to_owned()).collect();
    holding(tree, &marks, "is a mark of unfinished work: do it, or open an issue")
}

/// `places`: folders that only this machine has.
pub(crate) fn naming_a_machine(tree: &Tree, places: &[String]) -> Vec<String> {
    let of_users = FOLDERS_OF_USERS.iter().map(|place| (*place).to_owned());
    let places: Vec<String> = of_users.chain(places.iter().cloned()).collect();
    holding(tree, &places, "is a place on one machine")
}

fn holding(tree: &Tree, words: &[String], complaint: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (path, text) in tree.files() {
        for (index, line) in text.lines().enumerate() {
            let found = words.iter().filter(|word| holds(line, word));
            complaints.extend(found.map(|word| format!("{path}:{}: `{word}` {complaint}", index + 1)));
        }
    }
    complaints
}

/// Whether the word stands in the line by itself, not inside a longer one.
fn holds(line: &str, word: &str) -> bool {
    let part_of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(word).any(|(at, _)| {
        let inside_before = word.starts_with(part_of_word) && line[..at].ends_with(part_of_word);
        let inside_after = word.ends_with(part_of_word) && line[at + word.len()..].starts_with(part_of_word);
        !inside_before && !inside_after
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Vec<String> = Vec::new();

    #[test]
    fn each_mark_is_found_with_its_line() {
        for mark in LATER {
            let text = format!("fn f() {{\n    // {mark} later\n}}\n");
            let complaints = left_for_later(&Tree::of(&[("a/src/lib.rs", &text)]));
            assert_eq!(complaints.len(), 1, "{mark}");
            assert!(complaints[0].starts_with("a/src/lib.rs:2:"), "{complaints:?}");
        }
    }

    #[test]
    fn a_longer_word_is_no_mark() {
        assert_eq!(left_for_later(&Tree::of(&[("a.md", "METODO, il METODOLOGO; XXXI; dbg_todo!()")])), NONE);
    }

    #[test]
    fn a_document_that_is_not_here_is_found_and_the_art_is_no_document() {
        let text = format!("//! As {} 3 says.\n", NOT_HERE[0]);
        let complaints = citing_what_is_not_here(&Tree::of(&[("a/src/lib.rs", &text)]));
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert_eq!(citing_what_is_not_here(&Tree::of(&[("a.md", "its design, the DESIGNER")])), NONE);
    }

    #[test]
    fn places_of_users_and_of_this_machine_are_found() {
        let text = format!("cd {}anna/smista\ncd /builds/smista\n", FOLDERS_OF_USERS[0]);
        let complaints = naming_a_machine(&Tree::of(&[("README.md", &text)]), &["/builds/smista".to_owned()]);
        assert_eq!(complaints.len(), 2, "{complaints:?}");
        assert_eq!(naming_a_machine(&Tree::of(&[("README.md", "/var/lib/smista")]), &[]), NONE);
    }
}
