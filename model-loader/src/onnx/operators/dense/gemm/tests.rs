//! Gemm with weights that are known beforehand gives what it gives without.

use super::gemm;
use crate::onnx::operators::op::{Arg, Context, Inputs, Node};
use crate::onnx::operators::testing::{VERSION, float, int, node, t};
use crate::{Tensor, TreeKernels};

/// Runs with the inputs from 1 on as constants or not.
fn run(transposed: [i64; 2], inputs: &[Tensor], constant: bool) -> anyhow::Result<Tensor> {
    let mut proto = int(int(node("Gemm"), "transA", transposed[0]), "transB", transposed[1]);
    proto = float(float(proto, "alpha", 0.5), "beta", 2.0);
    proto.input = inputs.iter().map(|_| "x".to_owned()).collect();
    let mut constants: Vec<Option<&Tensor>> = vec![None; inputs.len()];
    if constant {
        constants[1..].copy_from_slice(&inputs[1..].iter().map(Some).collect::<Vec<_>>());
    }
    let op = gemm(&Node {
        proto: &proto,
        version: VERSION,
        constants: &constants,
        kernels: TreeKernels::detect(),
    })?;
    let kept = |position| op.keeps(position);
    let arg = |(position, input)| if kept(position) { Arg::Absent } else { Arg::Borrowed(input) };
    let mut inputs = Inputs(inputs.iter().enumerate().map(arg).collect());
    Ok(op.run(&mut inputs, &Context::default())?.remove(0))
}

#[test]
fn known_weights_change_nothing() {
    let a = [[2, 3], [3, 2]];
    let b = [[3, 2], [2, 3]];
    let c: [&[usize]; 6] = [&[2], &[1, 2], &[1], &[], &[2, 1], &[2, 2]];
    for transposed in [[0, 0], [0, 1], [1, 0], [1, 1]] {
        let a = t(&a[transposed[0] as usize], &[1.0_f32, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let b = t(&b[transposed[1] as usize], &[1.0_f32, -2.0, 3.0, -4.0, 5.0, -6.0]);
        for c in c {
            let values = [1.0_f32, 2.0, 3.0, 4.0];
            let c = t(c, &values[..c.iter().product()]);
            let inputs = [a.clone(), b.clone(), c];
            let [packed, plain] = [true, false].map(|known| run(transposed, &inputs, known));
            assert_eq!(packed.unwrap(), plain.unwrap(), "{transposed:?} {inputs:?}");
        }
        let inputs = [a, b];
        let [packed, plain] = [true, false].map(|known| run(transposed, &inputs, known));
        assert_eq!(packed.unwrap(), plain.unwrap(), "{transposed:?}");
    }
}

#[test]
fn what_is_no_matrix_or_does_not_fit_is_refused() {
    let weights = t(&[3, 2], &[1.0_f32; 6]);
    for a in [t(&[3], &[1.0_f32; 3]), t(&[1, 2], &[1.0_f32; 2]), t(&[1, 3], &[1_i64; 3])] {
        for known in [true, false] {
            assert!(run([0, 0], &[a.clone(), weights.clone()], known).is_err(), "{a:?}");
        }
    }
}
