"""In-place samplers, as methods of Tensor: torch's arguments, messages and (zero) gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._dtype import FROM_NUMPY
from .._tensor import Array, Tensor
from ..autograd.grad_mode import mode
from ..autograd.views import check_inplace, edge_of, rebase, storage_of
from ..random import Generator
from . import _draw, _draw_checked
from ._op import attach
from .sampling import erased, generator_of


def _written(self: Tensor, name: str, draw: Callable[[Array], None]) -> Tensor:
    """Draw into a tensor's memory and record that its old value is gone."""
    recording = mode.grad and edge_of(self) is not None
    if recording:
        check_inplace(self)
    draw(self._array)
    storage_of(self).version += 1
    if recording:
        rebase(self, erased(name, [self]))
    return self


def uniform_(
    self: Tensor,
    from_: float = 0.0,
    to: float = 1.0,
    *,
    generator: Generator | None = None,
    **named: float,
) -> Tensor:
    """Fill with uniform numbers in [``from``, ``to``).

    ``from`` can be given by name only in a dictionary: it is a word of Python.
    """
    low = float(named.pop("from", from_))
    _refuse_names("uniform_", named)
    source = generator_of("uniform_", generator)
    return _written(
        self, "UniformBackward0", lambda a: _draw_checked.uniform_into(a, source, low, float(to))
    )


def _refuse_names(function: str, named: dict[str, Any]) -> None:
    if named:
        msg = f"{function}() got an unexpected keyword argument '{next(iter(named))}'"
        raise TypeError(msg)


def normal_(
    self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with normal numbers."""
    source = generator_of("normal_", generator)
    mean, std = float(mean), float(std)
    return _written(
        self, "NormalBackward0", lambda a: _draw_checked.normal_into(a, source, mean, std)
    )


def bernoulli_(
    self: Tensor, p: float | Tensor = 0.5, *, generator: Generator | None = None
) -> Tensor:
    """Fill with ones of probability ``p``, a number or a tensor that broadcasts to this one."""
    source = generator_of("bernoulli_", generator)
    if not isinstance(p, Tensor):
        _draw_checked.check_p(p)
        p = float(p)
        return _written(self, "BernoulliBackward2", lambda a: _draw.bernoulli(source, a, p))
    shape = self._array.shape
    try:
        each = np.broadcast_to(p._array, shape)
    except ValueError:
        msg = (
            f"The expanded size of the tensor must match the existing size: probabilities of shape "
            f"{list(p.shape)} do not broadcast to {list(shape)}"
        )
        raise RuntimeError(msg) from None
    return _written(
        self, "BernoulliBackward1", lambda a: _draw_checked.bernoulli_each_into(a, source, each)
    )


_UNSET: Any = object()


def random_(
    self: Tensor,
    from_: Any = _UNSET,
    to: Any = _UNSET,
    *,
    generator: Generator | None = None,
    **named: Any,
) -> Tensor:
    """Fill with whole numbers: ``random_()``, ``random_(to)``, ``random_(from, to)``.

    ``random_(from, None)`` goes up to the largest number of the dtype.
    """
    source = generator_of("random_", generator)
    low = named.pop("from", from_)
    _refuse_names("random_", named)
    if low is _UNSET and to is _UNSET:
        return _written(self, "RandomBackward2", lambda a: _draw.any_integers(source, a))
    if to is _UNSET:
        low, to, name = 0, low, "RandomBackward1"
    else:
        name = "RandomBackward1" if low is _UNSET else "RandomBackward0"
        low = 0 if low is _UNSET else low
    first = _draw_checked.long("random_", "from", low)
    last = None if to is None else _draw_checked.long("random_", "to", to)
    return _written(self, name, lambda a: _draw_checked.integers_into(a, source, first, last))


def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill with numbers of the exponential distribution of rate ``lambd``."""
    source = generator_of("exponential_", generator)
    if not lambd > 0.0:
        msg = f"exponential_ expects lambda > 0.0, but found lambda={lambd:g}"
        raise RuntimeError(msg)
    _draw_checked.refuse_discrete(self._array, "Exponential", _draw.scalar_name(self._array))
    return _written(
        self, "ExponentialBackward0", lambda a: _draw.exponential(source, a, float(lambd))
    )


def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fill with numbers of trials up to the first success of probability ``p``."""
    source = generator_of("geometric_", generator)
    if not 0.0 < p < 1.0:
        msg = f"geometric_ expects p to be in (0, 1), but got p={p:g}"
        raise RuntimeError(msg)
    if self._array.dtype.kind == "b":
        msg = "\"geometric_cpu\" not implemented for 'Bool'"
        raise NotImplementedError(msg)
    return _written(self, "GeometricBackward0", lambda a: _draw.geometric(source, a, float(p)))


def log_normal_(
    self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with exponentials of normal numbers."""
    source = generator_of("log_normal_", generator)
    if not std > 0.0:
        msg = f"log_normal_ expects std > 0.0, but found std={std:g}"
        raise RuntimeError(msg)
    _draw_checked.refuse_unless_floating(self._array, "log_normal_cpu")
    mean, std = float(mean), float(std)
    return _written(self, "LogNormalBackward0", lambda a: _draw.log_normal(source, a, mean, std))


def cauchy_(
    self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Fill with numbers of the Cauchy distribution."""
    source = generator_of("cauchy_", generator)
    if not sigma > 0.0:
        msg = f"cauchy_ expects sigma > 0.0, but found sigma={sigma:g}"
        raise RuntimeError(msg)
    name = _draw_checked.C_NAMES.get(FROM_NUMPY[self._array.dtype].name, "")
    _draw_checked.refuse_discrete(self._array, "Cauchy", name)
    median, sigma = float(median), float(sigma)
    return _written(self, "CauchyBackward0", lambda a: _draw.cauchy(source, a, median, sigma))


for _function in (
    bernoulli_,
    cauchy_,
    exponential_,
    geometric_,
    log_normal_,
    normal_,
    random_,
    uniform_,
):
    attach(_function)
