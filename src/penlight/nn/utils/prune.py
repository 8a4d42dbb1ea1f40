"""Pruning: parameters with some of their elements held at zero by a mask."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from ..._tensor import Tensor
from ...ops.creation import ones_like, zeros_like
from ...ops.sampling import rand, rand_like
from ...ops.sorting import kthvalue, topk
from ...ops.statistics import norm as norm_of
from .convert_parameters import parameters_to_vector

__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "PruningContainer",
    "RandomStructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]


class BasePruningMethod(ABC):
    """Base class of the ways to prune; one defines :meth:`compute_mask` and ``PRUNING_TYPE``.

    ``PRUNING_TYPE`` says what is pruned when the parameter is pruned again: ``"unstructured"``
    the elements left, ``"structured"`` the channels of ``self.dim`` left, ``"global"`` everything.

    An object of it is the hook that, before every forward, puts ``<name>_orig * <name>_mask`` under
    the parameter's name.
    """

    PRUNING_TYPE: str
    _tensor_name: Any

    def __call__(self, module: Any, inputs: Any) -> None:
        """Compute the pruned tensor; a forward pre-hook."""
        del inputs
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask for a tensor, on top of the one it has.

        Args:
            t: how important each element is; the tensor itself where no scores are given.
            default_mask: ones where an element is still there, of the same shape.
        """

    def apply_mask(self, module: Any) -> Any:
        """Return the pruned tensor of a module."""
        if self._tensor_name is None:
            msg = f"Module {module} has to be pruned"
            raise AssertionError(msg)
        mask = getattr(module, self._tensor_name + "_mask")
        original = getattr(module, self._tensor_name + "_orig")
        return mask.to(dtype=original.dtype) * original

    @classmethod
    def apply(
        cls, module: Any, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any
    ) -> Any:
        """Prune a parameter of a module, on top of what was pruned before.

        Args:
            module: the module.
            name: its parameter.
            *args: for the constructor.
            importance_scores: how important each element is; its value when left out.
            **kwargs: for the constructor.

        Returns:
            The method, or the container of all that pruned this parameter.

        Raises:
            AssertionError: the scores have another shape.
        """
        method = _with_earlier(module, name, cls(*args, **kwargs))
        values = getattr(module, name)
        _check_scores(importance_scores, values, f"parameter {name} of {module}")
        scores = values if importance_scores is None else importance_scores
        again = isinstance(method, PruningContainer)
        if again:
            before = getattr(module, name + "_mask").detach().clone()
        else:
            module.register_parameter(name + "_orig", values)
            del module._parameters[name]
            before = ones_like(values)
        try:
            mask = method.compute_mask(scores, default_mask=before)
            module.register_buffer(name + "_mask", mask)
            setattr(module, name, method.apply_mask(module))
            module.register_forward_pre_hook(method)
        except Exception:
            if not again:
                module.register_parameter(name, module._parameters.pop(name + "_orig"))
            raise
        return method

    def prune(self, t: Any, default_mask: Any = None, importance_scores: Any = None) -> Any:
        """Return a pruned copy of a tensor, of no module.

        Args:
            t: the tensor.
            default_mask: what was pruned before; nothing when left out.
            importance_scores: how important each element is; its value when left out.

        Raises:
            AssertionError: the scores have another shape.
        """
        _check_scores(importance_scores, t, "tensor t")
        scores = t if importance_scores is None else importance_scores
        mask = ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, default_mask=mask)

    def remove(self, module: Any) -> None:
        """Make the pruned tensor a parameter again; what was pruned stays zero."""
        if self._tensor_name is None:
            msg = f"Module {module} has to be pruned before pruning can be removed"
            raise AssertionError(msg)
        name = self._tensor_name
        pruned = self.apply_mask(module)
        if hasattr(module, name):
            delattr(module, name)
        original = module._parameters.pop(name + "_orig")
        original.data = pruned.data
        del module._buffers[name + "_mask"]
        setattr(module, name, original)


def _check_scores(scores: Any, values: Any, what: str) -> None:
    if scores is not None and scores.shape != values.shape:
        msg = (
            f"importance_scores should have the same shape as {what}, "
            f"got {scores.shape} vs {values.shape}"
        )
        raise AssertionError(msg)


