//! Each rule finds a breach planted for it, on its line, and lets the neighbouring good case pass.

use super::surroundings::{Allowed, Outside};
use super::tree::File;
use super::{Breach, manifests, names, prose, shape, surroundings, tree};

fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned() }
}

fn lines(breaches: &[Breach]) -> Vec<usize> {
    breaches.iter().map(|breach| breach.line).collect()
}

/// The lines that `rule` complains of in `text`, taken as the file `path`.
#[track_caller]
fn check(rule: fn(&File) -> Vec<Breach>, path: &str, text: &str, expected: &[usize]) {
    let breaches = rule(&file(path, text));
    assert_eq!(lines(&breaches), expected, "{path}: {breaches:?}\n{text}");
}

#[test]
fn headers() {
    for good in [
        "//! What a record weighs.\n",
        "//! `skeg serve`: the endpoints of a store, until\n//! SIGTERM.\n//!\n//! more\n",
    ] {
        check(shape::header, "drift/src/x.rs", good, &[]);
    }
    for bad in ["", "use a::b;\n", "/// Not ours at all.\n", "//! Placeholder.\n", "//! stub\n"] {
        check(shape::header, "drift/src/x.rs", bad, &[1]);
    }
    for bad in ["//! Two words.\n", "//! A sentence without its end\n", "//! small it starts.\n"] {
        check(shape::header, "drift/src/x.rs", bad, &[1]);
    }
}

#[test]
fn lengths() {
    check(shape::file_length, "a/src/x.rs", &"//\n".repeat(500), &[]);
    check(shape::file_length, "a/src/x.rs", &"//\n".repeat(501), &[501]);
    check(shape::line_width, "a/src/x.rs", &format!("\n{}\n", "é".repeat(100)), &[]);
    check(shape::line_width, "a/src/x.rs", &format!("\n{}\n", "é".repeat(101)), &[2]);
}

#[test]
fn functions() {
    let body = |lines: usize| format!("{{\n{}}}", "a();\n".repeat(lines - 2));
    for (before, after) in [
        ("\nfn f() ", ""),
        ("\npub async fn f<T>(t: T) -> u8 where T: X ", ""),
        ("impl A {\nfn f(&self) ", "}"),
        ("trait A {\nfn f() ", "}"),
        ("proptest! {\nfn f(x in 0..9u8) ", "}"),
        ("mod a { mod b {\nfn f() ", "}}"),
        ("macro_rules! m { () => {\nfn f() ", "}}"),
        ("\nfn f() { fn g() {} if a ", "}"),
    ] {
        let function = |lines| format!("{before}{}{after}", body(lines));
        check(shape::function_length, "a/src/x.rs", &function(70), &[]);
        check(shape::function_length, "a/src/x.rs", &function(71), &[2]);
    }
    let nested = format!("fn outer() {{\nfn inner() {}\n}}", body(80));
    check(shape::function_length, "a/src/x.rs", &nested, &[1, 2]);
    check(shape::function_length, "a/src/x.rs", "fn f( {", &[1]);
}

#[test]
fn places_of_tests() {
    let inline = |lines: usize| format!("#[cfg(test)]\nmod tests {{\n{}}}", "\n".repeat(lines - 2));
    check(shape::test_modules, "a/src/x.rs", "#[cfg(test)]\nmod tests;", &[]);
    check(shape::test_modules, "a/src/x.rs", "#[cfg(test)]\npub(crate) mod tests;", &[]);
    check(shape::test_modules, "a/src/x.rs", "mod tests;", &[1]);
    check(shape::test_modules, "a/src/x.rs", &inline(40), &[]);
    check(shape::test_modules, "a/src/x.rs", &inline(41), &[2]);
    check(shape::test_modules, "a/src/x.rs", "\n#[test]\nfn f() {}", &[3]);
    check(shape::test_modules, "a/src/x.rs", "mod b {\n#[tokio::test]\nasync fn f() {}}", &[3]);
    check(shape::test_modules, "a/src/x/tests.rs", "#[test]\nfn f() {}", &[]);
}

