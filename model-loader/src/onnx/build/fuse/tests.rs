//! What becomes one step, what must not, and that the answers stay.

use super::fuse;
use crate::onnx::build::finish::mark_last_readers;
use crate::onnx::operators::find;
use crate::onnx::operators::op::{Arg, Context, Node};
use crate::onnx::operators::testing::{VERSION, node, t};
use crate::onnx::plan::{Compute, Plan, Source, State, Step};
use crate::{Tensor, TreeKernels};

fn slot(slot: usize) -> Source {
    Source::Slot { slot, last: false }
}

/// Input in slot 0; each step makes the next slot.
fn plan(steps: &[(&str, &[Source])], constants: Vec<Tensor>, outputs: &[usize]) -> Plan {
    let step = |(at, (op_type, inputs)): (usize, &(&str, &[Source]))| {
        let known = |source: &Source| match source {
            Source::Constant(constant) => Some(&constants[*constant]),
            _ => None,
        };
        let known: Vec<Option<&Tensor>> = inputs.iter().map(known).collect();
        let proto = node(op_type);
        let build = find("", op_type).unwrap();
        let op = build(&Node {
            proto: &proto,
            version: VERSION,
            constants: &known,
            kernels: TreeKernels::detect(),
        })
        .unwrap();
        Step {
            label: (*op_type).to_owned(),
            compute: Compute::Op(op),
            inputs: (*inputs).into(),
            outputs: [Some(at + 1)][..].into(),
        }
    };
    let steps: Vec<Step> = steps.iter().enumerate().map(step).collect();
    let (slots, outputs) = (steps.len() + 1, outputs.iter().map(|&at| slot(at)).collect());
    Plan { inputs: 1, slots, constants, steps, outputs, regions: 0 }
}

fn run(plan: &Plan) -> Vec<Tensor> {
    let x = t(&[2, 2], &[1.0_f32, -2.0, 0.5, 3.0]);
    let inputs = std::iter::once(Arg::Borrowed(&x));
    plan.run(inputs, &Context::default(), &mut State::default()).unwrap()
}

/// Fuses, checks that the answers are the same as before, and tells the steps that are left.
fn left(mut plan: Plan) -> (Vec<String>, Plan) {
    mark_last_readers(&mut plan);
    let before = run(&plan);
    fuse(&mut plan);
    mark_last_readers(&mut plan);
    assert_eq!(run(&plan), before);
    (plan.steps.iter().map(|step| step.label.clone()).collect(), plan)
}

fn constants() -> Vec<Tensor> {
    vec![t(&[2, 2], &[1.0_f32, 2.0, -3.0, 4.0]), t(&[2], &[10.0_f32, 20.0])]
}

const W: Source = Source::Constant(0);
const B: Source = Source::Constant(1);

#[test]
fn a_layer_is_one_step_and_its_weights_are_held_once() {
    for activation in ["Relu", "Sigmoid", "Tanh"] {
        for add in [[slot(1), B], [B, slot(1)]] {
            let layer = plan(
                &[("MatMul", &[slot(0), W]), ("Add", &add), (activation, &[slot(2)])],
                constants(),
                &[3],
            );
            let (steps, plan) = left(layer);
            assert_eq!(steps, ["MatMul"]);
            assert!(plan.constants.iter().all(|constant| constant.values().is_empty()));
        }
    }
    let gemm = plan(&[("Gemm", &[slot(0), W, B]), ("Relu", &[slot(1)])], constants(), &[2]);
    assert_eq!(left(gemm).0, ["Gemm"]);
}

#[test]
fn what_is_read_elsewhere_is_made_as_before() {
    // The product itself is an output.
    let product = [("MatMul", &[slot(0), W][..]), ("Add", &[slot(1), B])];
    assert_eq!(left(plan(&product, constants(), &[2, 1])).0, ["MatMul", "Add"]);
    // Two steps read the sum, and one of them what is left of the constant.
    let twice = [
        ("MatMul", &[slot(0), W][..]),
        ("Add", &[slot(1), B]),
        ("Relu", &[slot(2)]),
        ("Add", &[slot(2), B]),
    ];
    let (steps, plan) = left(plan(&twice, constants(), &[3, 4]));
    assert_eq!(steps, ["MatMul", "Relu", "Add"]);
    assert!(plan.constants[0].values().is_empty() && !plan.constants[1].values().is_empty());
}

#[test]
fn what_is_no_layer_stays() {
    let weights = || vec![constants().remove(0), t(&[2, 1], &[1.0_f32, 2.0])];
    // A sum of two values of a run, a column for a bias, and an operator that no product does.
    let own = [("MatMul", &[slot(0), W][..]), ("Add", &[slot(1), slot(0)])];
    assert_eq!(left(plan(&own, weights(), &[2])).0.len(), 2);
    let column = [("MatMul", &[slot(0), W][..]), ("Add", &[slot(1), B])];
    assert_eq!(left(plan(&column, weights(), &[2])).0.len(), 2);
    let other = [("MatMul", &[slot(0), W][..]), ("Neg", &[slot(1)])];
    assert_eq!(left(plan(&other, weights(), &[2])).0.len(), 2);
    let twice = [("MatMul", &[slot(0), W][..]), ("Relu", &[slot(1)]), ("Relu", &[slot(2)])];
    assert_eq!(left(plan(&twice, weights(), &[3])).0, ["MatMul", "Relu"]);
}
