"""What a trained network looks at: saliency of each letter, mutations in silico, motifs of the first layer's filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bioautofeat.errors import ParameterError
from bioautofeat.nas.encode import Data, encode
from bioautofeat.nas.network import Network
from bioautofeat.nas.predictor import NetworkPredictor, letters_of

__all__ = ["Motif", "filter_motifs", "motifs_of", "mutations", "saliency", "saliency_of"]

Array = NDArray[np.float64]


def _kind(network: Network) -> torch.dtype:
    return next(network.parameters()).dtype


def _ready(network: Network, data: Data) -> None:
    if data.encoder.dimensions != 1:
        raise ParameterError("a network of images has no positions to be shown")
    if data.encoder != network.architecture.encoder:
        raise ParameterError("the data are encoded in another way than the network's")
    network.eval()


def _given(network: Network, letters: Tensor) -> tuple[Tensor, Tensor | None]:
    """The network's input, in its own precision."""
    x, mask = encode(letters, network.architecture.encoder)
    return x.to(_kind(network)), None if mask is None else mask.to(_kind(network))


def _margin(outputs: Tensor, output: int) -> Tensor:
    """An output above the mean of the others: what speaks for a class, whatever is common to all."""
    if outputs.shape[1] == 1:
        return outputs[:, 0]
    others = outputs.sum(1) - outputs[:, output]
    return outputs[:, output] - others / (outputs.shape[1] - 1)


def saliency(network: Network, data: Data, output: int = 0, batch: int = 128) -> list[Array]:
    """How much each letter of each record speaks for an output: gradient times input (Shrikumar et al. 2016).

    Parameters
    ----------
    network : Network
    data : Data
    output : int
        A class; its logit less the mean of the others' is explained.  0 for regression.
    batch : int

    Returns
    -------
    list of ndarray, one a record, shape (letters,)
        With words of several letters, at the word's first letter.
    """
    _ready(network, data)
    found: list[Array] = []
    for letters in data.letters.split(batch):
        x, mask = _given(network, letters)
        x.requires_grad_()
        (slope,) = torch.autograd.grad(_margin(network(x, mask), output).sum(), x)
        shares = (slope * x).sum(1).detach().double().cpu().numpy()
        found += [row[:length] for row, length in zip(shares, (letters > 0).sum(1).tolist(), strict=True)]
    return found


@torch.no_grad()
def mutations(network: Network, data: Data, output: int = 0, batch: int = 256) -> list[Array]:
    """How each change of one letter moves an output, for each record: mutagenesis in silico (Zhou and Troyanskaya 2015).

    Returns
    -------
    list of ndarray, one a record, shape (letters, symbols)
        Margin of the output (see :func:`saliency`) after the change less that before; 0 where nothing changes.
    """
    _ready(network, data)
    size = data.encoder.letters.size
    found = []
    for row in data.letters:
        length = int((row > 0).sum())
        own = row[:length]
        effects = np.zeros((length, size))
        changed = own.repeat(length * size, 1).view(length, size, length)
        places, symbols = torch.arange(length)[:, None], torch.arange(size)
        changed[places, symbols, places] = (symbols + 1).to(own.dtype)
        if length:
            outputs = [
                _margin(network(*_given(network, part)), output) for part in changed.view(-1, length).split(batch)
            ]
            base = _margin(network(*_given(network, own[None])), output)
            effects = (torch.cat(outputs) - base).double().view(length, size).cpu().numpy()
            effects[own.cpu().numpy()[:, None] == np.arange(1, size + 1)] = 0.0
        found.append(effects)
    return found


@dataclass(frozen=True, eq=False)
class Motif:
    """What a filter of the first layer answers to, as a logo needs it.

    Parameters
    ----------
    filter : int
        Number of the filter.
    sites : int
        Number of windows that it answered to.
    frequencies : ndarray, shape (positions, symbols)
        Of each symbol in those windows; rows sum to 1.
    information : ndarray, shape (positions,)
        Bits by which a position differs from the letters' overall frequencies.
    consensus : str
        The most frequent symbol of each position, in lower case where it says less than half a bit.
    threshold : float
        Answer above which a window counts.
    """

    filter: int
    sites: int
    frequencies: Array
    information: Array
    consensus: str
    threshold: float

    @property
    def heights(self) -> Array:
        """Height of each letter of the logo, in bits; shape ``(positions, symbols)``."""
        return self.frequencies * self.information[:, None]


