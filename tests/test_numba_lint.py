"""House rules of the kernels, read from their source."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import bioautofeat

ROOT = Path(bioautofeat.__file__).parent
KERNELS = sorted(path for path in (ROOT / "kernels").glob("*.py") if path.name != "__init__.py")
TESTS = Path(__file__).parent
FORBIDDEN = {"prange", "fastmath", "parallel", "objmode", "error_model", "guvectorize", "vectorize", "stencil"}


def functions(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in tree.body if isinstance(node, ast.FunctionDef)]


def is_compiled(node):
    return any(ast.unparse(decorator) == "njit" for decorator in node.decorator_list)


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_only_one_place_knows_the_compiler(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if path.name == "_numba.py":
        return
    for node in ast.walk(tree):
        names = [name.name for name in node.names] if isinstance(node, (ast.Import, ast.ImportFrom)) else []
        module = getattr(node, "module", "") or ""
        assert module.split(".")[0] != "numba", f"line {node.lineno}"
        assert not any(name.split(".")[0] == "numba" for name in names), f"line {node.lineno}"
        if "njit" in names:
            assert module == "bioautofeat._numba"
            assert path.parent.name == "kernels", "kernels live in kernels/"


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.stem)
def test_kernels_are_compiled_in_one_way(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = getattr(node, "id", None) or getattr(node, "arg", None) or getattr(node, "attr", None)
        assert name not in FORBIDDEN, f"{path.name}, line {node.lineno}: {name}"
    for function in functions(path):
        assert is_compiled(function), f"{path.name}: {function.name} is not compiled"
        assert [ast.unparse(d) for d in function.decorator_list] == ["njit"], function.name
        if not function.name.startswith("_"):
            assert ast.get_docstring(function), f"{path.name}: {function.name} has no docstring"
        for argument in function.args.args:
            kind = ast.unparse(argument.annotation) if argument.annotation else ""
            # a tuple of arrays may have a name of its own
            known = kind in {"Any", "int", "float", "bool"} or (kind[:1].isupper() and "NDArray" not in kind)
            assert known, f"{path.name}: {function.name}({argument.arg}: {kind})"


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.stem)
def test_every_public_kernel_is_exported(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    exported = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    public = {node.name for node in functions(path) if not node.name.startswith("_")}
    assert public <= set(exported)
    assert list(exported) == sorted(exported, key=lambda name: (not name.isupper(), name))


def told_in_tests():
    """All words of the test files that hold oracles or use kernels."""
    words = set()
    for path in TESTS.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.name.startswith("oracles") or "oracle" in text or "bioautofeat.kernels" in text:
            words |= set(re.findall(r"\w+", text))
    return words


@pytest.mark.parametrize("path", KERNELS, ids=lambda path: path.stem)
def test_every_kernel_has_an_oracle(path):
    told = told_in_tests()
    missing = [node.name for node in functions(path) if not node.name.startswith("_") and node.name not in told]
    assert not missing, f"{path.stem}: no test names {', '.join(missing)}"