def _with_earlier(module: Any, name: str, method: Any) -> Any:
    """Take the hook that pruned a tensor before off its module; return one for both."""
    method._tensor_name = name
    earlier = {
        number: hook
        for number, hook in module._forward_pre_hooks.items()
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name
    }
    if len(earlier) > 1:
        msg = (
            f"Avoid adding multiple pruning hooks to the same tensor {name} of module {module}. "
            "Use a PruningContainer."
        )
        raise AssertionError(msg)
    for number, hook in earlier.items():
        del module._forward_pre_hooks[number]
        container = hook if isinstance(hook, PruningContainer) else PruningContainer(hook)
        container.add_pruning_method(method)
        return container
    return method


class PruningContainer(BasePruningMethod):
    """All the methods that pruned one parameter, in their order.

    Args:
        *args: the methods.
    """

    def __init__(self, *args: Any) -> None:
        self._pruning_methods: tuple[Any, ...] = ()
        if len(args) == 1:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: Any) -> None:
        """Add a method of the same parameter.

        Raises:
            TypeError: it is no pruning method.
            ValueError: it prunes another parameter.
        """
        if method is not None:
            if not isinstance(method, BasePruningMethod):
                msg = f"{type(method)} is not a BasePruningMethod subclass"
                raise TypeError(msg)
            if self._tensor_name != method._tensor_name:
                msg = (
                    "Can only add pruning methods acting on the parameter named "
                    f"'{self._tensor_name}' to PruningContainer {self}. "
                    f"Found '{method._tensor_name}'"
                )
                raise ValueError(msg)
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: Any) -> Any:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask that the newest method makes on what the earlier ones left."""
        method = self._pruning_methods[-1]
        left = _part_left(method, t, default_mask)
        mask = default_mask.to(dtype=t.dtype)
        part = method.compute_mask(t[left], default_mask=default_mask[left])
        mask[left] = part.to(dtype=mask.dtype)
        return mask


def _part_left(method: Any, t: Any, mask: Any) -> Any:
    """Return the index of the part of a tensor on which a method works after others."""
    kind = method.PRUNING_TYPE
    if kind == "unstructured":
        return mask == 1
    whole = [slice(None)] * t.dim()
    if kind == "global":
        return tuple(whole)
    if kind != "structured":
        msg = f"Unrecognized PRUNING_TYPE {kind}"
        raise ValueError(msg)
    if not hasattr(method, "dim"):
        msg = (
            'Pruning methods of PRUNING_TYPE "structured" need to have the attribute `dim` defined.'
        )
        raise AttributeError(msg)
    dim = method.dim if method.dim >= 0 else method.dim + t.dim()
    if dim < 0:
        msg = f"Index is out of bounds for tensor with dimensions {t.dim()} (dim={method.dim})"
        raise IndexError(msg)
    others = [other for other in range(t.dim()) if other != dim]
    index: list[Any] = list(whole)
    index[dim] = mask.sum(dim=others) != 0
    return tuple(index)


class Identity(BasePruningMethod):
    """Prunes nothing, but makes the mask and the hook."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask as it is."""
        del t
        return default_mask

    @classmethod
    def apply(cls, module: Any, name: str) -> Any:  # type: ignore[override] # torch's signature
        """Make the mask and the hook; see :func:`identity`."""
        return super().apply(module, name)


