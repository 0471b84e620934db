//! What attore.rs promises, case by case.

use serde::Deserialize as _;
use serde::de::value::{Error, MapDeserializer};

use super::{Attore, BTreeSet, EnteId, Login, Ruolo};

/// The role that travels under this name, of Firenze where a role has an Ente.
fn ruolo(name: &str) -> Result<Ruolo, Error> {
    Ruolo::deserialize(MapDeserializer::new([("ruolo", name), ("ente", "firenze")].into_iter()))
}

#[test]
fn a_role_is_called_what_it_travels_as_and_only_the_second_levels_have_an_ente() {
    for (name, has_an_ente) in [
        ("primo_livello", false),
        ("secondo_livello", true),
        ("specialista", true),
        ("gestione_rigetti", false),
        ("ufficio", false),
        ("operazioni", false),
        ("sistema", false),
    ] {
        let ruolo = ruolo(name).unwrap();
        assert_eq!(ruolo.name(), name);
        let login = Login::new("anna").unwrap();
        let attore = Attore { login, ruolo, gruppi: BTreeSet::new(), email_inbound: false };
        let firenze = EnteId::new("firenze").unwrap();
        assert_eq!(attore.ente(), has_an_ente.then_some(&firenze), "{name}");
    }
}
