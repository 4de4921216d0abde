"""How sequences become a network's input, named by a text, in every space."""

from __future__ import annotations

import numpy as np
import pytest
from nas_records import records

from bioautofeat.errors import ParameterError
from bioautofeat.nas.genotype import Encoder
from bioautofeat.nas.spaces.sequence import SequenceSpace

torch = pytest.importorskip("torch", reason="networks need torch: pip install 'bioautofeat[nas]'")

from bioautofeat.nas.estimator import NASClassifier  # noqa: E402
from bioautofeat.nas.network import build  # noqa: E402

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.mark.parametrize(
    ("text", "alphabet", "expected"),
    [
        ("one-hot", "protein", Encoder("one-hot", "protein")),
        ("ncp", "rna", Encoder("ncp", "rna")),
        ("embedding", "dna", Encoder("embedding", "dna", 3)),
        ("embedding:k=2", "protein", Encoder("embedding", "protein", 2)),
        ("properties:names=zscale", "protein", Encoder("properties", "protein", 1, ("zscale",))),
        ("fcgr", "dna", Encoder("fcgr", "dna", 4)),
        ("fcgr:k=5", "dna", Encoder("fcgr", "dna", 5)),
    ],
)
def test_an_encoder_is_named_by_a_text(text, alphabet, expected):
    assert Encoder.named(text, alphabet) == expected


@pytest.mark.parametrize(
    ("text", "alphabet", "message"),
    [
        ("ncp", "protein", "ncp is for nucleotides"),
        ("fcgr:k=x", "dna", "k=NUMBER"),
        ("one-hot:names=zscale", "dna", "k=NUMBER"),
        ("letters", "dna", "letters"),
        ("properties", "protein", "properties are named"),
        ("embedding:k=6", "dna", "more than the 512"),
    ],
)
def test_an_encoder_that_cannot_be_is_refused(text, alphabet, message):
    with pytest.raises(ParameterError, match=message):
        Encoder.named(text, alphabet)


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_networks_of_images_fit_into_the_image(k):
    space, side = SequenceSpace("dna", 1000, encoders=(f"fcgr:k={k}",)), 2**k
    rng = np.random.default_rng(k)
    x = torch.rand(2, 1, side, side)
    for point in [space.default()] + [space.sample(rng) for _ in range(15)]:
        chosen = space.decode(point)
        assert chosen.encoder == Encoder("fcgr", "dna", k)
        assert chosen.stem.kernel <= max(3, side)
        assert chosen.head.bins <= max(4, side)
        assert build(chosen, 1, 3).eval()(x).shape == (2, 3)


def test_images_and_tracks_are_searched_apart():
    with pytest.raises(ParameterError, match="search them apart"):
        SequenceSpace("dna", 50, encoders=("one-hot", "fcgr"))
    with pytest.raises(ParameterError, match="draws no encoder"):
        NASClassifier(trials=1, space="chain", encoders=("one-hot", "ncp")).fit(*records(20))


@pytest.mark.parametrize("space", ["sequence", "edge-cell", "cell", "chain", "morphism"])
@pytest.mark.parametrize("encoder", ["ncp", "embedding:k=2", "fcgr:k=3"])
def test_every_space_takes_every_encoder(space, encoder):
    model = NASClassifier(
        space=space, encoders=(encoder,), strategy="random", time_budget=None, trials=2, epochs=2, members=1, threads=1
    )
    model.fit(*records(40))
    assert {chosen.encoder for chosen in model.architectures_} == {Encoder.named(encoder, "dna")}
    assert np.allclose(model.predict_proba(records(5, 1)[0]).sum(1), 1)
