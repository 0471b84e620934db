use std::collections::BTreeSet;

use smista_domain::attore::RESERVED_LOGINS;
use smista_domain::catalogue::Profilo;
use smista_domain::catalogue_change::plan_update;
use smista_domain::ids::{EnteId, SchedaId};

use super::*;

/// A small sound catalogue, one line of which each test spoils.
const SOUND: &str = r#"ente = "firenze"

[[enti]]
codice = "firenze"
nome = "Comune di Firenze"
gruppo_di_ripiego = "ripiego"

[[macrostrutture]]
codice = "demografici"
nome = "Servizi demografici"

[[macrostrutture]]
codice = "anagrafe"
nome = "Anagrafe"
parte_di = "demografici"

[[servizi]]
macrostruttura = "anagrafe"
codice = "carta"
nome = "Carta"
profilo = "avanzato"
gruppo = "ripiego"
scheda = "carta"
contact_back = true
agenda = true
numero_trasferimento = "055 0000123"

[[gruppi]]
codice = "ripiego"
nome = "Ripiego"
membri = ["anna"]

[[documenti]]
codice = "modulo"
titolo = "Modulo"
file = "modulo.txt"
media_type = "text/plain"

[[schede]]
codice = "carta"
titolo = "Carta"
sms = "via Verdi 3"
documenti = ["modulo"]

[[schede.sezioni]]
titolo = "Chi"
testo = "Tutti."

[[schede.risposte_standard]]
codice = "persa"
titolo = "Persa"
testo = "Serve la denuncia."

[[operatori]]
login = "anna"
nome = "Anna"
ruolo = "secondo_livello"
"#;

/// A second Ente, on profilo base, with a group, a sheet, a document and a referent of its own.
const OTHER: &str = r#"ente = "scandicci"
[[enti]]
codice = "scandicci"
nome = "Comune di Scandicci"
[[gruppi]]
codice = "altrui"
nome = "Altrui"
[[documenti]]
codice = "altrui"
titolo = "Altrui"
file = "modulo.txt"
media_type = "text/plain"
[[schede]]
codice = "altrui"
titolo = "Altrui"
[[schede.sezioni]]
titolo = "Chi"
testo = "Tutti."
[[operatori]]
login = "bruno"
nome = "Bruno"
ruolo = "secondo_livello"
"#;

fn read(files: &[(&str, &str)]) -> Result<Catalogue, Vec<CatalogueFileError>> {
    let mut folder = CatalogueFolder::default();
    for (path, text) in files {
        folder.0.insert((*path).into(), FileContents::Toml(text.as_bytes().to_vec()));
    }
    folder.0.insert("modulo.txt".into(), FileContents::Document { size_bytes: 1000 });
    catalogue_from(&folder, &CatalogueLimits::default())
}

/// Replaces a line of the sound catalogue and returns the mistakes found, as (line, problem).
fn spoilt(line: &str, by: &str) -> Vec<(usize, Problem)> {
    assert_eq!(SOUND.matches(line).count(), 1, "«{line}» must be there once");
    let text = SOUND.replace(line, by);
    let errors = read(&[("a.toml", &text), ("b.toml", OTHER)]).expect_err("a spoilt catalogue is refused");
    assert!(errors.iter().all(|error| error.file == "a.toml"), "{errors:?}");
    errors.into_iter().map(|error| (error.line, error.problem)).collect()
}

fn line_of(line: &str) -> usize {
    1 + SOUND.lines().position(|found| found == line).expect("a line of the sound catalogue")
}

#[test]
fn a_sound_catalogue_is_read_whole() {
    let catalogue = read(&[("a.toml", SOUND), ("b.toml", OTHER)]).expect("sound");
    assert_eq!((catalogue.revision, catalogue.enti.len(), catalogue.macrostrutture.len()), (0, 2, 2));
    let servizio = catalogue.servizi.values().next().expect("one service");
    assert_eq!((servizio.profilo, servizio.contact_back, servizio.agenda), (Profilo::Avanzato, true, true));
    assert_eq!(servizio.numero_trasferimento.as_deref(), Some("+390550000123"));
    let scheda = catalogue.scheda_of(&servizio.tripletta).expect("its sheet");
    assert_eq!((scheda.sezioni[0].testo.as_str(), scheda.sms.as_deref()), ("Tutti.", Some("via Verdi 3")));
    let documento = &catalogue.documenti[&scheda.documenti[0]];
    assert_eq!((documento.size_bytes, documento.file.as_str()), (1000, "modulo.txt"));
    let gruppo = catalogue.competent_gruppo(&servizio.tripletta).expect("its group");
    assert_eq!(gruppo.membri.first().map(|login| login.as_str()), Some("anna"));
}

