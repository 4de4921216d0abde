"""The descriptors, one module a family; importing this package fills the registry."""

from bioautofeat.families import composition
from bioautofeat.families._registry import Descriptor, Spec, find, get, parse

__all__ = ["FAMILIES", "Descriptor", "Spec", "find", "get", "parse"]

FAMILIES = (composition,)
"""Every family, in the order in which they are imported; a new one is added here."""
