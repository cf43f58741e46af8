//! Tensors beside the file come inside wherever they stand; what is not theirs stays outside.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use prost::Message as _;
use tempfile::TempDir;
use tract_onnx::pb::{
    AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto, SparseTensorProto,
    StringStringEntryProto,
};

use super::*;

/// More than any model of these tests has.
const MAX: usize = 1 << 20;

/// A folder `model` in a folder of its own, with eight floats, 0.0 to 7.0, in `model/w.bin` and
/// in `w.bin` beside it.
struct Bench {
    outer: TempDir,
    folder: PathBuf,
}

impl Bench {
    fn new() -> Bench {
        let outer = TempDir::new().unwrap();
        let folder = outer.path().join("model");
        fs::create_dir(&folder).unwrap();
        for place in [folder.join("w.bin"), outer.path().join("w.bin")] {
            fs::write(place, bytes(0..8)).unwrap();
        }
        Bench { outer, folder }
    }

    fn inline(&self, model: &ModelProto, max: usize) -> Result<Option<ModelProto>, Error> {
        let inlined = inline(&model.encode_to_vec(), &self.folder, max)?;
        Ok(inlined.map(|bytes| ModelProto::decode(&*bytes).unwrap()))
    }

    #[track_caller]
    fn refused(&self, weight: TensorProto, words: &str) {
        let error = self.inline(&model(weight), MAX).unwrap_err().to_string();
        assert!(error.contains("`w`") && error.contains(words), "`{words}` is not in: {error}");
    }
}

fn bytes(floats: std::ops::Range<u8>) -> Vec<u8> {
    floats.flat_map(|value| f32::from(value).to_le_bytes()).collect()
}

/// Two floats named `w` that are elsewhere.
fn outside(says: &[(&str, &str)]) -> TensorProto {
    let entry = |&(key, value): &(&str, &str)| StringStringEntryProto {
        key: key.to_owned(),
        value: value.to_owned(),
    };
    TensorProto {
        name: "w".to_owned(),
        dims: vec![2],
        data_type: DataType::Float as i32,
        data_location: Some(DataLocation::External as i32),
        external_data: says.iter().map(entry).collect(),
        ..TensorProto::default()
    }
}

/// The same with its values inside.
fn inside(floats: std::ops::Range<u8>) -> TensorProto {
    let raw_data = bytes(floats);
    TensorProto { raw_data, data_location: None, ..outside(&[]) }
}

fn model(weight: TensorProto) -> ModelProto {
    let graph = GraphProto { initializer: vec![weight], ..GraphProto::default() };
    ModelProto { ir_version: 9, graph: Some(graph), ..ModelProto::default() }
}

#[test]
fn a_tensor_in_the_folder_comes_inside() {
    let bench = Bench::new();
    fs::create_dir(bench.folder.join("inner")).unwrap();
    fs::write(bench.folder.join("inner/v"), bytes(7..9)).unwrap();
    symlink("w.bin", bench.folder.join("link")).unwrap();
    for (says, floats) in [
        (&[("location", "w.bin"), ("offset", "8"), ("length", "8")][..], 2..4),
        (&[("location", "w.bin")], 0..2),
        (&[("location", "./w.bin"), ("offset", "24"), ("checksum", "?")], 6..8),
        (&[("location", "inner/v")], 7..9),
        (&[("length", "8"), ("location", "link")], 0..2),
    ] {
        let inlined = bench.inline(&model(outside(says)), MAX).unwrap();
        assert_eq!(inlined, Some(model(inside(floats))), "{says:?}");
    }
}

#[test]
fn one_file_serves_many_tensors_wherever_they_stand() {
    let attribute = |t: TensorProto| AttributeProto {
        name: "value".to_owned(),
        t: Some(t.clone()),
        tensors: vec![t.clone(), t.clone()],
        sparse_tensor: Some(SparseTensorProto {
            values: Some(t.clone()),
            indices: Some(t),
            dims: vec![9],
        }),
        ..AttributeProto::default()
    };
    let node = |t| NodeProto { attribute: vec![attribute(t)], ..NodeProto::default() };
    let all = |make: &dyn Fn(u8) -> TensorProto| {
        let mut model = model(make(0));
        let subgraph = GraphProto {
            node: vec![node(make(2))],
            initializer: vec![make(4), inside(1..3), make(5)],
            ..GraphProto::default()
        };
        let branch = AttributeProto { g: Some(subgraph), ..AttributeProto::default() };
        let branch = NodeProto { attribute: vec![branch], ..NodeProto::default() };
        let graph = model.graph.as_mut().unwrap();
        graph.node.extend([node(make(1)), NodeProto::default(), branch]);
        graph.doc_string = "kept".to_owned();
        model.functions.push(FunctionProto { node: vec![node(make(6))], ..Default::default() });
        model
    };
    let from = |at: u8| outside(&[("location", "w.bin"), ("offset", &(at * 4).to_string())]);
    let bench = Bench::new();
    let inlined = bench.inline(&all(&from), MAX).unwrap();
    assert_eq!(inlined, Some(all(&|at| inside(at..at + 2))));
}

