//! The grammar's corners, each with what it is worth.

use super::*;

fn scalars(text: &str, field: &str) -> Vec<String> {
    let message = parse(text).unwrap();
    let scalar = |value: &Value| match value {
        Value::Scalar(text) => text.clone(),
        Value::Message(_) => "{}".to_owned(),
    };
    message.all(field).map(scalar).collect()
}

#[test]
fn fields_repeat_and_lists_are_fields() {
    assert_eq!(scalars("a: 1, a: [2, 3]; a: [] a: -4 b: 5", "a"), ["1", "2", "3", "-4"]);
    assert_eq!(scalars("a { b: 1 } a < b: 2 > a: [{}, <>] a {}", "a"), ["{}"; 5]);
    assert_eq!(scalars("# c\na: TYPE_FP32 # \"d\n\n a:1.5e-3", "a"), ["TYPE_FP32", "1.5e-3"]);
    assert_eq!(parse(" \n # nothing"), Ok(Message::default()));
}

#[test]
fn texts_have_escapes_and_are_joined() {
    assert_eq!(scalars(r#"a: "b" 'c' "" a: "d""#, "a"), ["bc", "d"]);
    assert_eq!(scalars(r#"a: "\"\'\\\n\x41\101\303\251#'""#, "a"), ["\"'\\\nAAé#'"]);
    assert_eq!(scalars("a: '\"é'", "a"), ["\"é"]);
}

#[test]
fn what_is_no_message_is_refused_with_words() {
    let deep = format!("{}{}", "a {".repeat(20), "}".repeat(20));
    for (text, words) in [
        ("a", "`a` has neither `:` nor `{` after it"),
        ("a: ", "it ends where a value is wanted"),
        ("a {", "it ends within a message"),
        ("a { b: 1 >", "`>` stands where a field begins"),
        ("a: }", "`}` stands where a value is wanted"),
        ("}", "`}` stands where a field begins"),
        ("\"a\": 1", "a text stands where a field begins"),
        ("a: [1 2]", "the list of `a` has neither `,` nor `]`"),
        ("a: [1,]", "`]` stands where a value is wanted"),
        ("\n\na: \"b", "the text in line 3 has no end"),
        ("a: \"b\n\"", "the text in line 1 has no end"),
        (r#"a: "\q""#, "the text in line 1 has a bad escape"),
        (r#"a: "\xzz""#, "the text in line 1 has a bad escape"),
        (r#"a: "\777""#, "the text in line 1 has a bad escape"),
        (r#"a: "\377""#, "the text in line 1 is not UTF-8"),
        (r#"a: "\"#, "the text in line 1 has a bad escape"),
        (&deep, "it nests messages more than 16 deep"),
        ("é: 1", "stands where a field begins"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
    }
}
