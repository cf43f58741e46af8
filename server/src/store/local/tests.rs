//! Compare-and-swap on a disk: races, staleness, leftovers, listings.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use object_store::path::Path;
use object_store::{
    Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, UpdateVersion,
};
use tempfile::TempDir;

use super::LocalStore;

const COUNTER: &str = "leases/counter.json";

fn store() -> (TempDir, LocalStore) {
    let folder = TempDir::new().unwrap();
    let store = LocalStore::new(folder.path()).unwrap();
    (folder, store)
}

fn at(path: &str) -> Path {
    Path::from(path)
}

fn update(e_tag: Option<String>) -> PutOptions {
    PutMode::Update(UpdateVersion { e_tag, version: None }).into()
}

async fn read(store: &LocalStore, path: &str) -> (String, Option<String>) {
    let found = store.get(&at(path)).await.unwrap();
    let e_tag = found.meta.e_tag.clone();
    let bytes = found.bytes().await.unwrap();
    (String::from_utf8(bytes.to_vec()).unwrap(), e_tag)
}

async fn listed(store: &LocalStore) -> Vec<String> {
    let mut names: Vec<String> =
        store.list(None).map_ok(|meta| meta.location.to_string()).try_collect().await.unwrap();
    names.sort();
    names
}

/// Adds one to the counter; the number of times that it had to try.
async fn add_one(store: &LocalStore) -> u32 {
    for attempt in 1.. {
        let (text, e_tag) = read(store, COUNTER).await;
        let next = (text.parse::<u32>().unwrap() + 1).to_string();
        match store.put_opts(&at(COUNTER), next.into(), update(e_tag)).await {
            Ok(_) => return attempt,
            Err(Error::Precondition { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    unreachable!("the loop has no end")
}

#[tokio::test]
async fn an_update_needs_the_version_that_is_there() {
    let (_folder, store) = store();
    let created = store.put_opts(&at("a"), "1".into(), PutMode::Create.into()).await.unwrap();
    let updated =
        store.put_opts(&at("a"), "2".into(), update(created.e_tag.clone())).await.unwrap();
    assert_ne!(updated.e_tag, created.e_tag);
    for stale in [created.e_tag, None, Some("\"x\"".to_owned())] {
        let refused = store.put_opts(&at("a"), "3".into(), update(stale)).await.unwrap_err();
        assert!(matches!(&refused, Error::Precondition { path, .. } if path == "a"), "{refused}");
    }
    assert_eq!(read(&store, "a").await, ("2".to_owned(), updated.e_tag.clone()));
    let absent = store.put_opts(&at("b"), "3".into(), update(updated.e_tag)).await.unwrap_err();
    assert!(matches!(absent, Error::Precondition { .. }), "{absent}");
    assert_eq!(listed(&store).await, ["a"]);
}

#[test]
fn threads_never_both_win() {
    const THREADS: u32 = 4;
    const EACH: u32 = 25;
    let (_folder, store) = store();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime().block_on(store.put(&at(COUNTER), "0".into())).unwrap();
    let start = std::sync::Barrier::new(THREADS as usize);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                runtime().block_on(async {
                    for _ in 0..EACH {
                        add_one(&store).await;
                    }
                });
            });
        }
    });
    let (text, _) = runtime().block_on(read(&store, COUNTER));
    assert_eq!(text, (THREADS * EACH).to_string());
}

#[tokio::test]
async fn an_etag_never_comes_back_however_fast_objects_are_replaced() {
    let (_folder, store) = store();
    let mut seen = vec![store.put(&at("a"), "0".into()).await.unwrap().e_tag.unwrap()];
    for round in 0..200_u32 {
        // One size, and inodes that the file system may use again.
        let text = (round % 10).to_string();
        let last = seen.last().cloned();
        let options = if round % 2 == 0 { update(last) } else { PutMode::Overwrite.into() };
        seen.push(store.put_opts(&at("a"), text.into(), options).await.unwrap().e_tag.unwrap());
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count);
}

