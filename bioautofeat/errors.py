"""What can go wrong, by kind.  The command line turns each into one line and an exit code."""

from __future__ import annotations

__all__ = [
    "AlphabetError",
    "BioautofeatError",
    "BioautofeatWarning",
    "FastaError",
    "LabelError",
    "ModelError",
    "NotFittedError",
    "OutputError",
    "ParameterError",
    "TableError",
    "UnfinishedError",
]


class BioautofeatError(Exception):
    """Bad input or usage; the message names the file, the record, the place and what to do."""

    exit_code = 2


class ParameterError(BioautofeatError, ValueError):
    """A parameter or a descriptor that does not exist, or a value outside its bounds."""


class AlphabetError(BioautofeatError, ValueError):
    """A letter or a mixture of letters that the alphabet does not allow."""


class LabelError(BioautofeatError, ValueError):
    """Labels that are missing, doubled, contradictory or of the wrong kind."""


class TableError(BioautofeatError, ValueError):
    """A feature table that cannot be used."""


class ModelError(BioautofeatError, ValueError):
    """A model file that is damaged, unsafe, from a newer version or made for other data."""


class NotFittedError(BioautofeatError, ValueError, AttributeError):
    """A question that only a fitted object can answer."""


class OutputError(BioautofeatError, OSError):
    """An output that may not or cannot be written where it was asked for."""


class UnfinishedError(BioautofeatError, RuntimeError):
    """The work could not be finished: disk full, out of memory, every model failed."""

    exit_code = 1


class FastaError(BioautofeatError, ValueError):
    """A sequence file that cannot be read as it stands.

    Parameters
    ----------
    message : str
        What is wrong and what to do.
    file : str
        The file as the user named it.
    line, position : int, optional
        1-based line of the file and 1-based position in the record's sequence.
    record : str, optional
        Identifier of the record.
    """

    def __init__(
        self,
        message: str,
        file: str = "",
        line: int | None = None,
        record: str | None = None,
        position: int | None = None,
    ) -> None:
        place = [file] if file else []
        if line is not None:
            place.append(f"line {line}")
        if record is not None:
            place.append(f"record {record!r}")
        if position is not None:
            place.append(f"position {position}")
        super().__init__(f"{', '.join(place)}: {message}" if place else message)
        self.file, self.line, self.record, self.position = file, line, record, position


class BioautofeatWarning(UserWarning):
    """Something a user should know; given once for each kind, with a count."""
