//! One function for each kind of entry: reads it, keeps it in the draft, records what it refers to.

use std::collections::BTreeSet;

use smista_domain::anagrafica::{Email, RecapitoError, Telefono};
use smista_domain::attore::is_reserved;
use smista_domain::catalogue::{Ente, Gruppo, Macrostruttura, Operatore, Profilo, Ruolo, Servizio};
use smista_domain::ids::{EnteId, GruppoId, Login, MacrostrutturaId, SchedaId, ServizioId, Tripletta};
use toml::de::DeTable;

use super::context::{Context, NAME_LIMIT, ente_of_file, name};
use super::draft::{Draft, Place};
use super::fields::{Fields, Source};
use super::problem::Problem;
use super::references::Reference;
use super::sheets::{read_documento, read_scheda};
use super::{CatalogueFolder, CatalogueLimits};

/// `sistema` is not among them: the system's own actors are not the files' to define.
pub(super) const RUOLI: &str =
    "primo_livello, secondo_livello, specialista, gestione_rigetti, ufficio, operazioni";

/// Reads one file into the draft.
pub(super) fn read_file(
    path: &str,
    bytes: &[u8],
    folder: &CatalogueFolder,
    limits: &CatalogueLimits,
    draft: &mut Draft,
) {
    let source = Source::new(path, bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return draft.report(source.place(error.valid_up_to()), Problem::NotUtf8),
    };
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let offset = error.span().map_or(0, |span| span.start);
        draft.report(source.place(offset), Problem::Syntax(error.message().to_owned()));
    }
    let mut fields = Fields::new(&source, document.get_ref(), 0);
    let ente = fields.code::<EnteId>("ente", draft).map(|(ente, place)| {
        draft.refer(place, Reference::Ente(ente.clone()));
        ente
    });
    let context = Context { ente: ente.as_ref(), path, folder, limits };
    for (key, read) in KINDS {
        for entry in fields.tables(key, draft) {
            read(entry, context, draft);
        }
    }
    fields.finish(draft);
}

type ReadEntry = fn(Fields<'_>, Context<'_>, &mut Draft);

const KINDS: [(&str, ReadEntry); 7] = [
    ("enti", read_ente),
    ("macrostrutture", read_macrostruttura),
    ("servizi", read_servizio),
    ("gruppi", read_gruppo),
    ("documenti", read_documento),
    ("schede", read_scheda),
    ("operatori", read_operatore),
];

fn read_ente(mut fields: Fields<'_>, _: Context<'_>, draft: &mut Draft) {
    fields.require(&["codice", "nome"], draft);
    let id = fields.code::<EnteId>("codice", draft);
    let nome = name(&mut fields, "nome", draft);
    let ripiego = fields.code::<GruppoId>("gruppo_di_ripiego", draft);
    if let Some((id, place)) = id {
        draft.define("enti", id.to_string(), place.clone());
        let gruppo_di_ripiego = match ripiego {
            None => {
                draft.refer(place, Reference::NoFallback(id.clone()));
                None
            }
            Some((gruppo, place)) => {
                let (ente, key) = (id.clone(), "gruppo_di_ripiego");
                draft.refer(place, Reference::Gruppo { key, ente, gruppo: gruppo.clone() });
                Some(gruppo)
            }
        };
        draft.catalogue.enti.insert(id.clone(), Ente { id, nome, gruppo_di_ripiego, retired: false });
    }
    fields.finish(draft);
}

