//! The sample catalogue, carried inside the binary so that the first start needs no files.

use std::collections::BTreeMap;

use smista_domain::catalogue::Catalogue;

use super::{CatalogueFileError, CatalogueFolder, CatalogueLimits, FileContents, catalogue_from};

macro_rules! sample_files {
    ($($path:literal),+ $(,)?) => {
        &[$(($path, include_str!(concat!("../../../../examples/catalogo/", $path)))),+]
    };
}

/// Path within `examples/catalogo` and text. A test holds the list to the folder.
const FILES: &[(&str, &str)] = sample_files![
    "bagno-a-ripoli/ente.toml",
    "bagno-a-ripoli/schede/centralino.toml",
    "bagno-a-ripoli/schede/orti-sociali.toml",
    "bagno-a-ripoli/schede/reticolo-fognario.toml",
    "bagno-a-ripoli/schede/sentieri.toml",
    "bagno-a-ripoli/schede/strutture-ricettive.toml",
    "firenze/documenti/assenso-espatrio.txt",
    "firenze/documenti/cessazione-tari.txt",
    "firenze/documenti/dieta-speciale.txt",
    "firenze/documenti/richiesta-danni.txt",
    "firenze/documenti/ricorso-prefetto.txt",
    "firenze/ente.toml",
    "firenze/schede/alloggi-erp.toml",
    "firenze/schede/animali.toml",
    "firenze/schede/assistenza-domiciliare.toml",
    "firenze/schede/attivita-produttive.toml",
    "firenze/schede/carta-identita.toml",
    "firenze/schede/centralino.toml",
    "firenze/schede/certificati-online.toml",
    "firenze/schede/contrassegno.toml",
    "firenze/schede/contributo-locazione.toml",
    "firenze/schede/disinfestazione.toml",
    "firenze/schede/disposizioni-anticipate.toml",
    "firenze/schede/illuminazione.toml",
    "firenze/schede/imu.toml",
    "firenze/schede/inquinamento-acustico.toml",
    "firenze/schede/manutenzione.toml",
    "firenze/schede/musei-civici.toml",
    "firenze/schede/nascite.toml",
    "firenze/schede/nidi.toml",
    "firenze/schede/occupazione-suolo.toml",
    "firenze/schede/oggetti-rinvenuti.toml",
    "firenze/schede/pratiche.toml",
    "firenze/schede/prestito.toml",
    "firenze/schede/pubblicazioni.toml",
    "firenze/schede/refezione.toml",
    "firenze/schede/rsa.toml",
    "firenze/schede/sanzioni.toml",
    "firenze/schede/servizi-cimiteriali.toml",
    "firenze/schede/tari.toml",
    "firenze/schede/trasporto-alunni.toml",
    "firenze/schede/variazione-residenza.toml",
    "firenze/schede/veicoli-rimossi.toml",
    "firenze/schede/verde.toml",
    "firenze/schede/ztl.toml",
    "operatori.toml",
    "provincia-firenze/ente.toml",
    "provincia-firenze/schede/archivio-storico.toml",
    "provincia-firenze/schede/caccia-pesca.toml",
    "provincia-firenze/schede/centralino.toml",
    "provincia-firenze/schede/centri-impiego.toml",
    "provincia-firenze/schede/collocamento-mirato.toml",
    "provincia-firenze/schede/edilizia-scolastica.toml",
    "provincia-firenze/schede/formazione-professionale.toml",
    "provincia-firenze/schede/impianti-termici.toml",
    "provincia-firenze/schede/piste-ciclabili.toml",
    "provincia-firenze/schede/trasporto-extraurbano.toml",
    "provincia-firenze/schede/viabilita-provinciale.toml",
    "scandicci/ente.toml",
    "scandicci/schede/centralino.toml",
    "scandicci/schede/corsi-musica.toml",
    "scandicci/schede/impianti-sportivi.toml",
    "scandicci/schede/mercati.toml",
    "scandicci/schede/passi-carrabili.toml",
    "scandicci/schede/protezione-civile.toml",
    "scandicci/schede/tessera-elettorale.toml",
    "sesto-fiorentino/documenti/calendario-raccolta.txt",
    "sesto-fiorentino/ente.toml",
    "sesto-fiorentino/schede/amianto.toml",
    "sesto-fiorentino/schede/centralino.toml",
    "sesto-fiorentino/schede/centri-estivi.toml",
    "sesto-fiorentino/schede/farmacie.toml",
    "sesto-fiorentino/schede/raccolta-differenziata.toml",
    "sesto-fiorentino/schede/sportello-immigrazione.toml",
    "sesto-fiorentino/schede/teatro.toml",
];

/// The files of the sample catalogue, for whoever wants to write them to a folder and start from there.
pub fn sample_catalogue_files() -> &'static [(&'static str, &'static str)] {
    FILES
}

/// The sample catalogue as a draft of revision 0.
///
/// # Errors
/// None for the files as shipped, which a test reads; the type is that of any folder.
pub fn sample_catalogue() -> Result<Catalogue, Vec<CatalogueFileError>> {
    let contents = |path: &str, text: &str| {
        if path.ends_with(".toml") {
            FileContents::Toml(text.as_bytes().to_vec())
        } else {
            FileContents::Document { size_bytes: text.len() as u64 }
        }
    };
    let files: BTreeMap<_, _> =
        FILES.iter().map(|(path, text)| ((*path).to_owned(), contents(path, text))).collect();
    catalogue_from(&CatalogueFolder(files), &CatalogueLimits::default())
}
