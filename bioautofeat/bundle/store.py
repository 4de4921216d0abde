"""Saving and loading: a fitted model as the parts of an archive, and back, checked by predicting three records."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray

import bioautofeat
from bioautofeat.alphabet import Alphabet, get_alphabet
from bioautofeat.bundle.arrays import join_trees, pack, parse_npy, split_trees, unpack
from bioautofeat.bundle.format import check_identity, parse_json, read_archive, write_archive
from bioautofeat.bundle.model import FittedModel, Prediction
from bioautofeat.errors import BioautofeatError, ModelError
from bioautofeat.extraction import Extractor
from bioautofeat.families import Spec, find
from bioautofeat.io.output import replacing
from bioautofeat.models.predictors import Parts, restore, take_apart
from bioautofeat.properties import files_given, user_file
from bioautofeat.sequences import Sequences
from bioautofeat.table import FeatureTable

__all__ = ["load", "save"]

META, SELF_TEST = "meta.json", "selftest.json"
WIDEST = 5_000_000
PROGRAMS = (
    "numpy",
    "scipy",
    "numba",
    "scikit-learn",
    "xgboost-cpu",
    "xgboost",
    "lightgbm",
    "catboost",
    "ViennaRNA",
    "torch",
)


def _json(value: Any) -> bytes:
    try:
        return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (TypeError, ValueError) as error:
        raise ModelError(f"the model's metadata cannot be written as JSON: {error}") from None


def _versions() -> dict[str, str]:
    found = {"bioautofeat": bioautofeat.__version__, "python": platform.python_version()}
    for name in PROGRAMS:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _names_hash(names: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(names).encode("utf-8")).hexdigest()


def _user_files(extractor: Extractor) -> list[str]:
    """Users' files that the specs name."""
    texts = (text for spec in extractor.specs for _, value in spec.values for text in _texts(value))
    return sorted({text for text in texts if text.endswith(".csv")})


def _texts(value: Any) -> list[str]:
    return (
        [value]
        if isinstance(value, str)
        else [v for v in value if isinstance(v, str)]
        if isinstance(value, tuple)
        else []
    )


def _explicit(spec: Spec) -> str:
    """A spec with all its values, so that another default of a later version does not change the model."""
    rows = spec.descriptor.parameters
    options = ",".join(f"{name}={rows[name].range.text(value)}" for name, value in spec.values)
    return f"{spec.descriptor.name}:{options}" if options else spec.descriptor.name


def _describe(extractor: Extractor, files: Mapping[str, str] | None) -> dict[str, Any]:
    """Specs and what their terms have learnt (arrays still in place)."""
    for spec, term in zip(extractor.specs, extractor.terms, strict=True):
        if not term.portable:
            raise ModelError(
                f"{spec} reads a file whenever it is computed, so a model file cannot hold it; "
                "join the table yourself and train on it (--table)"
            )
    names = _user_files(extractor)
    texts = dict(files) if files is not None else {name: user_file(name) for name in names}
    with files_given(texts) if names else nullcontext():
        blank = _blank(extractor.specs, extractor.alphabet)
    states = [term.state(empty) for term, empty in zip(extractor.terms, blank.terms, strict=True)]
    homes = _homes(extractor)
    return {
        "alphabet": extractor.alphabet.name,
        "specs": [_explicit(spec) for spec in extractor.specs],
        "states": states,
        "files": texts,
    } | ({"homes": homes} if homes else {})


def _homes(extractor: Extractor) -> dict[str, str]:
    """Modules of descriptors that are none of ours, for whoever has to import them before the model can be loaded."""
    rows = {spec.descriptor.name: spec.descriptor.build.__module__ for spec in extractor.specs}
    return {name: module for name, module in rows.items() if module.partition(".")[0] != "bioautofeat"}


def _extractor(meta: Mapping[str, Any]) -> Extractor:
    """The fitted extractor that was described."""
    texts, specs = meta["files"], meta["specs"]
    sound = isinstance(texts, dict) and all(isinstance(text, str) for text in texts.values())
    if not sound or not isinstance(specs, list) or not all(isinstance(spec, str) for spec in specs):
        raise ModelError(f"{META} is corrupt: its descriptors are not described")
    _require_known(specs, meta.get("homes", {}))
    with files_given(texts):
        blank = _blank(specs, get_alphabet(meta["alphabet"]))
    states = meta["states"]
    if not isinstance(states, list) or len(states) != len(blank.terms):
        raise ModelError(f"{META} is corrupt: {len(blank.terms)} descriptors and another number of states")
    return replace(blank, terms=tuple(term.with_state(state) for term, state in zip(blank.terms, states, strict=True)))


