"""Makes `corpus/load`: small models of every kind, models made to break a loader, and mutations.

Run with the Python packages of `acceptance/requirements.txt` and `examples/fraud`. The same files
come out every time. Files are named by kind, so that a test can say which ones must be refused:
`sound-*` load, `hostile-*` are refused, `mutated-*` may do either, but nothing else.
"""

import random
import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = Path(__file__).parent / "corpus" / "load"
# Of each sound model: changed as messages, which mostly decode, and as bytes, which mostly do not.
MESSAGES, BYTES = 24, 4
F, I64, STRING = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING


def model(nodes, inputs, outputs, weights=(), check=True):
    """Bytes of a model; a shape of None leaves the shape out."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info(*value) for value in outputs],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in weights],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="skeg")
    return made.SerializeToString()


def ml(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs, outputs, name=f"the {op}", domain="ai.onnx.ml", **attributes)


def op(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs, outputs, name=f"the {op}", **attributes)


def trees(**changes):
    """A stump over two columns that tells two classes apart."""
    attributes = dict(
        nodes_treeids=[0, 0, 0],
        nodes_nodeids=[0, 1, 2],
        nodes_featureids=[0, 0, 0],
        nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"],
        nodes_values=[0.5, 0.0, 0.0],
        nodes_truenodeids=[1, 0, 0],
        nodes_falsenodeids=[2, 0, 0],
        nodes_missing_value_tracks_true=[0, 0, 0],
        class_treeids=[0, 0],
        class_nodeids=[1, 2],
        class_ids=[0, 0],
        class_weights=[-1.0, 1.0],
        classlabels_int64s=[0, 1],
        post_transform="LOGISTIC",
    )
    attributes.update(changes)
    node = ml("TreeEnsembleClassifier", ["x"], ["label", "p"], **attributes)
    return model([node], [("x", F, [None, 2])], [("label", I64, [None]), ("p", F, [None, 2])])


def x_to_y(nodes, weights=(), inputs=None, output=(F, [None, 2])):
    return model(nodes, inputs or [("x", F, [None, 2])], [("y", *output)], weights)


def body(nodes, inputs, outputs):
    return helper.make_graph(
        nodes,
        "body",
        [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info(*value) for value in outputs],
    )


def sound():
    """Models that load."""
    yield "trees", trees()
    yield "scaler", x_to_y([ml("Scaler", ["x"], ["y"], offset=[1.0, 2.0], scale=[0.5, 0.25])])
    yield "imputer", x_to_y(
        [ml("Imputer", ["x"], ["y"], imputed_value_floats=[1.0], replaced_value_float=float("nan"))]
    )
    yield "linear", model(
        [
            ml(
                "LinearClassifier",
                ["x"],
                ["label", "s"],
                coefficients=[0.5, -0.5, 1.0, 1.0],
                intercepts=[0.0, 0.1],
                classlabels_strings=["no", "yes"],
                post_transform="SOFTMAX",
            ),
            ml("ZipMap", ["s"], ["p"], classlabels_strings=["no", "yes"]),
        ],
        [("x", F, [None, 2])],
        [("label", STRING, [None]), ("p", F, [None, 2])],
    )
    yield "svm", model(
        [
            ml(
                "SVMRegressor",
                ["x"],
                ["y"],
                kernel_type="RBF",
                kernel_params=[0.5, 0.0, 3.0],
                support_vectors=[0.0, 1.0, 1.0, 0.0],
                n_supports=2,
                coefficients=[1.0, -1.0],
                rho=[0.25],
            )
        ],
        [("x", F, [None, 2])],
        [("y", F, [None, 1])],
    )
    yield "strings", model(
        [
            ml(
                "LabelEncoder",
                ["s"],
                ["n"],
                keys_strings=["a", "b"],
                values_int64s=[1, 2],
                default_int64=-1,
            ),
            ml("OneHotEncoder", ["s"], ["h"], cats_strings=["a", "b"], zeros=1),
        ],
        [("s", STRING, [None, 1])],
        [("n", I64, [None, 1]), ("h", F, [None, 1, 2])],
    )
    yield "network", x_to_y(
        [
            op("Gemm", ["x", "w", "b"], ["h"]),
            op("Relu", ["h"], ["r"]),
            op("MatMul", ["r", "v"], ["o"]),
            op("Softmax", ["o"], ["y"], axis=1),
        ],
        [
            ("w", np.ones((2, 4), np.float32)),
            ("b", np.zeros(4, np.float32)),
            ("v", np.ones((4, 2), np.float32)),
        ],
    )
    yield "shapes", x_to_y(
        [
            op("Transpose", ["x"], ["t"], perm=[1, 0]),
            op("Gather", ["t", "i"], ["g"], axis=0),
            op("Transpose", ["g"], ["u"], perm=[1, 0]),
            op("Reshape", ["u", "to"], ["y"]),
        ],
        [("i", np.array([1, 0])), ("to", np.array([-1, 2]))],
    )
    branches = [body([op("Identity", ["x"], ["b"])], [], [("b", F, [None, 2])]) for _ in range(2)]
    yield "branch", x_to_y(
        [op("If", ["c"], ["y"], then_branch=branches[0], else_branch=branches[1])],
        [("c", np.array(True))],
    )
    step = body(
        [op("Add", ["s", "r"], ["t"]), op("Identity", ["t"], ["u"])],
        [("s", F, [2]), ("r", F, [2])],
        [("t", F, [2]), ("u", F, [2])],
    )
    yield "scan", x_to_y(
        [op("Scan", ["z", "x"], ["last", "y"], body=step, num_scan_inputs=1)],
        [("z", np.zeros(2, np.float32))],
    )
    yield "convolution", model(
        [op("Conv", ["x", "w"], ["y"], kernel_shape=[3], pads=[1, 1])],
        [("x", F, [None, 1, 8])],
        [("y", F, [None, 1, 8])],
        [("w", np.ones((1, 1, 3), np.float32))],
    )


def hostile():
    """Models that must be refused: each of them has broken some loader."""
    yield "class-id-out-of-range", trees(class_ids=[0, 1 << 40])
    yield "class-id-negative", trees(class_ids=[0, -1])
    yield "tree-cycle", trees(nodes_truenodeids=[0, 0, 0])
    yield "child-out-of-range", trees(nodes_falsenodeids=[1 << 33, 0, 0])
    yield "feature-out-of-range", trees(nodes_featureids=[1 << 50, 0, 0])
    yield "leaf-of-no-tree", trees(class_nodeids=[1, 99])
    yield "lists-of-differing-lengths", trees(nodes_values=[0.5])
    yield "output-of-nobody", x_to_y([op("Identity", ["x"], ["z"])])
    yield "input-of-nobody", x_to_y([op("Add", ["x", "ghost"], ["y"])])
    yield "cycle", x_to_y([op("Add", ["x", "y"], ["z"]), op("Identity", ["z"], ["y"])])
    yield "reads-itself", x_to_y([op("Identity", ["y"], ["y"])])
    yield "made-twice", x_to_y([op("Identity", ["x"], ["y"]), op("Abs", ["x"], ["y"])])
    yield "no-graph", onnx.ModelProto(ir_version=8).SerializeToString()
    yield "no-output", model([], [("x", F, [1])], [])
    yield "nothing", b""
    yield "no-protobuf", bytes(range(256))
    yield "nested-deep", b"\x3a\x7e" * 2000
    huge = np.array([1 << 42], np.int64)
    yield "fill-2-to-the-42", x_to_y(
        [op("ConstantOfShape", ["n"], ["c"]), op("ReduceSum", ["c"], ["s"]), op("Add", ["x", "s"], ["y"])],
        [("n", huge)],
    )
    many = [op("ConstantOfShape", ["n"], [f"c{i}"]) for i in range(40)]
    yield "fill-often", x_to_y(
        [*many, op("Concat", [f"c{i}" for i in range(40)], ["c"], axis=0),
         op("ReduceSum", ["c"], ["s"]), op("Add", ["x", "s"], ["y"])],
        [("n", np.array([1 << 27], np.int64))],
    )
    yield "expand-to-2-to-the-40", x_to_y(
        [op("Expand", ["x", "n"], ["e"]), op("ReduceMax", ["e"], ["s"]), op("Add", ["x", "s"], ["y"])],
        [("n", np.array([1 << 20, 1 << 20, 1, 2], np.int64))],
    )
    yield "range-without-end", x_to_y(
        [op("Range", ["a", "b", "c"], ["r"]), op("ReduceMax", ["r"], ["s"]), op("Add", ["x", "s"], ["y"])],
        [("a", np.float32(0)), ("b", np.float32(3e38)), ("c", np.float32(1))],
    )
    yield "input-of-2-to-the-50", x_to_y(
        [op("ReduceMax", ["x"], ["y"], keepdims=1)], inputs=[("x", F, [None, 1 << 25, 1 << 25])]
    )
    endless = body(
        [op("Identity", ["c"], ["d"]), op("Identity", ["v"], ["w"])],
        [("i", I64, []), ("c", TensorProto.BOOL, []), ("v", F, [None, 2])],
        [("d", TensorProto.BOOL, []), ("w", F, [None, 2])],
    )
    yield "loop-without-end", x_to_y(
        [op("Loop", ["", "c", "x"], ["y"], body=endless)], [("c", np.array(True))]
    )
    yield "weight-of-another-size", wrong_weight(dims=[1 << 31, 1 << 31])
    yield "weight-of-negative-size", wrong_weight(dims=[-2, 2])
    yield "weight-of-odd-bytes", wrong_weight(raw=b"\0\0\0")
    yield "weight-elsewhere", wrong_weight(external="/etc/passwd")
    yield from expanding()
    yield from endless_work()
    yield "unknown-operator", x_to_y([op("Frobnicate", ["x"], ["y"])])
    yield "attribute-of-another-type", x_to_y([op("Gemm", ["x", "x"], ["y"], transB="yes")])


def sized(nodes, weights=(), **more):
    """Adds the number of elements of `o`, which the nodes make of constants, to `x`."""
    tail = [op("Size", ["o"], ["z"]), op("Cast", ["z"], ["t"], to=F), op("Add", ["x", "t"], ["y"])]
    return x_to_y([*nodes, *tail], weights, **more)


def expanding():
    """Small files that become large ones in memory: by strings, by extents of zero, by calls."""
    nothing = np.array([1 << 40, 0], np.int64)
    fill = op("ConstantOfShape", ["n"], ["c"])
    inner = body([op("Identity", ["i"], ["j"])], [("i", F, [0])], [("j", F, [0])])
    yield "zero-scan", sized([fill, op("Scan", ["c"], ["o"], body=inner, num_scan_inputs=1)], [("n", nothing)])
    yield "zero-concat", sized([fill, op("Concat", ["c", "c"], ["o"], axis=1)], [("n", nothing)])
    top = op("TopK", ["c", "k"], ["o", "p"], axis=1)
    yield "zero-topk", sized([fill, top], [("n", nothing), ("k", np.array([0]))])
    norm = op("LayerNormalization", ["c", "g"], ["o"], axis=-1)
    yield "zero-layernorm", sized([fill, norm], [("n", nothing), ("g", np.zeros(0, np.float32))])
    doubled = [op("StringConcat", [f"s{i}", f"s{i}"], [f"s{i + 1}"]) for i in range(40)]
    yield "strings-doubled", sized([*doubled, op("Identity", ["s40"], ["o"])], [("s0", np.array(["abcdefgh"]))])
    long = [("s", np.array(["a" * 1024])), ("n", np.array([1 << 23]))]
    yield "strings-expanded", sized([op("Expand", ["s", "n"], ["o"])], long)
    parts = op("SequenceConstruct", ["x"] * 1000, ["q"])
    yield "sequences", model([parts], [("x", F, [None, 2])], [("q", F, [None, 2])] * 1000)
    constant = op("Constant", [], ["k"], value=numpy_helper.from_array(np.zeros(1 << 12, np.float32)))
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("my", 1)]
    inner = helper.make_function("my", "G", ["a"], ["b"], [constant, op("Add", ["a", "k"], ["b"])], opsets)
    calls = [helper.make_node("G", ["a"], [f"t{i}"], domain="my") for i in range(150)]
    outer = [*calls, op("Max", [f"t{i}" for i in range(150)], ["b"])]
    outer = helper.make_function("my", "F", ["a"], ["b"], outer, opsets)
    calls = [helper.make_node("F", ["x"], [f"t{i}"], domain="my") for i in range(150)]
    made = onnx.ModelProto.FromString(x_to_y([*calls, op("Max", [f"t{i}" for i in range(150)], ["y"])]))
    made.functions.extend([inner, outer])
    yield "functions", made.SerializeToString()


def endless_work():
    """Small files that take longer than anybody waits."""

    def loop(depth):
        c, d, v, w = (f"{name}{depth}" for name in "cdvw")
        step = op("Mul", [v, v], [w]) if depth == 0 else op("Loop", ["m", "", v], [w], body=loop(depth - 1))
        inputs = [(f"i{depth}", I64, []), (c, TensorProto.BOOL, []), (v, F, [None, 2])]
        return body([op("Identity", [c], [d]), step], inputs, [(d, TensorProto.BOOL, []), (w, F, [None, 2])])

    yield "loops", x_to_y([op("Loop", ["m", "", "x"], ["y"], body=loop(3))], [("m", np.array(1000))])
    square = [("n", np.array([1600, 1600]))]
    product = op("Einsum", ["c", "c"], ["o"], equation="ab,bc->ac")
    yield "einsum", sized([op("ConstantOfShape", ["n"], ["c"]), product], square)


def wrong_weight(dims=(2,), raw=None, external=None):
    weight = TensorProto(name="w", data_type=F, dims=list(dims))
    weight.raw_data = np.zeros(2, np.float32).tobytes() if raw is None else raw
    if external:
        weight.ClearField("raw_data")
        weight.data_location = TensorProto.EXTERNAL
        weight.external_data.add(key="location", value=external)
    made = onnx.ModelProto.FromString(x_to_y([op("Add", ["x", "w"], ["y"])]))
    made.graph.initializer.append(weight)
    return made.SerializeToString()


def changed_bytes(data, chance):
    """One to four changes of bytes: flipped, overwritten, cut out, doubled, or cut short."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data))
        match chance.randrange(6):
            case 0:
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                data[at] = chance.choice([0, 1, 0x7F, 0x80, 0xFF])
            case 2:
                del data[at : at + chance.randint(1, 8)]
            case 3:
                data[at:at] = data[at : at + chance.randint(1, 16)]
            case 4:
                data[at : at + 4] = chance.randbytes(4)
            case 5 if len(data) > 40:
                del data[at:]
        if len(data) < 8:
            break
    return bytes(data)