#[test]
fn what_an_entry_must_not_be_is_reported_at_its_line() {
    let second = "[[macrostrutture]]\ncodice = \"anagrafe\"\nnome = \"Bis\"\n\n[[servizi]]";
    let duplicate =
        Problem::Duplicate { code: "firenze/anagrafe".into(), first_file: "a.toml".into(), first_line: 13 };
    assert_eq!(spoilt("[[servizi]]", second), [(18, duplicate)]);

    let errors = spoilt("codice = \"demografici\"", "codice = \"Demo grafici\"");
    assert_eq!(errors[0].0, line_of("codice = \"demografici\""));
    assert!(matches!(&errors[0].1, Problem::BadText { key, .. } if key == "codice"), "{errors:?}");

    let missing = spoilt("nome = \"Servizi demografici\"", "");
    assert_eq!(missing, [(line_of("[[macrostrutture]]"), Problem::MissingKey("nome"))]);

    let unknown = spoilt("nome = \"Servizi demografici\"", "nome = \"D\"\ncolore = \"rosso\"");
    assert_eq!(
        unknown,
        [(line_of("nome = \"Servizi demografici\"") + 1, Problem::UnknownKey("colore".into()))]
    );

    let wrong_type = Problem::WrongType { key: "agenda".into(), wanted: problem::Wanted::Flag };
    assert_eq!(spoilt("agenda = true", "agenda = \"si\""), [(line_of("agenda = true"), wrong_type)]);

    let value = Problem::UnknownValue { key: "ruolo", value: "sistema".into(), admitted: entries::RUOLI };
    let role = "ruolo = \"secondo_livello\"";
    let errors = spoilt(role, "ruolo = \"sistema\"");
    assert!(
        errors.contains(&(line_of(role), value)),
        "system actors are not the files' to define: {errors:?}"
    );
}

/// Proves 2-1.
#[test]
fn the_login_of_a_system_actor_is_refused_at_its_line() {
    for reserved in RESERVED_LOGINS {
        let operatore =
            format!("[[operatori]]\nlogin = \"{reserved}\"\nnome = \"X\"\nruolo = \"primo_livello\"\n");
        let errors =
            read(&[("a.toml", SOUND), ("b.toml", OTHER), ("c.toml", &operatore)]).expect_err("refused");
        let problem = Problem::ReservedLogin { login: reserved.to_owned() };
        assert_eq!(errors, [CatalogueFileError { file: "c.toml".to_owned(), line: 2, problem }]);
    }
}

#[test]
fn a_number_or_address_that_cannot_be_reached_is_refused() {
    let number = "numero_trasferimento = \"055 0000123\"";
    let members = "membri = [\"anna\"]";
    let with_email = format!("{members}\nemail = \"ripiego chez firenze\"");
    for (line, by, at, wanted) in [
        (number, "numero_trasferimento = \"centralino\"", line_of(number), "numero_trasferimento"),
        (members, with_email.as_str(), line_of(members) + 1, "email"),
    ] {
        let errors = spoilt(line, by);
        assert!(
            matches!(&errors[..], [(found, Problem::BadText { key, .. })] if *found == at && key == wanted),
            "{errors:?}"
        );
    }
}

#[test]
fn an_ente_beside_a_role_that_has_none_is_no_key_of_that_entry() {
    let role = "ruolo = \"secondo_livello\"";
    let errors = spoilt(role, "ruolo = \"ufficio\"\nente = \"firenze\"");
    let expected = (line_of(role) + 1, Problem::UnknownKey("ente".into()));
    assert!(errors.contains(&expected), "{errors:?}");
}

