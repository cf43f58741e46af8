//! Marks the last reader of each slot, once all steps are known.

use std::collections::HashSet;

use crate::onnx::plan::{Plan, Source};

/// Walks the plan from its end; the first reader met there is the last one of a run.
pub(super) fn mark_last_readers(plan: &mut Plan) {
    let mut read: HashSet<usize> = HashSet::new();
    for source in plan.outputs.iter_mut().rev() {
        if let Source::Slot { slot, last } = source {
            *last = read.insert(*slot);
        }
    }
    for step in plan.steps.iter_mut().rev() {
        let slots: Vec<usize> = step.inputs.iter().filter_map(Source::slot).collect();
        for source in &mut step.inputs {
            if let Source::Slot { slot, last } = source {
                // A node that reads a value twice borrows it both times.
                let once = slots.iter().filter(|other| *other == slot).count() == 1;
                *last = once && !read.contains(slot);
            }
        }
        read.extend(slots);
    }
}
