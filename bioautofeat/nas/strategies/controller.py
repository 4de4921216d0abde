"""REINFORCE with a recurrent controller: each decision is drawn with the earlier ones in mind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bioautofeat.nas.strategies.reinforce import Decision, Reinforce
from bioautofeat.search.space import Space

if TYPE_CHECKING:
    import torch

__all__ = ["ReinforceController"]


class ReinforceController(Reinforce):
    """An LSTM reads the decisions so far and gives the probabilities of the next (Zoph and Le 2017, ICLR).

    A decision that was never met has even odds.  Embeddings and heads are made when they are first needed, from the
    seed and their own name, so that their order does not matter.

    Parameters
    ----------
    space : Space
    rate : float
        Learning rate of Adam.
    momentum, entropy : float
        See :class:`~bioautofeat.nas.strategies.reinforce.Reinforce`.
    width : int
        Of the embedding and of the hidden state.
    seed : int
        Of the controller's first weights.
    """

    def __init__(
        self,
        space: Space,
        rate: float = 0.005,
        momentum: float = 0.9,
        entropy: float = 0.0,
        width: int = 32,
        seed: int = 0,
    ) -> None:
        super().__init__(space, momentum, entropy)
        import torch

        from bioautofeat.nas.lexicon import Lexicon

        self.width = width
        self._words = Lexicon(seed)
        self._cell = torch.nn.LSTMCell(width, width)
        for name, weight in self._cell.named_parameters():
            weight.data.copy_(self._words.get(name, weight.shape, 0.1).data)
        self._adam = torch.optim.Adam(self._cell.parameters(), lr=rate)
        self._words.follow(self._adam)

    def probabilities(self, decision: Decision, before: Sequence[tuple[Decision, int]]) -> NDArray[np.float64]:
        import torch

        with torch.no_grad():
            state = None
            for taken in before:
                state = self._step(taken, state)
            chances = torch.softmax(self._logits(decision, state).double(), dim=0)
        return np.asarray(chances.numpy())

    def learn(self, taken: Sequence[tuple[Decision, int]], gain: float) -> None:
        import torch

        total, state = torch.zeros(()), None
        for decision, chosen in taken:
            total = total + torch.log_softmax(self._logits(decision, state), dim=0)[chosen]
            state = self._step((decision, chosen), state)
        self._adam.zero_grad(set_to_none=True)
        (-gain * total).backward()
        self._adam.step()

    def _logits(self, decision: Decision, state: Any) -> torch.Tensor:
        """Scores of the options, from the hidden state after the decisions so far."""
        import torch

        head = self._words.get(f"head {decision}", (len(decision[1]), self.width + 1), 0.0)
        hidden = torch.zeros(self.width) if state is None else state[0][0]
        return head[:, :-1] @ hidden + head[:, -1]

    def _step(self, taken: tuple[Decision, int], state: Any) -> Any:
        """The state of the LSTM after one more decision."""
        (name, options), chosen = taken
        word = self._words.get(f"word {name}={options[chosen]!r}", (self.width,), 0.1)
        return self._cell(word[None], state)
