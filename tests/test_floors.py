"""Who may import whom, read from the source: each part knows only the floors below it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import bioautofeat

ROOT = Path(bioautofeat.__file__).parent
MODULES = sorted(path for path in ROOT.rglob("*.py") if "__pycache__" not in path.parts)

GROUND = {"errors", "parameters", "data", "_numba", "alphabet", "sequences", "table", "properties"}
DESCRIPTIVE = GROUND | {"kernels", "io", "terms", "families", "extraction", "streaming"}
LEARNING = DESCRIPTIVE | {"features", "models", "search"}
JUDGING = LEARNING | {"evaluation", "audit", "nas", "testing"}
DELIVERING = JUDGING | {"automl", "bundle", "report", "synthesis", "explanation"}

ALLOWED = {
    "errors": set(),
    "data": set(),
    "_numba": set(),
    "parameters": {"errors"},
    "alphabet": {"errors"},
    "table": {"errors"},
    "sequences": {"alphabet", "errors"},
    "properties": {"alphabet", "errors", "parameters"},
    "kernels": {"_numba"},
    "io": GROUND | {"kernels"},
    "terms": GROUND | {"kernels"},
    "families": {"alphabet", "errors", "parameters", "properties", "sequences", "terms"},
    "extraction": GROUND | {"families", "io", "terms"},
    "streaming": GROUND | {"extraction", "families", "io", "terms"},
    "testing": DESCRIPTIVE,
    "features": DESCRIPTIVE,
    "models": {"alphabet", "errors", "kernels", "parameters", "sequences", "table"},
    "search": {"errors", "parameters"},
    "evaluation": LEARNING,
    "audit": LEARNING | {"evaluation"},
    "nas": GROUND | {"bundle", "evaluation", "extraction", "features", "io", "models", "search", "terms"},
    "automl": DELIVERING,
    "bundle": JUDGING - {"nas"},
    "report": JUDGING | {"bundle", "explanation"},
    "synthesis": JUDGING,
    "explanation": JUDGING | {"bundle"},
    "cli": DELIVERING,
    "__main__": {"cli"},
    "__init__": DELIVERING,
}
"""What each part may import of the package, itself apart."""

LIBRARIES = {
    "sklearn": {"features", "models", "search", "evaluation", "audit", "nas", "automl", "bundle", "report", "synthesis", "explanation", "cli"},
    "xgboost": {"models", "automl", "bundle"},
    "lightgbm": {"models"},
    "catboost": {"models"},
    "optuna": {"search", "automl"},
    "torch": {"nas", "synthesis"},
    "numba": {"_numba"},
    "shap": {"report", "explanation", "cli"},
    "matplotlib": {"report", "explanation", "cli"},
    "pandas": {"table", "io", "features", "automl", "report", "explanation", "cli"},
}  # fmt: skip
"""Parts that may import a heavy library; the others may not, not even inside a function."""

LAZY = {
    "networkx",
    "pandas",
    "polars",
    "Bio",
    "RNA",
    "joblib",
    "matplotlib",
    "shap",
    "optuna",
    "xgboost",
    "lightgbm",
    "catboost",
}
"""Libraries that are imported where they are needed and not before, so that a short run does not pay for them."""


def part_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path, toplevel=False):
    """Names of the modules that a file imports; those for type checkers alone are left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    checked = [n for n in ast.walk(tree) if isinstance(n, ast.If) and getattr(n.test, "id", "") == "TYPE_CHECKING"]
    left_out = {id(inner) for node in checked for inner in ast.walk(node)}
    inside = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))]
    if toplevel:
        left_out |= {id(inner) for node in inside for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write the whole name of a module"
            held = node.module == "bioautofeat"
            yield from (f"bioautofeat.{name.name}" for name in node.names) if held else (node.module,)


def local(name):
    """Part of the package that a module's name means, or None."""
    if not name.startswith("bioautofeat"):
        return None
    part = [*name.split("."), ""][1]
    held = part and ((ROOT / part).is_dir() or (ROOT / f"{part}.py").is_file())
    return part if held else "__init__"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_lower_floors(path):
    part = part_of(path)
    assert part in ALLOWED, f"{part} stands on no floor: add it to ALLOWED"
    for name in imports(path):
        used = local(name)
        if used is not None and used not in {part, "__init__"}:
            assert used in ALLOWED[part], f"{path.name} imports {name}: {part} may not know {used}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_stay_in_their_parts(path):
    part = part_of(path)
    for name in imports(path):
        library = name.split(".")[0]
        if library in LIBRARIES:
            assert part in LIBRARIES[library], (
                f"{path.name} imports {library}: it belongs into {sorted(LIBRARIES[library])}"
            )
    for name in imports(path, toplevel=True):
        assert name.split(".")[0] not in LAZY, f"{path.name} imports {name} at its top: import it where it is used"


def test_networkx_is_never_in_the_way():
    """It draws and converts graphs that a user asks for; no kernel and no row of a table needs it."""
    users = {
        str(path.relative_to(ROOT)) for path in MODULES if any(n.split(".")[0] == "networkx" for n in imports(path))
    }
    assert users <= {"terms/network.py", "nas/genotype.py"}


@pytest.mark.parametrize("path", sorted((ROOT / "families").glob("[!_]*.py")), ids=lambda path: path.stem)
def test_families_never_import_each_other(path):
    others = {name for name in imports(path) if name.startswith("bioautofeat.families")}
    assert others <= {"bioautofeat.families._registry"}


@pytest.mark.parametrize("path", sorted((ROOT / "kernels").glob("*.py")), ids=lambda path: path.stem)
def test_kernels_import_nothing_but_numpy_and_the_compiler(path):
    for name in imports(path):
        top = name.split(".")[0]
        assert top in {"numpy", "bioautofeat"} or top in sys.stdlib_module_names, f"{path.name} imports {name}"
        assert top != "bioautofeat" or name == "bioautofeat._numba" or name.startswith("bioautofeat.kernels")


def test_the_fourier_transform_is_in_one_place():
    users = {path.stem for path in MODULES if any(name.startswith("scipy.fft") for name in imports(path))}
    assert users <= {"spectrum", "fourier", "profiles"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_are_of_a_size_to_be_read(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= 450, f"{path.name} has {lines} lines"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_happens_by_accident(path):
    """No global random state, no bare except, no eval, no stub."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"{path.name}, line {node.lineno}: a bare except"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"eval", "exec"}, f"{path.name}, line {node.lineno}: {node.func.id}"
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"np.random.seed", "np.random.rand", "random.seed"}:
            raise AssertionError(f"{path.name}, line {node.lineno}: randomness is passed in")
        if isinstance(node, ast.Raise) and "NotImplementedError" in ast.unparse(node):
            raise AssertionError(f"{path.name}, line {node.lineno}: use abc.abstractmethod")
