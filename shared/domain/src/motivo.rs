//! Why the citizen made contact, by which channel, and the other short lists of the process.

use serde::{Deserialize, Serialize};

use crate::catalogue::Profilo;

macro_rules! list {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $wire:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $wire)] $variant),+ }

        impl $name {
            /// Every value, in the order of the process document.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The wire name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire),+ }
            }

            /// The value of a wire name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == name)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

list!(
    /// Why the citizen made contact (section 3.1).
    Motivo {
        /// Who, where, when, how (3.1-1).
        Informazione = "informazione",
        /// The state of a case that is or was with the second level (3.1-2).
        InformazioneSuCase = "informazione_su_case",
        /// A complaint to which an answer is owed (3.1-3).
        Reclamo = "reclamo",
        /// A complaint to which none is owed, perhaps anonymous (3.1-4).
        Lamentela = "lamentela",
        /// A report of a fact (3.1-5).
        Segnalazione = "segnalazione",
        /// Urges an answer on a case assigned earlier (3.1-6).
        Sollecito = "sollecito",
        /// Changes the anagrafica, adds data, or withdraws the case (3.1-7).
        NotificaPerInformazione = "notifica_per_informazione",
        /// An appointment (3.1-8).
        Prenotazione = "prenotazione",
    }
);

impl Motivo {
    /// Whether a service of this profile admits the motivo (3.2-4, 3.2-5).
    pub fn admitted_on(self, profilo: Profilo) -> bool {
        match profilo {
            Profilo::Avanzato => true,
            Profilo::Base => match self {
                Self::Informazione | Self::Lamentela | Self::Segnalazione => true,
                Self::InformazioneSuCase
                | Self::Reclamo
                | Self::Sollecito
                | Self::NotificaPerInformazione
                | Self::Prenotazione => false,
            },
        }
    }

    /// Whether a case of this motivo is about another one (2-4).
    pub fn is_figlio(self) -> bool {
        match self {
            Self::Sollecito | Self::NotificaPerInformazione | Self::InformazioneSuCase => true,
            Self::Informazione
            | Self::Reclamo
            | Self::Lamentela
            | Self::Segnalazione
            | Self::Prenotazione => false,
        }
    }

    /// Whether a case of this motivo can be assigned to the second level and so be a padre (2-3).
    pub fn can_be_padre(self) -> bool {
        match self {
            Self::Informazione | Self::Reclamo => true,
            Self::InformazioneSuCase
            | Self::Lamentela
            | Self::Segnalazione
            | Self::Sollecito
            | Self::NotificaPerInformazione
            | Self::Prenotazione => false,
        }
    }
}

list!(
    /// How a contact comes in (3.3-1).
    CanaleInbound {
        /// On line (2-6).
        Telefono = "telefono",
        /// Off line (2-6).
        Email = "email",
    }
);

list!(
    /// How an answer goes out (3.3-1).
    CanaleOutbound {
        /// On line.
        Telefono = "telefono",
        /// Off line.
        Email = "email",
        /// Off line; never moves a case (R16).
        Sms = "sms",
    }
);

list!(
    /// Who makes a contact: the citizen or the office (2-6).
    Direzione {
        /// The citizen.
        Inbound = "inbound",
        /// The office.
        Outbound = "outbound",
    }
);

list!(
    /// How an attempt to tell the citizen ended (R19).
    EsitoTentativo {
        /// The citizen was told.
        Raggiunto = "raggiunto",
        /// Nobody answered.
        NonRisponde = "non_risponde",
        /// The line was busy.
        Occupato = "occupato",
        /// An answering machine; the answer is not left there.
        Segreteria = "segreteria",
        /// The number or address is wrong.
        RecapitoErrato = "recapito_errato",
    }
);

list!(
    /// What the check before a transfer found (4.2-3), as far as it decides between rows 3 and 4.
    VerificaDisponibilita {
        /// The second level is there: transfer.
        Disponibile = "disponibile",
        /// Nobody can take the call: assign.
        NonDisponibile = "non_disponibile",
        /// The caller would not wait: assign.
        AttesaRifiutata = "attesa_rifiutata",
    }
);

list!(
    /// Why a transfer did not end in a presa in carico (row 3a).
    EsitoTrasferimento {
        /// The call could not be put through.
        NonRiuscito = "non_riuscito",
        /// The caller hung up, or the line dropped, before anybody accepted the case.
        ChiamataTerminata = "chiamata_terminata",
    }
);

list!(
    /// The cause that every rejection names (4.3-6).
    CausaRigetto {
        /// Ambiguous or borderline request.
        RichiestaAmbigua = "richiesta_ambigua",
        /// The responsible office is not identifiable because the KMS lacks it.
        ResponsabileNonIndividuabile = "responsabile_non_individuabile",
        /// The operator erred.
        ErroreOperatore = "errore_operatore",
    }
);

list!(
    /// Why a case is cancelled (6-8, row 22).
    MotivoAnnullamento {
        /// The citizen withdraws it.
        RitiratoDalCittadino = "ritirato_dal_cittadino",
        /// Already registered.
        Duplicato = "duplicato",
        /// Not the centre's business.
        NonDiCompetenza = "non_di_competenza",
        /// The caller went away before the request was clear.
        ContattoAbbandonato = "contatto_abbandonato",
        /// Opened by mistake.
        Errore = "errore",
        /// Another reason, said in the note.
        Altro = "altro",
    }
);

list!(
    /// How the citizen was identified before the state of a case was read out (4.1-7).
    ModoIdentificazione {
        /// Calls from the number on record.
        NumeroChiamante = "numero_chiamante",
        /// Knows the protocol number and confirms the anagrafica.
        ProtocolloEDati = "protocollo_e_dati",
        /// A registered user who has identified as such.
        UtenteRegistrato = "utente_registrato",
        /// An identity document was quoted.
        Documento = "documento",
    }
);

list!(
    /// What is missing from the knowledge base (section 7, R9, R11).
    GenereEsigenza {
        /// The sheet does not answer the question (row 2).
        InformazioneCarente = "informazione_carente",
        /// Nobody knows who is responsible (R9, 4.3-6).
        ResponsabileNonIndividuabile = "responsabile_non_individuabile",
    }
);
