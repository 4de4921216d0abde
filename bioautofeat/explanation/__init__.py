"""Why a model says what it says: blocks of descriptors, features, k-mers, positions, for the model and for each record."""

from bioautofeat.explanation.members import Member, member_shapley, members
from bioautofeat.explanation.run import explain
from bioautofeat.explanation.subject import Settings, Subject
from bioautofeat.explanation.tables import Explanation, Table

__all__ = ["Explanation", "Member", "Settings", "Subject", "Table", "explain", "member_shapley", "members"]