class RandomUnstructured(BasePruningMethod):
    """Prunes elements at random.

    Args:
        amount: how many, or as a float which part of all.

    Raises:
        TypeError: ``amount`` is no number.
        ValueError: it is negative, or a float beyond 1.
    """

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: float) -> None:
        _check_amount(amount)
        self.amount = amount

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask without the elements that drew the greatest numbers."""
        count = _count(self.amount, t.numel())
        mask = default_mask.clone()
        if count:
            mask.view(-1)[topk(rand_like(t).view(-1), count).indices] = 0
        return mask

    @classmethod
    def apply(cls, module: Any, name: str, amount: float) -> Any:  # type: ignore[override] # torch's
        """Prune a parameter; see :func:`random_unstructured`."""
        return super().apply(module, name, amount=amount)


class L1Unstructured(BasePruningMethod):
    """Prunes the elements nearest to zero.

    Args:
        amount: how many, or as a float which part of all.

    Raises:
        TypeError: ``amount`` is no number.
        ValueError: it is negative, or a float beyond 1.
    """

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: float) -> None:
        _check_amount(amount)
        self.amount = amount

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask without the elements of least absolute value."""
        count = _count(self.amount, t.numel())
        mask = default_mask.clone()
        if count:
            mask.view(-1)[topk(t.abs().view(-1), count, largest=False).indices] = 0
        return mask

    @classmethod
    def apply(  # type: ignore[override] # torch's signature
        cls, module: Any, name: str, amount: float, importance_scores: Any = None
    ) -> Any:
        """Prune a parameter; see :func:`l1_unstructured`."""
        return super().apply(module, name, amount=amount, importance_scores=importance_scores)


class RandomStructured(BasePruningMethod):
    """Prunes whole channels at random.

    Args:
        amount: how many, or as a float which part of all.
        dim: the dimension whose entries are the channels.

    Raises:
        TypeError: ``amount`` is no number.
        ValueError: it is negative, or a float beyond 1.
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount = amount
        self.dim = dim

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask without the channels that drew the least numbers.

        Raises:
            ValueError: the tensor has one dimension, or fewer channels than are to be pruned.
            IndexError: it has no dimension ``dim``.
        """
        channels = _channels(t, self.dim)
        count = _count(self.amount, channels)
        if not count:
            return default_mask
        draws: Any = rand(channels)
        return _of_channels(t, self.dim, draws > kthvalue(draws, count).values, default_mask)

    @classmethod
    def apply(  # type: ignore[override] # torch's signature
        cls, module: Any, name: str, amount: float, dim: int = -1
    ) -> Any:
        """Prune a parameter; see :func:`random_structured`."""
        return super().apply(module, name, amount=amount, dim=dim)


class LnStructured(BasePruningMethod):
    """Prunes the whole channels of least norm.

    Args:
        amount: how many, or as a float which part of all.
        n: the norm's exponent.
        dim: the dimension whose entries are the channels.

    Raises:
        TypeError: ``amount`` is no number.
        ValueError: it is negative, or a float beyond 1.
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount = amount
        self.n = n
        self.dim = dim

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask with the channels of greatest norm only.

        Raises:
            ValueError: the tensor has one dimension, or fewer channels than are to be pruned.
            IndexError: it has no dimension ``dim``.
        """
        channels = _channels(t, self.dim)
        count = _count(self.amount, channels)
        dim = self.dim % t.dim()
        norms = norm_of(t, self.n, [other for other in range(t.dim()) if other != dim])
        kept = topk(norms, channels - count).indices
        return _of_channels(t, self.dim, kept, default_mask) if count else default_mask

    @classmethod
    def apply(  # type: ignore[override] # torch's signature
        cls,
        module: Any,
        name: str,
        amount: float,
        n: Any,
        dim: int,
        importance_scores: Any = None,
    ) -> Any:
        """Prune a parameter; see :func:`ln_structured`."""
        return super().apply(
            module, name, amount=amount, n=n, dim=dim, importance_scores=importance_scores
        )


