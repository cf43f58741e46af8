//! Digests against FIPS 180 and against OpenSSF Model Signing itself.

use super::{Digest, NotADigest};
use crate::manifest::FileEntry;

fn entry(path: &str, bytes: &[u8]) -> FileEntry {
    let sha256 = Digest::of(bytes).to_string();
    FileEntry { path: path.to_owned(), size: bytes.len() as u64, sha256 }
}

#[test]
fn the_digest_of_abc_is_the_published_one() {
    // FIPS 180-2, appendix B.1.
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(Digest::of(b"abc").to_string(), expected);
    assert_eq!(expected.parse(), Ok(Digest::of(b"abc")));
}

#[test]
fn the_digest_of_a_version_is_the_root_digest_of_model_signing() {
    // model-signing 1.1.1 over a folder of these two files:
    // signing.Payload(hashing.Config().hash(folder)).statement.pb.subject[0].digest
    let expected = "8edebb128e207c7e1811b98b825a29cbdf2d4a010dcfe8f760408e51c2920c12";
    let (model, baseline) =
        (entry("model.onnx", b"the model"), entry("baseline.json", b"{\"edges\":[]}"));
    for files in [[model.clone(), baseline.clone()], [baseline, model]] {
        assert_eq!(Digest::of_version(&files).unwrap().to_string(), expected);
    }
}

#[test]
fn a_broken_digest_of_a_file_makes_none_of_the_version() {
    let broken = FileEntry { path: "model.onnx".into(), size: 1, sha256: "ab".into() };
    assert_eq!(Digest::of_version(&[broken]), Err(NotADigest));
}

#[test]
fn only_64_lower_case_hexadecimal_digits_are_a_digest() {
    let good = Digest::of(b"abc").to_string();
    let cases = [
        String::new(),
        good[..62].to_owned(),
        good[..63].to_owned(),
        format!("{good}0"),
        format!("{good}00"),
        good.to_uppercase(),
        good.replace('b', "g"),
        format!("0x{}", &good[2..]),
        "é".repeat(32),
    ];
    for text in cases {
        assert_eq!(text.parse::<Digest>(), Err(NotADigest), "{text}");
    }
}
