//! The lock on a real filesystem.

use scrape_storage::{OpenError, Store, StoreOptions};

#[test]
fn b10_two_stores_exclude_each_other() {
    let dir = tempfile::tempdir().expect("tempdir");
    let store = Store::open(dir.path(), StoreOptions::default()).expect("opens");
    let e = Store::open(dir.path(), StoreOptions::default()).expect_err("locked");
    assert!(matches!(e, OpenError::Locked { .. }));
    let text = e.to_string();
    assert!(
        text.contains(&dir.path().join("lock").display().to_string())
            && text.contains("another process"),
        "{text}"
    );
    drop(store);
    assert!(!dir.path().join("lock").exists());
    Store::open(dir.path(), StoreOptions::default()).expect("free again");
}

#[test]
fn b10_whoever_does_not_get_the_lock_leaves_no_trace() {
    let dir = tempfile::tempdir().expect("tempdir");
    let file = std::fs::File::create(dir.path().join("lock")).expect("creates");
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).expect("locks");
    let e = Store::open(dir.path(), StoreOptions::default()).expect_err("locked");
    assert!(matches!(e, OpenError::Locked { .. }), "{e}");
    let there: Vec<_> = std::fs::read_dir(dir.path())
        .expect("lists")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(there, ["lock"]);
}

#[test]
fn a_directory_that_cannot_be_used_is_named() {
    let dir = tempfile::tempdir().expect("tempdir");
    let file = dir.path().join("file");
    std::fs::write(&file, b"x").expect("write");
    let e = Store::open(file.join("data"), StoreOptions::default()).expect_err("not a directory");
    assert!(e.to_string().contains("file/data"), "{e}");
    // The place of the lock is taken by a directory.
    let data = dir.path().join("data");
    std::fs::create_dir_all(data.join("lock")).expect("mkdir");
    let e = Store::open(&data, StoreOptions::default()).expect_err("no lock");
    assert!(
        matches!(e, OpenError::Lock { .. }) && e.to_string().contains("data/lock"),
        "{e}"
    );
}

#[test]
fn impossible_options_are_named() {
    let dir = tempfile::tempdir().expect("tempdir");
    let options = StoreOptions {
        segment_bytes: 1000,
        ..StoreOptions::default()
    };
    let e = Store::open(dir.path(), options).expect_err("refused");
    assert!(
        e.to_string().contains("segment_bytes") && e.to_string().contains("32768"),
        "{e}"
    );
}
