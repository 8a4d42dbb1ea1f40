"""Samples of tensors made like others; for the rest see ``tests/ops/test_creation.py``."""

from __future__ import annotations

from ops.samples import Sample


def _like(make):
    yield Sample(make(2, 3), grad=False)
    yield Sample(make(), grad=False)
    yield Sample(make(0, 2), grad=False)


def _full_like(make):
    yield Sample(make(2, 3), 1, grad=False)
    yield Sample(make(), 1, grad=False)


def _new_sized(make):
    yield Sample(make(1), 2, 3, grad=False)
    yield Sample(make(1), (2, 0), grad=False)
    yield Sample(make(1), size=[2], grad=False)


def _new_full(make):
    yield Sample(make(1), (2, 3), 1, grad=False)


def _new_tensor(make):
    yield Sample(make(1), [[1, 0], [2, 3]], grad=False)
    yield Sample(make(1), 1, grad=False)


SAMPLES = {
    "zeros_like": _like,
    "ones_like": _like,
    "full_like": _full_like,
    "Tensor.new_zeros": _new_sized,
    "Tensor.new_ones": _new_sized,
    "Tensor.new_full": _new_full,
    "Tensor.new_tensor": _new_tensor,
}
