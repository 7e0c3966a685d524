//! The directory of agent mode: a Prometheus agent takes metadata records for corruption.

use crate::data::config;
use crate::exporter::Exporter;
use crate::process::{Process, until};
use scrape_storage::wal::record::RecordType;
use scrape_storage::wal::{Entry, SegmentReader};
use std::fs::File;
use std::path::Path;

/// Types of all records of a log without a checkpoint.
fn record_types(dir: &Path) -> Vec<RecordType> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(dir.join("wal")).expect("a log") {
        let file = File::open(entry.expect("an entry").path()).expect("a segment");
        let mut reader = SegmentReader::new(file);
        while let Some(entry) = reader.read().expect("readable") {
            match entry {
                Entry::Record { data, .. } => {
                    out.push(RecordType::of(data).expect("a known type"));
                }
                Entry::Damage(damage) => panic!("{damage:?}"),
            }
        }
    }
    out
}

#[tokio::test]
async fn only_server_mode_writes_metadata_records() {
    for (flags, path, metadata) in [
        (&["--agent"][..], "data-agent", false),
        (&["--agent", "--storage.agent.path=other"], "other", false),
        (&[], "data", true),
    ] {
        let dir = tempfile::tempdir().expect("a directory");
        let exporter = Exporter::counting().await;
        let text = config(&[("a", exporter.address)]);
        std::fs::write(dir.path().join("prometheus.yml"), text).expect("written");
        let mut p = Process::start_bare(dir.path(), flags).await;
        until("scrapes", async || (exporter.requests() > 2).then_some(())).await;
        p.stop().await;
        let types = record_types(&dir.path().join(path));
        assert!(types.contains(&RecordType::Series) && types.contains(&RecordType::Samples));
        assert_eq!(
            types.contains(&RecordType::Metadata),
            metadata,
            "{path}: {types:?}"
        );
    }
}
