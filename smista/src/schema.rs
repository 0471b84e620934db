//! Whether a store's schema is this program's. Knows numbers of migrations, no engine.

use crate::system::StartError;

/// What to do about a schema that is not this program's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Bring it up to date; a file that is newer is refused.
    BringUpToDate,
    /// Refuse it: whoever only looks, or adds to what is there, must not change it for others.
    MustFit,
}

/// Whether this program can work with a store that has these migrations, or may make it so.
pub(crate) fn check(schema: Schema, known: &[i64], applied: &[i64]) -> Result<(), StartError> {
    if applied.iter().any(|version| !known.contains(version)) {
        return Err(StartError::SchemaTooNew);
    }
    let fits = known.iter().all(|version| applied.contains(version));
    if fits || schema == Schema::BringUpToDate { Ok(()) } else { Err(StartError::SchemaTooOld) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_fits_or_is_brought_up_to_date_or_is_refused() {
        use Schema::{BringUpToDate, MustFit};
        let known = [1, 2];
        assert!(check(MustFit, &known, &[2, 1]).is_ok());
        assert!(check(BringUpToDate, &known, &[1]).is_ok() && check(BringUpToDate, &known, &[]).is_ok());
        for older in [&[1][..], &[]] {
            assert!(matches!(check(MustFit, &known, older), Err(StartError::SchemaTooOld)));
        }
        for schema in [MustFit, BringUpToDate] {
            assert!(matches!(check(schema, &known, &[1, 2, 3]), Err(StartError::SchemaTooNew)));
        }
    }
}