#[test]
fn what_is_inside_already_stays_byte_for_byte() {
    let bench = Bench::new();
    let mut said = inside(0..2);
    said.data_location = Some(DataLocation::Default as i32);
    for model in [model(inside(0..2)), model(said), ModelProto::default()] {
        assert_eq!(bench.inline(&model, MAX).unwrap(), None);
    }
    for broken in [&b"no model"[..], &[58, 200, 1, 0], &[]] {
        assert_eq!(inline(broken, &bench.folder, MAX).unwrap(), None);
    }
    // A tensor that ends within a field does not become a sound one.
    let mut tensor = outside(&[("location", "w.bin")]).encode_to_vec();
    tensor.push(0x4a);
    let (mut graph, mut broken) = (Vec::new(), Vec::new());
    put(&mut graph, 5, &tensor);
    put(&mut broken, 7, &graph);
    let error = inline(&broken, &bench.folder, MAX).unwrap_err().to_string();
    assert!(error.contains("not an ONNX file"), "{error}");
    // Fields that no schema of ours has, before and after what changes.
    let unknown = |mut bytes: Vec<u8>| {
        bytes.splice(0..0, [0xfa, 0x3f, 2, 1, 2]);
        bytes.extend([0xf5, 0x3f, 1, 2, 3, 4]);
        bytes
    };
    let before = unknown(model(outside(&[("location", "w.bin")])).encode_to_vec());
    let after = unknown(model(inside(0..2)).encode_to_vec());
    let inlined = inline(&before, &bench.folder, MAX).unwrap().unwrap();
    assert_eq!((inlined.len(), &inlined[..5]), (after.len(), &after[..5]));
    assert_eq!(inlined[inlined.len() - 6..], after[after.len() - 6..]);
}

#[test]
fn places_outside_of_the_folder_are_refused() {
    let bench = Bench::new();
    let absolute = bench.outer.path().join("w.bin");
    let absolute = absolute.to_str().unwrap();
    for location in ["../w.bin", "..", "inner/../w.bin", absolute, "", "/"] {
        bench.refused(outside(&[("location", location)]), "is no plain relative path");
    }
    symlink("../w.bin", bench.folder.join("out")).unwrap();
    symlink(absolute, bench.folder.join("far")).unwrap();
    symlink("..", bench.folder.join("up")).unwrap();
    for location in ["out", "far", "up/w.bin"] {
        bench.refused(outside(&[("location", location)]), "leads out of the model's folder");
    }
    // A neighbour whose name the folder's name starts is not in the folder.
    fs::create_dir(bench.outer.path().join("model2")).unwrap();
    fs::write(bench.outer.path().join("model2/w"), bytes(0..2)).unwrap();
    symlink("../model2/w", bench.folder.join("near")).unwrap();
    bench.refused(outside(&[("location", "near")]), "leads out of the model's folder");
}

