"""The scikit-learn transformer: sequences in, features out."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError as LibraryNotFittedError

from bioautofeat.alphabet import DNA, PROTEIN, RNA, Alphabet, get_alphabet
from bioautofeat.errors import AlphabetError, BioautofeatWarning, LabelError, NotFittedError, ParameterError
from bioautofeat.extraction import DENSE_COLUMNS, Ambiguous, Extractor, Short, described_length
from bioautofeat.families import Spec
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Training

__all__ = ["Features", "as_sequences"]

NUCLEOTIDES = {*DNA.letters, *RNA.letters, *DNA.ambiguous}


class FeaturesNotFittedError(NotFittedError, LibraryNotFittedError):
    """Raised by ``transform`` before ``fit``; scikit-learn's own error of that name too."""


def _texts(data: Any) -> list[str]:
    """Strings out of a list, a one-dimensional array, a single column, a Series or a data frame."""
    if isinstance(data, str):
        raise ParameterError("one string is given where a list of sequences is due")
    if hasattr(data, "to_numpy"):
        data = data.to_numpy()
    if isinstance(data, np.ndarray) and data.ndim == 2 and data.shape[1] == 1:
        data = data[:, 0]
    if getattr(data, "ndim", 1) != 1:
        raise ParameterError(f"sequences must be one column of text, not a table of shape {data.shape}")
    texts = data.tolist() if isinstance(data, np.ndarray) else list(data)
    if len(texts) and isinstance(texts[0], (list, tuple, np.ndarray)):
        return _texts(np.array(texts, dtype=object))
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise ParameterError(f"row {i}: {text!r} is not a sequence; sequences are given as text")
    return texts


def _guess(texts: list[str]) -> Alphabet:
    """The alphabet in which strings are written, by the rules for files."""
    letters = [set(text.upper()) for text in texts]
    foreign = [i for i, found in enumerate(letters) if found - NUCLEOTIDES]
    if not foreign:
        return RNA if any("U" in found for found in letters) else DNA
    if 2 * len(foreign) <= len(texts):
        odd = sorted(letters[foreign[0]] - NUCLEOTIDES)[0]
        raise AlphabetError(
            f"row {foreign[0]}: {odd!r} is no nucleotide, but {len(texts) - len(foreign)} of {len(texts)} sequences hold "
            "nucleotides only: the types are mixed; give alphabet= or take the sequence out"
        )
    return PROTEIN


def as_sequences(data: Any, alphabet: str | Alphabet = "auto") -> Sequences:
    """Sequences of anything that holds sequences: :class:`Sequences`, a list or an array of text, one column of a frame.

    RNA may be written with T throughout; it is then read as U, with a warning, where the alphabet is RNA.

    Raises
    ------
    AlphabetError
        For sequences of another alphabet, a letter that it does not know, T and U together.
    ParameterError
        For what is no column of text.
    """
    if isinstance(data, Sequences):
        if alphabet != "auto" and data.alphabet != get_alphabet(alphabet):
            raise AlphabetError(f"{data.alphabet.name} sequences given where {get_alphabet(alphabet).name} is due")
        return data
    texts = _texts(data)
    found = _guess(texts) if alphabet == "auto" else get_alphabet(alphabet)
    if found == RNA:
        with_t = [i for i, text in enumerate(texts) if "T" in text or "t" in text]
        if with_t and any("U" in text or "u" in text for text in texts):
            raise AlphabetError(f"row {with_t[0]}: T and U are mixed: it is neither DNA nor RNA; write all in one way")
        if with_t:
            message = f"{len(with_t)} sequences are written with T; it is read as U"
            warnings.warn(message, BioautofeatWarning, stacklevel=2)
            texts = [text.replace("T", "U").replace("t", "u") for text in texts]
    return Sequences.from_strings(texts, found)


def _labels(y: Any, n: int) -> NDArray[Any] | None:
    """Labels as terms learn from them: values as floats, all else as text."""
    if y is None:
        return None
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (n,):
        raise LabelError(f"labels of shape {labels.shape} for {n} sequences")
    return labels.astype(np.float64) if labels.dtype.kind == "f" else labels.astype(str)


