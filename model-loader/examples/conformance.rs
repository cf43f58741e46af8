//! Runs cases in the layout of ONNX's backend tests and says of each whether its outputs are right.
//!
//! Called by `acceptance/test_backend.py` with the folders of cases, one a line of its input: each
//! holds `model.onnx` and `test_data_set_N/{input,output}_K.pb`. Prints one line a case:
//! `pass NAME`, `fail NAME reason` when the model gives something else, `refused NAME reason` when
//! it is not loaded or takes what no request can hold. It reads ONNX's messages by a schema of its
//! own, so that the engine's reading of them is not what it is checked against. Tolerances are
//! those of ONNX's own runner.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use model_loader::{Model, Options, Session, Shape, Signature, Tensor, TensorSpec, Values};
use prost::Message;

/// The part of ONNX's `ModelProto` that says what inputs and outputs are.
#[derive(Clone, PartialEq, Message)]
struct ModelProto {
    #[prost(message, optional, tag = "7")]
    graph: Option<GraphProto>,
}

#[derive(Clone, PartialEq, Message)]
struct GraphProto {
    #[prost(message, repeated, tag = "11")]
    input: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "12")]
    output: Vec<ValueInfoProto>,
}

#[derive(Clone, PartialEq, Message)]
struct ValueInfoProto {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    kind: Option<TypeProto>,
}

/// Only the tensor of the kinds of values; the content does not matter here.
#[derive(Clone, PartialEq, Message)]
struct TypeProto {
    #[prost(message, optional, tag = "1")]
    tensor: Option<()>,
}

#[derive(Clone, PartialEq, Message)]
struct TensorProto {
    #[prost(int64, repeated, tag = "1")]
    dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    data_type: i32,
    #[prost(float, repeated, tag = "4")]
    float_data: Vec<f32>,
    #[prost(int32, repeated, tag = "5")]
    int32_data: Vec<i32>,
    #[prost(bytes = "vec", repeated, tag = "6")]
    string_data: Vec<Vec<u8>>,
    #[prost(int64, repeated, tag = "7")]
    int64_data: Vec<i64>,
    #[prost(bytes = "vec", tag = "9")]
    raw_data: Vec<u8>,
    #[prost(double, repeated, tag = "10")]
    double_data: Vec<f64>,
    #[prost(uint64, repeated, tag = "11")]
    uint64_data: Vec<u64>,
}

/// Why a case did not pass.
enum Verdict {
    /// The model gives something else, or nothing.
    Fail(String),
    /// The model is not loaded, or the case is about values that no request can hold.
    Refused(String),
}

type Checked<T> = Result<T, Verdict>;

/// As in `onnx.backend.test.runner`.
const RTOL: f64 = 1e-3;
const ATOL: f64 = 1e-7;

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    for folder in io::stdin().lines() {
        let folder = PathBuf::from(folder?);
        let name = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        match check(&folder) {
            Ok(()) => writeln!(out, "pass {name}")?,
            Err(Verdict::Fail(reason)) => writeln!(out, "fail {name} {}", line(&reason))?,
            Err(Verdict::Refused(reason)) => writeln!(out, "refused {name} {}", line(&reason))?,
        }
        // Whoever reads knows which case it was, should the next one end the process.
        out.flush()?;
    }
    Ok(())
}

fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect()
}

fn check(folder: &Path) -> Checked<()> {
    let bytes = read(&folder.join("model.onnx"))?;
    let described = ModelProto::decode(&*bytes).map_err(|e| Verdict::Fail(e.to_string()))?;
    let graph = described.graph.unwrap_or_default();
    for value in graph.input.iter().chain(&graph.output) {
        if value.kind.as_ref().is_none_or(|kind| kind.tensor.is_none()) {
            return Err(Verdict::Refused(format!("`{}` is not a tensor", value.name)));
        }
    }
    let model = Model::load(&bytes, &Options::default());
    let model = model.map_err(|error| Verdict::Refused(error.to_string()))?;
    model.warm_up().map_err(|error| Verdict::Refused(format!("warm-up: {error}")))?;
    let mut session = model.session().map_err(|error| Verdict::Refused(error.to_string()))?;
    let sets = (0..).map(|n| folder.join(format!("test_data_set_{n}"))).take_while(|p| p.is_dir());
    let mut seen = false;
    for set in sets {
        run(&set, &graph, model.signature(), &mut session)?;
        seen = true;
    }
    if seen { Ok(()) } else { Err(Verdict::Fail("the case has no data".into())) }
}

/// Runs one set of data and compares every output.
fn run(
    set: &Path,
    graph: &GraphProto,
    signature: &Signature,
    session: &mut Session,
) -> Checked<()> {
    let inputs = gather(set, "input", &graph.input, signature.inputs())?;
    let wanted = gather(set, "output", &graph.output, signature.outputs())?;
    let got = session.run(&inputs).map_err(|error| Verdict::Fail(error.to_string()))?;
    if got.len() != graph.output.len() {
        let what = format!("{} outputs, not {}", got.len(), graph.output.len());
        return Err(Verdict::Fail(what));
    }
    for ((spec, got), wanted) in signature.outputs().iter().zip(&got).zip(&wanted) {
        let differs = |what| Verdict::Fail(format!("output `{}` {what}", spec.name));
        compare(got, wanted).map_err(differs)?;
    }
    Ok(())
}