#[tokio::test]
async fn what_a_killed_writer_left_is_not_seen_and_not_in_the_way() {
    let (folder, store) = store();
    let created = store.put(&at("dir/a"), "old".into()).await.unwrap();
    // As after a kill between the write and the move, and with the lock file there.
    std::fs::write(folder.path().join("dir/a#0"), "half of something long").unwrap();
    std::fs::write(folder.path().join(super::LOCK), "").unwrap();
    assert_eq!(listed(&store).await, ["dir/a"]);
    let shallow = store.list_with_delimiter(None).await.unwrap();
    assert_eq!((shallow.objects.len(), shallow.common_prefixes.len()), (0, 1));
    assert_eq!(read(&store, "dir/a").await.0, "old");
    store.put_opts(&at("dir/a"), "new".into(), update(created.e_tag)).await.unwrap();
    assert_eq!(read(&store, "dir/a").await.0, "new");
    assert!(!folder.path().join("dir/a#0").exists());
}

#[tokio::test]
async fn what_is_created_is_there_once_and_nothing_beside_it() {
    let (folder, store) = store();
    let create = |text: &'static str| {
        let store = store.clone();
        async move { store.put_opts(&at("rows/v1/a"), text.into(), PutMode::Create.into()).await }
    };
    // As after a kill before the move, long ago and just now.
    for (name, age) in [(".skeg-staged-x#0", 3500), (".skeg-staged-y#0", 3700)] {
        let left = std::fs::File::create(folder.path().join(name)).unwrap();
        let written = left.metadata().unwrap().modified().unwrap();
        left.set_modified(written - Duration::from_secs(age)).unwrap();
    }
    let made = create("one").await.unwrap();
    assert!(matches!(create("two").await, Err(Error::AlreadyExists { .. })));
    let (text, e_tag) = read(&store, "rows/v1/a").await;
    assert_eq!((text.as_str(), e_tag), ("one", made.e_tag));
    assert_eq!(listed(&store).await, ["rows/v1/a"]);
    let names = |path: &str| {
        let entries = std::fs::read_dir(folder.path().join(path)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(names("rows/v1"), ["a"]);
    assert_eq!(names("").len(), 2);
    // Others may read it, as any new file.
    let mode = |path: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(folder.path().join(path)).unwrap().permissions().mode()
    };
    std::fs::write(folder.path().join("plain"), "").unwrap();
    assert_eq!(mode("rows/v1/a"), mode("plain"));
}

#[test]
fn more_creations_than_threads_that_may_block() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(2)
        .build()
        .unwrap();
    let (_folder, store) = store();
    let made = runtime.block_on(async {
        let mut creations = tokio::task::JoinSet::new();
        for number in 0..16 {
            let store = store.clone();
            let create = async move {
                let location = at(&format!("rows/{number}"));
                store.put_opts(&location, "row".into(), PutMode::Create.into()).await
            };
            creations.spawn(create);
        }
        tokio::time::timeout(Duration::from_secs(60), creations.join_all()).await
    });
    assert!(made.expect("they do not wait for each other").iter().all(Result::is_ok));
    runtime.shutdown_background();
}

#[tokio::test]
async fn a_change_waits_for_the_one_who_holds_the_lock() {
    let (folder, store) = store();
    let created = store.put(&at("a"), "1".into()).await.unwrap();
    let held = super::hold(&folder.path().join(super::LOCK)).unwrap();
    let waiting = {
        let store = store.clone();
        tokio::spawn(
            async move { store.put_opts(&at("a"), "2".into(), update(created.e_tag)).await },
        )
    };
    // Creating and reading need no lock.
    store.put_opts(&at("b"), "1".into(), PutMode::Create.into()).await.unwrap();
    assert_eq!(read(&store, "a").await.0, "1");
    assert!(!waiting.is_finished());
    drop(held);
    waiting.await.unwrap().unwrap();
    assert_eq!(read(&store, "a").await.0, "2");
}

#[tokio::test]
async fn a_deleted_object_is_gone_for_an_update() {
    let (_folder, store) = store();
    let created = store.put(&at("a"), "1".into()).await.unwrap();
    store.delete(&at("a")).await.unwrap();
    assert!(matches!(store.delete(&at("a")).await, Err(Error::NotFound { .. })));
    let payload = PutPayload::from_static(b"2");
    let refused = store.put_opts(&at("a"), payload, update(created.e_tag)).await.unwrap_err();
    assert!(matches!(refused, Error::Precondition { .. }), "{refused}");
    store.put_opts(&at("a"), "3".into(), PutMode::Create.into()).await.unwrap();
    store.rename(&at("a"), &at("c")).await.unwrap();
    store.copy(&at("c"), &at("d")).await.unwrap();
    assert_eq!(listed(&store).await, ["c", "d"]);
}
