"""Bundles that a stranger made: damaged, forged, swollen; refused with one line, never run."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import subprocess
import sys
import warnings
import zipfile

import numpy as np
import pytest
from bundle_records import train

from bioautofeat.bundle import load, save
from bioautofeat.bundle.arrays import pack, parse_npy, unpack
from bioautofeat.bundle.format import FORMAT, VERSION, parse_json, read_archive
from bioautofeat.errors import ModelError


@pytest.fixture
def sound(rng, tmp_path):
    path = tmp_path / "sound.baf"
    save(str(path), train(rng)[0])
    return path


def rewritten(path, out, change=lambda manifest, parts: None, **archive):
    """A bundle with its parts changed and its hashes made to fit again."""
    manifest, parts = read_archive(str(path))
    parts = dict(parts)
    change(manifest, parts)
    rows = [
        {"path": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in sorted(parts.items())
    ]
    manifest["parts"] = rows
    lines = "".join(f"{row['path']} {row['sha256']}\n" for row in rows)
    manifest["model_sha256"] = hashlib.sha256(lines.encode()).hexdigest()
    with zipfile.ZipFile(out, "w", **archive) as stream:
        stream.writestr("manifest.json", json.dumps(manifest))
        for name, content in parts.items():
            stream.writestr(name, content)
    return str(out)


def test_a_rewritten_bundle_loads(sound, tmp_path):
    load(rewritten(sound, tmp_path / "same.baf"))


def meta_changed(**fields):
    def change(manifest, parts):
        parts["meta.json"] = json.dumps(json.loads(parts["meta.json"]) | fields).encode()

    return change


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"classes": ["a"]}, "classes"),
        ({"task": "regression"}, "classes"),
        ({"columns": 3}, "columns"),
        ({"columns": "many"}, "columns"),
        ({"names_sha256": "0"}, "names of the columns"),
        ({"rule": [1, 1, 1]}, "rule"),
        ({"model": {"kind": "posix.system"}}, "no kind of model"),
        ({"model": []}, "holds no model"),
        ({"arrays": {}}, "missing"),
        ({"arrays": []}, "index"),
        ({"extractor": {}}, "damaged"),
        ({"dtype": "object"}, "unknown setting"),
        ({"metadata": None}, None),
    ],
)
def test_meta_that_does_not_hold_together_is_refused(fields, message, sound, tmp_path):
    path = rewritten(sound, tmp_path / "changed.baf", meta_changed(**fields))
    if message is None:
        load(path)
        return
    with pytest.raises(ModelError, match=message) as caught:
        load(path)
    assert str(caught.value).startswith(path)


def test_other_numbers_than_at_training_are_an_error(sound, tmp_path):
    def change(manifest, parts):
        test = json.loads(parts["selftest.json"])
        test["outputs"][1][0] += 0.01
        parts["selftest.json"] = json.dumps(test).encode()

    with pytest.raises(ModelError, match="self-test failed"):
        load(rewritten(sound, tmp_path / "drift.baf", change))


def test_spec_may_not_read_files(sound, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("id,a\nx,1\n")

    def change(manifest, parts):
        meta = json.loads(parts["meta.json"])
        meta["extractor"]["specs"][0] = f"table:file={secret}"
        parts["meta.json"] = json.dumps(meta).encode()

    with pytest.raises(ModelError, match="may not name a file"):
        load(rewritten(sound, tmp_path / "reads.baf", change))


def test_state_of_a_term_is_checked(sound, tmp_path):
    def change(manifest, parts):
        meta = json.loads(parts["meta.json"])
        name = next(name for name in meta["arrays"] if name.startswith("extractor") and name.endswith("tables"))
        meta["arrays"][name][2][-1] -= 1
        parts["meta.json"] = json.dumps(meta).encode()

    with pytest.raises(ModelError):
        load(rewritten(sound, tmp_path / "short.baf", change))


class Canary:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_pickles_are_never_read(sound, tmp_path):
    canary = tmp_path / "CANARY"
    evil = pickle.dumps(Canary(str(canary)))
    array = np.empty(1, object)
    array[0] = Canary(str(canary))
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)

    def change(manifest, parts):
        parts["float64.npy"] = stream.getvalue()

    (tmp_path / "raw.baf").write_bytes(evil)
    for path in (str(tmp_path / "raw.baf"), rewritten(sound, tmp_path / "object.baf", change)):
        with pytest.raises(ModelError):
            load(path)
    assert not canary.exists()


def archive_with(path, entries, compression=zipfile.ZIP_STORED):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(path, "w", compression) as stream:
            for name, content in entries:
                stream.writestr(name, content)
    return str(path)


def manifest_of(entries, **more):
    rows = [{"path": n, "bytes": len(c), "sha256": hashlib.sha256(c).hexdigest()} for n, c in entries]
    return json.dumps({"format": FORMAT, "format_version": VERSION, "parts": rows} | more).encode()


def test_containers_that_are_not_plain_are_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    part = [("meta.json", b"{}")]
    cases = {
        "unsafe path": [("manifest.json", manifest_of([("../x", b"")])), ("../x", b"")],
        "symbolic link": [("manifest.json", manifest_of([("link", b"a")])), (link, b"a")],
        "stands twice": [("manifest.json", manifest_of(part)), *part, *part],
        "not listed": [("manifest.json", manifest_of([])), *part],
        "missing": [("manifest.json", manifest_of(part))],
        "kind that is not allowed": [("manifest.json", manifest_of([("a.pkl", b"")])), ("a.pkl", b"")],
        "newer": [("manifest.json", manifest_of(part, format_version=VERSION + 1)), *part],
        "no valid format_version": [("manifest.json", manifest_of(part, format_version=True)), *part],
        "does not name the format": [("manifest.json", b"[]"), *part],
        "manifest.json is corrupt": [("manifest.json", b"{'a': 1}"), *part],
        "a key stands twice": [("manifest.json", b'{"format": 1, "format": 2}'), *part],
        "nested too deep": [("manifest.json", b"[" * 100_000), *part],
        "entries": [(f"{i}.json", b"") for i in range(300)],
        "no list of parts": [("manifest.json", manifest_of(part, parts=None)), *part],
        "described as it must": [("manifest.json", manifest_of(part, parts=[{"path": "meta.json"}])), *part],
    }
    for message, entries in cases.items():
        path = archive_with(tmp_path / "x.baf", entries)
        with pytest.raises(ModelError, match=message):
            load(path)


def test_bombs_are_refused_before_they_are_unpacked(tmp_path):
    content = b"\0" * (32 << 20)
    entries = [("manifest.json", manifest_of([("w.npy", content)])), ("w.npy", content)]
    path = archive_with(tmp_path / "bomb.baf", entries, zipfile.ZIP_DEFLATED)
    with pytest.raises(ModelError, match=r"w\.npy.*too large"):
        load(path)
    raw = bytearray((tmp_path / "bomb.baf").read_bytes())
    place = raw.rfind(b"PK\x01\x02")
    raw[place + 24 : place + 28] = (1000).to_bytes(4, "little")  # a directory that lies about the size
    (tmp_path / "liar.baf").write_bytes(raw)
    with pytest.raises(ModelError):
        load(str(tmp_path / "liar.baf"))


def test_files_that_are_no_archives(tmp_path, sound):
    raw = sound.read_bytes()
    for name, content, message in [
        ("empty", b"", "is empty"),
        ("text", b">a\nACGT\n", "not a model bundle"),
        ("cut", raw[:-30], "truncated or corrupt"),
        ("longer", raw + b"x", "truncated or corrupt"),
        ("before", b"PK\x03\x04" + raw, "corrupt"),
    ]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ModelError, match=message):
            load(str(tmp_path / name))
    with pytest.raises(ModelError, match="cannot be read"):
        load(str(tmp_path / "absent"))
    with pytest.raises(ModelError, match="cannot be read"):
        load(str(tmp_path))
    with pytest.raises(ModelError, match="device"):
        load("/dev/null")


def test_mutations_are_refused_or_change_nothing(rng, tmp_path):
    model, seqs = train(rng, "multiclass", "xgboost")
    path = tmp_path / "model.baf"
    save(str(path), model)
    raw, expected = path.read_bytes(), model.predict(seqs).probabilities
    refused = 0
    for _ in range(200):
        changed = bytearray(raw)
        for _ in range(int(rng.integers(1, 6))):
            changed[int(rng.integers(len(changed)))] ^= 1 << int(rng.integers(8))
        if rng.random() < 0.15:
            del changed[int(rng.integers(len(changed))) :]
        path.write_bytes(changed)
        try:
            found = load(str(path)).predict(seqs).probabilities
        except ModelError:
            refused += 1
            continue
        assert np.array_equal(found, expected)
    assert refused > 150


def test_mutated_content_with_fitting_hashes_never_crashes(rng, tmp_path, sound):
    """Whoever can write a bundle can write its hashes: the checks behind them must hold alone."""
    code = "import sys; from bioautofeat.bundle import load; from bioautofeat.errors import ModelError\n"
    code += (
        "from bioautofeat.sequences import Sequences\nseqs = Sequences.from_strings(['ACGTNACGTTTGACA' * 3], 'dna')\n"
    )
    code += (
        "for path in sys.argv[1:]:\n    try:\n        load(path).predict(seqs)\n    except ModelError:\n        pass\n"
    )
    paths = []
    for i in range(60):

        def change(manifest, parts):
            name = sorted(parts)[int(rng.integers(len(parts)))]
            content = bytearray(parts[name])
            for _ in range(int(rng.integers(1, 4))):
                content[int(rng.integers(len(content)))] = int(rng.integers(256))
            parts[name] = bytes(content)

        paths.append(rewritten(sound, tmp_path / f"{i}.baf", change))
    result = subprocess.run(
        [sys.executable, "-c", code, *paths], capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stderr[-2000:]


def test_arrays_are_packed_by_type(rng):
    arrays = {
        "a": rng.normal(size=(3, 4)), "b": np.arange(5, dtype=np.int32), "c": np.zeros((0, 7)), "d": np.array([True, False]),
        "e": np.asfortranarray(rng.normal(size=(4, 2))),
    }  # fmt: skip
    index, parts = pack(arrays)
    assert sorted(parts) == ["bool.npy", "float64.npy", "int32.npy"]
    back = unpack(json.loads(json.dumps(index)), {name: parse_npy(content, name) for name, content in parts.items()})
    for name, array in arrays.items():
        assert np.array_equal(back[name], array)
        assert back[name].dtype == array.dtype
        assert not back[name].flags.writeable
    with pytest.raises(ModelError, match="type"):
        pack({"x": np.array(["text"])})


def test_headers_of_arrays_are_compared_not_evaluated():
    def part(header, content=b"\0" * 16, version=b"\x01\x00"):
        return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header + content

    good = b"{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n"
    assert len(parse_npy(part(good), "a.npy")) == 2
    for bad in [
        part(good.replace(b"<f8", b"|O8")), part(good.replace(b"<f8", b"<M8")), part(good.replace(b"<f8", b">f8")),
        part(good.replace(b"(2,)", b"(3,)")), part(good.replace(b"(2,)", b"(2,1)")), part(good.replace(b"(2,)", b"(-2,)")),
        part(good.replace(b"False", b"True")), part(good.replace(b"(2,)", b"(2**1,)")), part(good, b""),
        part(good, version=b"\x03\x00"), b"", b"\x93NUMPY", part(b"__import__('os').abort()\n"), part(good * 200),
        part(good.replace(b"(2,)", b"(999999999999999999,)")),
    ]:  # fmt: skip
        with pytest.raises(ModelError):
            parse_npy(bad, "a.npy")


def test_places_outside_a_part_are_refused():
    flat = {"float64.npy": np.zeros(4)}
    for row in [
        ["float64", 3, [2]], ["float64", -1, [2]], ["float64", 0, [2, -1]], ["float64", 0, [1 << 40, 1 << 40]],
        ["float32", 0, [1]], [None, 0, [1]], ["float64", 0], ["float64", True, [1]], ["float64", 0, [1] * 9], "x",
    ]:  # fmt: skip
        with pytest.raises(ModelError):
            unpack({"a": row}, flat)


def test_json_of_strangers():
    assert parse_json(b'{"a": [1, 2.5, null]}', "x") == {"a": [1, 2.5, None]}
    for bad in (b"9" * 5000, b"NaN", b"[Infinity]", b"\xff", b"{", b"[" * 100_000, b'{"a": 1, "a": 2}', b""):
        with pytest.raises(ModelError, match="x is corrupt"):
            parse_json(bad, "x")
