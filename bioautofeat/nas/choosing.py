"""Which of the architectures that were tried make a model together: good ones that err on different records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.evaluation.calibration import SMALLEST, fit_calibration
from bioautofeat.nas.running import probabilities

if TYPE_CHECKING:
    from bioautofeat.nas.whole import Candidate

__all__ = ["chosen_together"]


def chosen_together(
    candidates: list[Candidate], members: int, targets: NDArray[Any], n_classes: int
) -> list[Candidate]:
    """At most so many of the candidates: the first, then whichever helps the mean most.

    Forward selection on the held-out records (Caruana 2004, ICML 21:18), which for networks of different architectures
    is neural ensemble search (Zaidi 2021, NeurIPS 34).  Late networks of a search resemble each other, so that its best
    few make a narrower ensemble than good ones that err on different records.

    Parameters
    ----------
    candidates : list of Candidate
        The best first.
    members : int
    targets : ndarray, shape (held-out records,)
        Codes of classes or values of the records that ``Candidate.outputs`` are about.
    n_classes : int
        0 for values.

    Returns
    -------
    list of Candidate
        The first ``members`` where outputs are not known; fewer than ``members`` where no other one helps.
    """
    known = [candidate for candidate in candidates if candidate.outputs is not None]
    if members == 1 or not candidates or candidates[0].outputs is None or len(known) < 2:
        return candidates[:members]
    said = [_said(candidate.outputs, targets, n_classes) for candidate in known]
    taken, total, lowest = [0], said[0], _loss(said[0], targets, n_classes)
    while len(taken) < min(members, len(known)):
        losses = {
            place: _loss((total + said[place]) / (len(taken) + 1), targets, n_classes)
            for place in range(len(known))
            if place not in taken
        }
        best = min(losses, key=lambda place: (losses[place], place))
        if losses[best] >= lowest:
            break
        taken.append(best)
        total, lowest = total + said[best], losses[best]
    return [known[place] for place in taken]


def _said(outputs: Any, targets: NDArray[Any], n_classes: int) -> NDArray[np.float64]:
    """Values, or probabilities that are as sure as they may be: a training that was cut short is shy."""
    if not n_classes:
        return np.asarray(outputs[:, 0], np.float64)
    shares = probabilities(outputs)
    return fit_calibration(shares, targets).apply(shares)


def _loss(said: NDArray[np.float64], targets: NDArray[Any], n_classes: int) -> float:
    """Mean log loss, or squared error."""
    if not n_classes:
        return float(np.mean((said - targets) ** 2))
    own = said[np.arange(len(targets)), targets]
    return float(-np.log(np.maximum(own, SMALLEST)).mean())