INTS = [0, 1, -1, 2, 3, 7, 255, 1 << 16, 1 << 24, 1 << 31, 1 << 40, (1 << 63) - 1, -(1 << 63)]
FLOATS = [0.0, -0.0, 1.0, -1.0, float("nan"), float("inf"), -float("inf"), 1e30, 1e-45]
OPERATORS = ["Scan", "Loop", "Identity", "Concat", "Expand", "Reshape", "ReduceSum", "MatMul", "TopK", "Range"]


def fields(message):
    """Every field that is set, with the message it is in."""
    for field, value in message.ListFields():
        if field.message_type is None:
            yield message, field
        elif field.is_repeated:
            yield message, field
            for part in value:
                yield from fields(part)
        else:
            yield from fields(value)


def other(field, old, names, chance):
    """Another value of a field's type."""
    match field.cpp_type:
        case field.CPPTYPE_INT64:
            return max(-(1 << 63), min((1 << 63) - 1, chance.choice([*INTS, old + 1, old * 2])))
        case field.CPPTYPE_UINT64:
            return abs(chance.choice(INTS)) % (1 << 63)
        case field.CPPTYPE_INT32:
            return chance.choice([0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 16, 100])
        case field.CPPTYPE_ENUM:
            return chance.choice(sorted(field.enum_type.values_by_number))
        case field.CPPTYPE_FLOAT | field.CPPTYPE_DOUBLE:
            return chance.choice([*FLOATS, old * 2])
        case field.CPPTYPE_STRING if field.type == field.TYPE_STRING:
            return chance.choice([*names, "", old + "q"])
    data = bytearray(old) or bytearray(b"a")
    match chance.randrange(4):
        case 0:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        case 1:
            del data[-1:]
        case 2 if len(data) >= 8:
            data[:8] = (chance.choice(INTS) % (1 << 64)).to_bytes(8, "little")
        case _:
            data.extend(bytes(data))
    return bytes(data)