#[test]
fn a_reference_that_leads_nowhere_or_abroad_is_reported_at_its_line() {
    let unknown = |key, code: &str| Problem::Unknown { key, code: code.into() };
    let abroad =
        |key, code: &str| Problem::OfAnotherEnte { key, code: code.into(), ente: "scandicci".into() };
    for (line, key, with) in [
        ("gruppo = \"ripiego\"", "gruppo", "gruppo = \"CODE\""),
        ("scheda = \"carta\"", "scheda", "scheda = \"CODE\""),
        ("gruppo_di_ripiego = \"ripiego\"", "gruppo_di_ripiego", "gruppo_di_ripiego = \"CODE\""),
        ("documenti = [\"modulo\"]", "documenti", "documenti = [\"CODE\"]"),
    ] {
        // The short group line also ends the long one.
        let text = |code: &str| {
            SOUND.replace(&format!("\n{line}\n"), &format!("\n{}\n", with.replace("CODE", code)))
        };
        for (code, problem) in [("nulla", unknown(key, "nulla")), ("altrui", abroad(key, "altrui"))] {
            let errors = read(&[("a.toml", &text(code)), ("b.toml", OTHER)]).expect_err("refused");
            assert_eq!(errors, [CatalogueFileError { file: "a.toml".into(), line: line_of(line), problem }]);
        }
    }
    let unit = "macrostruttura = \"anagrafe\"";
    assert_eq!(
        spoilt(unit, "macrostruttura = \"nulla\""),
        [(line_of(unit), unknown("macrostruttura", "nulla"))]
    );
    let members = "membri = [\"anna\"]";
    assert_eq!(spoilt(members, "membri = [\"nessuno\"]"), [(line_of(members), unknown("membri", "nessuno"))]);
    let not_ours = Problem::NotAReferent { login: "bruno".into(), ente: "firenze".into() };
    assert_eq!(spoilt(members, "membri = [\"bruno\"]"), [(line_of(members), not_ours)]);
    let twice = Problem::Repeated { code: "anna".into() };
    assert_eq!(spoilt(members, "membri = [\"anna\", \"anna\"]"), [(line_of(members), twice)]);
    let errors = spoilt("ente = \"firenze\"", "ente = \"nulla\"");
    assert!(errors.contains(&(1, unknown("ente", "nulla"))), "{errors:?}");
}

#[test]
fn a_unit_is_never_inside_itself_at_any_depth() {
    let inside = |code: &str| Problem::UnitInsideItself { code: code.into() };
    assert_eq!(
        spoilt("nome = \"Servizi demografici\"", "nome = \"D\"\nparte_di = \"anagrafe\""),
        [(11, inside("demografici")), (16, inside("anagrafe"))]
    );
    assert_eq!(spoilt("parte_di = \"demografici\"", "parte_di = \"anagrafe\""), [(15, inside("anagrafe"))]);
    assert_eq!(
        spoilt("parte_di = \"demografici\"", "parte_di = \"nulla\""),
        [(15, Problem::Unknown { key: "parte_di", code: "nulla".into() })]
    );
    let depth = 200;
    let units: String = (1..=depth)
        .map(|n| {
            format!(
                "[[macrostrutture]]\ncodice = \"u{n}\"\nnome = \"U\"\nparte_di = \"{}\"\n",
                if n == 1 { "demografici".into() } else { format!("u{}", n - 1) }
            )
        })
        .collect();
    let deep =
        read(&[("a.toml", SOUND), ("c.toml", &format!("ente = \"firenze\"\n{units}"))]).expect("any depth");
    assert_eq!(deep.macrostrutture.len(), depth + 2);
}

#[test]
fn avanzato_needs_a_fallback_group_and_some_options_need_avanzato() {
    let no_fallback = Problem::NoFallback { ente: "firenze".into() };
    assert_eq!(
        spoilt("gruppo_di_ripiego = \"ripiego\"", ""),
        [(line_of("codice = \"firenze\""), no_fallback)]
    );
    let needs = |key, line| (line_of(line), Problem::NeedsAvanzato { key });
    assert_eq!(
        spoilt("profilo = \"avanzato\"", "profilo = \"base\""),
        [
            needs("contact_back", "contact_back = true"),
            needs("agenda", "agenda = true"),
            needs("numero_trasferimento", "numero_trasferimento = \"055 0000123\""),
        ]
    );
}

#[test]
fn an_sms_section_past_the_gateways_maximum_is_refused_with_a_text_that_fits() {
    let line = line_of("sms = \"via Verdi 3\"");
    let with = |text: &str| spoilt("sms = \"via Verdi 3\"", &format!("sms = \"{text}\""));
    let long = "a".repeat(161);
    let too_long = Problem::SmsTooLong { ucs2: false, units: 161, parts: 2, max_units: 160, plain: None };
    assert_eq!(with(&long), [(line, too_long)]);
    let capital = format!("È {}", "a".repeat(90));
    let plain = Some(format!("E' {}", "a".repeat(90)));
    assert_eq!(
        with(&capital),
        [(line, Problem::SmsTooLong { ucs2: true, units: 92, parts: 2, max_units: 70, plain })]
    );
}

