"""REINFORCE: a policy draws architectures and is pushed towards those that score above a running mean."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.errors import ParameterError
from bioautofeat.parameters import Choice, Flag, Int, Range, Real
from bioautofeat.search.base import Strategy, Suggestion, Trial
from bioautofeat.search.space import Point, Space

__all__ = ["Baseline", "Decision", "Reinforce", "ReinforceTable", "levels", "score_function_gradient"]

Decision = tuple[str, tuple[Any, ...]]
"""What a policy decides on: a parameter's name and the values among which it chooses."""

MOST_LEVELS = 16
"""A policy chooses among at most so many values of a number."""


def levels(limits: Range) -> tuple[Any, ...]:
    """The values of a range among which a policy chooses: all of a finite one, evenly spaced ones of the others."""
    if isinstance(limits, Choice):
        return limits.options
    if isinstance(limits, Flag):
        return (False, True)
    if isinstance(limits, Int):
        count = min(MOST_LEVELS, limits.top - limits.low + 1)
        return tuple(round(float(value)) for value in np.linspace(limits.low, limits.top, count))
    if isinstance(limits, Real):
        spaced = np.geomspace if limits.log else np.linspace
        grid = spaced(limits.low, limits.high, MOST_LEVELS)
        return tuple(float(min(max(value, limits.low), limits.high)) for value in grid)
    raise ParameterError(f"a {limits.kind} is no decision that a policy can learn")