#[test]
fn what_is_no_regular_file_is_refused() {
    let bench = Bench::new();
    fs::create_dir(bench.folder.join("inner")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(bench.folder.join("socket")).unwrap();
    for location in ["inner", "socket", "."] {
        bench.refused(outside(&[("location", location)]), "is no regular file");
    }
    bench.refused(outside(&[("location", "missing")]), "is not there");
    symlink("missing", bench.folder.join("dangling")).unwrap();
    bench.refused(outside(&[("location", "dangling")]), "is not there");
    bench.refused(outside(&[("location", "w\0")]), "cannot be read");
    bench.refused(outside(&[("location", &"n".repeat(5000))]), "cannot be read");
}

#[test]
fn stretches_that_do_not_fit_are_refused() {
    let bench = Bench::new();
    let at = |offset: &str, length: &str| {
        outside(&[("location", "w.bin"), ("offset", offset), ("length", length)])
    };
    bench.refused(at("28", "8"), "`w.bin` has 32 bytes, not 8 from 28 on");
    bench.refused(at("18446744073709551615", "8"), "not 8 from 18446744073709551615 on");
    bench.refused(at("0", "4"), "gives 4 bytes, its shape takes 8");
    bench.refused(at("0", "18446744073709551615"), "its shape takes 8");
    for number in ["-1", "18446744073709551616", "0x10", "1.0", "", " 8"] {
        bench.refused(at(number, "8"), "its offset is");
        bench.refused(at("0", number), "its length is");
    }
    let shaped = |dims: &[i64]| TensorProto { dims: dims.to_vec(), ..at("0", "8") };
    bench.refused(shaped(&[-2]), "has the extents [-2]");
    bench.refused(shaped(&[i64::MAX, 8]), "has the extents");
    bench.refused(shaped(&[3]), "gives 8 bytes, its shape takes 12");
    bench.refused(shaped(&[1 << 40]), "its shape takes 4398046511104");
    let huge = TensorProto { dims: vec![1 << 40], ..outside(&[("location", "w.bin")]) };
    bench.refused(huge, "`w.bin` has 32 bytes, not 4398046511104 from 0 on");
}

#[test]
fn types_say_how_much_a_value_takes() {
    let bench = Bench::new();
    for (data_type, bytes) in [
        (DataType::Bool, 3),
        (DataType::Int4, 2),
        (DataType::Float8e5m2, 3),
        (DataType::Bfloat16, 6),
        (DataType::Complex64, 24),
    ] {
        let place = outside(&[("location", "w.bin"), ("length", "5")]);
        let typed = TensorProto { dims: vec![3], data_type: data_type as i32, ..place };
        bench.refused(typed, &format!("its shape takes {bytes}"));
    }
    for data_type in [DataType::String as i32, 0, 99, -1] {
        let typed = TensorProto { data_type, ..outside(&[("location", "w.bin")]) };
        bench.refused(typed, "which cannot be in another file");
    }
}

#[test]
fn what_does_not_say_where_is_refused() {
    let bench = Bench::new();
    let w = ("location", "w.bin");
    bench.refused(outside(&[]), "it does not say which");
    bench.refused(outside(&[w, w]), "its location is there twice");
    bench.refused(outside(&[w, ("offset", "0"), ("offset", "8")]), "its offset is there twice");
    bench.refused(outside(&[w, ("basepath", "/etc")]), "the unknown entry `basepath`");
    let both = TensorProto { raw_data: vec![0; 8], ..outside(&[w]) };
    bench.refused(both, "has values in the file and outside of it");
    let both = TensorProto { string_data: vec![vec![1]], ..outside(&[w]) };
    bench.refused(both, "has values in the file and outside of it");
}

#[test]
fn all_tensors_together_have_a_budget() {
    let bench = Bench::new();
    let mut many = model(outside(&[("location", "w.bin")]));
    let graph = many.graph.as_mut().unwrap();
    graph.initializer = vec![graph.initializer[0].clone(); 100];
    let size = many.encode_to_vec().len();
    assert!(bench.inline(&many, size + 800).is_ok());
    for max in [size + 799, size, 0] {
        let error = bench.inline(&many, max).unwrap_err().to_string();
        assert!(error.contains(&format!("more than the {max} bytes allowed")), "{error}");
    }
    // A hole of a terabyte costs nothing to make, and nothing to refuse.
    let hole = fs::File::create(bench.folder.join("hole")).unwrap();
    hole.set_len(1 << 40).unwrap();
    let huge = TensorProto { dims: vec![1 << 38], ..outside(&[("location", "hole")]) };
    let error = bench.inline(&model(huge), 1 << 30).unwrap_err().to_string();
    assert!(error.contains("more than the 1073741824 bytes allowed"), "{error}");
}

#[test]
fn a_file_that_shrinks_meanwhile_is_refused() {
    let bench = Bench::new();
    let mut folder = Folder::new(&bench.folder, 0, MAX);
    let weight = outside(&[("location", "w.bin"), ("offset", "8")]);
    let part = folder.part("w", &weight.external_data, 8).unwrap();
    fs::write(bench.folder.join("w.bin"), bytes(0..3)).unwrap();
    let error = folder.reader().read(&part, &mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("`w`") && error.contains("became shorter"), "{error}");
}
