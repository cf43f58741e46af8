"""scikit-learn's text features, alone and before a classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .case import Built, Case, export
from .data import counts, real, texts
from .tables import fitted

# skl2onnx cannot write scikit-learn's own pattern; this one finds the same words here.
PATTERN = "[a-zA-Z0-9_]+"


def _over(name: str, model: Any, column: bool = True, options: Any = None) -> Case:
    """`column`: the input has the extent 1 beside the rows, else it is a plain list of strings."""

    def build() -> Built:
        notes, y = texts()
        ask, _ = texts(22, 200)
        ask[5] = ""
        ask[6] = "Unknown WORDS, only! Refund"
        ask[7] = "grün refund  late"
        model.fit(notes, y)
        rows = {"text": ask.reshape(-1, 1) if column else ask}
        return export(model, rows, options=options), rows

    return Case(name, build)


def _beside_numbers() -> Built:
    notes, y = texts()
    ask, _ = texts(22, 200)
    amounts = np.random.default_rng(6).lognormal(2, 1, (320, 1)).astype(np.float32)
    train = np.hstack([notes.reshape(-1, 1), amounts[: len(notes)].astype(object)])
    steps = [("text", TfidfVectorizer(token_pattern=PATTERN), 0), ("amount", StandardScaler(), [1])]
    model = make_pipeline(ColumnTransformer(steps), LogisticRegression()).fit(train, y)
    rows = {"text": ask.reshape(-1, 1), "amount": amounts[120:]}
    return export(model, rows), rows


CASES = [
    _over("CountVectorizer", CountVectorizer(token_pattern=PATTERN)),
    _over("CountVectorizer-default", CountVectorizer()),
    _over("CountVectorizer-flat", CountVectorizer(token_pattern=PATTERN), column=False),
    _over("CountVectorizer-bigrams", CountVectorizer(token_pattern=PATTERN, ngram_range=(1, 2))),
    _over("CountVectorizer-stop", CountVectorizer(token_pattern=PATTERN, stop_words=["card", "cash"])),
    _over("CountVectorizer-binary", CountVectorizer(token_pattern=PATTERN, binary=True)),
    _over("CountVectorizer-char", CountVectorizer(analyzer="char", ngram_range=(1, 2))),
    _over("CountVectorizer-case", CountVectorizer(token_pattern=PATTERN, lowercase=False)),
    _over("TfidfVectorizer", TfidfVectorizer(token_pattern=PATTERN)),
    _over("TfidfVectorizer-l1", TfidfVectorizer(token_pattern=PATTERN, norm="l1", sublinear_tf=True)),
    _over("TfidfVectorizer-none", TfidfVectorizer(token_pattern=PATTERN, norm=None, use_idf=False)),
    _over("TfidfVectorizer-char", TfidfVectorizer(analyzer="char", ngram_range=(2, 3))),
    _over("HashingVectorizer", HashingVectorizer(n_features=32, token_pattern=PATTERN)),
    _over("Tfidf-logistic", make_pipeline(TfidfVectorizer(token_pattern=PATTERN), LogisticRegression())),
    _over(
        "Tfidf-logistic-plain",
        make_pipeline(TfidfVectorizer(token_pattern=PATTERN), LogisticRegression()),
        options={"zipmap": False},
    ),
    _over("Tfidf-ridge", make_pipeline(TfidfVectorizer(token_pattern=PATTERN, ngram_range=(1, 2)), RidgeClassifier())),
    _over("Count-bayes", make_pipeline(CountVectorizer(token_pattern=PATTERN), MultinomialNB())),
    _over(
        "Count-tfidf-logistic",
        make_pipeline(CountVectorizer(token_pattern=PATTERN), TfidfTransformer(), LogisticRegression()),
    ),
    fitted("TfidfTransformer", TfidfTransformer, lambda: counts(real())),
    Case("columns-tfidf", _beside_numbers),
]
