//! What is an alias, and what a query.

use super::{Alias, ModelQuery};
use crate::error::Error;

#[test]
fn a_query_is_a_version_or_an_alias() {
    for text in ["fraud:1", "fraud@champion", "a.b-c@v1-candidate", "fraud@v", "fraud@1"] {
        assert_eq!(text.parse::<ModelQuery>().unwrap().to_string(), text);
    }
    let query: ModelQuery = "fraud@champion".parse().unwrap();
    assert!(matches!(&query, ModelQuery::Alias { model, alias }
        if model.as_ref() == "fraud" && alias.as_ref() == "champion"));
    assert_eq!(query.model().as_ref(), "fraud");
    assert!(matches!("fraud:1".parse(), Ok(ModelQuery::Version(_))));
}

#[test]
fn what_mlflow_refuses_as_an_alias_is_refused() {
    for text in ["latest", "Latest", "LATEST", "v1", "V1", "v007"] {
        let error = text.parse::<Alias>().unwrap_err();
        assert!(matches!(&error, Error::Name { given, .. } if given == text), "{error}");
        let error = format!("fraud@{text}").parse::<ModelQuery>().unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    }
    for text in ["", "a/b", "-a", "champion@1", "a:b"] {
        assert!(text.parse::<Alias>().is_err(), "{text}");
    }
    for text in ["fraud", "fraud@", "@champion", "fraud:1@champion", "fraud@champion:1", ""] {
        assert!(text.parse::<ModelQuery>().is_err(), "{text}");
    }
}
