//! What each endpoint takes and gives, as OpenAPI 3.1 and as Swagger 2.0.
//!
//! Made from the signatures of the deployments that speak for the endpoints: a table's columns by
//! name and type, in every form that `frames` reads.

use model_loader::{Datatype, Signature};
use serde_json::{Map, Value, json};

/// An endpoint to describe.
#[derive(Clone, Copy, Debug)]
pub struct Described<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it takes and gives.
    pub signature: &'a Signature,
    /// It is meant where none is named.
    pub is_default: bool,
}

const TITLE: &str = "Skeg";

/// OpenAPI 3.1.
pub fn third(endpoints: &[Described<'_>]) -> Value {
    let mut paths = Map::new();
    paths.insert("/".to_owned(), health());
    for endpoint in endpoints {
        let score = post("score", score_body(endpoint.signature), endpoint);
        let invoke = post("invoke", invocations_body(endpoint.signature), endpoint);
        let infer = post("infer", json!({"type": "object", "required": ["inputs"]}), endpoint);
        let name = endpoint.name;
        if endpoint.is_default {
            paths.insert("/score".to_owned(), renamed(&score, "score"));
            paths.insert("/invocations".to_owned(), renamed(&invoke, "invocations"));
        }
        paths.insert(format!("/endpoints/{name}/score"), score);
        paths.insert(format!("/endpoints/{name}/invocations"), invoke);
        paths.insert(format!("/v2/models/{name}/infer"), infer);
        paths.insert(format!("/endpoints/{name}/labels"), labels(name));
    }
    let info = json!({"title": TITLE, "version": env!("CARGO_PKG_VERSION")});
    json!({"openapi": "3.1.0", "info": info, "paths": paths})
}

/// Swagger 2.0: `/score` alone, which is what Azure's tools read it for.
pub fn second(endpoints: &[Described<'_>]) -> Value {
    let ok = json!({"200": {"description": "Scored", "schema": {}}});
    let mut paths = Map::new();
    paths.insert("/".to_owned(), health());
    for endpoint in endpoints {
        let properties =
            json!({"input_data": {"type": "array", "items": second_record(endpoint.signature)}});
        let schema = json!({"type": "object", "properties": properties});
        let body = json!({"in": "body", "name": "body", "required": true, "schema": schema});
        let at = |id: &str| {
            json!({"post": {
                "operationId": id, "consumes": ["application/json"],
                "produces": ["application/json"], "parameters": [body], "responses": ok,
            }})
        };
        let name = endpoint.name;
        if endpoint.is_default {
            paths.insert("/score".to_owned(), at("score"));
        }
        paths.insert(format!("/endpoints/{name}/score"), at(&format!("score-{name}")));
    }
    let info = json!({"title": TITLE, "version": env!("CARGO_PKG_VERSION")});
    json!({"swagger": "2.0", "info": info, "paths": paths})
}

fn health() -> Value {
    json!({"get": {"operationId": "health", "responses": {"200": {"description": "Healthy"}}}})
}

fn post(what: &str, body: Value, endpoint: &Described<'_>) -> Value {
    let outputs = endpoint.signature.outputs().iter();
    let outputs: Map<String, Value> =
        outputs.map(|spec| (spec.name.clone(), lists(value(spec.datatype), &spec.shape))).collect();
    let answer = json!({"type": ["object", "array"], "properties": outputs});
    json!({"post": {
        "operationId": format!("{what}-{}", endpoint.name),
        "requestBody": {"required": true, "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": {"description": "Scored", "content": {"application/json": {"schema": answer}}},
            "400": {"description": "The request does not fit the model"},
        },
    }})
}

/// What was true of rows that were scored.
fn labels(endpoint: &str) -> Value {
    let text = |most| json!({"type": "string", "minLength": 1, "maxLength": most});
    let label = json!({
        "type": "object", "required": ["request_id", "label"], "additionalProperties": false,
        "properties": {
            "request_id": text(256),
            "row_index": {"type": ["integer", "null"], "minimum": 0, "maximum": u32::MAX},
            "label": {"anyOf": [{"type": ["number", "boolean"]}, text(1024)]},
            "time": {"type": ["string", "null"], "format": "date-time"},
        },
    });
    let many = json!({"type": "array", "items": label, "maxItems": 100_000});
    let under = json!({
        "type": "object", "required": ["labels"], "additionalProperties": false,
        "properties": {"labels": many},
    });
    let lines = "A header with request_id and label, row_index and time if wanted; then the labels";
    json!({"post": {
        "operationId": format!("label-{endpoint}"),
        "requestBody": {"required": true, "content": {
            "application/json": {"schema": {"anyOf": [label, many, under]}},
            "text/csv": {"schema": {"type": "string", "description": lines}},
        }},
        "responses": {
            "200": {"description": "Stored", "content": {"application/json": {"schema": {
                "type": "object", "required": ["accepted"],
                "properties": {"accepted": {"type": "integer"}},
            }}}},
            "400": {"description": "No labels; none of them is stored"},
            "429": {"description": "Too many labels are on their way to the store"},
            "503": {"description": "The store does not take labels now"},
        },
    }})
}

/// The same operation under another name.
fn renamed(operation: &Value, id: &str) -> Value {
    let mut operation = operation.clone();
    operation["post"]["operationId"] = id.into();
    operation
}

fn score_body(signature: &Signature) -> Value {
    let table = table(signature);
    let (rows, any) = (any_of(&table.rows), any_of(&table.all()));
    let mut forms = vec![under("data", &rows), under("input_data", &any)];
    forms.extend(table.records);
    any_of(&forms)
}

fn invocations_body(signature: &Signature) -> Value {
    let table = table(signature);
    let all = [
        ("dataframe_split", any_of(&table.split)),
        ("dataframe_records", any_of(&table.records)),
        ("instances", any_of(&table.rows)),
        ("inputs", any_of(&table.all())),
    ];
    let forms = all.map(|(key, what)| under(key, &what));
    json!({"oneOf": forms})
}

/// An object with that key.
fn under(key: &str, what: &Value) -> Value {
    json!({"type": "object", "required": [key], "properties": {key: what}})
}

/// The forms of a model's table.
struct Forms {
    /// A list of rows, arrays or objects.
    rows: Vec<Value>,
    /// A list of objects.
    records: Vec<Value>,
    /// Columns by name, or whole inputs.
    columns: Vec<Value>,
    /// pandas' split.
    split: Vec<Value>,
}

impl Forms {
    fn all(&self) -> Vec<Value> {
        [&self.rows[..], &self.columns, &self.split].concat()
    }
}

fn table(signature: &Signature) -> Forms {
    let inputs = signature.inputs();
    let whole =
        inputs.iter().map(|spec| (spec.name.as_str(), lists(value(spec.datatype), &spec.shape)));
    let tensors = object(whole);
    let Some(names) = signature.column_names() else {
        let rows = match inputs {
            [only] => vec![lists(value(only.datatype), &only.shape)],
            _ => Vec::new(),
        };
        return Forms { rows, records: Vec::new(), columns: vec![tensors], split: Vec::new() };
    };
    let types: Vec<Value> =
        names.iter().filter_map(|name| signature.datatype_of(name)).map(value).collect();
    let named = || names.iter().copied().zip(types.iter().cloned());
    let width = names.len();
    let row = json!({"type": "array", "prefixItems": types, "minItems": width, "maxItems": width});
    let records = list(object(named()));
    let columns = object(named().map(|(name, value)| (name, list(value))));
    let cells = json!({"type": "array", "minItems": 1, "items": {"type": "array"}});
    let split = json!({
        "type": "object", "required": ["data"], "additionalProperties": false,
        "properties": {
            "columns": {"type": "array"}, "index": {"type": "array"}, "data": cells,
        },
    });
    Forms {
        rows: vec![list(row), records.clone()],
        records: vec![records],
        columns: vec![columns, tensors],
        split: vec![split],
    }
}

fn second_record(signature: &Signature) -> Value {
    let names = signature.column_names().unwrap_or_default();
    let of = |name: &&str| {
        let kind = match signature.datatype_of(name) {
            Some(Datatype::Bool) => "boolean",
            Some(Datatype::Bytes) => "string",
            Some(Datatype::Fp32 | Datatype::Fp64) | None => "number",
            Some(_) => "integer",
        };
        ((*name).to_owned(), json!({"type": kind}))
    };
    json!({"type": "object", "properties": names.iter().map(of).collect::<Map<_, _>>()})
}

/// All of them must be there, and no other.
fn object<'n>(properties: impl Iterator<Item = (&'n str, Value)>) -> Value {
    let properties: Map<String, Value> =
        properties.map(|(name, value)| (name.to_owned(), value)).collect();
    let required: Vec<&String> = properties.keys().collect();
    let required = json!(required);
    json!({
        "type": "object", "properties": properties, "required": required,
        "additionalProperties": false,
    })
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items, "minItems": 1})
}

/// Lists nested as a tensor's extents are.
fn lists(value: Value, shape: &[Option<usize>]) -> Value {
    shape.iter().rev().fold(value, |items, extent| {
        let mut list = json!({"type": "array", "items": items});
        if let Some(extent) = extent {
            list["minItems"] = json!(extent);
            list["maxItems"] = json!(extent);
        }
        list
    })
}

fn value(of: Datatype) -> Value {
    match of {
        Datatype::Bool => json!({"type": "boolean"}),
        Datatype::Bytes => json!({"type": "string"}),
        Datatype::Fp32 | Datatype::Fp64 => json!({"type": ["number", "null"]}),
        _ => json!({"type": "integer"}),
    }
}

fn any_of(forms: &[Value]) -> Value {
    match forms {
        [only] => only.clone(),
        several => json!({"anyOf": several}),
    }
}
