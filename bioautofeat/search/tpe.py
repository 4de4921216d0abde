"""Tree-structured Parzen estimators, as Optuna maintains them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bioautofeat.errors import ParameterError
from bioautofeat.parameters import Choice, Flag, Int, Range, Real
from bioautofeat.search.base import Strategy, Suggestion, Trial
from bioautofeat.search.space import Space

__all__ = ["Parzen"]


class Parzen(Strategy):
    """Multivariate, grouped TPE (Bergstra et al. 2011, NIPS 24; Watanabe 2023) through Optuna's sampler.

    The sampler is made anew for every question, seeded by the generator that the question brings, so that a
    search that was interrupted goes on as if it had not been.

    Parameters
    ----------
    space : Space
    initial : int
        Random points before the first model.
    """

    def __init__(self, space: Space, initial: int = 10) -> None:
        super().__init__(space)
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.initial = initial
        self._study = optuna.create_study(direction="maximize")

    def ask(self, rng: np.random.Generator) -> Suggestion:
        import warnings

        import optuna

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            self._study.sampler = optuna.samplers.TPESampler(
                n_startup_trials=self.initial, multivariate=True, group=True, seed=int(rng.integers(2**31))
            )
            trial = self._study.ask()
            point = self.space.point(lambda name, limits: _suggest(trial, name, limits))
        self._study.tell(trial, state=optuna.trial.TrialState.FAIL)  # what counts is what comes back by tell()
        return Suggestion(point)

    def tell(self, trial: Trial) -> None:
        import optuna

        super().tell(trial)
        if trial.merit == -math.inf:
            return
        ranges = self.space.ranges(trial.point)
        self._study.add_trial(
            optuna.trial.create_trial(
                params={_label(name, ranges[name]): value for name, value in trial.point},
                distributions={_label(name, limits): _distribution(limits) for name, limits in ranges.items()},
                value=trial.merit,
            )
        )


def _distribution(limits: Range) -> Any:
    """Optuna's form of a range."""
    from optuna import distributions

    if isinstance(limits, Choice):
        return distributions.CategoricalDistribution(limits.options)
    if isinstance(limits, Flag):
        return distributions.CategoricalDistribution((False, True))
    if isinstance(limits, Int):
        return distributions.IntDistribution(limits.low, limits.top)
    if isinstance(limits, Real):
        return distributions.FloatDistribution(limits.low, limits.high, log=limits.log)
    raise ParameterError(f"a {limits.kind} cannot be searched")


def _label(name: str, limits: Range) -> str:
    """Optuna's name of a parameter: with its options, which must not change under one name.

    The character between them comes before all others, so that names keep their order, on which the sampler depends.
    """
    return "\0".join((name, *limits.options)) if isinstance(limits, Choice) else name


def _suggest(trial: Any, name: str, limits: Range) -> Any:
    return trial._suggest(_label(name, limits), _distribution(limits))
