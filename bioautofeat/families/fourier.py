"""Spectra of numerical mappings."""

from __future__ import annotations

from typing import Annotated

from bioautofeat.alphabet import Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice, Int, Real
from bioautofeat.terms.base import Term
from bioautofeat.terms.maps import MAPPINGS, Mapping, mapping_track
from bioautofeat.terms.spectrum import SpectrumNames, SpectrumSummary, ToneRatio

MappingRange = Choice(*MAPPINGS)


@descriptor(
    "Power spectrum of a numerical mapping",
    reference="Bonidia et al. 2021, Briefings in Bioinformatics 22:bbab011",
    columns="19",
    peers="MathFeature",
    differs="MathFeature writes the population standard deviation under the name of the sample's and the other way "
    "round (33 against 34 on its first record with real numbers would be swapped); the names here say what each is, "
    "naming=mathfeature gives its header; quotients by 0 are 0 and not nan; its protein EIIP has A, K and R ten times "
    "too large (mapping=eiip-mathfeature)",
    aliases=(
        "FourierTransform Fourier_Binary Fourier_Zcurve:mapping=zcurve Fourier_Real:mapping=real Fourier_Integer:mapping=integer "
        "Fourier_EIIP:mapping=eiip Fourier_Complex:mapping=complex Fourier_Atomic:mapping=atomic "
        "ANF_Fourier:mapping=prefix-frequency Protein_AccumFreq_Fourier:mapping=prefix-frequency "
        "FCGR_track_Fourier:mapping=kmer-frequency,k=3 Protein_Integer_Fourier:mapping=integer "
        "Protein_EIIP_Fourier:mapping=eiip Protein_KmerFreqMap_Fourier:mapping=kmer-frequency,k=2"
    ),
)
def fourier(
    alphabet: Alphabet,
    mapping: Annotated[Mapping, MappingRange] = "binary",
    k: Annotated[int, Int(1, usual=3)] = 1,
    naming: Annotated[SpectrumNames, Choice("corrected", "mathfeature")] = "corrected",
) -> Term:
    """Nineteen statistics of the power spectrum of a mapping, over all frequencies, 0 and the mirrored half included.

    ``binary`` (one channel a letter), ``zcurve`` (cumulative, three), ``real``, ``integer``, ``eiip``, ``complex``,
    ``atomic``, ``prefix-frequency`` (share of the letter so far) or ``kmer-frequency`` (share of the word of ``k``
    letters in the record).  ``third_length_per_power`` is ``(L / 3) / mean``, which MathFeature calls peak; the
    power at period 3 is what ``periodicity`` gives.
    """
    return SpectrumSummary(mapping_track(alphabet, mapping, k), naming)


@descriptor(
    "Signal-to-noise ratio of a period",
    reference="Tiwari et al. 1997, Computer Applications in the Biosciences 13:263",
    columns="1",
    aliases="period3",
)
def periodicity(
    alphabet: Alphabet,
    mapping: Annotated[Mapping, MappingRange] = "binary",
    period: Annotated[float, Real(2, 1000)] = 3.0,
    k: Annotated[int, Int(1, usual=3)] = 1,
) -> Term:
    """Power of a mapping at one period over its mean power at all frequencies but 0.

    Coding DNA has a peak at period 3, an alpha helix at 3.6 residues.  The mean of each channel is taken away first.
    """
    return ToneRatio(mapping_track(alphabet, mapping, k), period)
