"""The scikit-learn transformer."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import sklearn.exceptions
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import FeatureUnion, Pipeline

import bioautofeat as baf
from bioautofeat.errors import AlphabetError, BioautofeatWarning, FastaError, LabelError, NotFittedError, ParameterError
from bioautofeat.families import get, parse
from bioautofeat.features import Features, as_sequences
from bioautofeat.sequences import Sequences

TEXTS = ["ACGTACGTTG", "GGGTTTACGA", "ACGACGACNA", "TTTTACGTAG", "CCGATCGTAC", "AAAATTTCGC"] * 4
LABELS = np.array(["x", "y", "x", "y", "y", "x"] * 4)


def frames():
    pandas = pytest.importorskip("pandas")
    return [pandas.DataFrame({"sequence": TEXTS}), pandas.Series(TEXTS)]


def test_all_kinds_of_input_are_one():
    expected = Features("kmer:k=2").fit_transform(TEXTS)
    seqs = Sequences.from_strings(TEXTS, "dna")
    column = np.array(TEXTS, dtype=object)[:, None]
    kinds = [
        seqs,
        tuple(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        column,
        [[t] for t in TEXTS],
        *frames(),
    ]
    for data in kinds:
        assert np.array_equal(Features("kmer:k=2").fit(data).transform(data), expected)


def test_it_is_lazy_and_public():
    assert baf.Features is Features


def test_names_width_and_frames():
    features = Features(["kmer:k=1", "cksnap:gap=0"]).fit(TEXTS)
    names = features.get_feature_names_out()
    assert list(names[:4]) == ["kmer_k1_A", "kmer_k1_C", "kmer_k1_G", "kmer_k1_T"]
    assert features.n_features_out_ == len(names) == features.transform(TEXTS).shape[1]
    assert features.descriptors_ == ("kmer:k=1", "cksnap:gap=0")
    frame = features.set_output(transform="pandas").transform(TEXTS)
    assert list(frame.columns) == list(names)


def test_specs_of_every_form():
    by_text = Features("kmer:k=2").fit_transform(TEXTS)
    for descriptors in (parse("kmer:k=2"), [get("kmer")(k=2)], ("kmer:k=2",)):
        assert np.array_equal(Features(descriptors).fit_transform(TEXTS), by_text)


def test_clone_pickle_and_parameters():
    features = Features([get("kmer")(k=2), "nac"], short="nan", threads=2)
    again = clone(features)
    assert again.get_params()["short"] == "nan"
    assert str(again.descriptors[0]) == "kmer:k=2"
    fitted = again.fit(TEXTS)
    assert np.array_equal(pickle.loads(pickle.dumps(fitted)).transform(TEXTS), fitted.transform(TEXTS))
    assert not hasattr(clone(fitted), "extractor_")


@pytest.mark.parametrize("kind", ["sequences", "list", "array"])
def test_cross_validation_and_search(kind):
    data = {"sequences": Sequences.from_strings(TEXTS, "dna"), "list": TEXTS, "array": np.array(TEXTS)}[kind]
    model = Pipeline([("features", Features(["kmer:k=2", "pstnpss"])), ("model", LogisticRegression())])
    scores = cross_val_score(model, data, LABELS, cv=3, error_score="raise")
    assert len(scores) == 3
    grid = {"features__descriptors": [["kmer:k=1"], "kmer:k=2"], "features__short": ["zero"]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(data, LABELS)
    assert search.best_params_["features__descriptors"] in (["kmer:k=1"], "kmer:k=2")
    train, test, y_train, y_test = train_test_split(data, LABELS, test_size=0.25, random_state=0)
    assert model.fit(train, y_train).predict(test).shape == y_test.shape


def test_unknown_letters_survive_splitting():
    seqs = Sequences.from_strings(["ACGTN", "NNACG", "ACGAC"], "dna")
    whole = Features("kmer:k=2").fit_transform(seqs)
    assert np.array_equal(Features("kmer:k=2").fit(seqs).transform(seqs[np.array([2, 0])]), whole[[2, 0]])


def test_sequences_are_indexed_as_arrays_are():
    seqs = Sequences.from_strings(["A", "CC", "GGG", "TTTT"], "dna")
    assert seqs.shape == (4,)
    assert list(seqs[[3, 0]]) == ["TTTT", "A"]
    assert list(seqs[np.array([True, False, True, False])]) == ["A", "GGG"]
    assert list(seqs[np.array([1, 1]), ...]) == ["CC", "CC"]
    assert list(seqs[np.array([], dtype=np.int64)]) == []
    assert seqs[np.int64(2)] == "GGG"
    with pytest.raises(IndexError):
        seqs[np.array([True])]
    with pytest.raises(IndexError):
        seqs[[4]]


def test_nothing_of_the_test_rows_is_learnt():
    features = Features("pstnpss").fit(TEXTS[:12], LABELS[:12])
    before = features.transform(TEXTS)
    features.transform(["ACGTACGTAC"] * 5)
    assert np.array_equal(features.transform(TEXTS), before)
    other = Features("pstnpss").fit(TEXTS[:12], LABELS[:12][::-1].copy())
    assert not np.array_equal(other.transform(TEXTS), before)


def test_union_with_other_steps():
    union = FeatureUnion([("a", Features("kmer:k=1")), ("b", CountVectorizer(analyzer="char", ngram_range=(2, 2)))])
    assert union.fit_transform(TEXTS).shape[0] == len(TEXTS)


def test_sparse_only_where_asked_or_very_wide():
    from scipy.sparse import issparse

    dense = Features("kmer:k=3").fit_transform(TEXTS)
    sparse = Features("kmer:k=3", sparse=True).fit_transform(TEXTS)
    assert not issparse(dense)
    assert issparse(sparse)
    assert np.array_equal(sparse.toarray(), dense)
    wide = Features("kmer:k=9").fit_transform(TEXTS)
    assert issparse(wide)
    assert wide.shape == (len(TEXTS), 4**9)
    with pytest.raises(ParameterError, match="sparse"):
        Features("kmer:k=9", sparse=False).fit(TEXTS)


def test_precision():
    single = Features("kmer:k=3", dtype="float32").fit_transform(TEXTS)
    assert single.dtype == np.float32
    assert np.abs(single - Features("kmer:k=3").fit_transform(TEXTS)).max() < 1e-6


def test_short_sequences():
    texts = ["ACGT", "A"]
    assert np.array_equal(Features("kmer:k=2").fit_transform(texts)[1], np.zeros(16))
    assert np.isnan(Features("kmer:k=2", short="nan").fit_transform(texts)[1]).all()
    with pytest.raises(FastaError, match="shorter"):
        Features("kmer:k=2", short="error").fit_transform(texts)
    with pytest.raises(FastaError, match="outside dna"):
        Features("kmer:k=2", ambiguous="error").fit_transform(["ACGN"])


def test_lengths():
    texts = ["ACGT", "ACGTAC"]
    assert Features("binary").fit(texts).n_features_out_ == 24
    assert Features("binary", length="min").fit(texts).n_features_out_ == 16
    assert Features("binary", length=3).fit(texts).n_features_out_ == 12
    assert Features("binary").fit(texts).transform(["ACGTACGTACGT"]).shape == (1, 24)


def test_alphabets_are_judged_as_for_files():
    assert Features("kmer").fit(["ACGT", "NNRA"]).alphabet_.name == "dna"
    assert Features("kmer").fit(["ACGU", "ACG"]).alphabet_.name == "rna"
    assert Features("aac").fit(["MKLE", "ACG", "EIF"]).alphabet_.name == "protein"
    with pytest.raises(AlphabetError, match="mixed"):
        Features("kmer").fit(["ACGT", "ACGT", "MKLE"])
    with pytest.raises(AlphabetError):
        Features("kmer").fit(["ACGT"]).transform(["ACGU"])
    with pytest.raises(AlphabetError, match="protein sequences given"):
        Features("kmer").fit(["ACGT"]).transform(Sequences.from_strings(["MKLE"], "protein"))


def test_rna_written_with_t():
    with pytest.warns(BioautofeatWarning, match="2 sequences are written with T"):
        seqs = as_sequences(["ACGT", "acgt", "AAA"], "rna")
    assert list(seqs) == ["ACGU", "ACGU", "AAA"]
    with pytest.raises(AlphabetError, match="mixed"):
        as_sequences(["ACGT", "ACGU"], "rna")


def test_errors_are_ours_and_scikit_learns():
    with pytest.raises(sklearn.exceptions.NotFittedError):
        Features("kmer").transform(TEXTS)
    with pytest.raises(NotFittedError):
        Features("kmer").get_feature_names_out()
    for settings_ in (
        {"dtype": "int8"}, {"sparse": "maybe"}, {"short": "drop"}, {"ambiguous": "?"}, {"threads": 0}, {"length": 0}, {"length": "all"},
    ):  # fmt: skip
        with pytest.raises(ParameterError):
            Features("kmer", **settings_).fit(TEXTS)
    for descriptors in ([], ["kmers"], ["kmer", "kmer"], ["kmer:k=0"]):
        with pytest.raises(ParameterError):
            Features(descriptors).fit(TEXTS)
    for data in ("ACGT", [1, 2], [None], np.zeros((3, 2)), np.array([["A", "C"]]), []):
        with pytest.raises(ParameterError):
            Features("kmer").fit(data)
    with pytest.raises(ParameterError, match="labels"):
        Features("pstnpss").fit(TEXTS)
    with pytest.raises(LabelError):
        Features("pstnpss").fit(TEXTS, LABELS[:3])


def test_values_as_labels():
    values = np.arange(len(TEXTS), dtype=float)
    assert Features("pstnpss").fit(TEXTS, values).n_features_out_ == 8
    assert Features("pstnpss").fit(TEXTS, (values > 10).astype(int)[:, None]).n_features_out_ == 8


@given(
    st.lists(st.text(alphabet="ACGTNacgtn", max_size=40), min_size=1, max_size=40),
    st.integers(2, 4),
    st.integers(1, 7),
)
@settings(max_examples=25, deadline=None)
def test_the_same_bits_for_any_threads_and_chunks(texts, threads, chunk):
    specs = ["kmer:k=2", "enac", "dac"]
    features = Features(specs, alphabet="dna", length=12).fit(texts)
    whole = features.transform(texts)
    assert np.array_equal(features.set_params(threads=threads).transform(texts), whole)
    parts = [features.transform(texts[i : i + chunk]) for i in range(0, len(texts), chunk)]
    assert np.array_equal(np.vstack(parts), whole)


def test_equal_to_count_vectorizer(rng):
    texts = ["".join(rng.choice(list("ACGT"), int(n))) for n in rng.integers(4, 80, 50)] + ["ACGT" * 4]
    words = ["".join(w) for w in np.array(np.meshgrid(*[list("ACGT")] * 3, indexing="ij")).reshape(3, -1).T]
    counted = CountVectorizer(analyzer="char", ngram_range=(3, 3), lowercase=False, vocabulary=words).fit_transform(
        texts
    )
    assert np.array_equal(Features("kmer:k=3,norm=count").fit_transform(texts), counted.toarray())


def test_tags_and_checks_of_scikit_learn():
    from sklearn.exceptions import SkipTestWarning
    from sklearn.utils import get_tags
    from sklearn.utils.estimator_checks import check_estimator

    tags = get_tags(Features())
    assert (tags.input_tags.string, tags.input_tags.two_d_array, tags.requires_fit) == (True, False, True)
    with pytest.warns(SkipTestWarning):  # scikit-learn has one check for text
        check_estimator(Features("kmer"))
