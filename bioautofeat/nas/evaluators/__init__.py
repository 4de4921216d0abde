"""Evaluators of architectures; those that train import torch, the table does not."""

from bioautofeat.nas.evaluators.base import Evaluator
from bioautofeat.nas.evaluators.tabular import Benchmark, Tabular

__all__ = ["EVALUATORS", "Benchmark", "Evaluator", "Tabular"]

EVALUATORS: dict[str, str] = {
    "training": "every architecture trained from scratch",
    "fidelity": "training with fewer epochs or rows, as the strategy asks",
    "inherit": "training that starts from the weights of a relative",
    "oneshot": "one supernet, paths dropped in training; architectures judged by its weights",
    "setn": "one supernet, one path at a time; logits learn which architectures do well",
    "smash": "weights from a hypernetwork that reads the architecture's code",
    "ghn": "weights from a hypernetwork that passes messages along the architecture's graph",
    "tabular": "looked up in a table of trained architectures",
}
"""Evaluators by name."""
