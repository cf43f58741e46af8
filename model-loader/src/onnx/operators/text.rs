//! Strings and categories, casts included.

mod attribute;
mod cast;
mod categories;
mod format;
mod label_encoder;
mod maps;
mod parse;
mod string_normalizer;
mod strings;
mod tf_idf_vectorizer;
mod tokenizer;

use super::Table;

/// Of their domain, by name.
pub(super) const CORE: Table = &[
    ("Cast", cast::cast),
    ("CastLike", cast::cast_like),
    ("StringConcat", strings::concat),
    ("StringNormalizer", string_normalizer::string_normalizer),
    ("StringSplit", strings::split),
    ("TfIdfVectorizer", tf_idf_vectorizer::tf_idf_vectorizer),
];

/// Of their domain, by name.
pub(super) const ML: Table = &[
    ("CastMap", maps::cast_map),
    ("CategoryMapper", categories::category_mapper),
    ("DictVectorizer", maps::dict_vectorizer),
    ("LabelEncoder", label_encoder::label_encoder),
    ("OneHotEncoder", categories::one_hot_encoder),
    ("ZipMap", maps::zip_map),
];

/// Of their domain, by name.
pub(super) const MICROSOFT: Table = &[("Tokenizer", tokenizer::tokenizer)];
