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
MUTATIONS = 12
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
    yield "unknown-operator", x_to_y([op("Frobnicate", ["x"], ["y"])])
    yield "attribute-of-another-type", x_to_y([op("Gemm", ["x", "x"], ["y"], transB="yes")])


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


def mutated(data, chance):
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


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    chance = random.Random(20261124)
    for name, data in sound():
        (FOLDER / f"sound-{name}.onnx").write_bytes(data)
        for number in range(2 * MUTATIONS):
            (FOLDER / f"mutated-{name}-{number:02}.onnx").write_bytes(mutated(data, chance))
    for name, data in hostile():
        (FOLDER / f"hostile-{name}.onnx").write_bytes(data)


if __name__ == "__main__":
    main()
