"""Slow twins of what fitted models compute, written from the definitions."""

from __future__ import annotations

import math

import numpy as np


def walk_trees(rows, trees, nodes, thresholds, values, outputs):
    """The sum of the leaves that each row reaches, one node at a time."""
    out = np.zeros((len(rows), outputs))
    for i, row in enumerate(rows):
        for root, target in trees:
            at = root
            while any(nodes[at][1:]):
                value = row[nodes[at][0]]
                if math.isnan(value):
                    at += nodes[at][3]
                elif value > thresholds[at]:
                    at += nodes[at][2]
                else:
                    at += nodes[at][1]
            for j, amount in enumerate(values[nodes[at][0]]):
                out[i, target + j] += amount
    return out


def couple(pairs, n_classes, rounds=20_000):
    """Probabilities of classes from those of pairs by fixed-point iteration (algorithm 2 of Wu, Lin and Weng 2004)."""
    r = np.zeros((n_classes, n_classes))
    place = iter(np.clip(pairs, 1e-7, 1 - 1e-7))
    for i in range(n_classes):
        for j in range(i + 1, n_classes):
            r[i, j] = next(place)
            r[j, i] = 1 - r[i, j]
    q = [
        [
            sum(r[s, i] ** 2 for s in range(n_classes) if s != i) if i == j else -r[j, i] * r[i, j]
            for j in range(n_classes)
        ]
        for i in range(n_classes)
    ]
    q = np.array(q)
    p = np.full(n_classes, 1 / n_classes)
    for step in range(rounds):
        t = step % n_classes
        p[t] = (-sum(q[t, j] * p[j] for j in range(n_classes) if j != t) + p @ q @ p) / q[t, t]
        p = p / p.sum()
    return p


def nearest(train, row, k):
    """Indices of the k nearest rows, equal ones by their order."""
    return sorted(range(len(train)), key=lambda i: (math.dist(train[i], row), i))[:k]


def pair_decision(kernel, coefficients, intercept):
    """Decision value of one two-class machine."""
    return sum(c * k for c, k in zip(coefficients, kernel, strict=True)) + intercept