@torch.no_grad()
def filter_motifs(
    network: Network, data: Data, *, share: float = 0.5, least: int = 10, batch: int = 256
) -> list[Motif]:
    """Motifs of the first layer: letters in windows whose answer is above a share of the filter's largest one.

    Only whole windows count, those that reach neither past a record's start nor past its end.  Filters with fewer than
    ``least`` such windows are left out.  (Alipanahi et al. 2015, Nature Biotechnology 33:831.)

    Parameters
    ----------
    network : Network
    data : Data
    share : float
        Between 0 and 1.
    least : int
    batch : int

    Returns
    -------
    list of Motif, those that say most first
    """
    _ready(network, data)
    stem = network.architecture.stem
    width = stem.kernel + data.encoder.k - 1
    answers, windows = [], []
    for letters in data.letters.split(batch):
        x, mask = _given(network, letters)
        answer, _ = network.stem(x, mask)
        answers.append(_whole(answer, letters, stem.kernel // 2, stem.stride, data.encoder.k))
        windows.append(_windows(letters, stem.kernel, stem.stride, width))
    values, sites = torch.cat(answers).cpu().numpy(), torch.cat(windows).cpu().numpy()
    size, symbols = data.encoder.letters.size, data.encoder.letters.symbols
    known = data.letters[(data.letters > 0) & (data.letters <= size)].long()
    overall = (torch.bincount(known - 1, minlength=size).double() + 1).cpu().numpy()
    found = []
    for number in range(values.shape[1]):
        own = values[:, number]
        highest = float(own.max(initial=-np.inf))
        chosen = sites[own > share * highest] if np.isfinite(highest) and highest > 0 else sites[:0]
        if len(chosen) >= least:
            found.append(_motif(number, chosen, overall / overall.sum(), symbols, share * highest))
    return sorted(found, key=lambda motif: (-float(motif.information.sum()), motif.filter))


def _whole(answer: Tensor, letters: Tensor, before: int, stride: int, k: int) -> Tensor:
    """Answers at each position, minus infinity where the window is not whole; shape ``(rows * positions, filters)``."""
    lengths = (letters > 0).sum(1, keepdim=True)
    centre = torch.arange(answer.shape[2], device=answer.device) * stride
    whole = (centre - before >= 0) & (centre + before + k - 1 < lengths)
    return answer.masked_fill(~whole[:, None], -torch.inf).transpose(1, 2).flatten(0, 1)


def _windows(letters: Tensor, kernel: int, stride: int, width: int) -> Tensor:
    """Letters of the window of each position, shape ``(rows * positions, width)``; zeros outside the record."""
    before = kernel // 2
    padded = torch.nn.functional.pad(letters, (before, width - before))
    return padded.unfold(1, width, stride)[:, : -(-letters.shape[1] // stride)].flatten(0, 1)


def _motif(number: int, sites: Any, overall: Array, symbols: Sequence[str], threshold: float) -> Motif:
    size = len(symbols)
    counts = (sites[:, :, None] == np.arange(1, size + 1)).sum(0) + overall  # one site's worth of the overall letters
    frequencies = counts / counts.sum(1, keepdims=True)
    information = np.maximum((frequencies * np.log2(frequencies / overall)).sum(1), 0.0)
    best = frequencies.argmax(1)
    letters = [symbols[b] if bits >= 0.5 else symbols[b].lower() for b, bits in zip(best, information, strict=True)]
    return Motif(number, len(sites), frequencies, information, "".join(letters), float(threshold))


def _data(predictor: NetworkPredictor, rows: Any) -> Data:
    """Rows of the descriptor ``letters`` as the network's data."""
    encoder = predictor.form.encoder
    return Data(encoder, torch.from_numpy(letters_of(np.asarray(rows), predictor.form)))


def saliency_of(predictor: NetworkPredictor, rows: Any, outputs: Any) -> list[Array]:
    """:func:`saliency` of a model's part, for rows of letters, each for an output of its own (0 for regression)."""
    data, wanted = _data(predictor, rows), np.asarray(outputs, np.int64)
    found: list[Array] = [np.zeros(0)] * len(data)
    for output in np.unique(wanted).tolist():
        places = np.flatnonzero(wanted == output)
        for place, row in zip(places.tolist(), saliency(predictor.module, data.take(places), output), strict=True):
            found[place] = row
    return found


def motifs_of(predictor: NetworkPredictor, rows: Any) -> list[Motif]:
    """:func:`filter_motifs` of a model's part, for rows of letters; none for a network of images."""
    data = _data(predictor, rows)
    return [] if data.encoder.dimensions != 1 else filter_motifs(predictor.module, data)
