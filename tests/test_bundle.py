"""Model files: what goes in comes out, and everything else is refused."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import subprocess
import sys
import warnings
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from bioautofeat.bundle import FittedModel, Prediction, load, save
from bioautofeat.bundle.arrays import pack, parse_npy, unpack
from bioautofeat.bundle.format import FORMAT, VERSION, parse_json, read_archive
from bioautofeat.cli import main
from bioautofeat.errors import AlphabetError, ModelError, TableError
from bioautofeat.extraction import Extractor
from bioautofeat.models import compiled, find, get
from bioautofeat.models.predictors.joined import Blend
from bioautofeat.sequences import Sequences
from bioautofeat.terms.base import Training

SMALL = {"trees": 10, "rounds": 8, "landmarks": 15, "leaf": 2}
SPECS = {"dna": ["kmer:k=2", "pstnpss", "enac"], "protein": ["aac", "ctdc"]}


def records(rng, alphabet="dna", n=48):
    letters = list("ACGT" if alphabet == "dna" else "ACDEFGHIKLMNPQRSTVWY")
    texts = ["".join(rng.choice(letters, rng.integers(18, 30))) for _ in range(n)]
    counts = np.array([text.count("A") for text in texts])
    return Sequences.from_strings(texts, alphabet), counts


def labels_of(counts, kind):
    if kind == "regression":
        return counts.astype(np.float64) * 3 + 1
    edges = [np.median(counts)] if kind == "binary" else np.quantile(counts, [1 / 3, 2 / 3])
    return np.array(["none", "some", "mäny, really"])[np.digitize(counts, edges)]


def train(rng, kind="binary", name="extra_trees", alphabet="dna", **more):
    seqs, counts = records(rng, alphabet)
    labels = labels_of(counts, kind)
    extractor = Extractor.of(SPECS[alphabet], seqs.alphabet).fit(Training(25, seqs, labels))
    rows = extractor.transform(seqs, short="zero")
    task = "regression" if kind == "regression" else "classification"
    row = get(name)
    estimator = row.build(task, {k: v for k, v in SMALL.items() if k in row.parameters}, seed=1).fit(rows, labels)
    classes = () if kind == "regression" else tuple(estimator.classes_)
    return FittedModel(compiled(estimator), task, classes, extractor, **more), seqs


def values_of(found):
    return found.probabilities if found.probabilities is not None else found.values


CASES = [
    (kind, model.name)
    for kind in ("binary", "multiclass", "regression")
    for model in find("regression" if kind == "regression" else "classification")
]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_every_model_predicts_the_same_after_loading(kind, name, rng, tmp_path):
    model, seqs = train(rng, kind, name)
    path = str(tmp_path / "model.baf")
    save(path, model)
    loaded = load(path)
    more = records(rng, n=40)[0]
    for batch in (seqs, more, seqs[:0]):
        before, after = model.predict(batch), loaded.predict(batch)
        assert before.labels == after.labels
        assert before.ids == after.ids == batch.ids
        assert np.array_equal(values_of(before), values_of(after))
    assert loaded.names == model.names
    assert loaded.classes == model.classes


def test_settings_survive(rng, tmp_path):
    rule = np.array([1.0, 2.5])
    model, seqs = train(
        rng, rule=rule, metadata={"metrics": {"mcc": 0.5}, "seed": 7}, dtype="float32", ambiguous="error"
    )
    model.save(str(tmp_path / "a.baf"))
    loaded = load(str(tmp_path / "a.baf"))
    assert np.array_equal(loaded.rule, rule)
    assert loaded.metadata == {"metrics": {"mcc": 0.5}, "seed": 7}
    assert (loaded.dtype, loaded.ambiguous) == ("float32", "error")
    found = loaded.predict(seqs)
    chosen = (found.probabilities * rule).argmax(axis=1)
    assert found.labels == tuple(loaded.classes[c] for c in chosen)

    model, seqs = train(rng, "regression", interval=(-2.0, 3.5))
    model.save(str(tmp_path / "b.baf"))
    found = load(str(tmp_path / "b.baf")).predict(seqs)
    assert np.array_equal(found.low, found.values - 2.0)
    assert np.array_equal(found.high, found.values + 3.5)
    assert found.columns == ["id", "prediction", "low", "high"]


def test_the_same_model_is_the_same_file(rng, tmp_path):
    model, _ = train(rng)
    first, second = str(tmp_path / "a.baf"), str(tmp_path / "b.baf")
    assert save(first, model) == save(second, model)
    content = (tmp_path / "a.baf").read_bytes()
    assert content == (tmp_path / "b.baf").read_bytes()
    save(second, load(first))
    assert content == (tmp_path / "b.baf").read_bytes()
    save(second, model, created="2026-11-24")
    assert read_archive(second)[0]["created"] == "2026-11-24"


def test_a_failed_save_leaves_the_old_file(rng, tmp_path):
    model, _ = train(rng)
    path = tmp_path / "model.baf"
    save(str(path), model)
    before = path.read_bytes()
    with pytest.raises(ModelError, match="JSON"):
        save(str(path), replace(model, metadata={"bad": float("nan")}))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model.baf"]


def test_the_manifest_says_what_is_held(rng, tmp_path):
    path = str(tmp_path / "model.baf")
    save(path, train(rng, name="svm")[0])
    manifest, parts = read_archive(path)
    assert manifest["holds_training"] == ["rows"]
    assert manifest["made_with"]["numpy"] == np.__version__
    assert {part["path"] for part in manifest["parts"]} == set(parts)
    save(path, train(rng, name="extra_trees")[0])
    assert read_archive(path)[0]["holds_training"] == []
    seqs, counts = records(rng)
    extractor = Extractor.of(["knn"], seqs.alphabet).fit(Training(25, seqs, labels_of(counts, "binary")))
    rows = extractor.transform(seqs, short="zero")
    estimator = get("logistic").build("classification", {}).fit(rows, labels_of(counts, "binary"))
    save(path, FittedModel(compiled(estimator), "classification", tuple(estimator.classes_), extractor))
    assert read_archive(path)[0]["holds_training"] == ["sequences"]


def test_a_blend_of_eight_fits_the_limits(rng, tmp_path):
    seqs, counts = records(rng)
    labels = labels_of(counts, "multiclass")
    extractor = Extractor.of(["kmer:k=2", "pstnpss", "idkmer", "enac"], seqs.alphabet).fit(Training(25, seqs, labels))
    rows = extractor.transform(seqs, short="zero")
    members = []
    for model in find("classification")[:8]:
        values = {k: v for k, v in SMALL.items() if k in model.parameters}
        members.append(compiled(model.build("classification", values).fit(rows, labels)))
    blend = Blend(tuple(members), np.full(8, 0.125))
    model = FittedModel(blend, "classification", tuple(sorted(set(labels))), extractor)
    path = str(tmp_path / "model.baf")
    save(path, model)
    assert len(read_archive(path)[1]) < 12
    assert np.array_equal(load(path).predict(seqs).probabilities, model.predict(seqs).probabilities)


def test_a_model_of_a_table(rng, tmp_path):
    rows = rng.normal(size=(50, 3))
    estimator = get("xgboost").build("classification", {"rounds": 5}).fit(rows, np.where(rows[:, 0] > 0, "up", "down"))
    model = FittedModel(compiled(estimator), "classification", ("down", "up"), names=("a", "b", "c d"))
    path = str(tmp_path / "model.baf")
    save(path, model)
    loaded = load(path)
    assert loaded.names == ("a", "b", "c d")
    assert loaded.alphabet is None
    assert np.array_equal(loaded.predict_rows(rows).probabilities, model.predict_rows(rows).probabilities)
    assert loaded.columns_of(["x", "c d", "b", "a"]) == [3, 2, 1]
    with pytest.raises(TableError, match="'c d'"):
        loaded.columns_of(["a", "b"])
    table = tmp_path / "table.csv"
    table.write_text(
        "id,b,label,a,c d\n" + "".join(f"r{i},{r[1]},up,{r[0]},{r[2]}\n" for i, r in enumerate(rows.tolist()))
    )
    out = tmp_path / "out.csv"
    assert main(["predict", path, str(table), "-o", str(out)]) == 0
    assert out.read_text().splitlines()[0] == "id,prediction,p_down,p_up"
    assert [line.split(",")[1] for line in out.read_text().splitlines()[1:]] == list(loaded.predict_rows(rows).labels)


def test_another_alphabet_is_refused(rng, tmp_path):
    model, _ = train(rng)
    with pytest.raises(AlphabetError, match="protein sequences given to a model of dna"):
        model.predict(records(rng, "protein")[0])


def test_what_does_not_belong_together_is_refused(rng):
    model, _ = train(rng)
    broken = [
        {"classes": ("a",)},
        {"classes": ("a", "a")},
        {"task": "regression"},
        {"task": "clustering"},
        {"rule": np.array([1.0, -1.0])},
        {"rule": np.ones(3)},
        {"interval": (0.0, 1.0)},
        {"ambiguous": "maybe"},
        {"extractor": Extractor.of(["kmer:k=1"], model.alphabet)},
    ]
    for fields in broken:
        with pytest.raises(ModelError):
            replace(model, **fields)


def test_a_users_file_travels_with_the_model(rng, tmp_path):
    table = tmp_path / "mine.csv"
    pairs = [a + b for a in "ACGT" for b in "ACGT"]
    table.write_text("slug," + ",".join(pairs) + "\nmine," + ",".join(str(i * i) for i in range(16)) + "\n")
    seqs, counts = records(rng)
    labels = labels_of(counts, "binary")
    extractor = Extractor.of([f"dac:properties={table}"], seqs.alphabet)
    rows = extractor.transform(seqs, short="zero")
    estimator = get("extra_trees").build("classification", {"trees": 10}).fit(rows, labels)
    model = FittedModel(compiled(estimator), "classification", tuple(estimator.classes_), extractor)
    path = str(tmp_path / "model.baf")
    save(path, model)
    table.unlink()
    loaded = load(path)
    assert np.array_equal(loaded.predict(seqs).probabilities, model.predict(seqs).probabilities)
    content = (tmp_path / "model.baf").read_bytes()
    save(path, loaded)
    assert (tmp_path / "model.baf").read_bytes() == content


def test_a_table_joined_by_id_cannot_be_kept(rng, tmp_path):
    seqs, counts = records(rng)
    table = tmp_path / "more.csv"
    table.write_text("id,x\n" + "".join(f"{name},{i}\n" for i, name in enumerate(seqs.ids)))
    extractor = Extractor.of([f"table:file={table}"], seqs.alphabet)
    estimator = get("dummy").build("classification", {}).fit(extractor.transform(seqs), labels_of(counts, "binary"))
    model = FittedModel(compiled(estimator), "classification", tuple(estimator.classes_), extractor)
    with pytest.raises(ModelError, match="--table"):
        save(str(tmp_path / "model.baf"), model)
    assert not (tmp_path / "model.baf").exists()


def test_predictions_do_not_depend_on_threads_or_batches(rng):
    model, _ = train(rng, "multiclass", "svm")
    seqs = records(rng, n=300)[0]
    whole = model.predict(seqs)
    assert np.array_equal(model.predict(seqs, threads=3).probabilities, whole.probabilities)
    parts = Prediction.joined([model.predict(seqs[i : i + 50]) for i in range(0, 300, 50)])
    assert np.array_equal(parts.probabilities, whole.probabilities)
    assert parts.ids == whole.ids


def test_predict_writes_what_the_model_says(rng, tmp_path, capsys):
    model, _ = train(rng, "multiclass")
    seqs = records(rng)[0]
    path = str(tmp_path / "model.baf")
    save(path, model)
    fasta = tmp_path / "x.fa"
    fasta.write_text("".join(f">{name},x\n{text}\n" for name, text in zip(seqs.ids, seqs, strict=True)))
    out = tmp_path / "out.csv"
    assert main(["predict", path, str(fasta), "-o", str(out), "--threads", "2", "--quiet"]) == 0
    import csv

    rows = list(csv.reader(io.StringIO(out.read_text("utf-8"))))
    assert rows[0] == ["id", "prediction", *(f"p_{name}" for name in model.classes)]
    found = model.predict(seqs)
    assert [row[0] for row in rows[1:]] == [f"{name},x" for name in seqs.ids]
    assert [row[1] for row in rows[1:]] == list(found.labels)
    assert np.array_equal(np.array([row[2:] for row in rows[1:]], float), found.probabilities)
    assert main(["predict", path, str(fasta), "-o", str(out)]) == 2
    assert "--force" in capsys.readouterr().err
    assert main(["predict", path, str(tmp_path / "none.fa")]) == 2
    assert main(["predict", str(tmp_path / "none.baf"), str(fasta)]) == 2
    assert "none.baf" in capsys.readouterr().err


# ---- files that are not what they should be


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
