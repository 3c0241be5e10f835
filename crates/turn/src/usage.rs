//! How much of the quotas is used. Servers that share a port share it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::counts::Code;
use crate::settings::Quotas;

/// How many allocations there are and are being made, in all servers that share this.
#[derive(Clone, Debug, Default)]
pub struct Usage(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    total: u32,
    by_label: BTreeMap<Box<str>, u32>,
}

impl Usage {
    /// Takes one for `label`, to be given back with [`Usage::release`].
    ///
    /// # Errors
    /// What is answered where there are too many.
    pub(crate) fn reserve(&self, label: &str, quotas: Quotas) -> Result<(), Code> {
        let mut table = self.table();
        if table.total >= quotas.total {
            return Err(Code::InsufficientCapacity);
        }
        let used = table.by_label.get(label).copied().unwrap_or(0);
        if used >= quotas.per_label {
            return Err(Code::AllocationQuotaReached);
        }
        table.total += 1;
        table.by_label.insert(label.into(), used + 1);
        Ok(())
    }

    /// Gives one back.
    pub(crate) fn release(&self, label: &str) {
        let mut table = self.table();
        table.total = table.total.saturating_sub(1);
        if let Some(used) = table.by_label.get_mut(label) {
            *used -= 1;
            if *used == 0 {
                table.by_label.remove(label);
            }
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Two numbers that are changed together are never left half changed: nothing between panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
