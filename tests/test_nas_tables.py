"""Tables as evaluators: read, asked, refused; and that nothing asks for torch before it is used."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bioautofeat.errors import ParameterError, TableError
from bioautofeat.nas.evaluators import Benchmark, Tabular
from bioautofeat.nas.evaluators.tabular import digits, macro, nb201
from bioautofeat.parameters import Choice, Int
from bioautofeat.search import ParameterSpace, SuccessiveHalving, Suggestion, run

SPACE = ParameterSpace({"a": Choice("x", "y"), "b": Choice("x", "y")})


def test_nothing_needs_torch_before_it_is_used():
    code = (
        "import sys; import bioautofeat.nas.strategies, bioautofeat.nas.evaluators, bioautofeat.nas.spaces, "
        "bioautofeat.nas.searching, bioautofeat.nas.evaluators.tabular; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestTables:
    def test_rows_of_the_published_table(self, shared):
        table = nb201(shared / "nas" / "nb201_compact.csv")
        assert len(table.rows) == 15_625
        assert table.columns["c10_test_12ep"][1462] == pytest.approx(82.2)
        assert table.columns["c10_test_200ep"][1462] == pytest.approx(93.76)
        bests = [table.best(f"{name}_test_200ep") for name in ("c10", "c100", "in16")]
        assert np.round(bests, 2).tolist() == [94.37, 73.51, 47.31]
        convolutions = table.space.encode_code("333333")
        assert table.score(convolutions, "params_c10") == 1_531_546
        assert table.score(table.space.encode_code("000000"), "params_c10") == 73_306
        assert table.score(table.space.encode_code("111111"), "c10_test_200ep") == pytest.approx(54.30, abs=0.01)

    def test_rows_of_the_macro_table(self, shared):
        table = macro(shared / "nas" / "nasbench_macro_cifar10.csv")
        assert len(table.rows) == 3**8
        place = table.rows["22212202"]
        assert table.columns["test_acc_mean"][place] == table.best("test_acc_mean") == pytest.approx(93.127)
        point = next(table.space.points())
        assert table.key(point) == "00000000"
        assert Tabular(table, "test_acc_mean").evaluate(Suggestion(point)) == pytest.approx(45.363)

    def test_own_table(self, tmp_path):
        path = tmp_path / "table.csv"
        path.write_text("# made by hand\ncell,score,early,note\n00,1,3,a\n01,2,4,b\n10,3,1,c\n11,4,2,d\n")
        table = Benchmark.read(path, SPACE, "cell")
        assert sorted(table.columns) == ["early", "score"]
        judge = Tabular(table, "score", {0.25: "early"})
        points = list(SPACE.points())
        assert [judge.evaluate(Suggestion(p)) for p in points] == [1, 2, 3, 4]
        assert [judge.evaluate(Suggestion(p, 0.5)) for p in points] == [3, 4, 1, 2]
        assert judge.evaluate(Suggestion(points[0], 0.01)) == 3
        with pytest.raises(ParameterError, match="did you mean 'score'"):
            Tabular(table, "scores")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("arch,score\n00,1\n", "no column 'cell'"),
            ("cell,score\n00,1\n00,2\n", "two rows"),
            ("cell,score\n00,1\n01\n", "row 2 has 1 cells"),
            ("", "no column"),
        ],
    )
    def test_bad_tables(self, tmp_path, text, message):
        path = tmp_path / "table.csv"
        path.write_text(text)
        with pytest.raises(TableError, match=message):
            Benchmark.read(path, SPACE, "cell")

    def test_an_architecture_that_is_not_there(self, tmp_path):
        path = tmp_path / "table.csv"
        path.write_text("cell,score\n00,1\n")
        table = Benchmark.read(path, SPACE, "cell")
        with pytest.raises(ParameterError, match="architecture 11 is not"):
            table.score((("a", "y"), ("b", "y")), "score")

    def test_numbers_have_no_digit(self):
        with pytest.raises(ParameterError, match="no digit"):
            digits(ParameterSpace({"n": Int(0, 3)}))((("n", 1),))

    def test_halving_on_two_columns(self, shared):
        """Twelve epochs for many, two hundred for few: the pick is better than by twelve epochs alone."""
        table = nb201(shared / "nas" / "nb201_compact.csv")
        judge = Tabular(table, "c100_test_200ep", {12 / 200: "c100_val_12ep"})
        gains = []
        for seed in range(10):
            history = run(SuccessiveHalving(table.space, lowest=1 / 3), judge.evaluate, trials=150, seed=seed)
            early = max((t for t in history.trials if t.fidelity < 1), key=lambda t: t.score)
            gains.append(history.best.score - table.score(early.point, "c100_test_200ep"))
        assert min(gains) >= 0
        assert np.mean(gains) > 0.05
