"""Makes the example data in data/: small, realistic, and hard enough that no honest model is perfect.

    python tools/simulate.py [FOLDER]

Three sets, each a FASTA file and a label file joined by id; the same bytes at every run:

promoters  DNA, 81 nt.  Half hold a -35 and a -10 box: degenerate copies of TTGACA and TATAAT, 16 to 18 nt apart, near
           their usual places.  The others have the same base composition, and one in three holds a lone box.
hairpins   RNA, 55 to 90 nt.  Half hold a stem of 9 to 12 pairs, richer in C and G, with at most one mismatch around a GNRA or UNCG loop; the
           others hold the same two arms, but shuffled, so that they do not pair.
peptides   Protein, 12 to 40 residues.  Half are cationic and amphipathic, in steps of three and four residues, to a varying
           degree; the others follow the mean composition of proteins, some of them rich in lysine and arginine.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

SEED = 20261124
BACKGROUND = {"A": 0.27, "C": 0.23, "G": 0.23, "T": 0.27}
RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
RESIDUE_SHARE = np.array(
    [8.3, 1.4, 5.5, 6.7, 3.9, 7.1, 2.3, 5.9, 5.8, 9.7, 2.4, 4.1, 4.7, 3.9, 5.5, 6.6, 5.4, 6.9, 1.1, 2.9]
)
HYDROPHOBIC, CATIONIC = "LIVFAWLLIV", "KRKRKH"


def letters(rng: np.random.Generator, n: int, alphabet: str = "ACGT") -> list[str]:
    """Random background: each letter follows the last with a mild preference for staying in its class."""
    share = np.array([BACKGROUND[c] for c in "ACGT"])
    text = [str(rng.choice(list("ACGT"), p=share))]
    while len(text) < n:
        weight = share * np.where(np.array(list("ACGT")) == text[-1], 1.25, 1.0)
        text.append(str(rng.choice(list("ACGT"), p=weight / weight.sum())))
    return [c.replace("T", alphabet[3]) for c in text]


def degenerate(rng: np.random.Generator, motif: str, keep: float) -> str:
    """A copy of a motif in which each letter survives with probability ``keep``."""
    return "".join(c if rng.random() < keep else str(rng.choice(list("ACGT"))) for c in motif)


def promoter(rng: np.random.Generator, positive: bool) -> str:
    """An 81-nt sequence from -60 to +20, with or without its boxes."""
    text = letters(rng, 81)
    minus10 = 49 + int(rng.integers(-2, 3))
    minus35 = minus10 - 6 - int(rng.integers(16, 19))
    if positive:
        for start, motif in ((minus35, "TTGACA"), (minus10, "TATAAT")):
            text[start : start + 6] = degenerate(rng, motif, 0.84)
    elif rng.random() < 0.35:
        motif = "TTGACA" if rng.random() < 0.5 else "TATAAT"
        start = int(rng.integers(0, 75))
        text[start : start + 6] = degenerate(rng, motif, 0.80)
    return "".join(text)


def hairpin(rng: np.random.Generator, positive: bool) -> str:
    """A stem and loop in a random context, or its arms shuffled."""
    pair = {"A": "U", "C": "G", "G": "C", "U": "A"}
    size = int(rng.integers(9, 13))
    strong = 0.66 if positive else 0.52
    arm = [str(rng.choice(list("CG" if rng.random() < strong else "AU"))) for _ in range(size)]
    other = [pair[c] for c in reversed(arm)]
    for place in rng.choice(size, int(rng.integers(0, 2)), replace=False):
        other[place] = str(rng.choice(list("ACGU")))
    tetraloop = "G" + str(rng.choice(list("ACGU"))) + str(rng.choice(list("AG"))) + "A"
    loop = tetraloop if rng.random() < 0.6 else "U" + str(rng.choice(list("ACGU"))) + "CG"
    if not positive:
        rng.shuffle(other)
        loop = loop if rng.random() < 0.25 else "".join(letters(rng, 4, "ACGU"))
    left, right = (letters(rng, int(rng.integers(14, 30)), "ACGU") for _ in range(2))
    return "".join(left) + "".join(arm) + loop + "".join(other) + "".join(right)


def peptide(rng: np.random.Generator, positive: bool) -> str:
    """A peptide that is amphipathic and cationic, or one of mean composition."""
    size = int(rng.integers(12, 41))
    share = RESIDUE_SHARE.copy()
    if not positive and rng.random() < 0.45:
        share[[RESIDUES.index(c) for c in "KRLA"]] *= rng.uniform(1.2, 2.2)
    text = list(rng.choice(list(RESIDUES), size, p=share / share.sum()))
    if positive:
        strength, phase = rng.uniform(0.2, 0.7), rng.uniform(0, 360)
        for i in range(size):
            if rng.random() < strength:
                face = np.cos(np.deg2rad(100 * i + phase)) > 0
                text[i] = str(rng.choice(list(HYDROPHOBIC if face else CATIONIC)))
    return "".join(text)


SETS = {
    "promoters": (promoter, 600, "promoter", "background"),
    "hairpins": (hairpin, 400, "hairpin", "unpaired"),
    "peptides": (peptide, 400, "amphipathic", "other"),
}


def main(folder: Path) -> None:
    """Write every set."""
    for number, (name, (make, size, yes, no)) in enumerate(SETS.items()):
        rng = np.random.default_rng([SEED, number])
        truth = rng.permutation(np.arange(size) % 2 == 0)
        with (
            open(folder / f"{name}.fasta", "w", newline="\n") as fasta,
            open(folder / f"{name}.csv", "w", newline="") as table,
        ):
            rows = csv.writer(table, lineterminator="\n")
            rows.writerow(["id", "label"])
            for i, positive in enumerate(truth, 1):
                fasta.write(f">{name[:-1]}{i:03d}\n{make(rng, bool(positive))}\n")
                rows.writerow([f"{name[:-1]}{i:03d}", yes if positive else no])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1] / "data")
