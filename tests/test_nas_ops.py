"""Operations of networks: shapes, gradients, masks, both strands, and the encoders that feed them."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bioautofeat import extract
from bioautofeat.alphabet import DNA
from bioautofeat.errors import ParameterError
from bioautofeat.nas.ops import OPERATIONS, make, operations_for
from bioautofeat.sequences import Sequences

torch = pytest.importorskip("torch", reason="networks need torch: pip install 'bioautofeat[nas]'")

from bioautofeat.nas.blocks import Kernel, Norm, halved  # noqa: E402
from bioautofeat.nas.encode import Data, encode, table_of, turned  # noqa: E402
from bioautofeat.nas.genotype import Encoder  # noqa: E402
from bioautofeat.nas.ops import Layout  # noqa: E402
from bioautofeat.nas.train import seeded  # noqa: E402
from bioautofeat.terms.letters import letter_rows  # noqa: E402

LENGTHS = (9, 1, 4, 0, 7)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def random_batch(channels, lengths=LENGTHS, seed=0):
    generator = torch.Generator().manual_seed(seed)
    mask = (torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]).float()
    return torch.randn(len(lengths), channels, max(lengths), generator=generator) * mask[:, None], mask


def made(name, *layout, **more):
    with seeded(1):
        return make(name, *layout, **more)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("channels", [(8, 8), (6, 10)])
@pytest.mark.parametrize("name", operations_for(1))
def test_shape_gradient_and_stride(name, channels, stride):
    module = made(name, *channels, stride)
    x, mask = random_batch(channels[0])
    x.requires_grad_()
    y = module(x, mask)
    assert y.shape == (len(LENGTHS), channels[1], -(-max(LENGTHS) // stride))
    assert torch.isfinite(y).all()
    if name == "none":
        assert not y.any()
        return
    (y**2).sum().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in module.parameters())
    assert x.grad.abs().sum() > 0
    assert bool(list(module.parameters())) or not OPERATIONS[name].weights


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", operations_for(1))
def test_a_record_does_not_depend_on_its_neighbours(name, stride):
    module = made(name, 8, 8, stride)
    x, mask = random_batch(8)
    module.train()
    module(x, mask)  # the running statistics are no longer 0 and 1
    module.eval()
    with torch.no_grad():
        together = module(x, mask)
        for row, length in enumerate(LENGTHS):
            end = -(-length // stride)
            assert not together[row, :, end:].any(), "something stands behind the end"
            if length:
                alone = module(x[row : row + 1, :, :length], None)
                assert torch.allclose(together[row, :, :end], alone[0], atol=1e-5)


@pytest.mark.parametrize("name", operations_for(1))
def test_training_does_not_see_the_padding(name):
    """More padding changes neither what comes out in training nor the running statistics."""
    x, mask = random_batch(8, (5, 3, 4))
    wide, wide_mask = (torch.nn.functional.pad(t, (0, 6)) for t in (x, mask))
    first, second = made(name, 8, 8), made(name, 8, 8)
    assert torch.allclose(first(x, mask), second(wide, wide_mask)[:, :, :5], atol=1e-5)
    for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", operations_for(2))
def test_images(name, stride):
    module = made(name, 4, 6, stride, 2)
    y = module(torch.randn(3, 4, 8, 8), None)
    assert y.shape == (3, 6, 8 // stride, 8 // stride)
    assert torch.isfinite(y).all()


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", operations_for(1, symmetric=True))
def test_symmetric_operations_turn_with_the_record(name, stride):
    module = made(name, 8, 12, stride, symmetric=True)
    x, mask = random_batch(8)

    def other(batch, lengths):
        turned_rows = [row[:, :n].flip(0, 1) for row, n in zip(batch, lengths, strict=True)]
        return torch.stack([torch.nn.functional.pad(row, (0, batch.shape[2] - row.shape[1])) for row in turned_rows])

    ends = [-(-n // stride) for n in LENGTHS]
    for mode in (True, False):  # in training first: the statistics are then no longer 0 and 1
        module.train(mode)
        with torch.no_grad():
            assert torch.allclose(module(other(x, LENGTHS), mask), other(module(x, mask), ends), atol=1e-5)


def test_a_symmetric_kernel_scores_both_strands_alike():
    kernel = Kernel(Layout(4, 6, symmetric=True), 5)
    whole = kernel.whole()
    assert torch.equal(whole, whole.flip(0, 1, 2))
    assert kernel.weight.numel() * 2 == whole.numel()


def test_max_pool_takes_no_zero_from_the_padding():
    x = torch.full((2, 2, 5), -3.0)
    mask = torch.tensor([[1.0] * 5, [1, 1, 0, 0, 0]])
    y = made("max_pool3", 2, 2)(x * mask[:, None], mask)
    assert (y[0] == -3).all()
    assert (y[1, :, :2] == -3).all()
    assert (y[1, :, 2:] == 0).all()


def test_average_pool_divides_by_the_records_own_positions():
    x = torch.ones(2, 1, 5)
    mask = torch.tensor([[1.0] * 5, [1, 1, 1, 0, 0]])
    y = made("average_pool3", 1, 1)(x * mask[:, None], mask)
    assert torch.allclose(y[0], torch.ones(1, 5))
    assert torch.allclose(y[1], torch.tensor([[1.0, 1, 1, 0, 0]]))


def test_norm_equals_torchs_on_the_positions_of_the_records():
    x, mask = random_batch(6, (9, 4, 7))
    ours, theirs = Norm(6), torch.nn.BatchNorm1d(6)
    flat = x.transpose(1, 2)[mask > 0]
    assert torch.allclose(ours(x, mask).transpose(1, 2)[mask > 0], theirs(flat), atol=1e-5)
    ours(x[:1, :, :1], mask[:1, :1])  # one position: nothing to normalise by, and no error


def test_halving_is_the_same_from_either_end():
    for length in range(1, 9):
        x = torch.randn(2, 3, length)
        mask = torch.ones(2, length)
        mask[1, length - length // 2 :] = 0
        there = halved(x * mask[:, None], mask)
        back = halved(x[:1].flip(2), mask[:1])
        assert there.shape[2] == -(-length // 2)
        assert torch.allclose(there[0], back[0].flip(1), atol=1e-6)


def test_refusals():
    with pytest.raises(ParameterError, match="did you mean 'conv3'"):
        make("conv33", 4, 4)
    with pytest.raises(ParameterError, match="not for 2"):
        make("gru", 4, 4, dimensions=2)
    with pytest.raises(ParameterError, match="tells the strands apart"):
        make("gru", 4, 4, symmetric=True)


def test_names_are_known_without_torch():
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from bioautofeat.nas.ops import OPERATIONS, make\n"
        "from bioautofeat.nas.genotype import Frame\n"
        "from bioautofeat.nas.spaces.edge_cell import EdgeCellSpace\n"
        "space = EdgeCellSpace(3, ('none', 'conv3'))\n"
        "print(Frame().hold(space.decode(next(space.points()))).to_json())\n"
        "try: make('conv3', 4, 4)\n"
        "except ValueError as error: print(error)\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "networks need torch: pip install 'bioautofeat[nas]'" in found


# encoders


def batch_of(texts, encoder, alphabet="dna"):
    data = Data.of(Sequences.from_strings(texts, alphabet), encoder)
    return data.batch(torch.arange(len(texts)))


def test_letter_rows():
    seqs = Sequences.from_strings(["ACGT", "", "NA", "AACCGGTT"], "dna")
    assert letter_rows(seqs, 5).tolist() == [[1, 2, 3, 4, 0], [0] * 5, [5, 1, 0, 0, 0], [1, 1, 2, 4, 4]]
    assert letter_rows(seqs[3:], 5).tolist() == [[1, 1, 2, 4, 4]]


def test_one_hot_and_mask():
    x, mask = batch_of(["ACN", "T"], Encoder())
    assert x[0].T.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert x[1].T.tolist() == [[0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch_of(["ACN", "TTT"], Encoder())[1] is None


@pytest.mark.parametrize("text", ["ACGTTGCA", "TTNACG"])
def test_ncp_and_words_equal_the_descriptors(text):
    x, _ = batch_of([text], Encoder("ncp"))
    ours = x[0].T.reshape(-1).numpy()
    assert np.array_equal(ours, extract(Sequences.from_strings([text], "dna"), ["ncp"]).values[0])
    x, _ = batch_of([text], Encoder("embedding", k=2))
    whole = extract(Sequences.from_strings([text], "dna"), ["ps:k=2"]).values[0]
    assert np.array_equal(x[0, :, :-1].T.reshape(-1).numpy(), whole)
    assert not x[0, :, -1].any()


def test_property_tracks():
    table = table_of(Encoder("properties", "dna", 2, ("twist", "roll")))
    assert table.shape == (17, 2)
    assert np.allclose(table[1:].mean(0), 0, atol=0.01)
    x, _ = batch_of(["ACG"], Encoder("properties", "dna", 2, ("twist", "roll")))
    assert torch.equal(x[0].T, torch.from_numpy(table[[1 + 1, 1 + 6, 0]]))


def test_fcgr_equals_the_descriptor():
    texts = ["ACGTTGCAACGTGGGT", "AAAAAAACCNACGT", "AC"]
    x, mask = batch_of(texts, Encoder("fcgr", k=3))
    assert mask is None
    values = extract(Sequences.from_strings(texts, "dna"), ["fcgr:k=3"], short="zero").values
    assert np.allclose(x.reshape(3, -1).numpy(), values * 64, atol=1e-5)


def test_the_other_strand_is_the_reverse_complement():
    seqs = Sequences.from_strings(["ACGGN", "TT", ""], "dna")
    rows = torch.from_numpy(letter_rows(seqs, 5))
    assert torch.equal(turned(rows, DNA), torch.from_numpy(letter_rows(seqs.reverse_complement(), 5)))
    x, _ = encode(rows, Encoder())
    y, _ = encode(turned(rows, DNA), Encoder())
    assert torch.equal(y[0], x[0].flip(0, 1))


def test_encoders_are_checked():
    with pytest.raises(ParameterError, match="for nucleotides"):
        Encoder("ncp", "protein")
    with pytest.raises(ParameterError, match="512"):
        Encoder("embedding", "protein", 3)
    with pytest.raises(ParameterError, match="own properties"):
        Encoder("properties", "dna", 2, ("mine.csv",))
    with pytest.raises(ParameterError, match="dna sequences given to a network of rna"):
        Data.of(Sequences.from_strings(["ACGT"], "dna"), Encoder(alphabet="rna"))
