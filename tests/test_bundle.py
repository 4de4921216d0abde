"""Model files: what goes in comes out, and everything else is refused."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from bundle_records import SMALL, labels_of, records, train, values_of

from bioautofeat.bundle import FittedModel, Prediction, load, save
from bioautofeat.bundle.format import read_archive
from bioautofeat.cli import main
from bioautofeat.errors import AlphabetError, ModelError, TableError
from bioautofeat.extraction import Extractor
from bioautofeat.models import compiled, find, get
from bioautofeat.models.predictors.joined import Blend
from bioautofeat.terms.base import Training

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