def _blank(specs: Iterable[str | Spec], alphabet: Alphabet) -> Extractor:
    """An extractor that has learnt nothing; without any descriptor where all columns are made elsewhere."""
    listed = list(specs)
    return Extractor.of(listed, alphabet) if listed else Extractor((), alphabet, ())


def _require_known(specs: Sequence[str], homes: Any) -> None:
    """Refuse a model of a descriptor that this process lacks, naming the module that has it; nothing is imported."""
    known = {name for row in find() for name in (row.name, *row.aliases)}
    for spec in specs:
        name = spec.partition(":")[0]
        home = homes.get(name) if isinstance(homes, dict) else None
        if name not in known and isinstance(home, str):
            raise ModelError(
                f"needs the descriptor {name!r}, which was registered by the module {home[:80]!r}: import that module in Python "
                "before loading the model"
            )


def _external(meta: Mapping[str, Any], extractor: Extractor | None) -> tuple[str, ...]:
    """Names of the columns that stand after those of the descriptors; none in a file of format 1."""
    names = meta.get("external", [])
    sound = isinstance(names, list) and all(isinstance(name, str) for name in names) and len(names) <= WIDEST
    if not sound or len(set(names)) != len(names) or (names and extractor is None):
        raise ModelError(f"{META} is corrupt: its external columns are not described")
    return tuple(names)


def _test_table(model: FittedModel, seqs: Sequences) -> FeatureTable | None:
    """Made-up external columns of the made-up records; None where the model has none."""
    if not model.external:
        return None
    values = np.random.default_rng(7).normal(size=(len(seqs), len(model.external))).round(3)
    return FeatureTable(values, model.external, seqs.ids)