#[test]
fn two_sms_parts_are_admitted_where_the_gateway_is_said_to_take_them() {
    let text = SOUND.replace("via Verdi 3", &"a".repeat(306));
    let folder = |text: String| {
        let document = ("modulo.txt".to_owned(), FileContents::Document { size_bytes: 1 });
        CatalogueFolder([("a.toml".to_owned(), FileContents::Toml(text.into_bytes())), document].into())
    };
    let limits = CatalogueLimits { max_sms_parts: 2, ..CatalogueLimits::default() };
    assert!(catalogue_from(&folder(text.clone()), &limits).is_ok());
    assert!(catalogue_from(&folder(text), &CatalogueLimits::default()).is_err());
}

#[test]
fn a_document_is_there_and_within_the_size_limit() {
    let line = "file = \"modulo.txt\"";
    let absent = Problem::NoSuchFile("altro.txt".into());
    assert_eq!(spoilt(line, "file = \"altro.txt\""), [(line_of(line), absent)]);
    let mut folder = CatalogueFolder::default();
    folder.0.insert("a.toml".into(), FileContents::Toml(SOUND.into()));
    let limits = CatalogueLimits { max_document_bytes: 1000, ..CatalogueLimits::default() };
    folder.0.insert("modulo.txt".into(), FileContents::Document { size_bytes: 1000 });
    assert!(catalogue_from(&folder, &limits).is_ok(), "exactly the limit");
    folder.0.insert("modulo.txt".into(), FileContents::Document { size_bytes: 1001 });
    let problem = Problem::DocumentTooLarge { size_bytes: 1001, max_bytes: 1000 };
    let expected = CatalogueFileError { file: "a.toml".into(), line: line_of(line), problem };
    assert_eq!(catalogue_from(&folder, &limits), Err(vec![expected]));
}

#[test]
fn all_mistakes_of_all_files_come_back_together_in_order() {
    let broken = "ente = \"firenze\"\n[[servizi]]\ncodice = \"x\"\nprofilo = \"medio\"\n[[schede]]\ncodice = \"vuota\"\ntitolo = \"\"\n";
    let syntax = "[[gruppi]]\ncodice = \"tronco\nnome = \"Y\"\n";
    let errors = read(&[("a.toml", SOUND), ("b.toml", broken), ("c.toml", syntax)]).expect_err("refused");
    let places: Vec<(&str, usize)> = errors.iter().map(|error| (error.file.as_str(), error.line)).collect();
    let mut sorted = places.clone();
    sorted.sort_unstable();
    assert_eq!(places, sorted);
    let of_b: Vec<&Problem> =
        errors.iter().filter(|error| error.file == "b.toml").map(|error| &error.problem).collect();
    assert!(of_b.contains(&&Problem::MissingKey("macrostruttura")), "{of_b:?}");
    assert!(of_b.contains(&&Problem::MissingKey("nome")), "{of_b:?}");
    assert!(of_b.contains(&&Problem::NoSection), "{of_b:?}");
    assert_eq!(of_b.len(), 5, "with the unknown profile and the empty title: {of_b:?}");
    assert!(errors.iter().any(|error| error.file == "c.toml"
        && error.line == 2
        && matches!(error.problem, Problem::Syntax(_))));
}

#[test]
fn bytes_that_are_not_utf8_and_entries_without_an_ente_are_located() {
    let mut folder = CatalogueFolder::default();
    folder.0.insert("a.toml".into(), FileContents::Toml(b"# prima\n# perch\xe9\n".to_vec()));
    folder.0.insert(
        "b.toml".into(),
        FileContents::Toml(b"\n[[gruppi]]\ncodice = \"x\"\nnome = \"X\"\n".to_vec()),
    );
    let errors = catalogue_from(&folder, &CatalogueLimits::default()).expect_err("refused");
    let found: Vec<_> =
        errors.iter().map(|error| (error.file.as_str(), error.line, &error.problem)).collect();
    assert_eq!(found, [("a.toml", 2, &Problem::NotUtf8), ("b.toml", 2, &Problem::NoEnte)]);
}