def nearest(options: Sequence[Any], value: Any) -> int:
    """Number of the option that is the value, or the nearest one where it is a number between two.

    Raises
    ------
    ParameterError
        For a name that is none of the options: the point does not lie in the space.
    """
    if value in options:
        return options.index(value)
    if isinstance(value, str) or isinstance(options[0], str):
        raise ParameterError(f"{value!r} is not one of {', '.join(map(str, options))}")
    return int(np.argmin([abs(option - value) for option in options]))


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of logits."""
    weights = np.exp(logits - logits.max())
    return np.asarray(weights / weights.sum())


def draw(probabilities: NDArray[np.float64], rng: np.random.Generator) -> int:
    """Number of the option that a uniform number falls on."""
    place = int(np.searchsorted(np.cumsum(probabilities), rng.random(), side="right"))
    return min(place, len(probabilities) - 1)


def score_function_gradient(
    logits: NDArray[np.float64], actions: NDArray[np.int64], rewards: NDArray[np.float64], baseline: float = 0.0
) -> NDArray[np.float64]:
    """Estimate of the gradient of the expected reward of one categorical decision by its logits.

    ``mean_m (R_m - b) (onehot(a_m) - p)`` (Williams 1992, Mach Learn 8:229).

    Parameters
    ----------
    logits : ndarray, shape (options,)
    actions : ndarray of int, shape (samples,)
    rewards : ndarray, shape (samples,)
    baseline : float
        Any number that does not depend on the actions: it changes the variance, not the mean.
    """
    gain = rewards - baseline
    taken = np.bincount(actions, weights=gain, minlength=len(logits))
    return np.asarray((taken - gain.sum() * softmax(logits)) / len(actions))


class Baseline:
    """Exponential mean of past rewards, corrected for its start at zero.

    Parameters
    ----------
    momentum : float
    """

    def __init__(self, momentum: float = 0.9) -> None:
        self.momentum = momentum
        self._sum = self._weight = 0.0

    @property
    def value(self) -> float | None:
        """The mean, or None before the first reward."""
        return self._sum / self._weight if self._weight else None

    def update(self, reward: float) -> None:
        """Count a reward in."""
        self._sum = self.momentum * self._sum + (1 - self.momentum) * reward
        self._weight = self.momentum * self._weight + (1 - self.momentum)


class Reinforce(Strategy):
    """Policy gradient with a running baseline and an entropy bonus (Williams 1992; Zoph and Le 2017, ICLR).

    The policy is pushed by ``grad log p(point) * (reward - baseline)``; the first reward only sets the baseline.  The
    entropy of the decisions, times ``entropy``, is added to the reward, as ENAS does.  A failure counts as the worst
    reward so far.  A point that the policy did not suggest teaches it all the same.  Points may repeat.

    Parameters
    ----------
    space : Space
    momentum : float
        Of the baseline.
    entropy : float
        Weight of the entropy, in units of the score.
    """

    def __init__(self, space: Space, momentum: float = 0.9, entropy: float = 0.0) -> None:
        super().__init__(space)
        self.baseline, self.entropy = Baseline(momentum), entropy
        self._worst: float | None = None

    @abstractmethod
    def probabilities(self, decision: Decision, before: Sequence[tuple[Decision, int]]) -> NDArray[np.float64]:
        """Of each option of a decision, given the earlier ones."""

    @abstractmethod
    def learn(self, taken: Sequence[tuple[Decision, int]], gain: float) -> None:
        """One step along ``gain`` times the gradient of the log-probability of what was taken."""

    def ask(self, rng: np.random.Generator) -> Suggestion:
        before: list[tuple[Decision, int]] = []

        def choose(name: str, limits: Range) -> Any:
            decision = (name, levels(limits))
            chosen = draw(self.probabilities(decision, before), rng)
            before.append((decision, chosen))
            return decision[1][chosen]

        return Suggestion(self.space.point(choose))

    def tell(self, trial: Trial) -> None:
        super().tell(trial)
        known = trial.merit > -math.inf
        if known:
            self._worst = trial.merit if self._worst is None else min(self._worst, trial.merit)
        if self._worst is None:
            return
        taken = self.decisions(trial.point)
        reward = (trial.merit if known else self._worst) + self.entropy * self.entropy_of(taken)
        baseline = self.baseline.value
        self.baseline.update(reward)
        if baseline is not None:
            self.learn(taken, reward - baseline)

    def decisions(self, point: Point) -> list[tuple[Decision, int]]:
        """The decisions that make a point, in order."""
        values = dict(point)
        keys = [(name, levels(limits)) for name, limits in self.space.ranges(point).items()]
        return [(decision, nearest(decision[1], values[decision[0]])) for decision in keys]

    def entropy_of(self, taken: Sequence[tuple[Decision, int]]) -> float:
        """Sum of the entropies of the decisions on the way to a point; 0 where no bonus is asked for."""
        if not self.entropy:
            return 0.0
        chances = [self.probabilities(decision, taken[:step]) for step, (decision, _) in enumerate(taken)]
        return float(-sum((p * np.log(np.maximum(p, 1e-300))).sum() for p in chances))


class ReinforceTable(Reinforce):
    """One row of logits for each decision, whatever was decided before; steps by Adam.

    Parameters
    ----------
    space : Space
    rate : float
        Learning rate.
    momentum, entropy : float
        See :class:`Reinforce`.
    """

    def __init__(self, space: Space, rate: float = 0.1, momentum: float = 0.9, entropy: float = 0.0) -> None:
        super().__init__(space, momentum, entropy)
        self.rate = rate
        self._rows: dict[Decision, _Row] = {}

    def probabilities(self, decision: Decision, before: Sequence[tuple[Decision, int]]) -> NDArray[np.float64]:
        row = self._rows.get(decision)
        return softmax(row.logits if row is not None else np.zeros(len(decision[1])))

    def learn(self, taken: Sequence[tuple[Decision, int]], gain: float) -> None:
        for decision, chosen in taken:
            row = self._rows.setdefault(decision, _Row(len(decision[1])))
            gradient = score_function_gradient(row.logits, np.array([chosen]), np.array([gain]))
            row.climb(gradient, self.rate)


class _Row:
    """Logits of one decision, and what Adam remembers of their gradients."""

    def __init__(self, options: int) -> None:
        self.logits, self.first, self.second = np.zeros((3, options))
        self.steps = 0

    def climb(self, gradient: NDArray[np.float64], rate: float) -> None:
        """A step of Adam upwards (Kingma and Ba 2015, ICLR)."""
        self.steps += 1
        self.first = 0.9 * self.first + 0.1 * gradient
        self.second = 0.999 * self.second + 0.001 * gradient**2
        mean, square = self.first / (1 - 0.9**self.steps), self.second / (1 - 0.999**self.steps)
        self.logits = self.logits + rate * mean / (np.sqrt(square) + 1e-8)
