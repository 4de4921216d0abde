"""Search spaces of architectures: immutable points, drawn, mutated and enumerated by ``bioautofeat.search.Space``."""

from bioautofeat.nas.spaces.cell import CellSpace
from bioautofeat.nas.spaces.chain import ChainSpace
from bioautofeat.nas.spaces.nb101 import NB101Space, VertexCell, cell_hash, count_cells, is_valid, prune, unique_cells
from bioautofeat.nas.spaces.nb201 import NB201Space, functional, nb201_unique
from bioautofeat.nas.spaces.scaling import CompoundScaling, best_scaling, scaling_grid

__all__ = [
    "CellSpace",
    "ChainSpace",
    "CompoundScaling",
    "NB101Space",
    "NB201Space",
    "VertexCell",
    "best_scaling",
    "cell_hash",
    "count_cells",
    "functional",
    "is_valid",
    "nb201_unique",
    "prune",
    "scaling_grid",
    "unique_cells",
]