#[test]
fn leftovers() {
    for bad in ["dbg!(x)", "todo!()", "std::todo!()", "unimplemented!(\"x\")"] {
        check(names::leftovers, "a/src/x.rs", &format!("fn f() {{\n{bad};\n}}"), &[2]);
    }
    for bad in ["#[ignore]", "#[ignore = \"slow\"]", "#[cfg_attr(unix, ignore)]"] {
        check(names::leftovers, "a/tests/it/x.rs", &format!("#[test]\n{bad}\nfn f() {{}}"), &[2]);
    }
    let told = "// todo!() and #[ignore]\nconst A: &str = \"dbg!\";\nfn ignore(todo: u8) {}";
    check(names::leftovers, "a/src/x.rs", told, &[]);
}

#[test]
fn rooms() {
    for (name, home, away) in [
        ("tract_onnx::Graph", "model-loader/src/onnx.rs", "model-loader/src/model.rs"),
        ("tract_core::Op", "model-loader/src/onnx/ops/cast.rs", "server/src/keeper.rs"),
        ("tract_onnx::Graph", "model-loader/tests/it/x.rs", "benches/benches/run.rs"),
        ("hyper::Request", "server/src/http/serve.rs", "server/src/score.rs"),
        ("http_body_util::Full", "server/src/http.rs", "server/src/https.rs"),
        ("hyper_util::rt", "benches/src/lib.rs", "server/src/worker.rs"),
        ("clap::Args", "server/src/cli/demo.rs", "server/src/config.rs"),
        ("clap::Parser", "server/src/config/tests.rs", "server/src/spec/tests.rs"),
        ("prometheus::Registry", "server/src/metrics/exposition.rs", "collector/src/counts.rs"),
    ] {
        let uses = format!("// {name}\nuse {name};\nstruct A(::{name});");
        check(names::strays, home, &uses, &[]);
        check(names::strays, away, &uses, &[2, 3]);
        check(names::strays, away, &format!("m! {{\n{name}\n}}"), &[2]);
    }
    check(names::strays, "drift/src/lib.rs", "//! `hyper::Body`\nfn hypers(contract: u8) {}", &[]);
}

#[test]
fn unsafe_rooms() {
    let block = "//! Said, not done: unsafe\nfn f() {\nunsafe { g() }\n}";
    check(names::unsafe_code, "drift/src/x.rs", block, &[3]);
    check(names::unsafe_code, "server/tests/it/x.rs", "unsafe impl Send for A {}", &[1]);
    check(names::unsafe_code, "forest/src/simd.rs", block, &[]);
    check(names::unsafe_code, "collector/src/spool/segment.rs", block, &[]);
    check(names::unsafe_code, "collector/src/sink.rs", block, &[3]);
    check(names::unsafe_code, "benches/benches/peers/lightgbm.rs", block, &[]);
    check(names::unsafe_code, "benches/benches/peers/main.rs", block, &[3]);

    let forbids = "//! A crate.\n#![forbid(unsafe_code)]\n";
    let crates = |text| ["drift", "forest"].map(|name| file(&format!("{name}/src/lib.rs"), text));
    assert!(names::forbids(&crates(forbids)).is_empty());
    let breaches = names::forbids(&crates("//! #![forbid(unsafe_code)]\n"));
    assert_eq!(breaches.len(), 1);
    assert_eq!(breaches[0].path, "drift/src/lib.rs");
}

#[test]
fn fetches_from_outside() {
    let unlisted = |path: &str, text: &str| {
        lines(&surroundings::unlisted(&surroundings::ALLOWED, &file(path, text)))
    };
    for fetch in [
        "let t = std::time::Instant::now();",
        "let t = now_or(SystemTime::now);",
        "let t = start.elapsed();",
        "let r = fastrand::Rng::new();",
        "let v = std::env::var(\"A\");",
        "use std::{env, fs}; env::args();",
    ] {
        let code = format!("\nfn f() {{\n{fetch}\n}}");
        assert_eq!(unlisted("drift/src/x.rs", &code), [3], "{fetch}");
        assert!(unlisted("drift/src/x/tests.rs", &code).is_empty(), "{fetch}");
        let inline = format!("#[cfg(test)]\nmod tests {{\n{code}\n}}");
        assert!(unlisted("drift/src/x.rs", &inline).is_empty(), "{fetch}");
    }
    let values = "fn f(now: Instant) -> &'static str { env!(\"CARGO_PKG_VERSION\") }";
    assert!(unlisted("drift/src/x.rs", values).is_empty());
}

