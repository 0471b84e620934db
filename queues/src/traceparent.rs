//! W3C Trace Context, as envelopes and HTTP calls carry it: `traceparent`. Knows its form only, not what becomes of it.

use uuid::Uuid;

/// Version, trace, parent and flags, with the dashes between them.
const LENGTH: usize = 55;

/// The part of a `traceparent` that is understood here, written as version 00; `None` when it is malformed and must be
/// ignored (W3C Trace Context, 3.2.2 and 4.3: a later version is read by its first four fields).
pub fn valid(text: &str) -> Option<String> {
    let (known, later) = text.split_at_checked(LENGTH)?;
    let parts: Vec<&str> = known.split('-').collect();
    let [version, trace, parent, flags] = parts.as_slice() else { return None };
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let given = |part: &str| part.bytes().any(|byte| byte != b'0');
    let formed = hex(version, 2) && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
    let ended = later.is_empty() || (*version != "00" && later.starts_with('-'));
    let usable = *version != "ff" && given(trace) && given(parent);
    (formed && ended && usable).then(|| format!("00-{trace}-{parent}-{flags}"))
}

/// The beginning of a trace of which no span is recorded. `id` belongs to nothing but this trace.
pub fn new(id: Uuid) -> String {
    let (_, parent) = id.as_u64_pair();
    format!("00-{}-{parent:016x}-00", id.simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        assert_eq!(valid(GOOD).as_deref(), Some(GOOD));
        let later = GOOD.replacen("00", "01", 1);
        assert_eq!(valid(&later).as_deref(), Some(GOOD));
        assert_eq!(valid(&format!("{later}-what.comes.next")).as_deref(), Some(GOOD));
    }

    #[test]
    fn what_is_malformed_is_ignored() {
        let no_trace = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        let no_parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01";
        let bad = [
            "".to_owned(),
            "00-1-2-3".to_owned(),
            no_trace.to_owned(),
            no_parent.to_owned(),
            GOOD.to_uppercase(),
            format!("{GOOD}-x"),
            GOOD.replacen("00", "ff", 1),
            GOOD.replacen("00", "01", 1) + "x",
            GOOD.replace('-', "_"),
            "è".repeat(28),
        ];
        for text in bad {
            assert_eq!(valid(&text), None, "{text}");
        }
    }

    #[test]
    fn a_new_one_is_valid() {
        let id = Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001);
        let traceparent = new(id);
        assert_eq!(valid(&traceparent).as_ref(), Some(&traceparent));
        assert!(traceparent.contains(&id.simple().to_string()));
    }
}
