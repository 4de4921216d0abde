"""Z-curve parameters."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from bioautofeat.alphabet import NUCLEIC, Alphabet
from bioautofeat.families._registry import descriptor
from bioautofeat.parameters import Choice
from bioautofeat.terms.base import Term
from bioautofeat.terms.join import Linear
from bioautofeat.terms.read import Kmers
from bioautofeat.terms.reduce import Count

AXES = np.array([[1.0, 1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, -1.0, -1.0], [-1.0, -1.0, 1.0]])
"""Step of A, C, G, T along x (purine or not), y (amino or keto) and z (weak or strong)."""

FORMS = {"3": (1, 1), "9": (1, 3), "12": (2, 1), "36": (2, 3), "48": (3, 1), "144": (3, 3)}
"""Number of parameters: letters in a word (the last one makes the step) and phases told apart."""

Bits = Literal["3", "9", "12", "36", "48", "144"]


@descriptor(
    "Z-curve parameters",
    alphabets=NUCLEIC,
    reference="Gao and Zhang 2004, Bioinformatics 20:673",
    columns="bits",
    peers="iLearnPlus iFeatureOmega PyFeat",
    aliases="Z_curve_9bit Z_curve_12bit:bits=12 Z_curve_36bit:bits=36 Z_curve_48bit:bits=48 Z_curve_144bit:bits=144",
)
def zcurve(
    alphabet: Alphabet,
    bits: Annotated[Bits, Choice(*FORMS)] = "9",
    norm: Annotated[Literal["frequency", "phase", "count"], Choice("frequency", "phase", "count")] = "frequency",
) -> Term:
    """Steps along the three axes of the Z-curve, apart by the letters before and by the phase.

    ``3`` is the end point; ``9`` tells three phases apart; ``12`` and ``48`` the one or two letters before; ``36``
    and ``144`` both.  ``frequency`` divides by the number of words in the sequence (iLearnPlus), ``phase`` by that in
    the phase (the paper), ``count`` not at all (PyFeat's end point).
    """
    k, phases = FORMS[bits]
    words = Kmers(alphabet, "1" * k)
    contexts = Kmers(alphabet, "1" * (k - 1)).names() if k > 1 else [""]
    steps = np.zeros((phases, len(contexts), 4, len(contexts), phases, 3))
    for phase in range(phases):
        for context in range(len(contexts)):
            steps[phase, context, :, context, phase] = AXES
    prefixes = [[context] if context else [] for context in contexts]
    inner = [[f"phase{phase + 1}"] if phases > 1 else [] for phase in range(phases)]
    names = [".".join([*prefix, *phase, axis]) for prefix in prefixes for phase in inner for axis in "xyz"]
    count = Count(words, "count" if norm == "count" else "frequency", phases, by_phase=norm == "phase")
    return Linear(count, steps.reshape(words.n_words * phases, len(names)), tuple(names))
