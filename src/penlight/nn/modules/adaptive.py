"""Softmax over very many classes, the rare ones in clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..._dtype import dtype as _dtype
from ..._tensor import Tensor
from ...ops.join import cat
from .. import functional as F  # noqa: N812 - the name everybody knows
from .container import ModuleList, Sequential
from .linear import Linear
from .module import Module

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    """The log-probability of each target, and minus their mean."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    r"""Softmax over classes by frequency: the frequent ones first, the others in clusters.

    The head holds the classes up to the first cutoff and one entry per cluster. A class in cluster
    :math:`i` has the probability of the cluster times its own within it, of features projected to
    :math:`\lfloor \text{in\_features} / \text{div\_value}^i \rfloor`.

    Args:
        in_features: size of the features.
        n_classes: number of classes, the most frequent first.
        cutoffs: where clusters begin: growing, between 1 and ``n_classes`` - 1.
        div_value: by how much features shrink from cluster to cluster.
        head_bias: whether the head has a bias.
        device: the CPU.
        dtype: of the parameters; the default dtype when left out.

    Shape:
        - input: :math:`(N, \text{in\_features})` or :math:`(\text{in\_features})`
        - target: :math:`(N)` or :math:`()`, classes
        - output: as target; loss: scalar

    Raises:
        ValueError: the cutoffs are not as said.
        RuntimeError: on a call, a target is out of range, or shapes do not fit.

    Example:
        >>> import penlight as torch
        >>> softmax = torch.nn.AdaptiveLogSoftmaxWithLoss(16, 100, cutoffs=[10, 50])
        >>> output, loss = softmax(torch.zeros(4, 16), torch.tensor([0, 20, 60, 99]))
        >>> output.shape
        torch.Size([4])

    References:
        Grave et al. 2017, Efficient softmax approximation for GPUs, arXiv 1609.04309.
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        """Make the head and the clusters."""
        super().__init__()
        ends = _checked_cutoffs(list(cutoffs), n_classes)
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = ends
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = ends[0]
        self.n_clusters = len(ends) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        options = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **options)
        self.tail = ModuleList()
        for number in range(self.n_clusters):
            size = int(in_features // div_value ** (number + 1))
            classes = ends[number + 1] - ends[number]
            self.tail.append(
                Sequential(
                    Linear(in_features, size, bias=False, **options),
                    Linear(size, classes, bias=False, **options),
                )
            )

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        self.head.reset_parameters()
        for projection, classes in self.tail:
            projection.reset_parameters()
            classes.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        """Return the targets' log-probabilities and minus their mean."""
        _check_pair(input_, target_)
        is_batched = target_.dim() > 0
        input: Any = input_ if is_batched else input_.unsqueeze(0)
        target: Any = target_ if is_batched else target_.unsqueeze(0)
        self._check_targets(target)
        # The place in the head: of the class itself, or of its cluster.
        places = target.clone()
        output = input.new_zeros(target.shape[0])
        for number, cluster in enumerate(self.tail):
            first = self.cutoffs[number]
            is_here = (target >= first) & (target < self.cutoffs[number + 1])
            rows = is_here.nonzero().squeeze(1)
            if not rows.numel():
                continue
            places[rows] = self.shortlist_size + number
            log_probs = F.log_softmax(cluster(input.index_select(0, rows)), dim=1)
            own = log_probs.gather(1, (target[rows] - first).unsqueeze(1)).squeeze(1)
            output = output.index_copy(0, rows, own)
        head = F.log_softmax(self.head(input), dim=1)
        output = output + head.gather(1, places.unsqueeze(1)).squeeze(1)
        loss = (-output).mean()
        return _ASMoutput(output if is_batched else output.squeeze(0), loss)

    def _check_targets(self, target: Any) -> None:
        if not target.numel():
            return
        least, most = target.min().item(), target.max().item()
        if least < 0 or most >= self.n_classes:
            msg = (
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{least}, {most}] were found. "
            )
            raise RuntimeError(msg)

    def _all_log_probs(self, input: Tensor, head: Any) -> Any:
        """Return the log-probabilities of all classes, given the head's output."""
        log_probs = F.log_softmax(head, dim=1)
        parts = [log_probs[:, : self.shortlist_size]]
        for number, cluster in enumerate(self.tail):
            within = F.log_softmax(cluster(input), dim=1)
            parts.append(within + log_probs[:, self.shortlist_size + number].unsqueeze(1))
        return cat(parts, dim=1)

    def log_prob(self, input: Tensor) -> Tensor:
        """Return the log-probabilities of all classes, (N, n_classes).

        Args:
            input: shape (N, in_features).
        """
        return self._all_log_probs(input, self.head(input))  # type: ignore[no-any-return]

    def predict(self, input: Tensor) -> Tensor:
        """Return the most likely class of each row.

        Clusters are computed for rows alone whose most likely entry of the head is a cluster.

        Args:
            input: shape (N, in_features).
        """
        head = self.head(input)
        output = head.argmax(dim=1)
        rows = (output >= self.shortlist_size).nonzero().squeeze(1)
        if rows.numel():
            output[rows] = self._all_log_probs(input[rows], head[rows]).argmax(dim=1)
        return output  # type: ignore[no-any-return]


def _checked_cutoffs(cutoffs: list[int], n_classes: int) -> list[int]:
    """Return the cutoffs with the number of classes at the end, refusing what does not grow."""
    if not cutoffs:
        msg = "cutoffs should be a sequence of length larger than 0"
        raise ValueError(msg)
    is_whole = all(int(cutoff) == cutoff for cutoff in cutoffs)
    if not is_whole or cutoffs != sorted({*cutoffs} & {*range(1, n_classes)}):
        msg = (
            "cutoffs should be a sequence of unique, positive integers sorted in an increasing "
            f"order, where each value is between 1 and n_classes-1, got {cutoffs} for {n_classes} "
            "classes"
        )
        raise ValueError(msg)
    return [*cutoffs, n_classes]


def _check_pair(input: Tensor, target: Tensor) -> None:
    dims = target.dim()
    if dims > 1:
        msg = f"0D or 1D target tensor expected, multi-target not supported, got {dims}D"
        raise RuntimeError(msg)
    if dims == 1 and input.size(0) != target.size(0):
        msg = (
            "Input and target should have the same size in the batch dimension. Got "
            f"{input.size(0)} and {target.size(0)}"
        )
        raise RuntimeError(msg)
    if input.dim() != dims + 1:
        msg = (
            f"{dims}D target tensor expects {dims + 1}D input tensors, but found inputs with size "
            f"{input.size()}"
        )
        raise RuntimeError(msg)
