//! The statements that both engines accept, in one source: each store crate includes this folder by path, and the macros
//! check every statement against that crate's own schema. A wrong one is therefore reported twice, once an engine.
//!
//! Knows: rows and the domain values that they hold. Must not know: locks, arrays, intervals, the database's clock, or
//! anything else that one engine spells in its own way; that is in each crate's `dialect`.

pub(crate) mod accounts;
pub(crate) mod casi;
pub(crate) mod catalogue;
pub(crate) mod columns;
pub(crate) mod learning;
pub(crate) mod parcheggio;
pub(crate) mod register;
pub(crate) mod search;

use std::error::Error;

use chrono::{DateTime, SubsecRound as _, Utc};
use smista_domain::ids::Tripletta;
use smista_store::StoreError;

/// What every function here fails with. It exists so that `?` sorts an error of sqlx where it is born.
#[derive(Debug)]
pub(crate) struct Fault(StoreError);

pub(crate) type Answer<T> = Result<T, Fault>;

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self(crate::errors::sort(error))
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        fault.0
    }
}

impl Fault {
    pub(crate) fn corrupt(what: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(StoreError::Corrupt { what, source: source.into() })
    }
}

/// A stored text as the value that it was.
pub(crate) fn parsed<T>(what: &'static str, text: String) -> Answer<T>
where
    T: TryFrom<String>,
    T::Error: Error + Send + Sync + 'static,
{
    T::try_from(text).map_err(|error| Fault::corrupt(what, error))
}

pub(crate) fn parsed_option<T>(what: &'static str, text: Option<String>) -> Answer<Option<T>>
where
    T: TryFrom<String>,
    T::Error: Error + Send + Sync + 'static,
{
    text.map(|text| parsed(what, text)).transpose()
}

/// A stored name as the value of a closed list that it was.
pub(crate) fn named<T>(what: &'static str, name: &str, from_name: fn(&str) -> Option<T>) -> Answer<T> {
    from_name(name).ok_or_else(|| Fault::corrupt(what, format!("unknown name {name:?}")))
}

pub(crate) fn tripletta(ente: String, macrostruttura: String, servizio: String) -> Answer<Tripletta> {
    Ok(Tripletta {
        ente: parsed("ente", ente)?,
        macrostruttura: parsed("macrostruttura", macrostruttura)?,
        servizio: parsed("servizio", servizio)?,
    })
}

/// The precision that both engines keep.
pub(crate) fn micros(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(6)
}
