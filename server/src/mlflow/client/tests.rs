//! A token is read, sent, and never shown.

use super::*;

#[test]
fn a_token_is_one_word_of_visible_characters() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let read = |content: &str| {
        std::fs::write(&file, content).unwrap();
        Token::read(&file)
    };
    let token = read("  s3cret-token\n").unwrap();
    assert_eq!(token.text, "s3cret-token");
    assert_eq!(token.header, "Bearer s3cret-token");
    assert!(token.header.is_sensitive());
    assert_eq!(format!("{token:?}"), "Token");
    let client = Client::new("http://127.0.0.1:1/".parse().unwrap(), Some(token)).unwrap();
    assert!(!format!("{client:?}").contains("s3cret"));
    for bad in ["", " \n", "two s3cret", "s3cret\u{e9}", &"s3cret".repeat(1 << 14)] {
        let error = read(bad).map(|_| ()).unwrap_err();
        assert!(error.contains("holds no token") && !error.contains("s3cret"), "{error}");
    }
}
