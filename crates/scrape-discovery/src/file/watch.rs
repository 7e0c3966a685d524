//! Announcements of the operating system that something in a directory changed.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use super::metrics::FileMetrics;

/// Watches directories and rings when something in them changes.
pub(super) trait DirectoryWatcher: Send {
    /// Watches these directories too; again for those that came back after they were removed. Directories
    /// that do not exist are left out; they are tried again at the next call.
    ///
    /// # Errors
    /// When the system refuses, for instance because its limit of watches is reached.
    fn watch(&mut self, directories: &BTreeSet<String>) -> Result<(), String>;
}

/// Makes watchers that ring a bell.
pub(super) type NewWatcher =
    fn(Arc<Notify>, Arc<FileMetrics>) -> Result<Box<dyn DirectoryWatcher>, String>;

/// The system's own notifications.
pub(super) fn system_watcher(
    bell: Arc<Notify>,
    metrics: Arc<FileMetrics>,
) -> Result<Box<dyn DirectoryWatcher>, String> {
    let on_event = move |event: notify::Result<notify::Event>| match event {
        Ok(event) if event.need_rescan() || is_change(&event.kind) => bell.notify_one(),
        Ok(_) => {}
        Err(error) => {
            tracing::error!(%error, "watching files failed");
            metrics.watcher_error();
            // Something may have been missed.
            bell.notify_one();
        }
    };
    match notify::recommended_watcher(on_event) {
        Ok(watcher) => Ok(Box::new(System { watcher })),
        Err(e) => Err(e.to_string()),
    }
}

/// Content or names changed. Reading a file is an event too: reacting to it would be a loop.
fn is_change(kind: &EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => false,
        EventKind::Any
        | EventKind::Create(_)
        | EventKind::Modify(_)
        | EventKind::Remove(_)
        | EventKind::Other => true,
    }
}

struct System {
    watcher: RecommendedWatcher,
}

impl DirectoryWatcher for System {
    fn watch(&mut self, directories: &BTreeSet<String>) -> Result<(), String> {
        let mut failed = None;
        for directory in directories {
            let path = Path::new(directory);
            if !path.is_dir() {
                continue;
            }
            if let Err(error) = self.watcher.watch(path, RecursiveMode::NonRecursive) {
                failed = Some(format!("{directory}: {error}"));
            }
        }
        failed.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, DataChange, MetadataKind, RenameMode};

    use super::*;

    #[test]
    fn reading_and_chmod_are_no_changes() {
        assert!(!is_change(&EventKind::Access(AccessKind::Open(
            AccessMode::Any
        ))));
        assert!(!is_change(&EventKind::Access(AccessKind::Close(
            AccessMode::Read
        ))));
        assert!(!is_change(&EventKind::Modify(ModifyKind::Metadata(
            MetadataKind::Any
        ))));
        assert!(is_change(&EventKind::Access(AccessKind::Close(
            AccessMode::Write
        ))));
        assert!(is_change(&EventKind::Modify(ModifyKind::Data(
            DataChange::Any
        ))));
        assert!(is_change(&EventKind::Modify(ModifyKind::Name(
            RenameMode::To
        ))));
        assert!(is_change(&EventKind::Create(CreateKind::File)));
    }
}
