//! The columns of the matrix: who acts, and how the case stands to them.

use crate::situations::Standing;

/// Every role of the matrix, in the order of its columns.
pub(crate) const ROLES: [&str; 18] = [
    "primo_livello",
    "primo_livello_titolare",
    "primo_livello_altro_titolare",
    "secondo_livello_titolare",
    "secondo_livello_gruppo",
    "secondo_livello_gruppo_libero",
    "secondo_livello_altro_gruppo",
    "secondo_livello_altro_ente",
    "secondo_livello_ente_precedente",
    "specialista_coinvolto",
    "specialista_non_coinvolto",
    "gestione_rigetti",
    "gestione_rigetti_titolare",
    "gestione_rigetti_altro_titolare",
    "ufficio",
    "ufficio_senza_esigenza",
    "operazioni",
    "sistema",
];

/// The login that acts in a role, and how the case stands to it.
pub(crate) fn actor_and_standing(role: &str) -> (&'static str, Standing) {
    let nobody = Standing::default;
    let held_by = |holder| Standing { holder: Some(holder), ..Standing::default() };
    match role {
        "primo_livello" => ("primo-uno", nobody()),
        "primo_livello_titolare" => ("primo-uno", held_by("primo-uno")),
        "primo_livello_altro_titolare" => ("primo-uno", held_by("primo-due")),
        "secondo_livello_titolare" => ("referente-uno", held_by("referente-uno")),
        "secondo_livello_gruppo" => ("referente-uno", held_by("referente-due")),
        "secondo_livello_gruppo_libero" => ("referente-uno", nobody()),
        "secondo_livello_altro_gruppo" => ("referente-tributi", nobody()),
        "secondo_livello_altro_ente" => ("referente-prato", nobody()),
        "secondo_livello_ente_precedente" => {
            ("referente-pistoia", Standing { once_in_pistoia: true, ..nobody() })
        }
        "specialista_coinvolto" => ("specialista-uno", Standing { involved: true, ..nobody() }),
        "specialista_non_coinvolto" => ("specialista-due", nobody()),
        "gestione_rigetti" => ("rigetti-uno", nobody()),
        "gestione_rigetti_titolare" => ("rigetti-uno", held_by("rigetti-uno")),
        "gestione_rigetti_altro_titolare" => ("rigetti-uno", held_by("rigetti-due")),
        "ufficio" => ("ufficio", Standing { gap: true, ..nobody() }),
        "ufficio_senza_esigenza" => ("ufficio", nobody()),
        "operazioni" => ("operazioni", nobody()),
        "sistema" => ("sistema", nobody()),
        unknown => panic!("no such role: {unknown}"),
    }
}