#[test]
fn an_empty_folder_is_refused_because_it_would_retire_everything() {
    let errors =
        catalogue_from(&CatalogueFolder::default(), &CatalogueLimits::default()).expect_err("refused");
    assert_eq!(errors[0].problem, Problem::EmptyFolder);
}

#[test]
fn a_mistake_reads_in_italian_and_in_english() {
    let problem = Problem::Unknown { key: "scheda", code: "nulla".into() };
    let error = CatalogueFileError { file: "firenze/ente.toml".into(), line: 24, problem };
    assert_eq!(error.to_string(), "firenze/ente.toml:24: «scheda»: «nulla» non esiste nel catalogo");
    assert_eq!(error.english(), "firenze/ente.toml:24: “scheda”: “nulla” is not in the catalogue");
}

fn sample_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/catalogo")
}

#[test]
fn the_embedded_sample_is_the_folder_file_by_file() {
    let mut on_disk = BTreeMap::new();
    collect(&sample_folder(), "", &mut on_disk).expect("the folder is readable");
    let embedded: BTreeMap<&str, &str> = sample_catalogue_files().iter().copied().collect();
    assert_eq!(embedded.len(), sample_catalogue_files().len(), "no file twice");
    assert_eq!(
        on_disk.keys().map(String::as_str).collect::<Vec<_>>(),
        embedded.keys().copied().collect::<Vec<_>>()
    );
    let from_disk = read_catalogue_folder(&sample_folder(), &CatalogueLimits::default()).expect("sound");
    assert_eq!(Ok(from_disk), sample_catalogue());
}

#[test]
fn the_sample_is_rich_enough_to_try_every_part_of_the_process() {
    let catalogue = sample_catalogue().expect("sound");
    let services = |wanted: fn(&smista_domain::catalogue::Servizio) -> bool| {
        catalogue.servizi.values().filter(|servizio| wanted(servizio)).count()
    };
    assert!(catalogue.enti.len() >= 5);
    assert!(
        services(|s| s.profilo == Profilo::Avanzato) >= 30 && services(|s| s.profilo == Profilo::Base) >= 10
    );
    assert!(services(|_| true) >= 45);
    assert!(services(|s| s.contact_back) >= 5 && services(|s| s.agenda) >= 3);
    assert!(services(|s| s.numero_trasferimento.is_some()) >= 5);
    assert!(services(|s| s.profilo == Profilo::Avanzato && s.gruppo.is_none()) >= 1, "R9 can be shown");
    let competent: BTreeSet<_> = catalogue.servizi.values().filter_map(|s| s.gruppo.as_ref()).collect();
    assert!(competent.len() >= 24);
    for ente in catalogue.enti.keys() {
        let centralino = |s: &&smista_domain::catalogue::Servizio| {
            s.tripletta.ente == *ente && s.tripletta.servizio.as_str() == "centralino"
        };
        assert_eq!(
            catalogue.servizi.values().find(centralino).map(|s| s.profilo),
            Some(Profilo::Base),
            "R18: {ente}"
        );
    }
    for servizio in catalogue.servizi.values() {
        let scheda =
            catalogue.scheda_of(&servizio.tripletta).unwrap_or_else(|| panic!("{}", servizio.tripletta));
        let titles: Vec<&str> = scheda.sezioni.iter().map(|sezione| sezione.titolo.as_str()).collect();
        assert_eq!(titles, ["Chi", "Dove", "Quando", "Come"], "{}", scheda.id);
        assert!(scheda.sms.is_some(), "{}", scheda.id);
    }
    for gruppo in catalogue.gruppi.values() {
        assert!(!gruppo.membri.is_empty(), "{}", gruppo.id);
    }
}

#[test]
fn importing_the_sample_twice_changes_nothing_the_second_time() {
    let draft = sample_catalogue().expect("sound");
    let catalogue =
        plan_update(&Catalogue::default(), &draft).expect("no refusal").applied_to(&Catalogue::default());
    assert!(plan_update(&catalogue, &draft).expect("no refusal").is_empty());
    let firenze = EnteId::new("firenze").expect("a code");
    let mut smaller = draft.clone();
    smaller.schede.remove(&SchedaId::new("firenze-tari").expect("a code"));
    assert!(catalogue.enti.contains_key(&firenze));
    assert_eq!(plan_update(&catalogue, &smaller).expect("no refusal").schede.len(), 1);
}
