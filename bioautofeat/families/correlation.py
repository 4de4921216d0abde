"""Autocorrelation: what the properties of words have in common with those a lag further on."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from bioautofeat.alphabet import DNA, NUCLEIC, PROTEIN, Alphabet
from bioautofeat.errors import ParameterError
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Int, Names
from bioautofeat.properties import word_properties
from bioautofeat.terms.base import Term
from bioautofeat.terms.lagged import (
    Covariances,
    Forms,
    Kind,
    Lags,
    LeadCovariances,
    PerVariance,
    Ratio,
    differences,
    products,
    squared_distances,
)
from bioautofeat.terms.read import Kmers

Properties = Annotated[tuple[str, ...], Names("property slugs, named sets or a .csv file")]
Lag = Annotated[int, Int(1, usual=10)]
First = Annotated[int, Int(0, usual=1)]
Standardise = Annotated[Literal["auto", "none", "sample", "population"], Choice("auto", "none", "sample", "population")]
CovarianceVariant = Annotated[Literal["standard", "repdna"], Choice("standard", "repdna")]
PropyVariant = Annotated[Literal["standard", "propy"], Choice("standard", "propy")]
Norm = Annotated[Literal["mean", "sum"], Choice("mean", "sum")]

_PEERS = "iLearn iLearnPlus iFeatureOmega repDNA PyBioMed"
_STANDARD = (
    "iLearn's family takes RNA properties raw (fault 32; standardise=none does so); repDNA takes another mean and leaves the second "
    "factor of auto terms uncentred (fault 33: up to 0.9 apart; variant=repdna does so)"
)
_OMEGA = "; iFeatureOmega returns the auto terms alone (fault 21: 18 columns instead of {})"
_MORAN = "; the nucleotide version of iLearnPlus and iFeatureOmega sums its denominator over the first words of pairs alone (fault 25: up to {})"


def _covariances(
    words: Kmers,
    properties: tuple[str, ...],
    lag: int,
    kind: Kind,
    standardise: str = "auto",
    variant: str = "standard",
) -> Term:
    table = word_properties(words.alphabet, words.k, properties, standardise)
    form = LeadCovariances if variant == "repdna" else Covariances
    return form(words, table.values, table.slugs, Lags(lag), kind)


@descriptor(
    "Auto covariance of amino acid properties",
    alphabets=[PROTEIN],
    reference="Wold et al. 1993, Analytica Chimica Acta 277:239",
    columns="p * lag",
    peers="iLearnPlus iFeatureOmega",
    aliases="AC",
)
def ac(alphabet: Alphabet, properties: Properties = ("default",), lag: Lag = 3) -> Term:
    """Mean product of a property, less its mean in the record, with itself at 1 to ``lag`` residues further on.

    ``properties`` are slugs (AAindex: ``andn920101``), named sets (``eight``, ``propy``, ``pseaac``, ``zscale``,
    ``aesnn3``, ``all``) or a ``.csv`` file, joined by ``+``; they are standardised over the 20 residues.  Columns
    run property by property.
    """
    return _covariances(Kmers(alphabet), properties, lag, "auto")


@descriptor(
    "Auto and cross covariance of amino acid properties",
    alphabets=[PROTEIN],
    reference="Wold et al. 1993, Analytica Chimica Acta 277:239",
    columns="p^2 * lag",
    peers="iLearnPlus iFeatureOmega",
    aliases="ACC",
)
def acc(alphabet: Alphabet, properties: Properties = ("default",), lag: Lag = 3) -> Term:
    """The columns of ``ac`` and then of ``cc``."""
    return _covariances(Kmers(alphabet), properties, lag, "both")


@descriptor(
    "Autocorrelation of amino acid properties",
    alphabets=[PROTEIN],
    reference="Cruciani et al. 2004, Journal of Chemometrics 18:146",
    columns="p * (lag - first + 1)",
    peers="modlAMP peptides",
    aliases="calculate_autocorr autocorrelation",
)
def autocorr(
    alphabet: Alphabet,
    properties: Properties = ("zscale",),
    lag: Lag = 3,
    first: First = 1,
    standardise: Standardise = "none",
    norm: Annotated[Literal["mean", "letters", "squares"], Choice("mean", "letters", "squares")] = "mean",
) -> Term:
    """Sum of products of a property at residues ``first`` to ``lag`` apart, over a number that ``norm`` says.

    ``mean``: the pairs (modlAMP, with ``first=0`` its window is ``lag + 1``); ``letters``: the residues (the auto
    covariance of peptides, with ``standardise=sample``); ``squares``: the squares of the first residue's property
    (the autocorrelation of peptides; 0 where they sum to 0).  The record's own mean is not subtracted; the lag is
    the outer index of the columns.
    """
    words, lags = Kmers(alphabet), Lags(lag, first)
    table = word_properties(alphabet, 1, properties, standardise)
    forms = products(table.values)
    if norm != "squares":
        return Forms(words, forms, table.slugs, lags, "lag", norm)
    squares = np.broadcast_to(table.values[:, None, :] ** 2, forms.shape)
    return Ratio(Forms(words, forms, table.slugs, lags, "lag"), Forms(words, squares, table.slugs, lags, "lag"))


@descriptor(
    "Cross covariance of amino acid properties",
    alphabets=[PROTEIN],
    reference="Wold et al. 1993, Analytica Chimica Acta 277:239",
    columns="p * (p - 1) * lag",
    peers="iLearnPlus iFeatureOmega",
    aliases="CC",
)
def cc(alphabet: Alphabet, properties: Properties = ("default",), lag: Lag = 3) -> Term:
    """As ``ac``, of one property with another 1 to ``lag`` residues further on, for all ordered pairs."""
    return _covariances(Kmers(alphabet), properties, lag, "cross")


@descriptor(
    "Cross-correlation of amino acid properties",
    alphabets=[PROTEIN],
    reference="Cruciani et al. 2004, Journal of Chemometrics 18:146",
    columns="pairs of p * (lag - first + 1)",
    peers="modlAMP protpy peptides",
    aliases="calculate_crosscorr auto_cross_covariance",
)
def crosscorr(
    alphabet: Alphabet,
    properties: Properties = ("zscale",),
    lag: Lag = 3,
    first: First = 1,
    standardise: Standardise = "none",
    pairs: Annotated[Literal["all", "upper", "different"], Choice("all", "upper", "different")] = "all",
    norm: Annotated[Literal["mean", "letters"], Choice("mean", "letters")] = "mean",
) -> Term:
    """As ``autocorr``, of one property at a residue with another at the residue ``first`` to ``lag`` further on.

    ``pairs``: ``all`` ordered ones, each property with itself too (protpy); ``upper``, those whose second property
    does not stand before the first (modlAMP); ``different``, of these the ones of two properties (peptides).
    """
    table = word_properties(alphabet, 1, properties, standardise)
    n, least = len(table.slugs), {"all": -len(table.slugs), "upper": 0, "different": 1}[pairs]
    chosen = [(u, v) for u in range(n) for v in range(n) if v - u >= least]
    if not chosen:
        raise ParameterError("pairs=different needs two properties or more")
    first_of, second_of = (table.values[:, list(side)] for side in zip(*chosen, strict=True))
    forms = first_of[:, None, :] * second_of[None, :, :]
    labels = tuple(f"{table.slugs[u]}+{table.slugs[v]}" for u, v in chosen)
    return Forms(Kmers(alphabet), forms, labels, Lags(lag, first), "lag", norm)


@descriptor(
    "Auto covariance of dinucleotide properties",
    alphabets=NUCLEIC,
    reference="Dong et al. 2009, Bioinformatics 25:2655",
    columns="p * lag",
    peers=_PEERS,
    differs=_STANDARD,
    aliases="DAC",
)
def dac(
    alphabet: Alphabet,
    properties: Properties = ("default",),
    lag: Lag = 3,
    standardise: Standardise = "auto",
    variant: CovarianceVariant = "standard",
) -> Term:
    """Mean product of a property, less its mean in the record, with itself at 1 to ``lag`` dinucleotides further on.

    ``properties`` are slugs (``twist``), named sets (DNA: ``six``, ``chen``, ``guo``, ``classic``, ``repdna38``,
    ``dpcp``, ``raw``, ``all``; RNA: ``six``, ``raw11``, ``pcpsd``, ``all``) or a ``.csv`` file, joined by ``+``.
    Tables that were published standardised stay as they are; ``standardise=auto`` divides all else by the sample
    deviation over the 16 words, ``none`` takes every table as published.
    """
    return _covariances(Kmers(alphabet, "11"), properties, lag, "auto", standardise, variant)


@descriptor(
    "Auto and cross covariance of dinucleotide properties",
    alphabets=NUCLEIC,
    reference="Dong et al. 2009, Bioinformatics 25:2655",
    columns="p^2 * lag",
    peers=_PEERS,
    differs=_STANDARD + _OMEGA.format("108"),
    aliases="DACC",
)
def dacc(
    alphabet: Alphabet,
    properties: Properties = ("default",),
    lag: Lag = 3,
    standardise: Standardise = "auto",
    variant: CovarianceVariant = "standard",
) -> Term:
    """The columns of ``dac`` and then of ``dcc``."""
    return _covariances(Kmers(alphabet, "11"), properties, lag, "both", standardise, variant)


@descriptor(
    "Cross covariance of dinucleotide properties",
    alphabets=NUCLEIC,
    reference="Dong et al. 2009, Bioinformatics 25:2655",
    columns="p * (p - 1) * lag",
    peers=_PEERS,
    differs=_STANDARD + _OMEGA.format("90"),
    aliases="DCC",
)
def dcc(
    alphabet: Alphabet,
    properties: Properties = ("default",),
    lag: Lag = 3,
    standardise: Standardise = "auto",
    variant: CovarianceVariant = "standard",
) -> Term:
    """As ``dac``, of one property with another 1 to ``lag`` dinucleotides further on, for all ordered pairs."""
    return _covariances(Kmers(alphabet, "11"), properties, lag, "cross", standardise, variant)


def _words(alphabet: Alphabet) -> Kmers:
    """Dinucleotides, or residues."""
    return Kmers(alphabet, "1" if alphabet == PROTEIN else "11")


@descriptor(
    "Geary autocorrelation",
    reference="Geary 1954, The Incorporated Statistician 5:115; Sokal & Thomson 2006, American Journal of Physical Anthropology 129:121",
    columns="p * lag",
    peers="iLearnPlus iFeatureOmega protpy propy3 PyBioMed",
    differs="propy3 and PyBioMed have one factor N/(N-1) too many (fault 37; variant=propy does so)"
    + _MORAN.format("0.67"),
    aliases="Geary geary_autocorrelation",
)
def geary(
    alphabet: Alphabet, properties: Properties = ("default",), lag: Lag = 3, variant: PropyVariant = "standard"
) -> Term:
    """Mean squared difference of a property at words a lag apart, over twice its sample variance in the record.

    The words are residues, or dinucleotides; 0 where the property does not vary in the record.
    """
    words = _words(alphabet)
    table = word_properties(alphabet, words.k, properties, "population")
    forms = Forms(words, differences(table.values) / 2, table.slugs, Lags(lag))
    return PerVariance(forms, table.values, "propy" if variant == "propy" else "sample")


@descriptor(
    "Moran autocorrelation",
    reference="Moran 1950, Biometrika 37:17; Feng & Zhang 2000, Journal of Protein Chemistry 19:269",
    columns="p * lag",
    peers="iLearnPlus iFeatureOmega protpy propy3 PyBioMed",
    differs="PyBioMed has -56 for the mutability of K (fault 42)" + _MORAN.format("0.12"),
    aliases="Moran moran_autocorrelation",
)
def moran(alphabet: Alphabet, properties: Properties = ("default",), lag: Lag = 3) -> Term:
    """Covariance of a property at words a lag apart, over its variance in the record.

    The words are residues, or dinucleotides; 0 where the property does not vary in the record.
    """
    words = _words(alphabet)
    table = word_properties(alphabet, words.k, properties, "population")
    return PerVariance(Covariances(words, table.values, table.slugs, Lags(lag)), table.values)


@descriptor(
    "Normalised Moreau-Broto autocorrelation",
    reference="Moreau & Broto 1980, Nouveau Journal de Chimie 4:359; Feng & Zhang 2000, Journal of Protein Chemistry 19:269",
    columns="p * lag",
    peers="iLearnPlus iFeatureOmega protpy propy3 PyBioMed",
    differs="propy3 and PyBioMed multiply by the next residue at every lag (fault 36; variant=propy does so)",
    aliases="NMBroto MoreauBroto moreaubroto_autocorrelation",
)
def nmbroto(
    alphabet: Alphabet, properties: Properties = ("default",), lag: Lag = 3, variant: PropyVariant = "standard"
) -> Term:
    """Mean product of a property at words a lag apart; the words are residues, or dinucleotides.

    Properties are standardised over all words with the population's deviation.
    """
    words = _words(alphabet)
    table = word_properties(alphabet, words.k, properties, "population")
    return Forms(words, products(table.values), table.slugs, Lags(lag, partner=1 if variant == "propy" else None))


@descriptor(
    "Sequence order coupling numbers",
    alphabets=[PROTEIN],
    reference="Chou 2000, Biochemical and Biophysical Research Communications 278:477",
    columns="distances * lag",
    peers="iLearnPlus iFeatureOmega propy3 PyBioMed protpy",
    differs="PyBioMed's Grantham table holds the distances of Schneider and Wrede (fault 43: 12.97 instead of 365,193)",
    aliases="SOCNumber SOCN sequence_order_coupling_number",
)
def socn(
    alphabet: Alphabet,
    distances: Annotated[tuple[str, ...], Names("schneider-wrede, grantham, grantham-unscaled or a .csv file")] = (
        "schneider-wrede",
        "grantham",
    ),
    lag: Lag = 3,
    norm: Norm = "mean",
) -> Term:
    """Squared distance between residues a lag apart: its mean over all pairs, or its sum (propy)."""
    forms, labels = squared_distances(distances, alphabet)
    return Forms(Kmers(alphabet), forms, labels, Lags(lag), norm=norm)


@descriptor(
    "Auto covariance of trinucleotide properties",
    alphabets=[DNA],
    reference="Liu et al. 2015, Bioinformatics 31:1307",
    columns="p * lag",
    peers=_PEERS,
    differs=_STANDARD,
    aliases="TAC",
)
def tac(
    alphabet: Alphabet,
    properties: Properties = ("default",),
    lag: Lag = 3,
    standardise: Standardise = "auto",
    variant: CovarianceVariant = "standard",
) -> Term:
    """Mean product of a property, less its mean in the record, with itself at 1 to ``lag`` trinucleotides further on.

    ``properties`` are slugs (``dnase-i``), named sets (``two``, ``tpcp``, ``raw``, ``all``) or a ``.csv`` file,
    joined by ``+``.
    """
    return _covariances(Kmers(alphabet, "111"), properties, lag, "auto", standardise, variant)


@descriptor(
    "Auto and cross covariance of trinucleotide properties",
    alphabets=[DNA],
    reference="Liu et al. 2015, Bioinformatics 31:1307",
    columns="p^2 * lag",
    peers=_PEERS,
    differs=_STANDARD + _OMEGA.format("12"),
    aliases="TACC",
)
def tacc(
    alphabet: Alphabet,
    properties: Properties = ("default",),
    lag: Lag = 3,
    standardise: Standardise = "auto",
    variant: CovarianceVariant = "standard",
) -> Term:
    """The columns of ``tac`` and then of ``tcc``."""
    return _covariances(Kmers(alphabet, "111"), properties, lag, "both", standardise, variant)


@descriptor(
    "Cross covariance of trinucleotide properties",
    alphabets=[DNA],
    reference="Liu et al. 2015, Bioinformatics 31:1307",
    columns="p * (p - 1) * lag",
    peers=_PEERS,
    differs=_STANDARD + _OMEGA.format("6 other ones"),
    aliases="TCC",
)
def tcc(
    alphabet: Alphabet,
    properties: Properties = ("default",),
    lag: Lag = 3,
    standardise: Standardise = "auto",
    variant: CovarianceVariant = "standard",
) -> Term:
    """As ``tac``, of one property with another 1 to ``lag`` trinucleotides further on, for all ordered pairs."""
    return _covariances(Kmers(alphabet, "111"), properties, lag, "cross", standardise, variant)
