//! What is read after a case, while somebody else goes on writing on it.

use chrono::DateTime;
use smista_domain::fact::Contenuto;
use smista_domain::ids::Login;
use smista_domain::text::Testo;
use uuid::Uuid;

use super::*;

fn paper(versione: i64, campo: Campo) -> PaperRow {
    PaperRow {
        caso: CasoId(Uuid::nil()),
        versione,
        indice: 0,
        campo,
        contenuto: Contenuto::Testo(Testo::new("parole").expect("a text")),
        at: DateTime::UNIX_EPOCH,
        by: Login::new("sara").expect("a login"),
    }
}

fn versions(sight: Sight) -> Vec<i64> {
    let papers = (1..=4).map(|versione| paper(versione, Campo::Nota)).collect();
    sight.readable(papers).iter().map(|paper| paper.versione).collect()
}

/// The case went to another Ente, and was noted there, between the two reads: what the former one is shown ends with the
/// version that it was allowed to see, and that its ETag names.
#[test]
fn what_was_written_after_the_case_was_read_is_not_shown() {
    let whole = Sight { seen: Visibility::Full, versione: 2 };
    assert_eq!(versions(whole), [1, 2]);
    assert_eq!([1, 2, 3].map(|versione| whole.reaches(versione)), [true, true, false]);
    let oversight = Sight { seen: Visibility::WithoutPersonalData, versione: 2 };
    assert_eq!([2, 3].map(|versione| oversight.reaches(versione)), [true, false]);
    assert_eq!(versions(oversight), [0; 0]);
}

#[test]
fn a_former_ente_reads_up_to_where_the_case_left_it_and_no_anagrafica() {
    let former = Sight { seen: Visibility::UpTo { versione: 3 }, versione: 4 };
    assert_eq!(versions(former), [1, 2, 3]);
    let papers = vec![paper(1, Campo::Anagrafica), paper(2, Campo::Risposta)];
    assert_eq!(former.readable(papers).len(), 1);
    let hidden = Sight { seen: Visibility::Hidden, versione: 4 };
    assert_eq!((versions(hidden), hidden.reaches(1)), (vec![], false));
}
