//! A migration exists on both engines, under the same number, or on neither.

use std::collections::BTreeSet;

use super::tree::Tree;

const ENGINES: [&str; 2] = ["shared/store-postgres/migrations/", "shared/store-sqlite/migrations/"];

pub(crate) fn on_one_engine_only(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    let [postgres, sqlite] = ENGINES.map(|folder| numbers(tree, folder, &mut complaints));
    complaints.extend(postgres.symmetric_difference(&sqlite).map(|number| {
        let (there, missing) = if postgres.contains(number) { (0, 1) } else { (1, 0) };
        format!("migration {number} is in {}, and not in {}", ENGINES[there], ENGINES[missing])
    }));
    complaints
}

/// What stands before the first underscore of each file's name.
fn numbers<'a>(tree: &'a Tree, folder: &str, complaints: &mut Vec<String>) -> BTreeSet<&'a str> {
    let mut numbers = BTreeSet::new();
    for (path, name) in tree.files().filter_map(|(path, _)| Some((path, path.strip_prefix(folder)?))) {
        let number = name.split('_').next().unwrap_or_default();
        if !name.ends_with(".sql") || number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            complaints.push(format!("{path} is not named NUMBER_what_it_does.sql"));
        } else if !numbers.insert(number) {
            complaints.push(format!("{path} shares its number with another"));
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(files: &[&str]) -> Vec<String> {
        let files: Vec<_> = files.iter().map(|path| (*path, "")).collect();
        on_one_engine_only(&Tree::of(&files))
    }

    #[test]
    fn the_same_numbers_pass_whatever_the_rest_of_the_name() {
        let files = [
            "shared/store-postgres/migrations/20261101_a.sql",
            "shared/store-sqlite/migrations/20261101_b.sql",
        ];
        assert_eq!(complaints(&files), Vec::<String>::new());
    }

    #[test]
    fn a_number_on_one_engine_is_refused_either_way() {
        for engine in ENGINES {
            let found = complaints(&[&format!("{engine}20261101_a.sql")]);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with(&format!("migration 20261101 is in {engine}")), "{found:?}");
        }
    }

    #[test]
    fn a_number_taken_twice_or_missing_is_refused() {
        let [postgres, _] = ENGINES;
        let twice = [format!("{postgres}1_a.sql"), format!("{postgres}1_b.sql")];
        assert!(complaints(&[&twice[0], &twice[1]])[0].ends_with("shares its number with another"));
        assert!(
            complaints(&[&format!("{postgres}first.sql")])[0]
                .ends_with("is not named NUMBER_what_it_does.sql")
        );
    }
}
