//! What a chore's failure means to whoever started it: the exit code. Knows nothing of how the failure came about.

use smista_servers::programs::{Ended, Needs};

/// Exit code for wrong usage, and for what only the person at the keyboard can put right.
pub(crate) const NEEDS_YOU: u8 = 2;

/// The code to exit with: a failed program's own, [`NEEDS_YOU`] for [`Needs`], otherwise 1.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<Needs>() {
        return NEEDS_YOU;
    }
    let code = error.downcast_ref::<Ended>().and_then(|ended| ended.code);
    code.and_then(|code| u8::try_from(code).ok()).filter(|code| *code != 0).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    fn ended(code: Option<i32>) -> anyhow::Error {
        anyhow::Error::new(Ended { command: "cargo test".to_owned(), code })
    }

    #[test]
    fn a_failed_program_passes_its_code_on() {
        assert_eq!(exit_code(&ended(Some(101))), 101);
    }

    #[test]
    fn a_failure_never_exits_zero() {
        assert_eq!(exit_code(&ended(None)), 1);
        assert_eq!(exit_code(&ended(Some(0))), 1);
        assert_eq!(exit_code(&anyhow::anyhow!("no such file")), 1);
    }

    #[test]
    fn context_does_not_hide_what_only_a_person_can_mend() {
        let missing = anyhow::Error::new(Needs("install psql".to_owned()));
        assert_eq!(exit_code(&missing.context("while looking for leftovers")), NEEDS_YOU);
    }

    #[test]
    fn context_does_not_hide_a_code() {
        let failed: Result<(), _> = Err(ended(Some(3)));
        assert_eq!(exit_code(&failed.context("step test").unwrap_err()), 3);
    }
}
