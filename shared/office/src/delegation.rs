//! For whom a client may speak: the doors ask to turn strangers away, and the desk asks again, on the catalogue that the
//! command is decided on.

use smista_domain::attore::Attore;
use smista_domain::catalogue::Catalogue;
use smista_domain::ids::Login;
use smista_store::Delegation;

/// Why a request has no operator. An unknown login and one outside the delegation look alike, so that nobody can try
/// out logins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoOperator {
    /// The client itself is not known, or not to give commands.
    UnknownClient,
    /// None is named, and the delegation names more or fewer than one.
    NotNamed,
    /// The client may not speak for the login, or there is nobody of that name at work.
    NotDelegated,
}

/// The operator for whom a request is made. A client that speaks for one person only need not name them.
pub fn operator_for(
    delegation: &Delegation,
    named: Option<&str>,
    catalogue: &Catalogue,
) -> Result<Attore, NoOperator> {
    let login = match (named, delegation.operatori.as_slice()) {
        (Some(named), _) => Login::new(named).map_err(|_not_a_login| NoOperator::NotDelegated)?,
        (None, [only]) if delegation.ruoli.is_empty() => only.clone(),
        (None, _) => return Err(NoOperator::NotNamed),
    };
    let operatore = catalogue.operatori.get(&login);
    let attore = operatore.and_then(|operatore| Attore::of_operatore(operatore, catalogue));
    attore.filter(|attore| admits(delegation, attore)).ok_or(NoOperator::NotDelegated)
}

fn admits(delegation: &Delegation, attore: &Attore) -> bool {
    let named = delegation.operatori.contains(&attore.login);
    let by_role = delegation.ruoli.iter().any(|ruolo| ruolo == attore.ruolo.name());
    let within_enti = match (&delegation.enti, attore.ente()) {
        (Some(enti), Some(ente)) => enti.contains(ente),
        (None, _) | (_, None) => true,
    };
    (named || by_role) && within_enti
}

#[cfg(test)]
mod tests {
    use smista_domain::catalogue::{Operatore, Ruolo};
    use smista_domain::ids::EnteId;

    use super::*;

    fn login(login: &str) -> Login {
        Login::new(login).expect("a login")
    }

    fn ente(ente: &str) -> EnteId {
        EnteId::new(ente).expect("a code")
    }

    fn catalogue() -> Catalogue {
        let people = [
            ("anna", Ruolo::PrimoLivello, false),
            ("bruno", Ruolo::SecondoLivello { ente: ente("firenze") }, false),
            ("carla", Ruolo::SecondoLivello { ente: ente("scandicci") }, false),
            ("dario", Ruolo::PrimoLivello, true),
        ];
        let operatori = people.map(|(name, ruolo, retired)| {
            let nome = name.to_owned();
            (login(name), Operatore { login: login(name), nome, ruolo, email_inbound: false, retired })
        });
        Catalogue { operatori: operatori.into(), ..Catalogue::default() }
    }

    fn ask(delegation: &Delegation, named: Option<&str>) -> Result<String, NoOperator> {
        operator_for(delegation, named, &catalogue()).map(|attore| attore.login.to_string())
    }

    #[test]
    fn a_client_of_one_operator_need_not_name_them() {
        let one = Delegation { operatori: vec![login("anna")], ..Delegation::default() };
        assert_eq!(ask(&one, None), Ok("anna".to_owned()));
        assert_eq!(ask(&one, Some("anna")), Ok("anna".to_owned()));
        assert_eq!(ask(&one, Some("bruno")), Err(NoOperator::NotDelegated));
    }

    #[test]
    fn a_client_of_several_must_name_one_of_them() {
        let two = Delegation { operatori: vec![login("anna"), login("bruno")], ..Delegation::default() };
        assert_eq!(ask(&two, None), Err(NoOperator::NotNamed));
        assert_eq!(ask(&two, Some("bruno")), Ok("bruno".to_owned()));
        let more = Delegation {
            operatori: vec![login("anna")],
            ruoli: vec!["secondo_livello".to_owned()],
            enti: None,
        };
        assert_eq!(ask(&more, None), Err(NoOperator::NotNamed));
    }

    #[test]
    fn a_role_admits_its_operators_and_an_ente_keeps_others_out() {
        let of_firenze = Delegation {
            operatori: Vec::new(),
            ruoli: vec!["secondo_livello".to_owned(), "primo_livello".to_owned()],
            enti: Some(vec![ente("firenze")]),
        };
        assert_eq!(ask(&of_firenze, Some("bruno")), Ok("bruno".to_owned()));
        assert_eq!(ask(&of_firenze, Some("anna")), Ok("anna".to_owned()), "bound to no Ente");
        assert_eq!(ask(&of_firenze, Some("carla")), Err(NoOperator::NotDelegated));
    }

    #[test]
    fn unknown_retired_and_misspelt_logins_are_not_told_apart() {
        let all = Delegation { ruoli: vec!["primo_livello".to_owned()], ..Delegation::default() };
        for named in ["dario", "nobody", "Not A Login"] {
            assert_eq!(ask(&all, Some(named)), Err(NoOperator::NotDelegated), "{named}");
        }
    }
}
