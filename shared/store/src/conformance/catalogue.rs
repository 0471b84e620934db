//! The catalogue: whole, at one revision, and not from under a citizen who waits for an answer.

use smista_domain::catalogue::Catalogue;

use super::Fixture;
use super::scene::{at, catalogue, gruppo, resolved, revision};
use crate::{Store, StoreError};

async fn replace(store: &dyn Store, expected: i64, new: &Catalogue) -> Result<i64, StoreError> {
    store.replace_catalogue(expected, new, &[], at(0)).await.map(|(revision, _)| revision)
}

pub async fn an_empty_store_has_an_empty_catalogue(on: &impl Fixture) {
    assert_eq!(on.store().catalogue().await.expect("read"), Catalogue::default());
    assert_eq!(on.store().catalogue_revision().await.expect("read"), 0);
    on.store().ping().await.expect("answers");
}

pub async fn a_catalogue_comes_back_as_it_went_in(on: &impl Fixture) {
    assert_eq!(replace(on.store(), 0, &catalogue()).await.expect("replaced"), 1);
    let mut expected = catalogue();
    expected.revision = 1;
    assert_eq!(on.store().catalogue().await.expect("read"), expected);
    let mut retired = catalogue();
    retired.servizi.values_mut().for_each(|servizio| servizio.retired = true);
    retired.gruppi.values_mut().for_each(|gruppo| gruppo.membri.clear());
    retired.schede.clear();
    retired.servizi.values_mut().for_each(|servizio| servizio.scheda = None);
    assert_eq!(replace(on.store(), 1, &retired).await.expect("replaced"), 2);
    retired.revision = 2;
    assert_eq!(on.store().catalogue().await.expect("read"), retired);
}

pub async fn a_catalogue_is_replaced_at_its_revision_only(on: &impl Fixture) {
    replace(on.store(), 0, &catalogue()).await.expect("replaced");
    let late = replace(on.store(), 0, &Catalogue::default()).await;
    assert!(matches!(late, Err(StoreError::Changed { table: "catalogo_revisione", .. })), "{late:?}");
    assert_eq!(on.store().catalogue_revision().await.expect("read"), 1);
    let catalogue = on.store().catalogue().await.expect("read");
    assert_eq!((catalogue.revision, catalogue.enti.len()), (1, 1));
}

pub async fn a_group_with_untold_answers_stays(on: &impl Fixture) {
    replace(on.store(), 0, &catalogue()).await.expect("replaced");
    resolved(on.store(), 1, "non_comunicato", 0).await;
    let untold = on.store().groups_with_untold_answers().await.expect("read");
    assert_eq!(untold, [gruppo("g-anagrafe")]);
    let mut retiring = catalogue();
    retiring.gruppi.values_mut().for_each(|gruppo| gruppo.retired = true);
    let refused = replace(on.store(), 1, &retiring).await;
    match refused {
        Err(StoreError::GroupInUse { groups }) => assert_eq!(groups, ["g-anagrafe"]),
        other => panic!("{other:?}"),
    }
    assert_eq!(on.store().catalogue().await.expect("read").revision, 1);
    let mut other_one = catalogue();
    other_one.gruppi.get_mut(&gruppo("g-civile")).expect("there").retired = true;
    replace(on.store(), 1, &other_one).await.expect("a group that nobody waits for may go");
}

pub async fn a_desk_sees_the_revision(on: &impl Fixture) {
    replace(on.store(), 0, &catalogue()).await.expect("replaced");
    let mut desk = on.store().desk().await.expect("a desk");
    assert_eq!(revision(&mut *desk).await, 1);
    // An import that starts meanwhile waits: as often as the desk looks, it sees what it saw.
    let emptied = Catalogue::default();
    let looking = async {
        for _ in 0..100 {
            assert_eq!(revision(&mut *desk).await, 1);
        }
        desk.commit().await.expect("committed");
    };
    let (replaced, ()) = futures::join!(replace(on.store(), 1, &emptied), looking);
    assert_eq!(replaced.expect("replaced"), 2);
}
