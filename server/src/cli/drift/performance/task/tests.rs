//! Flags that do not go together are refused, and say why.

use super::{Task, TaskArg, TaskArgs};

fn binary() -> TaskArgs {
    TaskArgs {
        task: TaskArg::Binary,
        score: vec!["out.p".to_owned()],
        prediction: Vec::new(),
        threshold: None,
        positive: None,
    }
}

fn refused(args: &TaskArgs) -> (u8, String) {
    let failure = args.task().unwrap_err();
    (failure.code, failure.messages.join("\n"))
}

#[test]
fn a_score_is_positive_from_a_half_unless_said() {
    let task = |threshold| TaskArgs { threshold, ..binary() }.task().unwrap();
    let expected =
        |threshold| Task::Binary { scores: vec!["out.p".to_owned()], threshold, positive: None };
    assert_eq!(task(None), expected(0.5));
    assert_eq!(task(Some(0.2)), expected(0.2));
}

#[test]
fn what_a_task_needs_and_has_no_use_for_is_named() {
    let classes = TaskArgs { task: TaskArg::Classes, score: Vec::new(), ..binary() };
    for (args, words) in [
        (TaskArgs { score: Vec::new(), ..binary() }, "binary needs --score"),
        (classes.clone(), "classes needs --prediction"),
        (
            TaskArgs {
                score: vec!["x".to_owned()],
                prediction: vec!["y".to_owned()],
                ..classes.clone()
            },
            "no use for --score",
        ),
        (TaskArgs { prediction: vec!["y".to_owned()], ..binary() }, "no use for --prediction"),
        (
            TaskArgs { task: TaskArg::Regression, threshold: Some(0.5), ..binary() },
            "regression has no use for --threshold",
        ),
        (
            TaskArgs {
                prediction: vec!["y".to_owned()],
                positive: Some("x".to_owned()),
                ..classes
            },
            "classes has no use for --positive",
        ),
    ] {
        let (code, why) = refused(&args);
        assert_eq!(code, 64, "{why}");
        assert!(why.contains(words), "{why}");
    }
    for threshold in [1.5, -0.1, f64::NAN] {
        let (code, why) = refused(&TaskArgs { threshold: Some(threshold), ..binary() });
        assert!(code == 78 && why.contains("decision"), "{code} {why}");
    }
}

#[test]
fn no_column_is_asked_for_twice() {
    let of = |scores: &[&str]| {
        let scores = scores.iter().map(|score| (*score).to_owned()).collect();
        Task::Regression { scores }.columns()
    };
    assert_eq!(of(&["out.y"]).last().unwrap(), "out.y");
    assert_eq!(of(&["out.y", "out.y", "out.z"]).len(), of(&["row_index"]).len() + 2);
}
