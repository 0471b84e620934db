//! The version of a message's data: what the envelope calls it, and which this release reads.

const FAMILY: &str = "urn:smista:";
const FIRST: &str = ":1";

/// The name and version of a message's data, for the attribute `dataschema`.
pub fn schema_of(message_type: &str) -> String {
    format!("{FAMILY}{message_type}{FIRST}")
}

/// Whether this release can read what says that it is of this version. What says nothing is of the first.
pub fn is_known(message_type: &str, dataschema: Option<&str>) -> bool {
    let read = |schema: &str| {
        let rest = schema.strip_prefix(FAMILY).and_then(|rest| rest.strip_suffix(FIRST));
        rest == Some(message_type)
    };
    dataschema.is_none_or(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_release_writes_it_can_read_and_nothing_that_says_otherwise() {
        assert!(is_known("case.note", None) && is_known("case.note", Some(&schema_of("case.note"))));
        for other in ["urn:smista:case.note:2", "urn:smista:case.accept:1", "urn:smista:case.note", "1", ""] {
            assert!(!is_known("case.note", Some(other)), "{other}");
        }
    }
}
