//! A watch of etcd, as batches.

use std::collections::VecDeque;

use etcd_client::{EventType, WatchClient, WatchOptions, WatchResponse, WatchStream};

use super::translate::Root;
use super::{LARGEST_MESSAGE, answer, failure};
use crate::contract::Watch;
use crate::entry::{Batch, Change, Rev};
use crate::error::StoreError;
use crate::key::Prefix;

struct Watcher {
    client: WatchClient,
    root: Root,
    prefix: Prefix,
    after: Rev,
    stream: Option<WatchStream>,
    /// What came in one message. It is the only buffer: as long as it is not empty nothing more is read, so that etcd
    /// sees that the watcher is slow.
    ready: VecDeque<Batch>,
}

pub(super) fn watch(client: WatchClient, root: Root, prefix: &Prefix, after: Rev) -> Watch {
    let watcher = Watcher {
        client: client.max_decoding_message_size(LARGEST_MESSAGE),
        root,
        prefix: prefix.clone(),
        after,
        stream: None,
        ready: VecDeque::new(),
    };
    Box::pin(futures_util::stream::unfold(
        Some(watcher),
        |watcher| async {
            let mut watcher = watcher?;
            match watcher.next().await {
                Ok(batch) => Some((Ok(batch), Some(watcher))),
                Err(error) => Some((Err(error), None)),
            }
        },
    ))
}

impl Watcher {
    async fn next(&mut self) -> Result<Batch, StoreError> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(batch);
            }
            let message = self.stream().await?.message().await.map_err(failure)?;
            let message =
                message.ok_or_else(|| StoreError::Unknown("etcd closed the watch".into()))?;
            self.take(&message)?;
        }
    }

    async fn stream(&mut self) -> Result<&mut WatchStream, StoreError> {
        if self.stream.is_none() {
            let options = WatchOptions::new()
                .with_range(self.root.end(&self.prefix))
                .with_start_revision((self.after + 1).cast_signed());
            let start = self.root.start(&self.prefix);
            self.stream = Some(answer(self.client.watch(start, Some(options))).await?);
        }
        Ok(self.stream.as_mut().expect("it was just made"))
    }

    /// Groups by revision: a message holds whole commits, but may hold several.
    fn take(&mut self, message: &WatchResponse) -> Result<(), StoreError> {
        if message.canceled() {
            return Err(match message.compact_revision() {
                0 => StoreError::Unknown(format!(
                    "etcd ended the watch: {}",
                    message.cancel_reason()
                )),
                floor => StoreError::Compacted {
                    floor: floor.cast_unsigned(),
                },
            });
        }
        for event in message.events() {
            let Some(kv) = event.kv() else { continue };
            let at = kv.mod_revision().cast_unsigned();
            let change = match event.event_type() {
                EventType::Put => self.root.entry(kv).map(Change::Put),
                EventType::Delete => self.root.key(kv.key()).map(|key| Change::Gone { key, at }),
            };
            let Some(change) = change else { continue };
            match self.ready.back_mut() {
                Some(batch) if batch.at == at => batch.changes.push(change),
                _ => self.ready.push_back(Batch {
                    at,
                    changes: vec![change],
                }),
            }
        }
        Ok(())
    }
}
