"""vmap: a function of slices, called once for each, with the results stacked.

That is what the map means, so it holds for every function, and what comes out can be
differentiated. Its price is that of a loop: the function runs as often as there are slices.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from .._tensor import Tensor
from ..ops.join import stack
from ..ops.view import select
from ..random import current_generator
from ._tree import is_node, leaves, mapped, refilled, spread

Function = Callable[..., Any]


def vmap(
    func: Function,
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Function:
    """Return the function that maps ``func`` over a dimension of its arguments.

    penlight calls ``func`` once for each slice and stacks what it returns. This is differentiable,
    nests, and composes with :func:`grad` and the others; it takes the time of the loop that it is.
    Unlike in torch, ``func`` may branch on values and call ``item()``.

    Args:
        func: takes tensors, also inside tuples, lists and dictionaries, and anything else that is
            not mapped over; returns tensors.
        in_dims: the dimension to map over, for all arguments, or nested as they are; ``None`` hands
            an argument to every call as it is. Keyword arguments are never mapped over.
        out_dims: where the dimension stands in the results, for all of them, or nested as they are.
        randomness: ``"error"`` refuses random functions, ``"same"`` draws the same numbers in every
            call, ``"different"`` goes on drawing (one call after the other; torch draws for all
            calls at once, so the numbers differ from its).
        chunk_size: accepted; every chunk is one slice.

    Returns:
        The function of whole tensors.

    Raises:
        ValueError: the dimensions do not fit the arguments or the results, or nothing is mapped.
        RuntimeError: a random function was called under ``"error"``.

    Example:
        >>> import penlight as torch
        >>> torch.vmap(torch.dot)(torch.ones(2, 3), torch.arange(6.0).reshape(2, 3))
        tensor([ 3., 12.])
        >>> per_sample = torch.vmap(torch.func.grad(lambda w, x: (w * x).sum() ** 2), (None, 0))
        >>> per_sample(torch.ones(2), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        tensor([[ 6., 12.],
                [42., 56.]])
    """
    if randomness not in {"error", "different", "same"}:
        msg = (
            "Only allowed values for randomness are 'error', 'different', or 'same'. Got "
            f"{randomness}"
        )
        raise RuntimeError(msg)
    if chunk_size is not None and chunk_size <= 0:
        msg = f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})"
        raise ValueError(msg)

    @functools.wraps(func)
    def mapping(*args: Any, **kwargs: Any) -> Any:
        name = f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>)"
        flat, dims = leaves(args), _in_dims(in_dims, args, name)
        count = _count(flat, dims)
        calls = _Calls(randomness)
        results = []
        for index in range(count):
            slices = (
                value if dim is None else select(value, dim, index)
                for value, dim in zip(flat, dims, strict=True)
            )
            results.append(calls.run(func, refilled(args, slices), kwargs))
        return _stacked(results, out_dims, func)

    return mapping


def _name(func: Any) -> str:
    return str(getattr(func, "__name__", repr(func)))


# ---- the dimensions of the arguments -------------------------------------------------------------


def _in_dims(in_dims: Any, args: tuple[Any, ...], name: str) -> list[Any]:
    """Return the dimension for each leaf of the arguments, ``None`` where it is not mapped."""
    if not isinstance(in_dims, (int, tuple)):
        msg = (
            f"{name}: expected `in_dims` to be int or a (potentially nested) tuple matching the "
            f"structure of inputs, got: {type(in_dims)}."
        )
        raise ValueError(msg)  # noqa: TRY004 - torch's type
    if not args:
        msg = (
            f"{name.partition(',')[0]})(<inputs>): got no inputs. Maybe you forgot to add inputs, "
            "or you are trying to vmap over a function with no inputs. The latter is unsupported."
        )
        raise ValueError(msg)
    dims = spread(in_dims, args)
    if dims is None:
        msg = (
            f"{name}: in_dims is not compatible with the structure of `inputs`: {in_dims} for "
            f"{mapped(lambda _: '*', args)}"
        )
        raise ValueError(msg)
    return [_in_dim(dim, value, name) for dim, value in zip(dims, leaves(args), strict=True)]


def _in_dim(dim: Any, value: Any, name: str) -> int | None:
    if dim is None:
        return None
    if not isinstance(dim, int):
        msg = (
            f"{name}: Got in_dim={dim} for an input but in_dim must be either an integer dimension "
            "or None."
        )
        raise ValueError(msg)  # noqa: TRY004 - torch's type
    if not isinstance(value, Tensor):
        msg = (
            f"{name}: Got in_dim={dim} for an input but the input is of type {type(value)}. We "
            "cannot vmap over non-Tensor arguments, please use None as the respective in_dim"
        )
        raise ValueError(msg)  # noqa: TRY004 - torch's type
    if not -value.dim() <= dim < value.dim():
        msg = (
            f"{name}: Got in_dim={dim} for some input, but that input is a Tensor of "
            f"dimensionality {value.dim()} so expected in_dim to satisfy "
            f"-{value.dim()} <= in_dim < {value.dim()}."
        )
        raise ValueError(msg)
    return dim % value.dim()


def _count(flat: Sequence[Any], dims: Sequence[Any]) -> int:
    """Return how many slices there are."""
    sizes = [value.shape[dim] for value, dim in zip(flat, dims, strict=True) if dim is not None]
    if not sizes:
        msg = "vmap: Expected at least one Tensor to vmap over"
        raise ValueError(msg)
    if len(set(sizes)) > 1:
        msg = (
            "vmap: Expected all tensors to have the same size in the mapped dimension, got sizes "
            f"{sizes} for the mapped dimension"
        )
        raise ValueError(msg)
    if not sizes[0]:
        msg = (
            "vmap: the mapped dimension has size 0. penlight calls the function once for each "
            "slice, and without one it cannot know what the function returns"
        )
        raise ValueError(msg)
    count: int = sizes[0]
    return count


# ---- the calls -----------------------------------------------------------------------------------


class _Calls:
    """The calls of one map, with what ``randomness`` asks for."""

    def __init__(self, randomness: str) -> None:
        self.randomness = randomness
        self.state = current_generator()._to_bytes()

    def run(self, func: Function, args: Any, kwargs: dict[str, Any]) -> Any:
        """Call the function on one slice."""
        if self.randomness == "same":
            current_generator()._from_bytes(self.state)
        result = func(*args, **kwargs)
        if self.randomness == "error" and current_generator()._to_bytes() != self.state:
            msg = (
                "vmap: called random operation while in randomness error mode. Please either use "
                "the 'same' or 'different' randomness flags on vmap or perform the randomness "
                "operation out of vmap"
            )
            raise RuntimeError(msg)
        return result


# ---- the results ---------------------------------------------------------------------------------


def _stacked(results: Sequence[Any], out_dims: Any, func: Any) -> Any:
    """Return the results of all calls as one, in the form of the first."""
    first = results[0]
    dims = _out_dims(out_dims, first, func)
    columns = zip(*map(leaves, results), strict=True)
    values = (_joined(column, dim, func) for column, dim in zip(columns, dims, strict=True))
    return refilled(first, values)


def _out_dims(out_dims: Any, first: Any, func: Any) -> list[Any]:
    if isinstance(first, Tensor) and isinstance(out_dims, tuple) and len(out_dims) == 1:
        out_dims = out_dims[0]
    for dim in leaves(out_dims):
        if dim is not None and not isinstance(dim, int):
            msg = (
                f"vmap({_name(func)}, ..., out_dims={out_dims}): `out_dims` must be an int, None "
                "or a python collection of ints representing where in the outputs the vmapped "
                f"dimension should appear, got {type(dim)}."
            )
            raise ValueError(msg)
    dims = spread(out_dims, first)
    if dims is None or (is_node(out_dims) and not is_node(first)):
        msg = (
            f"vmap({_name(func)}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible "
            f"with the structure of `outputs`: {mapped(lambda _: '*', first)}"
        )
        raise ValueError(msg)
    return dims


def _joined(column: Sequence[Any], dim: Any, func: Any) -> Any:
    """Return one result of all calls, stacked; the first where it is not mapped."""
    first = column[0]
    if dim is None:
        if isinstance(first, Tensor) and any(
            other.shape != first.shape or not bool((other == first).all()) for other in column
        ):
            msg = (
                f"vmap({_name(func)}, ...): `{_name(func)}` can not return a BatchedTensor when "
                "out_dim is None: the result depends on the slice"
            )
            raise ValueError(msg)
        return first
    if not isinstance(first, Tensor):
        msg = (
            f"vmap({_name(func)}, ...): `{_name(func)}` must only return Tensors, got type "
            f"{type(first)}. Did you mean to set out_dims= to None for output?"
        )
        raise ValueError(msg)  # noqa: TRY004 - torch's type
    return stack(column, dim)