fn read_macrostruttura(mut fields: Fields<'_>, context: Context<'_>, draft: &mut Draft) {
    fields.require(&["codice", "nome"], draft);
    let ente = ente_of_file(&fields, context, draft);
    let id = fields.code::<MacrostrutturaId>("codice", draft);
    let nome = name(&mut fields, "nome", draft);
    let parent = fields.code::<MacrostrutturaId>("parte_di", draft);
    if let (Some(ente), Some((id, place))) = (ente, id) {
        draft.define("macrostrutture", format!("{ente}/{id}"), place);
        let parent = parent.map(|(parent, place)| {
            let (ente, unit) = (ente.clone(), id.clone());
            draft.refer(place, Reference::Parent { ente, unit, parent: parent.clone() });
            parent
        });
        let unit = Macrostruttura { ente: ente.clone(), id: id.clone(), nome, parent, retired: false };
        draft.catalogue.macrostrutture.insert((ente, id), unit);
    }
    fields.finish(draft);
}

fn read_servizio(mut fields: Fields<'_>, context: Context<'_>, draft: &mut Draft) {
    fields.require(&["macrostruttura", "codice", "nome", "profilo"], draft);
    let ente = ente_of_file(&fields, context, draft);
    let unit = fields.code::<MacrostrutturaId>("macrostruttura", draft);
    let servizio = fields.code::<ServizioId>("codice", draft);
    let nome = name(&mut fields, "nome", draft);
    let profilo = one_of(&mut fields, "profilo", "base, avanzato", draft, |value| match value {
        "base" => Some(Profilo::Base),
        "avanzato" => Some(Profilo::Avanzato),
        _ => None,
    });
    let gruppo = fields.code::<GruppoId>("gruppo", draft);
    let scheda = fields.code::<SchedaId>("scheda", draft);
    let contact_back = fields.flag("contact_back", draft);
    let agenda = fields.flag("agenda", draft);
    let numero_trasferimento = contact(&mut fields, "numero_trasferimento", draft, Telefono::new);
    let needs_avanzato = [
        ("contact_back", contact_back.as_ref().filter(|(on, _)| *on).map(|(_, place)| place)),
        ("agenda", agenda.as_ref().filter(|(on, _)| *on).map(|(_, place)| place)),
        ("numero_trasferimento", numero_trasferimento.as_ref().map(|(_, place)| place)),
    ];
    for (key, place) in needs_avanzato {
        if let Some(place) = place.filter(|_| profilo == Some(Profilo::Base)) {
            draft.report(place.clone(), Problem::NeedsAvanzato { key });
        }
    }
    if let (Some(ente), Some((macrostruttura, unit_place)), Some((servizio, place))) = (ente, unit, servizio)
    {
        draft.refer(unit_place, Reference::Unit { ente: ente.clone(), unit: macrostruttura.clone() });
        if let Some((gruppo, place)) = gruppo.clone() {
            draft.refer(place, Reference::Gruppo { key: "gruppo", ente: ente.clone(), gruppo });
        }
        if let Some((scheda, place)) = scheda.clone() {
            draft.refer(place, Reference::Scheda { ente: ente.clone(), scheda });
        }
        let tripletta = Tripletta { ente, macrostruttura, servizio };
        draft.define("servizi", tripletta.to_string(), place);
        let servizio = Servizio {
            tripletta: tripletta.clone(),
            nome,
            profilo: profilo.unwrap_or(Profilo::Base),
            contact_back: contact_back.is_some_and(|(on, _)| on),
            gruppo: gruppo.map(|(gruppo, _)| gruppo),
            numero_trasferimento: numero_trasferimento.map(|(number, _)| number.into()),
            agenda: agenda.is_some_and(|(on, _)| on),
            scheda: scheda.map(|(scheda, _)| scheda),
            retired: false,
        };
        draft.catalogue.servizi.insert(tripletta, servizio);
    }
    fields.finish(draft);
}

