//! The trees of an ONNX file, for benches that time `forest` without a graph around it.
//!
//! Reads just what the models here have: one TreeEnsembleClassifier with float attributes and
//! integer labels, and perhaps an Imputer before it. Anything else panics. Field numbers are
//! those of `onnx/onnx.proto`; loading models for service is model-loader's work.

use forest::{Classifier, Kernels, Mode, Precision, Spec, SpecNode, SpecWeight, Transform};

use wire_format::{Field, Fields};

mod wire_format;
#[cfg(test)]
mod tests;

/// A model as its trees see it.
#[derive(Debug)]
pub struct Trees {
    /// The trees as they are written.
    pub spec: Spec,
    /// What makes probabilities of their sums.
    pub transform: Transform,
    /// What the Imputer puts in place of a missing value, one a column; empty without an Imputer.
    pub fill: Vec<f32>,
}

/// An ONNX attribute: the lists it may hold, of which one is filled.
#[derive(Debug, Default)]
struct Attribute<'a> {
    name: &'a [u8],
    text: &'a [u8],
    floats: Vec<f32>,
    ints: Vec<i64>,
    texts: Vec<&'a [u8]>,
}

/// An ONNX node.
#[derive(Debug, Default)]
struct Node<'a> {
    operator: &'a [u8],
    attributes: Vec<Attribute<'a>>,
}

// === impl Trees ===

impl Trees {
    /// Reads the trees of `model`, the bytes of an ONNX file.
    ///
    /// # Panics
    /// When the model has anything that the models here have not.
    pub fn read(model: &[u8]) -> Trees {
        let graph = Fields(model).find_map(|field| match field {
            (7, Field::Bytes(graph)) => Some(graph),
            _ => None,
        });
        let nodes: Vec<Node<'_>> = Fields(graph.expect("a model has a graph"))
            .filter_map(|field| match field {
                (1, Field::Bytes(node)) => Some(Node::read(node)),
                _ => None,
            })
            .collect();
        let named = |name: &[u8]| nodes.iter().find(|node| node.operator == name);
        let trees = named(b"TreeEnsembleClassifier").expect("the model has trees");
        let transform = text(trees.get("post_transform").text);
        let transform = Transform::from_name(transform).expect("a known post transform");
        let spec = spec(trees);
        let fill = named(b"Imputer").map(|node| node.get("imputed_value_floats").floats.clone());
        Trees { spec, transform, fill: fill.unwrap_or_default() }
    }

    /// The trees as `forest` runs them, with one of `kernels`.
    ///
    /// # Panics
    /// When they are not sound.
    pub fn compile(&self, kernels: Kernels) -> Classifier {
        Classifier::compile(&self.spec, self.transform, kernels).expect("sound trees")
    }

    /// Replaces missing values as the model's Imputer does.
    pub fn impute(&self, values: &[f32]) -> Vec<f32> {
        if self.fill.is_empty() {
            return values.to_vec();
        }
        let fill = self.fill.iter().cycle();
        values.iter().zip(fill).map(|(v, fill)| if v.is_nan() { *fill } else { *v }).collect()
    }
}

fn spec(trees: &Node<'_>) -> Spec {
    let ints = |name| trees.get(name).ints.as_slice();
    let (tree, node) = (ints("nodes_treeids"), ints("nodes_nodeids"));
    let (yes, no) = (ints("nodes_truenodeids"), ints("nodes_falsenodeids"));
    let (feature, missing) = (ints("nodes_featureids"), ints("nodes_missing_value_tracks_true"));
    let threshold = &trees.get("nodes_values").floats;
    let modes = trees.get("nodes_modes").texts.iter().map(|mode| text(mode));
    let nodes = modes.enumerate().map(|(i, mode)| SpecNode {
        tree: tree[i],
        node: node[i],
        feature: feature[i],
        mode: Mode::from_name(mode).expect("a known node mode"),
        threshold: threshold[i],
        yes: yes[i],
        no: no[i],
        missing_yes: missing[i] == 1,
    });
    let (tree, node) = (ints("class_treeids"), ints("class_nodeids"));
    let weights = trees.get("class_weights").floats.iter().zip(ints("class_ids")).enumerate();
    let weights = weights.map(|(i, (weight, class))| SpecWeight {
        tree: tree[i],
        node: node[i],
        target: *class,
        weight: f64::from(*weight),
    });
    let base_values = trees.find("base_values").map_or(&[][..], |attribute| &attribute.floats);
    Spec {
        nodes: nodes.collect(),
        weights: weights.collect(),
        targets: ints("classlabels_int64s").len(),
        base_values: base_values.iter().map(|base| f64::from(*base)).collect(),
        precision: Precision::Single,
        ..Spec::default()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("ONNX names are UTF-8")
}

// === impl Node ===

impl<'a> Node<'a> {
    fn read(message: &'a [u8]) -> Node<'a> {
        let mut node = Node::default();
        for field in Fields(message) {
            match field {
                (4, Field::Bytes(operator)) => node.operator = operator,
                (5, Field::Bytes(attribute)) => node.attributes.push(Attribute::read(attribute)),
                _ => {}
            }
        }
        node
    }

    fn find(&self, name: &str) -> Option<&Attribute<'a>> {
        self.attributes.iter().find(|attribute| attribute.name == name.as_bytes())
    }

    fn get(&self, name: &str) -> &Attribute<'a> {
        self.find(name).unwrap_or_else(|| panic!("the operator has no attribute {name}"))
    }
}

// === impl Attribute ===

impl<'a> Attribute<'a> {
    fn read(message: &'a [u8]) -> Attribute<'a> {
        let mut attribute = Attribute::default();
        for field in Fields(message) {
            match field {
                (1, Field::Bytes(name)) => attribute.name = name,
                (4, Field::Bytes(text)) => attribute.text = text,
                (7, Field::Fixed32(float)) => attribute.floats.push(f32::from_le_bytes(float)),
                (8, Field::Varint(int)) => attribute.ints.push(int.cast_signed()),
                (9, Field::Bytes(text)) => attribute.texts.push(text),
                (7 | 8, Field::Bytes(_)) => panic!("packed lists are not read here"),
                _ => {}
            }
        }
        attribute
    }
}
