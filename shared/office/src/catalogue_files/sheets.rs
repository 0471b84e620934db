//! Reads what the knowledge base holds: sheets and documents.

use std::collections::BTreeSet;

use smista_domain::catalogue::{Documento, RispostaStandard, Scheda, Sezione};
use smista_domain::ids::{DocumentoId, SchedaId};
use smista_domain::sms_text::{sms_length, transliterated_to_gsm7};
use smista_domain::text::Testo;

use super::FileContents;
use super::context::{Context, NAME_LIMIT, ente_of_file, name};
use super::draft::Draft;
use super::fields::Fields;
use super::problem::Problem;
use super::references::Reference;

pub(super) fn read_scheda(mut fields: Fields<'_>, context: Context<'_>, draft: &mut Draft) {
    fields.require(&["codice", "titolo"], draft);
    let ente = ente_of_file(&fields, context, draft);
    let id = fields.code::<SchedaId>("codice", draft);
    let titolo = name(&mut fields, "titolo", draft);
    let sms = read_sms(&mut fields, context, draft);
    let offered = fields.codes::<DocumentoId>("documenti", draft);
    let sezioni = read_sezioni(&mut fields, draft);
    let risposte_standard = read_risposte(&mut fields, draft);
    if let (Some(ente), Some((id, place))) = (ente, id) {
        draft.define("schede", id.to_string(), place);
        let mut documenti = Vec::new();
        for (documento, place) in offered {
            draft.refer(place, Reference::Documento { ente: ente.clone(), documento: documento.clone() });
            documenti.push(documento);
        }
        let scheda = Scheda {
            id: id.clone(),
            ente,
            titolo,
            sezioni,
            risposte_standard,
            sms,
            documenti,
            retired: false,
        };
        draft.catalogue.schede.insert(id, scheda);
    }
    fields.finish(draft);
}

/// Clause 4.5-3, R8: a section that the gateway would cut is refused here, not when a citizen waits for it.
fn read_sms(fields: &mut Fields<'_>, context: Context<'_>, draft: &mut Draft) -> Option<String> {
    let (text, place) = fields.text("sms", Testo::MAX_CHARS, draft)?;
    let (length, max_parts) = (sms_length(&text), context.limits.max_sms_parts);
    if length.parts > max_parts {
        let shorter = |plain: &String| *plain != text && sms_length(plain).parts <= max_parts;
        let plain = transliterated_to_gsm7(&text).filter(shorter);
        draft.report(place, Problem::sms_too_long(length, max_parts, plain));
    }
    Some(text)
}

fn read_sezioni(fields: &mut Fields<'_>, draft: &mut Draft) -> Vec<Sezione> {
    let mut sezioni = Vec::new();
    for mut sezione in fields.tables("sezioni", draft) {
        sezione.require(&["titolo", "testo"], draft);
        let (titolo, testo) = (name(&mut sezione, "titolo", draft), long_text(&mut sezione, draft));
        sezioni.push(Sezione { titolo, testo });
        sezione.finish(draft);
    }
    if sezioni.is_empty() {
        draft.report(fields.place.clone(), Problem::NoSection);
    }
    sezioni
}

fn read_risposte(fields: &mut Fields<'_>, draft: &mut Draft) -> Vec<RispostaStandard> {
    let (mut risposte, mut seen) = (Vec::new(), BTreeSet::new());
    for mut risposta in fields.tables("risposte_standard", draft) {
        risposta.require(&["codice", "titolo", "testo"], draft);
        let (codice, place) = risposta
            .text("codice", NAME_LIMIT, draft)
            .unwrap_or_else(|| (String::new(), risposta.place.clone()));
        if !codice.is_empty() && !seen.insert(codice.clone()) {
            draft.report(place, Problem::Repeated { code: codice.clone() });
        }
        let (titolo, testo) = (name(&mut risposta, "titolo", draft), long_text(&mut risposta, draft));
        risposte.push(RispostaStandard { codice, titolo, testo });
        risposta.finish(draft);
    }
    risposte
}

fn long_text(fields: &mut Fields<'_>, draft: &mut Draft) -> String {
    fields.text("testo", Testo::MAX_CHARS, draft).map(|(text, _)| text).unwrap_or_default()
}

pub(super) fn read_documento(mut fields: Fields<'_>, context: Context<'_>, draft: &mut Draft) {
    fields.require(&["codice", "titolo", "file", "media_type"], draft);
    let ente = ente_of_file(&fields, context, draft);
    let id = fields.code::<DocumentoId>("codice", draft);
    let titolo = name(&mut fields, "titolo", draft);
    let media_type = name(&mut fields, "media_type", draft);
    let file = fields.text("file", NAME_LIMIT, draft);
    let size_bytes = file.as_ref().map_or(0, |(file, place)| {
        let path = match context.path.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/{file}"),
            None => file.clone(),
        };
        let max_bytes = context.limits.max_document_bytes;
        match context.folder.0.get(&path) {
            Some(FileContents::Document { size_bytes }) if *size_bytes <= max_bytes => *size_bytes,
            Some(FileContents::Document { size_bytes }) => {
                draft.report(place.clone(), Problem::DocumentTooLarge { size_bytes: *size_bytes, max_bytes });
                0
            }
            Some(FileContents::Toml(_)) | None => {
                draft.report(place.clone(), Problem::NoSuchFile(path));
                0
            }
        }
    });
    if let (Some(ente), Some((id, place))) = (ente, id) {
        draft.define("documenti", id.to_string(), place);
        let file = file.map(|(file, _)| file.rsplit('/').next().unwrap_or_default().to_owned());
        let documento = Documento {
            id: id.clone(),
            ente,
            titolo,
            file: file.unwrap_or_default(),
            media_type,
            size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX),
            retired: false,
        };
        draft.catalogue.documenti.insert(id, documento);
    }
    fields.finish(draft);
}
