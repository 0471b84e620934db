//! The values that the floor writes, as long as the engine's and made of as many parts: a database takes as long to read
//! a value as it has parts. Each row has one of its own.

use uuid::Uuid;

pub(crate) fn caso(id: Uuid, version: i64) -> String {
    format!(
        r#"{{"id":"{id}","stato":{{"stato":"assegnato"}},"canale":"telefono","gruppo":"firenze-tributi",
        "motivo":"reclamo","profilo":"avanzato","rigetti":1,"esigenza":false,"versione":{version},
        "opened_at":"2026-11-25T08:49:41.806014Z","tripletta":{{"ente":"firenze","servizio":"tari",
        "macrostruttura":"tributi"}},"protocollo":"2026-000551","stato_since":"2026-11-25T08:49:46.629347Z",
        "rigettato_da":["firenze-tributi"],"preso_in_carico":false,"gruppo_precedente":"firenze-tributi",
        "tentativi_falliti":0,"stato_al_secondo_livello":true}}"#
    )
}

/// The opening is longer than what comes later.
pub(crate) fn facts(version: i64) -> String {
    if version > 1 {
        return format!(
            r#"[{{"fact":"accepted","titolare":"rita"}},{{"fact":"rejected","causa":"errore_operatore",
            "suggerita":null,"dal_sistema":false,"note":{version}}}]"#
        );
    }
    r#"[{"fact":"opened","padre":null,"stato":{"stato":"assegnato"},"canale":"telefono","gruppo":null,
    "motivo":"reclamo","profilo":"avanzato","verifica":null,"cittadino":null,
    "opened_at":"2026-11-25T08:49:41.805396Z","tripletta":{"ente":"firenze","servizio":"tari",
    "macrostruttura":"tributi"},"protocollo":"2026-000051","seguito_di":null,"contatto_id":null,
    "annullamento":null,"canale_origine":null,"canale_risposta":null,"identificazione":null},
    {"fact":"assigned"}]"#
        .to_owned()
}

pub(crate) fn paper(id: Uuid, place: usize) -> String {
    match place {
        0 => format!(
            r#"{{"testo":"Ho presentato la domanda due mesi fa e nessuno mi ha risposto; chiedo a che punto è {id}."}}"#
        ),
        _ => r#"{"anagrafica":{"nome":"Gino","cognome":"Prova","telefono":"+390550000002"}}"#.to_owned(),
    }
}

pub(crate) fn findings(version: i64) -> String {
    format!(
        r#"{{"percorso":[{{"at":"2026-11-25T08:49:41.968204Z","gruppo":"firenze-tributi","rigetto":
        {{"at":"2026-11-25T08:49:44.294758Z","by":"teo","causa":"errore_operatore","versione":{version},
        "suggerita":null,"dal_sistema":false}},"versione":2,"tripletta":{{"ente":"firenze","servizio":"tari",
        "macrostruttura":"tributi"}}}}],"rimbalza":false,"suggerimenti":[]}}"#
    )
}