fn read_gruppo(mut fields: Fields<'_>, context: Context<'_>, draft: &mut Draft) {
    fields.require(&["codice", "nome"], draft);
    let ente = ente_of_file(&fields, context, draft);
    let id = fields.code::<GruppoId>("codice", draft);
    let nome = name(&mut fields, "nome", draft);
    let email = contact(&mut fields, "email", draft, Email::new).map(|(email, _)| email.into());
    let listed = fields.codes::<Login>("membri", draft);
    if let (Some(ente), Some((id, place))) = (ente, id) {
        draft.define("gruppi", id.to_string(), place);
        let mut membri = BTreeSet::new();
        for (login, place) in listed {
            draft.refer(place, Reference::Membro { ente: ente.clone(), login: login.clone() });
            membri.insert(login);
        }
        draft.catalogue.gruppi.insert(id.clone(), Gruppo { id, ente, nome, email, membri, retired: false });
    }
    fields.finish(draft);
}

fn read_operatore(mut fields: Fields<'_>, context: Context<'_>, draft: &mut Draft) {
    fields.require(&["login", "nome", "ruolo"], draft);
    let login = fields.code::<Login>("login", draft);
    let nome = name(&mut fields, "nome", draft);
    let own_ente = fields.code::<EnteId>("ente", draft);
    if let Some((ente, place)) = own_ente.clone() {
        draft.refer(place, Reference::Ente(ente));
    }
    let ente = own_ente.as_ref().map(|(ente, _)| ente).or(context.ente).cloned();
    let email_inbound = fields.flag("email_inbound", draft).is_some_and(|(on, _)| on);
    let ruolo = one_of(&mut fields, "ruolo", RUOLI, draft, |value| match value {
        "primo_livello" => Some(Some(Ruolo::PrimoLivello)),
        "secondo_livello" => Some(ente.clone().map(|ente| Ruolo::SecondoLivello { ente })),
        "specialista" => Some(ente.clone().map(|ente| Ruolo::Specialista { ente })),
        "gestione_rigetti" => Some(Some(Ruolo::GestioneRigetti)),
        "ufficio" => Some(Some(Ruolo::Ufficio)),
        "operazioni" => Some(Some(Ruolo::Operazioni)),
        _ => None,
    });
    match (&ruolo, own_ente) {
        (Some(None), _) => draft.report(fields.place.clone(), Problem::NoEnte),
        (
            Some(Some(
                Ruolo::PrimoLivello
                | Ruolo::GestioneRigetti
                | Ruolo::Ufficio
                | Ruolo::Operazioni
                | Ruolo::Sistema,
            )),
            Some((_, place)),
        ) => draft.report(place, Problem::UnknownKey("ente".into())),
        (Some(Some(_)) | None, _) => {}
    }
    if let Some((login, place)) = login.as_ref().filter(|(login, _)| is_reserved(login)) {
        draft.report(place.clone(), Problem::ReservedLogin { login: login.to_string() });
    }
    if let (Some((login, place)), Some(Some(ruolo))) = (login, ruolo) {
        draft.define("operatori", login.to_string(), place);
        draft
            .catalogue
            .operatori
            .insert(login.clone(), Operatore { login, nome, ruolo, email_inbound, retired: false });
    }
    fields.finish(draft);
}

/// A telephone number or an email address, in the form in which it is called or written to.
fn contact<T>(
    fields: &mut Fields<'_>,
    key: &'static str,
    draft: &mut Draft,
    parse: fn(&str) -> Result<T, RecapitoError>,
) -> Option<(T, Place)> {
    let (value, place) = fields.text(key, NAME_LIMIT, draft)?;
    match parse(&value) {
        Ok(contact) => Some((contact, place)),
        Err(reason) => {
            let english = format!("“{value}” is not one that can be reached");
            draft.report(
                place,
                Problem::BadText { key: key.to_owned(), italian: reason.to_string(), english },
            );
            None
        }
    }
}

/// A text out of a closed list.
fn one_of<T>(
    fields: &mut Fields<'_>,
    key: &'static str,
    admitted: &'static str,
    draft: &mut Draft,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let (value, place) = fields.text(key, NAME_LIMIT, draft)?;
    let parsed = parse(&value);
    if parsed.is_none() {
        draft.report(place, Problem::UnknownValue { key, value, admitted });
    }
    parsed
}
