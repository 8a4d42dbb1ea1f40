"""Linear maps: Identity, Linear, LazyLinear, Bilinear."""

from __future__ import annotations

import math
from typing import Any

from ..._dtype import dtype as _dtype
from ..._tensor import Tensor
from ...ops.creation import empty
from .. import (
    functional as F,  # noqa: N812 - the name everybody knows
    init,
)
from ..parameter import Parameter, UninitializedParameter
from .lazy import LazyModuleMixin
from .module import Module

__all__ = ["Bilinear", "Identity", "LazyLinear", "Linear"]


class Identity(Module):
    """Return the input; takes and ignores any arguments, to stand in for another module.

    Example:
        >>> import penlight as torch
        >>> torch.nn.Identity(54, unused=True)(torch.ones(2))
        tensor([1., 1.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - ignored on purpose
        """Ignore the arguments."""
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` itself."""
        return input


class Linear(Module):
    r"""Apply :math:`y = x A^T + b` to the last dimension.

    Weight and bias start uniform in :math:`(-\sqrt{k}, \sqrt{k})` with :math:`k = 1 /
    \text{in\_features}`.

    Args:
        in_features: size of each input sample.
        out_features: size of each output sample.
        bias: whether to add a trained bias.
        device: the CPU.
        dtype: of weight and bias; the default dtype when left out.

    Shape:
        - input: :math:`(*, H_{in})`, any number of dimensions; output: :math:`(*, H_{out})`

    Attributes:
        weight: :math:`(\text{out\_features}, \text{in\_features})`
        bias: :math:`(\text{out\_features})`, or ``None``

    Example:
        >>> import penlight as torch
        >>> torch.nn.Linear(20, 30)(torch.zeros(128, 20)).shape
        torch.Size([128, 30])
    """

    __constants__ = ("in_features", "out_features")
    in_features: int
    out_features: int
    weight: Tensor

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make weight and bias and initialise them."""
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(empty((out_features, in_features), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        # torch: a = sqrt(5) makes He's bound 1 / sqrt(in_features).
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """Return the linear map of ``input``."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class NonDynamicallyQuantizableLinear(Linear):
    """A :class:`Linear` under the name that attention's output projection has in torch."""


class LazyLinear(LazyModuleMixin, Linear):
    r"""A :class:`Linear` that takes ``in_features`` from its first input.

    Args:
        out_features: size of each output sample.
        bias: whether to add a trained bias.
        device: the CPU.
        dtype: of weight and bias; the default dtype when left out.

    Shape:
        - input: :math:`(*, H_{in})`; output: :math:`(*, H_{out})`

    Example:
        >>> import penlight as torch
        >>> torch.nn.LazyLinear(30)(torch.zeros(128, 20)).shape
        torch.Size([128, 30])
    """

    cls_to_become = Linear
    weight: Any
    bias: Any

    def __init__(
        self,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make weight and bias without a shape."""
        super().__init__(0, 0, False)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, once they have a shape."""
        if not self.has_uninitialized_params() and self.in_features != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Give weight and bias the shapes that ``input`` asks for."""
        if self.has_uninitialized_params():
            self.in_features = input.shape[-1]
            self.weight.materialize((self.out_features, self.in_features))
            if self.bias is not None:
                self.bias.materialize((self.out_features,))
            self.reset_parameters()
        if self.in_features == 0:
            # The weight was loaded before the first input.
            found = self.weight.shape[-1]
            if input.shape[-1] != found:
                msg = (
                    f"The in_features inferred from input: {input.shape[-1]} is not equal to "
                    f"in_features from self.weight: {found}"
                )
                raise AssertionError(msg)
            self.in_features = input.shape[-1]


class Bilinear(Module):
    r"""Apply :math:`y = x_1^T A x_2 + b` to the last dimensions of two inputs.

    Weight and bias start uniform in :math:`(-\sqrt{k}, \sqrt{k})` with :math:`k = 1 /
    \text{in1\_features}`.

    Args:
        in1_features: size of each first input sample, above 0.
        in2_features: size of each second input sample.
        out_features: size of each output sample.
        bias: whether to add a trained bias.
        device: the CPU.
        dtype: of weight and bias; the default dtype when left out.

    Shape:
        - input1: :math:`(*, H_{in1})`, input2: :math:`(*, H_{in2})`; output: :math:`(*, H_{out})`

    Attributes:
        weight: :math:`(\text{out\_features}, \text{in1\_features}, \text{in2\_features})`
        bias: :math:`(\text{out\_features})`, or ``None``

    Raises:
        ValueError: ``in1_features`` is not positive.

    Example:
        >>> import penlight as torch
        >>> torch.nn.Bilinear(20, 30, 40)(torch.zeros(128, 20), torch.zeros(128, 30)).shape
        torch.Size([128, 40])
    """

    __constants__ = ("in1_features", "in2_features", "out_features")
    in1_features: int
    in2_features: int
    out_features: int
    weight: Tensor

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make weight and bias and initialise them."""
        super().__init__()
        if in1_features <= 0:
            msg = f"in1_features must be > 0, but got (in1_features={in1_features})"
            raise ValueError(msg)
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        sizes = (out_features, in1_features, in2_features)
        self.weight = Parameter(empty(sizes, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_features, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        bound = 1 / math.sqrt(self.weight.size(1))
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """Return the bilinear map of the inputs."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
