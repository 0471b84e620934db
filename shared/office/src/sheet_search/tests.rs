use smista_domain::catalogue::Catalogue;
use smista_domain::ids::{EnteId, SchedaId};

use super::SheetSearch;
use crate::catalogue_files::sample_catalogue;

fn sample() -> Catalogue {
    sample_catalogue().expect("the sample is sound")
}

fn first(search: &SheetSearch, text: &str) -> String {
    search.find(text, None, 1).first().map(|sheet| sheet.scheda.to_string()).unwrap_or_default()
}

/// Proves 3-3.
#[test]
fn the_first_level_finds_a_sheet_by_words_of_its_title_or_its_text() {
    let search = SheetSearch::new(&sample());
    assert_eq!(first(&search, "carte d'identita"), "firenze-carta-identita");
    let by_text = search.find("impronte digitali", None, 3);
    assert!(by_text.iter().any(|sheet| sheet.scheda.as_str() == "firenze-carta-identita"), "{by_text:?}");
    assert!(search.find("xyzzy", None, 10).is_empty());
}

/// Proves 3-3.
#[test]
fn a_sheet_found_leads_to_its_services() {
    let catalogue = sample();
    let search = SheetSearch::new(&catalogue);
    for sheet in search.find("appuntamento allo sportello", None, 100) {
        assert!(!sheet.servizi.is_empty(), "{}", sheet.scheda);
        for tripletta in &sheet.servizi {
            assert_eq!(catalogue.scheda_of(tripletta).map(|scheda| &scheda.id), Some(&sheet.scheda));
        }
    }
}

#[test]
fn the_search_keeps_to_an_ente_and_to_a_limit() {
    let search = SheetSearch::new(&sample());
    let scandicci = EnteId::new("scandicci").expect("a code");
    let found = search.find("centralino comune", Some(&scandicci), 3);
    assert!(!found.is_empty() && found.len() <= 3);
    assert!(found.iter().all(|sheet| sheet.ente == scandicci));
}

#[test]
fn a_retired_sheet_is_not_found() {
    let mut catalogue = sample();
    let scheda = SchedaId::new("firenze-carta-identita").expect("a code");
    catalogue.schede.get_mut(&scheda).expect("the sheet").retired = true;
    let search = SheetSearch::new(&catalogue);
    assert!(search.find("carta d'identità", None, 100).iter().all(|sheet| sheet.scheda != scheda));
}
