//! The stories in a test file: functions that cargo runs, and the clauses that their doc comments name. Reads lines, not
//! syntax trees, which is enough for files that rustfmt has laid out.

use super::list::is_id;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Story {
    /// File and line of its `Proves`.
    pub(super) place: String,
    pub(super) name: String,
    pub(super) proves: Vec<String>,
}

/// The stories of a file that prove something, and what is wrong with the `Proves` lines that prove nothing.
pub(super) fn read(file: &str, text: &str) -> (Vec<Story>, Vec<String>) {
    let lines: Vec<&str> = text.lines().collect();
    let (mut stories, mut complaints) = (Vec::new(), Vec::new());
    let mut in_story_macro = false;
    for (index, raw) in lines.iter().enumerate() {
        in_story_macro = match raw.trim_end() {
            opening if opens_story_macro(opening) => true,
            // rustfmt leaves the closing bracket of an item in the first column.
            closing if closing.starts_with(['}', ')', ']']) => false,
            _ => in_story_macro,
        };
        let line = raw.trim();
        if !starts_with_proves(line) {
            continue;
        }
        let place = format!("{file}:{}", index + 1);
        match story(&lines, index, in_story_macro) {
            Ok((name, proves)) => stories.push(Story { place, name, proves }),
            Err(complaint) => complaints.push(format!("{place}: {complaint}")),
        }
    }
    (stories, complaints)
}

/// Any comment counts here, so that a `Proves` in the wrong kind of comment is a complaint and not silence.
fn starts_with_proves(line: &str) -> bool {
    let Some(comment) = line.strip_prefix("//") else { return false };
    let said = comment.trim_start_matches(['/', '!']).trim_start();
    said.strip_prefix("Proves ")
        .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit() || first == 'R'))
}

fn story(lines: &[&str], proves_at: usize, in_story_macro: bool) -> Result<(String, Vec<String>), String> {
    let doc_end = (proves_at..lines.len()).find(|&at| doc(lines[at]).is_none()).unwrap_or(lines.len());
    if doc_end == proves_at {
        return Err("`Proves` belongs in a doc comment (`///`)".to_owned());
    }
    let said: Vec<&str> = lines[proves_at..doc_end].iter().filter_map(|line| doc(line)).collect();
    let proves = clauses_named(&said)?;
    let doc_start =
        (0..proves_at).rev().take_while(|&at| doc(lines[at]).is_some()).last().unwrap_or(proves_at);
    let mut attributes = attributes_above(lines, doc_start);
    let (below, function_at) = attributes_below(lines, doc_end);
    attributes.extend(below);
    let name = lines.get(function_at).and_then(|line| function_name(line));
    let name = name.ok_or("`Proves` must stand directly above a test")?;
    let is_test = in_story_macro || attributes.iter().any(|attribute| makes_a_test(attribute));
    if !is_test {
        return Err(format!("`{name}` is no test, so that it proves nothing"));
    }
    if attributes.iter().any(|attribute| attribute.starts_with("#[ignore")) {
        return Err(format!("`{name}` is ignored, so that it proves nothing"));
    }
    Ok((name, proves))
}

fn doc(line: &str) -> Option<&str> {
    line.trim().strip_prefix("///").map(str::trim)
}

/// The numbers after `Proves`, over as many lines as the sentence takes; its full stop ends it.
fn clauses_named(said: &[&str]) -> Result<Vec<String>, String> {
    let mut named = Vec::new();
    for word in said.iter().flat_map(|line| line.split_whitespace()).skip(1) {
        let ends = word.ends_with('.');
        let id = word.trim_end_matches(['.', ',']);
        if id != "and" || ends {
            if !is_id(id) {
                return Err(format!("`{word}` is no number of a clause"));
            }
            named.push(id.to_owned());
        }
        if ends {
            return Ok(named);
        }
    }
    Err("a `Proves` ends with a full stop".to_owned())
}

/// One-line attributes that stand above the doc comment.
fn attributes_above<'a>(lines: &[&'a str], doc_start: usize) -> Vec<&'a str> {
    let above = lines[..doc_start].iter().rev().map(|line| line.trim());
    above.take_while(|line| line.starts_with("#[")).collect()
}

/// Attributes between the doc comment and the function, each perhaps over several lines; and where they end.
fn attributes_below<'a>(lines: &[&'a str], doc_end: usize) -> (Vec<&'a str>, usize) {
    let (mut attributes, mut at, mut open) = (Vec::new(), doc_end, 0_i32);
    while let Some(line) = lines.get(at).map(|line| line.trim()) {
        if open == 0 {
            if !line.starts_with("#[") {
                break;
            }
            attributes.push(line);
        }
        for byte in line.bytes() {
            open += i32::from(matches!(byte, b'[' | b'(')) - i32::from(matches!(byte, b']' | b')'));
        }
        at += 1;
    }
    (attributes, at)
}

/// `#[test]`, `#[tokio::test(…)]`, and `#[story…]`, which makes one test for each set-up.
fn makes_a_test(attribute: &str) -> bool {
    let inside = attribute.trim_start_matches("#[");
    let path = inside.split(['(', ']', ' ']).next().unwrap_or_default();
    matches!(path.rsplit("::").next(), Some("test" | "story"))
}

/// `story! {` or `stories! {`, whose functions all become tests, one for each set-up.
fn opens_story_macro(line: &str) -> bool {
    ["story!", "stories!"].iter().any(|name| {
        line.trim_start().strip_prefix(name).is_some_and(|rest| matches!(rest.trim_start(), "{" | "(" | "["))
    })
}

fn function_name(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    words.find(|word| !matches!(*word, "pub" | "pub(crate)" | "async")).filter(|word| *word == "fn")?;
    let name = words.next()?.split(['(', '<']).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests;