class CustomFromMask(BasePruningMethod):
    """Prunes what a given mask says.

    Args:
        mask: zeros where an element is pruned.
    """

    PRUNING_TYPE = "global"

    def __init__(self, mask: Any) -> None:
        self.mask = mask

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the product of both masks.

        Raises:
            AssertionError: they have different shapes.
        """
        del t
        if default_mask.shape != self.mask.shape:
            msg = (
                f"default_mask shape {default_mask.shape} must match "
                f"self.mask shape {self.mask.shape}"
            )
            raise AssertionError(msg)
        return default_mask * self.mask.to(dtype=default_mask.dtype)

    @classmethod
    def apply(cls, module: Any, name: str, mask: Any) -> Any:  # type: ignore[override] # torch's
        """Prune a parameter; see :func:`custom_from_mask`."""
        return super().apply(module, name, mask=mask)


# ---- functions -----------------------------------------------------------------------------------


def identity(module: Any, name: str) -> Any:
    """Give a parameter a mask of ones and the hook, as if it were pruned; returns the module."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Any, name: str, amount: float) -> Any:
    """Prune elements of a parameter at random.

    The parameter becomes ``<name>_orig``, the mask is the buffer ``<name>_mask``, and their product
    is computed before every forward.

    Args:
        module: the module.
        name: its parameter.
        amount: how many elements, or as a float which part of those left.

    Returns:
        The module.

    Raises:
        TypeError: ``amount`` is no number.
        ValueError: it is negative, a float beyond 1, or more than there are.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils import prune
        >>> layer = prune.random_unstructured(torch.nn.Linear(2, 3), "weight", amount=1)
        >>> (layer.weight_mask == 0).sum()
        tensor(1)
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: Any, name: str, amount: float, importance_scores: Tensor | None = None
) -> Any:
    """Prune the elements of a parameter that are nearest to zero.

    Args:
        module: the module.
        name: its parameter.
        amount: how many elements, or as a float which part of those left.
        importance_scores: how important each element is; its value when left out.

    Returns:
        The module.

    Raises:
        TypeError: ``amount`` is no number.
        ValueError: it is negative, a float beyond 1, or more than there are.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils import prune
        >>> layer = prune.l1_unstructured(torch.nn.Linear(2, 3), "weight", amount=0.2)
        >>> list(layer.state_dict())
        ['bias', 'weight_orig', 'weight_mask']
    """
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: Any, name: str, amount: float, dim: int) -> Any:
    """Prune whole channels of a parameter at random.

    Args:
        module: the module.
        name: its parameter.
        amount: how many channels, or as a float which part of those left.
        dim: the dimension whose entries are the channels.

    Returns:
        The module.

    Raises:
        TypeError: ``amount`` is no number.
        ValueError: it is negative, a float beyond 1, or more than there are.
        IndexError: the parameter has no dimension ``dim``.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils import prune
        >>> layer = prune.random_structured(torch.nn.Linear(5, 3), "weight", amount=3, dim=1)
        >>> (layer.weight.sum(0) == 0).sum()
        tensor(3)
    """
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Any,
    name: str,
    amount: float,
    n: Any,
    dim: int,
    importance_scores: Tensor | None = None,
) -> Any:
    """Prune the whole channels of a parameter that have the least norm.

    Args:
        module: the module.
        name: its parameter.
        amount: how many channels, or as a float which part of those left.
        n: the norm's exponent.
        dim: the dimension whose entries are the channels.
        importance_scores: how important each element is; its value when left out.

    Returns:
        The module.

    Raises:
        TypeError: ``amount`` is no number.
        ValueError: it is negative, a float beyond 1, or more than there are.
        IndexError: the parameter has no dimension ``dim``.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils import prune
        >>> layer = prune.ln_structured(torch.nn.Conv2d(5, 3, 2), "weight", 2, n=2, dim=1)
        >>> (layer.weight_mask.sum((0, 2, 3)) == 0).sum()
        tensor(2)
    """
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Any, name: str, mask: Any) -> Any:
    """Prune what a given mask says.

    Args:
        module: the module.
        name: its parameter.
        mask: zeros where an element is pruned, of the parameter's shape.

    Returns:
        The module.

    Raises:
        AssertionError: the mask has another shape.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils import prune
        >>> mask = torch.tensor([0, 1, 0])
        >>> prune.custom_from_mask(torch.nn.Linear(5, 3), "bias", mask).bias_mask
        tensor([0., 1., 0.])
    """
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Any, pruning_method: Any, importance_scores: Any = None, **kwargs: Any
) -> None:
    """Prune several parameters as if they were one vector.

    Args:
        parameters: pairs of module and parameter name.
        pruning_method: an unstructured method's class, such as :class:`L1Unstructured`.
        importance_scores: a dict of scores for some of the pairs; values serve for the others.
        **kwargs: for the method, as ``amount``.

    Raises:
        TypeError: the method is not unstructured, ``parameters`` no iterable or the scores no dict.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils import prune
        >>> net = torch.nn.Sequential(torch.nn.Linear(10, 4), torch.nn.Linear(4, 1))
        >>> pairs = [(net[0], "weight"), (net[1], "weight")]
        >>> prune.global_unstructured(pairs, prune.L1Unstructured, amount=10)
        >>> sum((buffer == 0).sum() for buffer in net.buffers())
        tensor(10)
    """
    if not isinstance(parameters, Iterable):
        msg = "global_unstructured(): parameters is not an Iterable"
        raise TypeError(msg)
    given = {} if importance_scores is None else importance_scores
    if not isinstance(given, dict):
        msg = "global_unstructured(): importance_scores must be of type dict"
        raise TypeError(msg)
    pairs = list(parameters)
    values = [getattr(module, name) for module, name in pairs]
    scores = parameters_to_vector(
        [given.get(pair, value) for pair, value in zip(pairs, values, strict=True)]
    )
    masks: Any = parameters_to_vector(
        [
            getattr(module, name + "_mask", ones_like(value))
            for (module, name), value in zip(pairs, values, strict=True)
        ]
    )
    container = PruningContainer()
    method = pruning_method(**kwargs)
    # Any name, so long as both have it.
    container._tensor_name = method._tensor_name = "temp"
    if method.PRUNING_TYPE != "unstructured":
        msg = (
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. '
            f"Found method {pruning_method} of type {method.PRUNING_TYPE}"
        )
        raise TypeError(msg)
    container.add_pruning_method(method)
    mask = container.compute_mask(scores, masks)
    parts = mask.split([value.numel() for value in values])
    for (module, name), value, part in zip(pairs, values, parts, strict=True):
        custom_from_mask(module, name, mask=part.view_as(value))


def remove(module: Any, name: str) -> Any:
    """Make a pruned tensor a parameter again; what was pruned stays zero. Returns the module.

    Raises:
        ValueError: it is not pruned.

    Example:
        >>> import penlight as torch
        >>> from penlight.nn.utils import prune
        >>> layer = prune.random_unstructured(torch.nn.Linear(5, 7), "weight", amount=0.2)
        >>> list(prune.remove(layer, "weight").state_dict())
        ['bias', 'weight']
    """
    for number, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[number]
            return module
    msg = f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
    raise ValueError(msg)


def is_pruned(module: Any) -> bool:
    """Return whether a parameter of the module, or of one below it, is pruned."""
    return any(
        isinstance(hook, BasePruningMethod)
        for each in module.modules()
        for hook in each._forward_pre_hooks.values()
    )


# ---- amounts and channels ------------------------------------------------------------------------


def _check_amount(amount: Any) -> None:
    if not isinstance(amount, numbers.Real):
        msg = f"Invalid type for amount: {amount}. Must be int or float."
        raise TypeError(msg)
    beyond = not isinstance(amount, numbers.Integral) and float(amount) > 1
    if float(amount) < 0 or beyond:
        msg = (
            f"amount={amount} should either be a float in the range [0, 1] or a non-negative "
            "integer"
        )
        raise ValueError(msg)


def _count(amount: Any, size: int) -> int:
    """Return how many of ``size`` are to be pruned."""
    count = int(amount) if isinstance(amount, numbers.Integral) else round(amount * size)
    if count > size:
        msg = f"amount={count} should be smaller than the number of parameters to prune={size}"
        raise ValueError(msg)
    return count


def _channels(t: Any, dim: int) -> int:
    """Return how many channels a tensor has along ``dim``."""
    if t.dim() <= 1:
        msg = (
            "Structured pruning can only be applied to multidimensional tensors. "
            f"Found tensor of shape {t.shape} with {t.dim()} dims"
        )
        raise ValueError(msg)
    if dim >= t.dim():
        _refuse_dim(t, dim)
    channels: int = t.shape[dim]
    return channels


def _refuse_dim(t: Any, dim: int) -> NoReturn:
    msg = f"Invalid index {dim} for tensor of size {t.shape}"
    raise IndexError(msg)


def _of_channels(t: Any, dim: int, kept: Any, default_mask: Any) -> Any:
    """Return the mask with the channels ``kept`` only, an index along ``dim``."""
    mask: Any = zeros_like(t)
    index: list[Any] = [slice(None)] * t.dim()
    index[dim] = kept
    mask[tuple(index)] = 1
    mask *= default_mask.to(dtype=mask.dtype)
    return mask