def _test_sequences(alphabet: Alphabet, longest: int) -> Sequences:
    """Three made-up records, the last with a letter outside the alphabet; no training record leaves the house."""
    rng = np.random.default_rng(7)
    lengths = [longest, max(1, longest // 2), max(1, longest - 7)]
    texts = ["".join(rng.choice(list(alphabet.symbols), n).tolist()) for n in lengths]
    texts[2] = alphabet.ambiguous[-1] + texts[2][1:]
    return Sequences.from_strings(texts, alphabet)


def _outputs(found: Prediction) -> NDArray[np.float64]:
    values = found.probabilities if found.probabilities is not None else found.values
    assert values is not None
    return values.reshape(len(found), -1)


def _self_test(model: FittedModel) -> dict[str, Any]:
    """Records and what the model says of them."""
    if model.extractor is None:
        rows = np.random.default_rng(7).normal(size=(3, model.predictor.n_columns)).round(3)
        return {"seed": 7, "outputs": _outputs(model.predict_rows(rows)).tolist()}
    seqs = _test_sequences(model.extractor.alphabet, 60)
    letters = [*model.extractor.alphabet.symbols, model.extractor.alphabet.ambiguous[-1]]
    skipping = replace(model, ambiguous="skip")
    texts = ["".join(letters[c] for c in seqs.codes[a:b]) for a, b in zip(seqs.offsets, seqs.offsets[1:], strict=False)]
    return {"sequences": texts, "outputs": _outputs(skipping.predict(seqs, 1, _test_table(model, seqs))).tolist()}


def _run_self_test(model: FittedModel, test: Any) -> None:
    """Predict the records of the self-test; :class:`ModelError` where the numbers have moved."""
    if not isinstance(test, dict) or not isinstance(test.get("outputs"), list):
        raise ModelError(f"{SELF_TEST} is corrupt")
    wanted = np.array(test["outputs"], np.float64)
    if model.extractor is None:
        rows = np.random.default_rng(7).normal(size=(3, model.predictor.n_columns)).round(3)
        found = _outputs(model.predict_rows(rows))
    else:
        texts = test["sequences"]
        if (
            not isinstance(texts, list)
            or len(texts) != 3
            or not all(isinstance(t, str) and len(t) < 1000 for t in texts)
        ):
            raise ModelError(f"{SELF_TEST} is corrupt")
        seqs = Sequences.from_strings(texts, model.extractor.alphabet)
        found = _outputs(replace(model, ambiguous="skip").predict(seqs, 1, _test_table(model, seqs)))
    tolerance = max(part.tolerance for part in model.predictor.parts_below())
    if wanted.shape != found.shape or not np.all(np.abs(found - wanted) <= tolerance * (1.0 + np.abs(wanted))):
        raise ModelError(
            "the self-test failed: the model gives other numbers here than where it was made; "
            "use the program versions that its manifest names, or train it again"
        )


def save(path: str, model: FittedModel, *, created: str | None = None) -> str:
    """Write a model to a file that holds no code.

    Parameters
    ----------
    path : str
        Replaced when the new file is whole.
    model : FittedModel
    created : str, optional
        A date for the manifest.  Without it the same model gives the same bytes.

    Returns
    -------
    str
        SHA-256 of the model, by which a receiver can tell that it is this one.

    Raises
    ------
    ModelError
        Where something of it has no safe form, or the file would not load.
    """
    parts = take_apart(model.predictor)
    arrays = dict(parts.arrays)
    described = None if model.extractor is None else _describe(model.extractor, model.files)
    index_parts = split_trees(described, arrays, "extractor")
    index, blobs = pack(arrays)
    meta = {
        "task": model.task, "classes": list(model.classes), "extractor": index_parts, "columns": len(model.names),
        "names": list(model.names) if model.extractor is None else None, "names_sha256": _names_hash(model.names),
        "ambiguous": model.ambiguous, "dtype": model.dtype, "rule": None if model.rule is None else model.rule.tolist(),
        "interval": None if model.interval is None else list(model.interval), "model": parts.settings, "arrays": index,
        "metadata": dict(model.metadata),
    }  # fmt: skip
    if model.external:
        meta["external"] = list(model.external)
    content = {META: _json(meta), SELF_TEST: _json(_self_test(model)), **blobs, **parts.blobs}
    restored = _model(content, _flat(content))
    _run_self_test(restored, parse_json(content[SELF_TEST], SELF_TEST))
    manifest = {
        "format_version": 2 if model.external else 1, "made_with": _versions(), "holds_training": list(model.keeps),
    } | ({"created": created} if created else {})  # fmt: skip
    with replacing(path) as stream:
        return write_archive(stream, manifest, content)


def _flat(parts: Mapping[str, bytes]) -> dict[str, NDArray[Any]]:
    """The parts that hold numbers."""
    return {name: parse_npy(content, name) for name, content in parts.items() if name.endswith(".npy")}


def _model(parts: Mapping[str, bytes], flat: Mapping[str, NDArray[Any]]) -> FittedModel:
    """The model that the parts of an archive describe."""
    for name in (META, SELF_TEST):
        if name not in parts:
            raise ModelError(f"is not a model bundle: {name} is missing")
    blobs = {name: content for name, content in parts.items() if name.endswith(".safetensors")}
    stray = sorted(name for name in parts if name not in (META, SELF_TEST, *flat, *blobs))
    if stray:
        raise ModelError(f"part {stray[0]!r} belongs to nothing in the model")
    meta = parse_json(parts[META], META)
    arrays = unpack(meta["arrays"], flat)
    own = {name: array for name, array in arrays.items() if not name.startswith("extractor.")}
    predictor = restore(Parts(meta["model"], own, blobs))
    if not isinstance(meta["columns"], int) or meta["columns"] != predictor.n_columns or meta["columns"] > WIDEST:
        raise ModelError(f"{META} is corrupt: the number of columns is not the model's")
    extractor = None if meta["extractor"] is None else _extractor(join_trees(meta["extractor"], arrays))
    external = _external(meta, extractor)
    width = predictor.n_columns - len(external)
    if extractor is not None and extractor.width != width:
        raise ModelError(f"the descriptors give {extractor.width:,} columns, the model has {width:,}")
    names = tuple(meta["names"]) if extractor is None else (*extractor.names, *external)
    if _names_hash(names) != meta["names_sha256"]:
        raise ModelError(
            "the names of the columns are not those that the model was trained on: use the version it names"
        )
    rule, interval = meta["rule"], meta["interval"]
    return FittedModel(
        predictor, meta["task"], tuple(meta["classes"]), extractor, names, meta["ambiguous"], meta["dtype"],
        None if rule is None else np.array(rule, np.float64), None if interval is None else (interval[0], interval[1]),
        meta["metadata"], None if extractor is None else meta["extractor"]["files"], external,
    )  # fmt: skip


def load(path: str) -> FittedModel:
    """Load a model.  No code of the file is run, nothing is written, and the three records of its self-test must agree.

    Raises
    ------
    ModelError
        For a file that is no bundle, is damaged, unsafe, from a newer version, or gives other numbers here.
    """
    try:
        manifest, parts = read_archive(path)
        flat = _flat(parts)
        check_identity(manifest)
        model = _model(parts, flat)
        _run_self_test(model, parse_json(parts[SELF_TEST], SELF_TEST))
    except MemoryError:
        raise ModelError(f"{path}: needs more memory than there is") from None
    except BioautofeatError as error:
        raise ModelError(f"{path}: {error}") from None
    except (KeyError, TypeError, IndexError, AttributeError, ValueError, OverflowError, ArithmeticError) as error:
        raise ModelError(f"{path}: the model is damaged: {type(error).__name__}: {error}") from None
    return model
