"""The public names, as a snapshot: a change here is a change for users and stands in the changelog."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import bioautofeat

ROOT = Path(bioautofeat.__file__).parent

PUBLIC = {
    "FeatureTable",
    "Features",
    "Sequences",
    "__version__",
    "descriptors",
    "extract",
    "read_fasta",
}
"""Names of ``bioautofeat``; more may come, none of these may go."""

SIGNATURES = {
    "extract": "source specs alphabet labels short ambiguous length dtype sparse threads",
    "descriptors": "alphabet",
    "FeatureTable": "values names ids labels metadata",
    "Sequences": "codes offsets ids alphabet",
}
"""Parameters in order; more may come behind them."""

MODULES = {
    "bioautofeat.alphabet": "ALPHABETS DNA NUCLEIC PROTEIN RNA Alphabet Grouping get_alphabet",
    "bioautofeat.errors": (
        "AlphabetError BioautofeatError BioautofeatWarning FastaError LabelError ModelError NotFittedError OutputError "
        "ParameterError TableError UnfinishedError"
    ),
    "bioautofeat.extraction": "Extractor available_threads",
    "bioautofeat.families": "Descriptor Spec find get parse",
    "bioautofeat.parameters": "Choice Flag Int Names Parameter Range Real Slug Text parameters_of",
    "bioautofeat.properties": "PropertyTable grouping groupings property_table",
    "bioautofeat.terms.base": "Term Training fill_rows fill_sparse",
    "bioautofeat.testing": "check_descriptor example_sequences parameter_corners",
}
"""Names that those who add descriptors of their own rely on."""


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_public_names():
    assert set(bioautofeat.__all__) >= PUBLIC
    assert len(set(bioautofeat.__all__)) == len(bioautofeat.__all__)
    assert dir(bioautofeat) == sorted(bioautofeat.__all__)
    for name in bioautofeat.__all__:
        assert getattr(bioautofeat, name) is not None


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name):
    parameters = list(inspect.signature(getattr(bioautofeat, name)).parameters)
    promised = SIGNATURES[name].split()
    assert parameters[: len(promised)] == promised


@pytest.mark.parametrize("module", MODULES)
def test_names_of_modules(module):
    held = import_module(module)
    for name in MODULES[module].split():
        assert hasattr(held, name), name
    missing = [name for name in held.__all__ if not hasattr(held, name)]
    assert not missing


def test_an_unknown_name_is_told():
    with pytest.raises(AttributeError, match="no attribute 'extrct'"):
        _ = bioautofeat.extrct


def test_no_module_takes_the_place_of_a_function():
    """Importing a module of a public function's name would put the module where the function was."""
    modules = {path.stem for path in ROOT.glob("*.py")} | {path.name for path in ROOT.iterdir() if path.is_dir()}
    assert not modules & set(bioautofeat.__all__)


def test_the_package_itself_is_light():
    heavy = ("numpy", "numba", "scipy", "sklearn", "pandas", "torch", "polars", "Bio", "networkx")
    code = f"import sys, bioautofeat; dir(bioautofeat); print(*[name for name in {heavy} if name in sys.modules])"
    assert run(code) == []


def test_extraction_is_free_of_what_learns():
    heavy = ("sklearn", "pandas", "torch", "networkx", "xgboost", "optuna", "matplotlib", "joblib")
    code = (
        "import sys, bioautofeat\n"
        "seqs = bioautofeat.Sequences.from_strings(['ACGTACGT'], 'dna')\n"
        "bioautofeat.extract(seqs, ['kmer:k=2', 'shannon'], threads=1)\n"
        f"print(*[name for name in {heavy} if name in sys.modules])"
    )
    assert run(code) == []


def test_typing_is_promised():
    assert (ROOT / "py.typed").is_file()
