"""Strategies of architecture search: those of ``bioautofeat.search``, and those that need a gradient or a policy.

Nothing here needs torch until a strategy that does is made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bioautofeat.errors import ParameterError
from bioautofeat.nas.strategies.morphism import HillClimb
from bioautofeat.nas.strategies.reinforce import ReinforceTable
from bioautofeat.nas.strategies.templates import MostProbable
from bioautofeat.parameters import unknown
from bioautofeat.search import STRATEGIES, Intensified, ModelBased, Strategy
from bioautofeat.search.space import Space

if TYPE_CHECKING:
    from bioautofeat.nas.evaluators.base import Evaluator
    from bioautofeat.nas.strategies.gradient import GradientSearch, Rates

__all__ = [
    "ASKING",
    "GRADIENT",
    "GradientKind",
    "HillClimb",
    "MostProbable",
    "ReinforceTable",
    "asking_strategy",
    "gradient_search",
]


def _controller(space: Space, evaluator: Evaluator | None) -> Strategy:
    from bioautofeat.nas.strategies.controller import ReinforceController

    return ReinforceController(space)


def _model_based(space: Space, evaluator: Evaluator | None) -> Strategy:
    """The quick settings, which find as much on NAS-Bench-201 as SMAC's own; where the evaluator is noisy, its races, too."""
    chosen = ModelBased(space)
    instances = 1 if evaluator is None else evaluator.instances
    return chosen if instances == 1 else Intensified(chosen, instances)


def _templates(space: Space, evaluator: Evaluator | None) -> Strategy:
    chances: Any = getattr(evaluator, "log_probability", None)
    if chances is None:
        raise ParameterError("templates asks for the likeliest architectures: use the evaluator setn, which knows them")
    return MostProbable(space, chances)


def _plain(kind: Callable[[Space], Strategy]) -> Callable[[Space, Evaluator | None], Strategy]:
    return lambda space, evaluator: kind(space)


ASKING: dict[str, Callable[[Space, Evaluator | None], Strategy]] = {
    **{name: _plain(kind) for name, kind in STRATEGIES.items()},
    "smbo": _model_based,
    "reinforce": _plain(ReinforceTable),
    "controller": _controller,
    "morphism": _plain(HillClimb),
    "templates": _templates,
}
"""Strategies that ask for one architecture after the other, by name."""


@dataclass(frozen=True)
class GradientKind:
    """A search by gradient, by its parts.

    Parameters
    ----------
    title : str
    relaxation : {"softmax", "sigmoid", "edges", "gumbel"}
    order : {"first", "second", "mixed"}
    channels : int
        One channel in so many goes through the operations.
    stops : bool
        Whether it stops when a collapse announces itself.
    """

    title: str
    relaxation: str = "softmax"
    order: str = "first"
    channels: int = 1
    stops: bool = False


GRADIENT: dict[str, GradientKind] = {
    "darts": GradientKind("DARTS, first order"),
    "darts2": GradientKind("DARTS, second order: through one step of the weights", order="second"),
    "darts-mixed": GradientKind("weights and architecture on both losses at once", order="mixed"),
    "darts-es": GradientKind("DARTS that stops when the curvature rises", stops=True),
    "fair-darts": GradientKind("each operation by itself, pulled to 0 or 1", "sigmoid"),
    "pc-darts": GradientKind("half of the channels go through, edges are weighed", "edges", channels=2),
    "gdas": GradientKind("one operation drawn for each batch", "gumbel"),
}
"""Strategies that train a supernet, by name."""


def asking_strategy(name: str, space: Space, evaluator: Evaluator | None) -> Strategy:
    """The strategy of that name, for a space and an evaluator that has been prepared (None where a table answers)."""
    if name not in ASKING:
        raise unknown("strategy", name, [*ASKING, *GRADIENT])
    return ASKING[name](space, evaluator)


def gradient_search(name: str, rates: Rates | None = None) -> GradientSearch:
    """The search by gradient of that name.

    Parameters
    ----------
    name : str
    rates : Rates, optional
    """
    if name not in GRADIENT:
        raise unknown("search by gradient", name, GRADIENT)
    from bioautofeat.nas.strategies.gdas import Gumbel
    from bioautofeat.nas.strategies.gradient import CollapseStop, GradientSearch, Rates
    from bioautofeat.nas.strategies.relaxation import EdgeNormalised, Sigmoid, Softmax

    row = GRADIENT[name]
    relaxation = {"softmax": Softmax, "sigmoid": Sigmoid, "edges": EdgeNormalised, "gumbel": Gumbel}[row.relaxation]
    stop = CollapseStop() if row.stops else None
    return GradientSearch(relaxation(), row.order, rates or Rates(), channels=row.channels, stop=stop)