/// The tensors of one side in the signature's order; the files stand in the graph's.
fn gather(
    set: &Path,
    side: &str,
    graph: &[ValueInfoProto],
    specs: &[TensorSpec],
) -> Checked<Vec<Tensor>> {
    let find = |spec: &TensorSpec| {
        let place = graph.iter().position(|value| value.name == spec.name);
        let gone = || Verdict::Fail(format!("{side} `{}` is not in the graph", spec.name));
        let path = set.join(format!("{side}_{}.pb", place.ok_or_else(gone)?));
        let proto = TensorProto::decode(&*read(&path)?);
        let proto = proto.map_err(|error| Verdict::Fail(error.to_string()))?;
        tensor(&proto).map_err(|why| match why {
            Verdict::Refused(what) => Verdict::Refused(format!("{side} `{}` {what}", spec.name)),
            Verdict::Fail(what) => Verdict::Fail(format!("{side} `{}` {what}", spec.name)),
        })
    };
    specs.iter().map(find).collect()
}

fn read(path: &Path) -> Checked<Vec<u8>> {
    fs::read(path).map_err(|error| Verdict::Fail(format!("{}: {error}", path.display())))
}

/// Little-endian values of `raw_data`.
macro_rules! raw {
    ($proto:expr, $type:ty) => {
        $proto.raw_data.as_chunks().0.iter().map(|bytes| <$type>::from_le_bytes(*bytes)).collect()
    };
}

/// Values of `raw_data`, or of the field that ONNX has for their type when there is no such data.
macro_rules! values {
    ($proto:expr, $type:ty, $field:ident) => {
        if $proto.raw_data.is_empty() {
            // ONNX keeps small integers in a field of wider ones.
            let narrow = $proto.$field.iter().map(|value| <$type>::try_from(*value));
            narrow.collect::<Result<_, _>>().map_err(|error| Verdict::Fail(error.to_string()))?
        } else {
            raw!($proto, $type)
        }
    };
}

fn tensor(proto: &TensorProto) -> Checked<Tensor> {
    let sizes = proto.dims.iter().map(|&size| usize::try_from(size));
    let shape = sizes.collect::<Result<Shape, _>>();
    let shape = shape.map_err(|error| Verdict::Fail(error.to_string()))?;
    let values = match proto.data_type {
        1 => Values::Fp32(values!(proto, f32, float_data)),
        2 => Values::Uint8(values!(proto, u8, int32_data)),
        3 => Values::Int8(values!(proto, i8, int32_data)),
        4 => Values::Uint16(values!(proto, u16, int32_data)),
        5 => Values::Int16(values!(proto, i16, int32_data)),
        6 => Values::Int32(values!(proto, i32, int32_data)),
        7 => Values::Int64(values!(proto, i64, int64_data)),
        8 => Values::Bytes(strings(&proto.string_data)?),
        9 if proto.raw_data.is_empty() => {
            Values::Bool(proto.int32_data.iter().map(|&value| value != 0).collect())
        }
        9 => Values::Bool(proto.raw_data.iter().map(|&value| value != 0).collect()),
        11 => Values::Fp64(values!(proto, f64, double_data)),
        12 => Values::Uint32(values!(proto, u32, uint64_data)),
        13 => Values::Uint64(values!(proto, u64, uint64_data)),
        other => return Err(Verdict::Refused(format!("has ONNX's data type {other}"))),
    };
    Tensor::new(shape, values).map_err(|error| Verdict::Fail(error.to_string()))
}

fn strings(data: &[Vec<u8>]) -> Checked<Vec<String>> {
    let texts = data.iter().map(|bytes| String::from_utf8(bytes.clone()));
    texts.collect::<Result<_, _>>().map_err(|error| Verdict::Refused(error.to_string()))
}

fn compare(got: &Tensor, wanted: &Tensor) -> Result<(), String> {
    if got.datatype() != wanted.datatype() {
        return Err(format!("is {}, not {}", got.datatype(), wanted.datatype()));
    }
    if got.shape() != wanted.shape() {
        return Err(format!("has shape {:?}, not {:?}", got.shape(), wanted.shape()));
    }
    match (got.values(), wanted.values()) {
        (Values::Fp32(got), Values::Fp32(wanted)) => {
            near(got.iter().copied().map(f64::from), wanted.iter().copied().map(f64::from))
        }
        (Values::Fp64(got), Values::Fp64(wanted)) => {
            near(got.iter().copied(), wanted.iter().copied())
        }
        (got, wanted) if got == wanted => Ok(()),
        (got, wanted) => Err(format!("is {got:?}, not {wanted:?}")),
    }
}

fn near(
    got: impl ExactSizeIterator<Item = f64>,
    wanted: impl Iterator<Item = f64>,
) -> Result<(), String> {
    let count = got.len();
    let close = |got: f64, wanted: f64| {
        got == wanted
            || got.is_nan() && wanted.is_nan()
            || got.is_finite() && (got - wanted).abs() <= ATOL + RTOL * wanted.abs()
    };
    let wrong: Vec<(f64, f64)> = got.zip(wanted).filter(|(g, w)| !close(*g, *w)).collect();
    match wrong.first() {
        None => Ok(()),
        Some((got, wanted)) => {
            Err(format!("has {} of {count} wrong, first {got}, not {wanted}", wrong.len()))
        }
    }
}