#[test]
fn exceptions_without_need() {
    let listed = Allowed { path: "a/src/x.rs", what: Outside::Clock, why: "the time of day" };
    let files = |text| [file("a/src/x.rs", text), file("a/src/y.rs", "fn g() { Instant::now() }")];
    let reads = files("fn f() { Instant::now(); }");
    assert_eq!(surroundings::unlisted(&[listed], &reads[0]), []);
    assert_eq!(surroundings::stale(&[listed], &reads), []);
    let chance = files("fn f() { Rng::new(); }");
    assert_eq!(lines(&surroundings::unlisted(&[listed], &chance[0])), [1]);
    assert_eq!(surroundings::stale(&[listed], &chance).len(), 1);
    assert_eq!(surroundings::stale(&[listed], &[]).len(), 1);
}

#[test]
fn imports() {
    let manifest = |name: &str, rest: &str| {
        let text = format!("[package]\nname = \"{name}\"\n\n[dependencies]\n{rest}\n");
        file(&format!("{name}/Cargo.toml"), &text)
    };
    let tree = |rest: &str| {
        let names = ["server", "forest", "collector", "drift", "benches"];
        let mut tree: Vec<File> = names.map(|name| manifest(name, "serde = \"1\"")).into();
        tree.push(manifest("model-loader", rest));
        manifests::upward_edges(&tree)
    };
    assert_eq!(tree("forest.workspace = true"), []);
    for bad in [
        "collector.workspace = true",
        "server = { path = \"../server\" }",
        "loader = { package = \"drift\", path = \"../drift\" }",
        "\"benches\" = \"1\"",
    ] {
        assert_eq!(lines(&tree(bad)), [5], "{bad}");
    }
    assert_eq!(lines(&tree("\n[dependencies.drift]\npath = \"../drift\"")), [6]);
    assert_eq!(lines(&tree("\n[dev-dependencies]\ndrift.workspace = true")), [7]);

    let vague = ["core", "skeg-common", "utils"].map(|name| manifest(name, ""));
    assert_eq!(manifests::vague_names(&vague).len(), 3);
    assert!(manifests::vague_names(&[manifest("collector", "")]).is_empty());
}

#[test]
fn links() {
    let root = tree::root();
    let good = "[a](Cargo.toml) [b](server/src/lib.rs#x \"title\") [c](https://a.b/c) [d](#here)\n\
                [e]: clippy.toml\n```\n[f](no.md)\n```\n";
    assert_eq!(prose::dead_links(&root, &file("README.md", good)), []);
    let bad = "\n[a](no.md), [b](Cargo.toml) and [c](no/such#x)\n[d]: ../no.md\n";
    assert_eq!(lines(&prose::dead_links(&root, &file("README.md", bad))), [2, 2, 3]);
    // From the page's own folder, not from the root.
    let below = file("server/README.md", "[a](src/lib.rs) [b](server/src/lib.rs)");
    assert_eq!(lines(&prose::dead_links(&root, &below)), [1]);
}

#[test]
fn machine_paths() {
    for folder in ["work", "root", "home"] {
        let told = |before: &str| format!("\n{before}/{folder}/me/x");
        for before in ["", "at ", "\"", "file://", "=", "("] {
            check(prose::machine_paths, "docs/x.md", &told(before), &[2]);
        }
        for before in ["src", "$X", "../", "a-"] {
            let relative = format!("\n{}{folder}/x", before.trim_end_matches('/'));
            check(prose::machine_paths, "docs/x.md", &relative, &[]);
        }
        check(prose::machine_paths, "docs/x.md", &told("src"), &[]);
    }
}

#[test]
fn large_files() {
    let dir = tempfile::tempdir().expect("a folder");
    for (name, bytes) in [("just", 2_000_000), ("over", 2_000_001)] {
        std::fs::write(dir.path().join(name), vec![0; bytes]).expect("written");
    }
    let found = prose::large_files(dir.path(), &["just".to_owned(), "over".to_owned()]);
    assert_eq!(found.iter().map(|breach| breach.path.as_str()).collect::<Vec<_>>(), ["over"]);
}
