"""Search strategies over any space: they see parameters and scores, never a descriptor, a model or data."""

from bioautofeat.search.base import History, Strategy, Suggestion, Trial, run
from bioautofeat.search.evolution import Evolution
from bioautofeat.search.grid import Grid
from bioautofeat.search.halving import SuccessiveHalving
from bioautofeat.search.intensify import Intensified, Race, race
from bioautofeat.search.local import LocalSearch
from bioautofeat.search.racing import loses
from bioautofeat.search.random import RandomSearch
from bioautofeat.search.smbo import ModelBased
from bioautofeat.search.space import ParameterSpace, Point, Space
from bioautofeat.search.tpe import Parzen

__all__ = [
    "STRATEGIES",
    "Evolution",
    "Grid",
    "History",
    "Intensified",
    "LocalSearch",
    "ModelBased",
    "ParameterSpace",
    "Parzen",
    "Point",
    "Race",
    "RandomSearch",
    "Space",
    "Strategy",
    "SuccessiveHalving",
    "Suggestion",
    "Trial",
    "loses",
    "race",
    "run",
]

STRATEGIES: dict[str, type[Strategy]] = {
    "random": RandomSearch,
    "grid": Grid,
    "local": LocalSearch,
    "evolution": Evolution,
    "smbo": ModelBased,
    "tpe": Parzen,
    "halving": SuccessiveHalving,
}
"""Every strategy that needs no gradient, by the name that users write."""
