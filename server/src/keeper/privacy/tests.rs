//! Keys are read as their files hold them, and what holds none is refused by name.

use collector::HashKey;

use super::read;

#[test]
fn a_key_is_read_without_the_white_space_around_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, b" 0123456789abcdef\n").unwrap();
    assert_eq!(read(&path), Ok(HashKey::new(b"0123456789abcdef").unwrap()));
    std::fs::write(&path, b"0123456789abcdeF").unwrap();
    assert_ne!(read(&path), Ok(HashKey::new(b"0123456789abcdef").unwrap()));
}

#[test]
fn what_holds_no_key_is_refused_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let says = |what: &str| {
        let error = read(&path).unwrap_err();
        assert!(error.contains(path.to_str().unwrap()) && error.contains(what), "{error}");
        assert!(!error.contains("0123456789"), "{error}");
    };
    says("No such file");
    for short in ["", "   0123456789abcde   \n"] {
        std::fs::write(&path, short).unwrap();
        says("16");
    }
    std::fs::write(&path, vec![b'k'; (1 << 20) + 1]).unwrap();
    says("larger than");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    says("not a file");
}
