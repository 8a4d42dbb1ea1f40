"""Softmax and log-softmax along a dimension.

Each line is shifted by its maximum first, so that no exponential overflows; a line with NaN or +inf
in it, or with nothing but -inf, is NaN, as in torch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def softmax(out: Array, input: Array, dim: int) -> None:
    """Write softmax along a dimension.

    Args:
        out: written, the shape of ``input``.
        input: any shape.
        dim: the dimension, counted from 0.
    """
    if not input.size:
        return
    with np.errstate(all="ignore"):
        np.subtract(input, input.max(axis=dim, keepdims=True), out=out)
        np.exp(out, out=out)
        out /= out.sum(axis=dim, keepdims=True)


def log_softmax(out: Array, input: Array, dim: int) -> None:
    """Write the logarithm of softmax along a dimension.

    Args:
        out: written, the shape of ``input``.
        input: any shape.
        dim: the dimension, counted from 0.
    """
    if not input.size:
        return
    with np.errstate(all="ignore"):
        np.subtract(input, input.max(axis=dim, keepdims=True), out=out)
        out -= np.log(np.exp(out).sum(axis=dim, keepdims=True))


def softmax_backward(grad_input: Array, grad: Array, out: Array, dim: int) -> None:
    """Write the gradient of softmax's input.

    Args:
        grad_input: written, shape (outer, dim, inner).
        grad: gradient of the result, same shape.
        out: the result of `softmax`, same shape.
        dim: the dimension, counted from 0.
    """
    with np.errstate(all="ignore"):
        product = grad * out
        np.subtract(grad, product.sum(axis=dim, keepdims=True), out=grad_input)
        grad_input *= out


def log_softmax_backward(grad_input: Array, grad: Array, out: Array, dim: int) -> None:
    """Write the gradient of log-softmax's input.

    Args:
        grad_input: written, shape (outer, dim, inner).
        grad: gradient of the result, same shape.
        out: the result of `log_softmax`, same shape.
        dim: the dimension, counted from 0.
    """
    with np.errstate(all="ignore"):
        np.exp(out, out=grad_input)
        grad_input *= grad.sum(axis=dim, keepdims=True)
        np.subtract(grad, grad_input, out=grad_input)
