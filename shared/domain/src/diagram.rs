//! The state diagram of ARCHITECTURE.md, drawn from the table of transitions.
//!
//! Rows that leave a case where it is are not arrows: they would hide the ones that move it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::stato::Stato;
use crate::transitions::{From, TRANSITIONS, To, Transition};

/// The transitions as a mermaid `stateDiagram-v2`: one arrow for each pair of states, labelled with the rows and
/// commands that make it.
pub fn states_diagram() -> String {
    let mut arrows: BTreeMap<(Option<Stato>, Stato), Vec<String>> = BTreeMap::new();
    for row in TRANSITIONS {
        for (from, to) in moves(row) {
            let label = format!("{} {}", row.row, short_name(row));
            let labels = arrows.entry((from, to)).or_default();
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
    }
    let mut text = String::from("stateDiagram-v2\n");
    for stato in Stato::ALL {
        let _ = writeln!(text, "    state \"{}\" as {}", stato.in_italian(), identifier(stato));
    }
    for ((from, to), labels) in &arrows {
        let from = from.map_or("[*]".to_owned(), identifier);
        let _ = writeln!(text, "    {from} --> {}: {}", identifier(*to), labels.join(", "));
    }
    for stato in Stato::ALL.into_iter().filter(|stato| stato.is_final()) {
        let _ = writeln!(text, "    {} --> [*]", identifier(stato));
    }
    text
}

/// The arrows of a row. A figlio's own end (row 22b) starts wherever a figlio can stand.
fn moves(row: &Transition) -> Vec<(Option<Stato>, Stato)> {
    let To::OneOf(to) = row.to else { return vec![] };
    let from: Vec<Option<Stato>> = match row.from {
        From::New => vec![None],
        From::States(states) => states.iter().copied().map(Some).collect(),
        From::AssegnatoWithoutGroup => vec![Some(Stato::Assegnato)],
        From::OpenFiglio => open_figlio_states().map(Some).collect(),
        From::Any => Stato::ALL.into_iter().map(Some).collect(),
    };
    from.into_iter().flat_map(|from| to.iter().map(move |to| (from, *to))).collect()
}

/// Where an open figlio can stand: where an open padre can that has been with the second level, but Trasferito,
/// which a padre leaves for ever before a figlio could follow it there (R1).
fn open_figlio_states() -> impl Iterator<Item = Stato> {
    Stato::ALL.into_iter().filter(|stato| match stato {
        Stato::Assegnato | Stato::Sospeso | Stato::Rigettato => true,
        Stato::RisoltoSecondoLivello(_) => !stato.is_final(),
        Stato::RisoltoPrimoLivello(_)
        | Stato::Trasferito
        | Stato::AssegnatoRisolto
        | Stato::Annullato
        | Stato::NonRisolvibilePerInformazioneCarente => false,
    })
}

fn short_name(row: &Transition) -> String {
    let message_type = row.command.message_type();
    message_type.rsplit('.').next().unwrap_or(message_type).replace('_', " ")
}

fn identifier(stato: Stato) -> String {
    stato.to_string().replace('/', "_")
}
