//! The list of clauses: one a line, its number, then a title. Knows how a number looks, not which exist.

use anyhow::{Result, bail};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    /// As a story names it: `2-1`, `4.3-5`, or `R9` for a reading.
    pub(super) id: String,
    pub(super) title: String,
}

impl Clause {
    pub(super) fn is_reading(&self) -> bool {
        self.id.starts_with('R')
    }
}

pub(super) fn parse(text: &str) -> Result<Vec<Clause>> {
    let mut clauses: Vec<Clause> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (id, title) = line.split_once(' ').unwrap_or((line, ""));
        if !is_id(id) || title.trim().is_empty() {
            bail!("clauses.txt:{}: expected a clause's number and its title, found `{line}`", number + 1);
        }
        if clauses.iter().any(|clause| clause.id == id) {
            bail!("clauses.txt:{}: {id} stands there twice", number + 1);
        }
        clauses.push(Clause { id: id.to_owned(), title: title.trim().to_owned() });
    }
    Ok(clauses)
}

/// `2-1`, `4.3-5`: section, hyphen, number. `R9`: a reading.
pub(super) fn is_id(word: &str) -> bool {
    if let Some(reading) = word.strip_prefix('R') {
        return is_number(reading);
    }
    let Some((section, number)) = word.split_once('-') else { return false };
    is_number(number) && section.split('.').count() <= 2 && section.split('.').all(is_number)
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && !word.starts_with('0') && word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_sections_subsections_and_readings() {
        for id in ["2-1", "3.1-2", "4.5-4", "6-8", "R9", "R24"] {
            assert!(is_id(id), "{id}");
        }
        for word in ["", "4.3", "4.3-", "-5", "4.3-5a", "4.-5", "4.3.1-5", "04.3-5", "R", "r9", "R0", "4.3–5"]
        {
            assert!(!is_id(word), "{word}");
        }
    }

    #[test]
    fn comments_and_blank_lines_are_skipped() {
        let clauses = parse("# 2 Definitions\n\n2-1 every action has an actor\n").unwrap();
        assert_eq!(clauses.len(), 1);
        assert_eq!(clauses[0].title, "every action has an actor");
    }

    #[test]
    fn a_line_that_is_no_clause_is_an_error_with_its_line() {
        assert!(parse("2-1 one\nfour three\n").unwrap_err().to_string().starts_with("clauses.txt:2:"));
        assert!(parse("2-1\n").is_err());
    }

    #[test]
    fn no_number_stands_there_twice() {
        assert!(parse("2-1 one\n2-1 two\n").unwrap_err().to_string().contains("twice"));
    }
}
