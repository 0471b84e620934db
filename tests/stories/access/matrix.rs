//! Reads `contracts/access.tsv`. Knows the file's form; must not know what a route does.

use std::collections::BTreeSet;

/// What is expected of one actor's call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    /// It succeeds.
    Succeeds,
    /// The case is shown whole.
    Full,
    /// The case is shown without the citizen's data.
    NoAnagrafica,
    /// The case is shown without the citizen's data and anybody's words.
    NoPersonalData,
    /// The case is shown as it stood when it left the actor's Ente, without the anagrafica (R23).
    UntilItLeft,
    /// A list of these cases.
    Cases(BTreeSet<char>),
    /// The code of a problem.
    Refused(String),
}

impl Cell {
    fn read(text: &str) -> Self {
        let is_case = |letter: char| letter.is_ascii_uppercase();
        match text {
            "ok" => Self::Succeeds,
            "full" => Self::Full,
            "no_anagrafica" => Self::NoAnagrafica,
            "no_personal_data" => Self::NoPersonalData,
            "until_it_left" => Self::UntilItLeft,
            "none" => Self::Cases(BTreeSet::new()),
            letters if letters.chars().all(is_case) => Self::Cases(letters.chars().collect()),
            code => Self::Refused(code.to_owned()),
        }
    }
}

/// One line: a route, an example of a body for it, and the case that it is about.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) verb: String,
    pub(crate) path: String,
    /// The name of the body, or what stands in the path; empty where there is one possibility only.
    pub(crate) example: String,
    pub(crate) case: Option<char>,
    /// In the order of [`Matrix::actors`].
    pub(crate) cells: Vec<Cell>,
}

impl Row {
    /// `POST /v1/cases/{id}/accept nothing U`, to find the line by.
    pub(crate) fn name(&self) -> String {
        let case = self.case.map(String::from).unwrap_or_default();
        format!("{} {} {} {case}", self.verb, self.path, self.example)
    }
}

/// The whole file.
pub(crate) struct Matrix {
    pub(crate) actors: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// The columns before the actors'.
const KEYS: usize = 4;

impl Matrix {
    pub(crate) fn read() -> Self {
        let text = include_str!("../../contracts/access.tsv");
        let mut lines = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t'));
        let actors: Vec<String> = lines.next().into_iter().flatten().skip(KEYS).map(str::to_owned).collect();
        let rows: Vec<Row> = lines.map(|line| row(&line.collect::<Vec<_>>(), actors.len())).collect();
        let names: BTreeSet<String> = rows.iter().map(Row::name).collect();
        assert_eq!(names.len(), rows.len(), "a line is there twice");
        Self { actors, rows }
    }

    /// The rows with the actors and their cells.
    pub(crate) fn cells(&self) -> impl Iterator<Item = (&Row, &str, &Cell)> {
        self.rows.iter().flat_map(|row| {
            let cells = self.actors.iter().map(String::as_str).zip(&row.cells);
            cells.map(move |(actor, cell)| (row, actor, cell))
        })
    }

    /// How much of a case this actor sees, which is what reading it says.
    pub(crate) fn sight(&self, actor: &str, case: char) -> &Cell {
        let mut cells = self.cells();
        let found = cells
            .find(|(row, who, _)| row.path == "/v1/cases/{id}" && row.case == Some(case) && *who == actor);
        found.unwrap_or_else(|| panic!("no line says who may read {case}")).2
    }
}

fn row(columns: &[&str], actors: usize) -> Row {
    assert_eq!(columns.len(), KEYS + actors, "{columns:?}");
    let given = |text: &str| if text == "-" { String::new() } else { text.to_owned() };
    Row {
        verb: columns[0].to_owned(),
        path: columns[1].to_owned(),
        example: given(columns[2]),
        case: given(columns[3]).chars().next(),
        cells: columns[KEYS..].iter().map(|text| Cell::read(text)).collect(),
    }
}
