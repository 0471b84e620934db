//! Holds the corpus of wrongly assigned requests to its own rules: without them a good ranking would prove nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use smista_domain::catalogue::{Catalogue, Servizio};
use smista_domain::ids::{EnteId, GruppoId, MacrostrutturaId, ServizioId, Tripletta};

use super::sample_catalogue;

const CORPUS: &str = include_str!("../../../../tests/contracts/suggestions.jsonl");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    description: String,
    assigned: String,
    cause: String,
    competent: String,
}

fn examples() -> Vec<Example> {
    CORPUS.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

fn servizio<'a>(catalogue: &'a Catalogue, path: &str) -> &'a Servizio {
    let [ente, unit, servizio] = path.split('/').collect::<Vec<_>>()[..] else {
        panic!("{path}: not a Tripletta")
    };
    let tripletta = Tripletta {
        ente: EnteId::new(ente).expect("a code"),
        macrostruttura: MacrostrutturaId::new(unit).expect("a code"),
        servizio: ServizioId::new(servizio).expect("a code"),
    };
    catalogue.active_servizio(&tripletta).unwrap_or_else(|| panic!("{path} is not in the sample catalogue"))
}

fn gruppo_of(catalogue: &Catalogue, path: &str) -> GruppoId {
    let servizio = servizio(catalogue, path);
    let gruppo = catalogue.competent_gruppo(&servizio.tripletta);
    gruppo.unwrap_or_else(|| panic!("{path} has no competent group")).id.clone()
}

/// Words in lower case without accents, apostrophes and hyphens being no part of a word.
fn words(text: &str) -> BTreeSet<String> {
    let folded: String = text
        .to_lowercase()
        .chars()
        .map(|c| match c {
            'à' | 'á' | 'â' => 'a',
            'è' | 'é' | 'ê' => 'e',
            'ì' | 'í' | 'î' => 'i',
            'ò' | 'ó' | 'ô' => 'o',
            'ù' | 'ú' | 'û' => 'u',
            c => c,
        })
        .collect();
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The same word, or two longer ones that begin alike: a rough stem, stricter than a stemmer on this corpus.
fn alike(one: &str, other: &str) -> bool {
    let beginning = |word: &str| word.chars().take(5).collect::<String>();
    let both_long = one.chars().count() >= 5 && other.chars().count() >= 5;
    one == other || (both_long && beginning(one) == beginning(other))
}

#[test]
fn every_example_names_services_of_the_sample_catalogue_and_a_cause() {
    let catalogue = sample_catalogue().expect("the sample is sound");
    let examples = examples();
    assert!(examples.len() >= 220, "{} examples", examples.len());
    let causes = ["richiesta_ambigua", "responsabile_non_individuabile", "errore_operatore"];
    for example in &examples {
        assert!(causes.contains(&example.cause.as_str()), "{}", example.cause);
        let (wrong, right) =
            (gruppo_of(&catalogue, &example.assigned), gruppo_of(&catalogue, &example.competent));
        assert_ne!(wrong, right, "{}: assigned to the group that is competent", example.description);
        assert!(servizio(&catalogue, &example.competent).scheda.is_some());
    }
    let different: BTreeSet<&str> = examples.iter().map(|example| example.description.as_str()).collect();
    assert_eq!(different.len(), examples.len(), "no description twice");
}

#[test]
fn no_description_shares_a_word_with_the_title_of_its_sheet() {
    let catalogue = sample_catalogue().expect("the sample is sound");
    let mut shared = Vec::new();
    for example in examples() {
        let scheda =
            catalogue.scheda_of(&servizio(&catalogue, &example.competent).tripletta).expect("a sheet");
        for word in words(&example.description) {
            shared.extend(
                words(&scheda.titolo)
                    .iter()
                    .filter(|in_title| alike(&word, in_title))
                    .map(|in_title| format!("{word} ~ {in_title}: {}", example.description)),
            );
        }
    }
    assert!(shared.is_empty(), "{shared:#?}");
}

#[test]
fn always_answering_the_three_commonest_groups_is_right_for_under_30_percent() {
    let catalogue = sample_catalogue().expect("the sample is sound");
    let examples = examples();
    let mut by_gruppo: BTreeMap<GruppoId, usize> = BTreeMap::new();
    for example in &examples {
        *by_gruppo.entry(gruppo_of(&catalogue, &example.competent)).or_default() += 1;
    }
    assert!(by_gruppo.len() >= 20, "{} competent groups", by_gruppo.len());
    let mut counts: Vec<usize> = by_gruppo.into_values().collect();
    counts.sort_unstable_by(|one, other| other.cmp(one));
    let commonest: usize = counts.iter().take(3).sum();
    assert!(commonest * 100 < examples.len() * 30, "{commonest} of {}", examples.len());
}
