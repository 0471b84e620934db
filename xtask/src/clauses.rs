//! Which clause of the process is proved by which story. Knows the list `xtask/clauses.txt` and the files under `tests/`;
//! reads them as text and runs nothing. What proves a clause is a test whose doc comment says so:
//! `/// Proves 4.3-5, 4.3-7.`

mod list;
mod stories;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use self::list::Clause;
use self::stories::Story;

pub(crate) struct Survey {
    /// In the order of the list, each with the stories that prove it.
    clauses: Vec<(Clause, Vec<String>)>,
}

/// Reads list and stories of a workspace. A story that names an unknown clause, or a `Proves` that belongs to no test
/// that runs, is an error: it would claim what nothing checks.
pub(crate) fn survey(workspace: &Path) -> Result<Survey> {
    let path = workspace.join("xtask/clauses.txt");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let clauses = list::parse(&text)?;
    let mut files = Vec::new();
    rust_files(&workspace.join("tests"), &mut files)?;
    files.sort();
    let (mut found, mut complaints) = (Vec::new(), Vec::new());
    for file in files {
        let text =
            std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.strip_prefix(workspace).unwrap_or(&file).display().to_string();
        let (stories, wrong) = stories::read(&name, &text);
        found.extend(stories);
        complaints.extend(wrong);
    }
    join(clauses, &found, complaints)
}

fn join(clauses: Vec<Clause>, stories: &[Story], mut complaints: Vec<String>) -> Result<Survey> {
    let mut proofs: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for story in stories {
        for id in &story.proves {
            if !clauses.iter().any(|clause| clause.id == *id) {
                complaints.push(format!("{}: {} proves {id}, which is no clause", story.place, story.name));
            }
            proofs.entry(id).or_default().push(story.name.clone());
        }
    }
    if !complaints.is_empty() {
        bail!("{}", complaints.join("\n"));
    }
    let with_proofs = |clause: Clause| {
        let proofs = proofs.get(clause.id.as_str()).cloned().unwrap_or_default();
        (clause, proofs)
    };
    Ok(Survey { clauses: clauses.into_iter().map(with_proofs).collect() })
}

impl Survey {
    /// Each clause and reading with its stories, then the counts.
    pub(crate) fn in_full(&self) -> String {
        let mut text = String::new();
        for (clause, proofs) in &self.clauses {
            let proofs = if proofs.is_empty() { "(no story)".to_owned() } else { proofs.join(", ") };
            writeln!(text, "{:<6} {}\n       {proofs}", clause.id, clause.title)
                .expect("a String takes what it is given");
        }
        text + &self.in_short()
    }

    /// Two lines; the count of the clauses comes last.
    pub(crate) fn in_short(&self) -> String {
        let (clauses, readings): (Vec<_>, Vec<_>) =
            self.clauses.iter().partition(|(clause, _)| !clause.is_reading());
        format!("{}\n{}", count("readings", &readings), count("clauses", &clauses))
    }
}

fn count(what: &str, of: &[&(Clause, Vec<String>)]) -> String {
    let covered = of.iter().filter(|(_, proofs)| !proofs.is_empty()).count();
    format!("{what}: {covered} covered, {} not", of.len() - covered)
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clauses() -> Vec<Clause> {
        list::parse("2-1 known actor\n4.3-5 rejected\nR9 no competent group\n").unwrap()
    }

    fn story(name: &str, proves: &[&str]) -> Story {
        let proves = proves.iter().map(|id| (*id).to_owned()).collect();
        Story { place: "tests/s.rs:1".to_owned(), name: name.to_owned(), proves }
    }

    #[test]
    fn readings_are_counted_apart_and_clauses_last() {
        let survey = join(clauses(), &[story("rejects", &["4.3-5", "R9"])], vec![]).unwrap();
        assert_eq!(survey.in_short(), "readings: 1 covered, 0 not\nclauses: 1 covered, 1 not");
    }

    #[test]
    fn a_clause_lists_all_its_stories() {
        let stories = [story("rejects", &["4.3-5"]), story("bounces", &["4.3-5"])];
        let text = join(clauses(), &stories, vec![]).unwrap().in_full();
        assert!(text.contains("4.3-5  rejected\n       rejects, bounces\n"), "{text}");
        assert!(text.contains("2-1    known actor\n       (no story)\n"), "{text}");
        assert!(text.ends_with("\nclauses: 1 covered, 1 not"), "{text}");
    }

    #[test]
    fn an_unknown_clause_is_an_error_that_says_where() {
        let error = join(clauses(), &[story("rejects", &["4.3-8"])], vec![]).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), "tests/s.rs:1: rejects proves 4.3-8, which is no clause");
    }

    #[test]
    fn a_complaint_about_a_file_fails_the_survey() {
        assert!(join(clauses(), &[], vec!["tests/s.rs:3: not above a test".to_owned()]).is_err());
    }

    #[test]
    fn the_shipped_list_holds_every_clause_and_reading() {
        let clauses = list::parse(include_str!("../clauses.txt")).unwrap();
        let readings = clauses.iter().filter(|clause| clause.is_reading()).count();
        assert_eq!((clauses.len() - readings, readings), (83, 24));
    }
}
