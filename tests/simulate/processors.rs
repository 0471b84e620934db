//! Work shared out among the processors.

use core_affinity::CoreId;

/// The processors to work on, at least one; none is named where they cannot be told apart.
fn processors() -> Vec<Option<CoreId>> {
    match core_affinity::get_core_ids() {
        Some(named) if !named.is_empty() => named.into_iter().map(Some).collect(),
        _ => vec![None],
    }
}

/// Does something with every item, on all processors; answers in no order.
pub(crate) fn on_all<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let processors = processors();
    let lanes = processors.len();
    let lane = |first: usize, processor: Option<CoreId>| {
        // One step at a time: the threads of a seed, the database's own too, hand over to each other, and that is nearly
        // twice as fast where they share a processor. They inherit it from this one.
        if let Some(processor) = processor {
            core_affinity::set_for_current(processor);
        }
        items.iter().skip(first).step_by(lanes).map(&work).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let lane = &lane;
        let threads: Vec<_> = processors
            .into_iter()
            .enumerate()
            .map(|(first, processor)| scope.spawn(move || lane(first, processor)))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a lane")).collect()
    })
}