class Features(TransformerMixin, BaseEstimator):
    """Descriptors of sequences as a scikit-learn transformer.

    What a descriptor learns (a length, classes by position, labelled neighbours) it learns in ``fit``, from the training
    rows alone; inside a cross-validated pipeline nothing can leak.

    Parameters
    ----------
    descriptors : str, or list of str or Spec
        E.g. ``["kmer:k=3", "pstnpss"]``.
    alphabet : {"auto", "dna", "rna", "protein"}
    dtype : {"float64", "float32"}
    sparse : bool or "auto"
        Whether a CSR matrix comes out; ``auto``: only for more than 65,536 columns.
    threads : int
        The values are the same for any number.
    ambiguous : {"skip", "error"}
        Whether letters outside the alphabet are left out with their windows, or refused.
    short : {"zero", "nan", "error"}
        What a sequence shorter than a descriptor needs becomes.
    length : int, "min" or "max"
        Number of positions that per-position descriptors describe.

    Attributes
    ----------
    extractor_ : Extractor
        The fitted descriptors.
    alphabet_ : Alphabet
    descriptors_ : tuple of str
    n_features_out_ : int

    Examples
    --------
    >>> Features("kmer:k=1").fit_transform(["AACG", "ACGT"]).tolist()
    [[0.5, 0.25, 0.25, 0.0], [0.25, 0.25, 0.25, 0.25]]
    """

    def __init__(
        self,
        descriptors: str | Spec | Iterable[str | Spec] = "kmer",
        *,
        alphabet: str = "auto",
        dtype: str = "float64",
        sparse: bool | str = "auto",
        threads: int = 1,
        ambiguous: Ambiguous = "skip",
        short: Short = "zero",
        length: int | str = "max",
    ) -> None:
        self.descriptors = descriptors
        self.alphabet = alphabet
        self.dtype = dtype
        self.sparse = sparse
        self.threads = threads
        self.ambiguous = ambiguous
        self.short = short
        self.length = length

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = True
        return tags

    def _check(self) -> list[str | Spec]:
        """The specs; every setting is looked at before any data."""
        one = isinstance(self.descriptors, (str, Spec))
        specs = [self.descriptors] if one else list(self.descriptors)  # type: ignore[arg-type]
        allowed = {
            "dtype": ("float64", "float32"),
            "sparse": (True, False, "auto"),
            "ambiguous": ("skip", "error"),
            "short": ("zero", "nan", "error"),
        }
        for name, options in allowed.items():
            if getattr(self, name) not in options:
                raise ParameterError(f"{name}: {getattr(self, name)!r} is not one of {', '.join(map(str, options))}")
        if isinstance(self.threads, bool) or not isinstance(self.threads, (int, np.integer)) or self.threads < 1:
            raise ParameterError(f"threads: {self.threads!r} is no number of threads")
        return specs  # type: ignore[return-value]

    def fit(self, X: Any, y: Any = None) -> Features:
        """Learn from training sequences what the descriptors need.

        Parameters
        ----------
        X : Sequences, or list, array or column of text, length n
        y : array, length n, optional
            Classes or values, for descriptors that learn from them.
        """
        specs = self._check()
        seqs = as_sequences(X, self.alphabet)
        if not len(seqs):
            raise ParameterError("no sequences to fit on")
        lengths = seqs.lengths
        described = described_length(self.length, max(1, int(lengths.min())), max(1, int(lengths.max())))
        extractor = Extractor.of(specs, seqs.alphabet)
        labels = _labels(y, len(seqs)) if "labels" in extractor.needs else None
        extractor = extractor.fit(Training(described, seqs, labels))
        extractor.check_width(len(seqs), None, self.sparse is not False)
        self.extractor_ = extractor
        self.alphabet_ = seqs.alphabet
        self.descriptors_ = tuple(str(spec) for spec in extractor.specs)
        self.n_features_out_ = extractor.width
        self.n_features_in_ = 1
        return self

    def _fitted(self) -> Extractor:
        if not hasattr(self, "extractor_"):
            raise FeaturesNotFittedError("Features must be fitted first: call fit with training sequences")
        return self.extractor_

    def transform(self, X: Any) -> Any:
        """The features of sequences, shape ``(n, n_features_out_)``: an array, or a CSR matrix where ``sparse`` says so."""
        extractor = self._fitted()
        seqs = as_sequences(X, self.alphabet_)
        sparse = extractor.width > DENSE_COLUMNS if self.sparse == "auto" else bool(self.sparse)
        return extractor.transform(
            seqs,
            short=self.short,
            ambiguous=self.ambiguous,
            threads=self.threads,
            dtype=np.dtype(self.dtype),
            sparse=sparse,
        )

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Names of the columns."""
        return np.array(self._fitted().names, dtype=object)
