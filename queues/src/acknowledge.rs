//! Which acknowledgements settle a set of delivery tags, in as few frames as is safe.

use std::collections::BTreeSet;

/// One acknowledgement frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Acknowledgement {
    pub tag: u64,
    /// Settles every outstanding tag up to this one too.
    pub multiple: bool,
}

/// The frames for `settled`, and takes them out of `outstanding`.
///
/// A `multiple` frame goes only up to a tag below which everything is settled, so that it can never
/// acknowledge what is still being worked on. Tags that are not outstanding are left out: acknowledging one
/// twice would close the channel.
pub fn acknowledgements(outstanding: &mut BTreeSet<u64>, settled: &[u64]) -> Vec<Acknowledgement> {
    let settled: BTreeSet<u64> = settled.iter().copied().filter(|tag| outstanding.contains(tag)).collect();
    let from_the_bottom = outstanding.iter().zip(&settled).take_while(|(open, done)| open == done).count();
    outstanding.retain(|tag| !settled.contains(tag));
    let watermark = from_the_bottom.checked_sub(1).and_then(|last| settled.iter().nth(last)).copied();
    let up_to_watermark = watermark.map(|tag| Acknowledgement { tag, multiple: from_the_bottom > 1 });
    let single =
        settled.into_iter().skip(from_the_bottom).map(|tag| Acknowledgement { tag, multiple: false });
    up_to_watermark.into_iter().chain(single).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(outstanding: &[u64], settled: &[u64]) -> (Vec<(u64, bool)>, Vec<u64>) {
        let mut outstanding = outstanding.iter().copied().collect();
        let frames = acknowledgements(&mut outstanding, settled);
        (frames.into_iter().map(|ack| (ack.tag, ack.multiple)).collect(), outstanding.into_iter().collect())
    }

    #[test]
    fn multiple_goes_no_further_than_everything_is_settled() {
        assert_eq!(frames(&[1, 2, 3, 4], &[3, 1, 2]), (vec![(3, true)], vec![4]));
        assert_eq!(frames(&[1, 2, 3, 4], &[1, 2, 4]), (vec![(2, true), (4, false)], vec![3]));
        assert_eq!(frames(&[1, 2, 3], &[2, 3]), (vec![(2, false), (3, false)], vec![1]));
        assert_eq!(frames(&[5, 9], &[5]), (vec![(5, false)], vec![9]));
        assert_eq!(frames(&[5, 9], &[9, 5]), (vec![(9, true)], vec![]));
    }

    #[test]
    fn what_is_not_outstanding_is_never_acknowledged() {
        assert_eq!(frames(&[2], &[1, 2, 3]), (vec![(2, false)], vec![]));
        assert_eq!(frames(&[], &[1]), (vec![], vec![]));
        assert_eq!(frames(&[1], &[]), (vec![], vec![1]));
    }
}