def change(message, field, names, chance):
    """Changes one field: a part of a list goes, doubles or moves; a value becomes another."""
    value = getattr(message, field.name)
    if not field.is_repeated:
        setattr(message, field.name, other(field, value, names, chance))
        return
    at, way = chance.randrange(len(value)), chance.randrange(3)
    if way == 0:
        del value[at]
    elif field.message_type is None:
        new = other(field, value[at], names, chance)
        if way == 1:
            value.append(new)
        else:
            value[at] = new
    elif way == 1:
        value.add().CopyFrom(value[at])
    else:
        first, second = type(value[at])(), value[chance.randrange(len(value))]
        first.CopyFrom(value[at])
        value[at].CopyFrom(second)
        second.CopyFrom(first)


def changed_messages(data, chance):
    """One to three changes of what the file says, so that it still is a file of that format."""
    made = onnx.ModelProto.FromString(data)
    nodes = made.graph.node
    used = {name for node in nodes for name in [*node.input, *node.output, node.op_type]}
    names = [*sorted(used), *OPERATORS]
    for _ in range(chance.randint(1, 3)):
        places = [*fields(made.graph), *((made, field) for field, _ in made.ListFields() if field.name == "opset_import")]
        change(*chance.choice(places), names, chance)
    return made.SerializeToString()


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    chance = random.Random(20261124)
    for name, data in sound():
        (FOLDER / f"sound-{name}.onnx").write_bytes(data)
        ways = [changed_messages] * MESSAGES + [changed_bytes] * BYTES
        for number, way in enumerate(ways):
            (FOLDER / f"mutated-{name}-{number:02}.onnx").write_bytes(way(data, chance))
    for name, data in hostile():
        (FOLDER / f"hostile-{name}.onnx").write_bytes(data)


if __name__ == "__main__":
    main()
