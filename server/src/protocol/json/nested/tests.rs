//! The shape is what the arrays say, or there is none.

use model_loader::{Datatype, Tensor, Values};

use super::read_nested;
use crate::error::Error;
use crate::limits::RequestLimits;
use crate::protocol::json::cursor::Cursor;
use crate::protocol::room::Room;

fn read(text: &str, datatype: Datatype) -> Result<Tensor, Error> {
    let limits = RequestLimits { depth: 20, rows: 4, elements: 8 };
    read_nested(&mut Cursor::new(text.as_bytes(), 20), datatype, &mut Room::new(limits))
}

#[test]
fn shapes_are_inferred() {
    for (text, shape, count) in [
        ("[1,2,3]", &[3][..], 3),
        ("[[1,2],[3,4],[5,6]]", &[3, 2], 6),
        ("[[[1]],[[2]]]", &[2, 1, 1], 2),
        ("[]", &[0], 0),
        ("[[],[]]", &[2, 0], 0),
    ] {
        let tensor = read(text, Datatype::Fp32).unwrap();
        assert_eq!((tensor.shape(), tensor.values().len()), (shape, count), "{text}");
    }
    let texts = read("[[\"a\"],[\"b\"]]", Datatype::Bytes).unwrap();
    assert_eq!(*texts.values(), Values::Bytes(vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn what_has_no_shape_is_refused() {
    for text in [
        "[[1,2],[3]]",
        "[1,[2]]",
        "[[1],2]",
        "[[[1]],[2]]",
        "[[1],[[2]]]",
        "7",
        "{}",
        "[1,\"a\"]",
        "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
        "[[],[1]]",
        "[[1],[]]",
    ] {
        assert_eq!(read(text, Datatype::Fp32).unwrap_err().status(), 400, "{text}");
    }
    for text in ["[1,2,3,4,5]", "[[1,2,3],[1,2,3],[1,2,3]]"] {
        assert_eq!(read(text, Datatype::Fp32).unwrap_err().status(), 413, "{text}");
    }
}
