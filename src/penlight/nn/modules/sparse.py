"""Tables of vectors looked up by index: Embedding, EmbeddingBag."""

from __future__ import annotations

from typing import Any, Protocol

from ..._dtype import dtype as _dtype
from ..._tensor import Tensor
from ...autograd.grad_mode import no_grad
from ...ops.creation import empty
from ...ops.from_data import tensor
from .. import (
    functional as F,  # noqa: N812 - the name everybody knows
    init,
)
from ..parameter import Parameter
from .module import Module

__all__ = ["Embedding", "EmbeddingBag"]


class _Table(Module):
    """What both embeddings share: a table, drawn or given, whose padding row starts at zero."""

    num_embeddings: int
    embedding_dim: int
    padding_idx: int | None
    max_norm: float | None
    norm_type: float
    scale_grad_by_freq: bool
    sparse: bool
    weight: Tensor

    def _padding_row(self, padding_idx: int | None, name: str) -> int | None:
        """Return ``padding_idx`` counted from 0; ``name`` opens the message, as torch spells it."""
        rows = self.num_embeddings
        if padding_idx is None or -rows <= padding_idx < rows:
            return None if padding_idx is None else padding_idx % rows
        msg = (
            f"{name} must be within num_embeddings: got {padding_idx} for a table of {rows} rows, "
            f"so it runs from {-rows} to {rows - 1}"
        )
        raise AssertionError(msg)

    def _make_table(self, given: Tensor | None, device: Any, dtype: _dtype | None) -> None:
        size = (self.num_embeddings, self.embedding_dim)
        if given is None:
            self.weight = Parameter(empty(size, device=device, dtype=dtype))
            self.reset_parameters()
            return
        if tuple(given.shape) != size:
            msg = (
                "Shape of weight does not match num_embeddings and embedding_dim: expected "
                f"{list(size)}, got {list(given.shape)}"
            )
            raise AssertionError(msg)
        self.weight = Parameter(given)

    def reset_parameters(self) -> None:
        """Draw the table anew from the standard normal distribution; padding becomes zero."""
        init.normal_(self.weight)
        self._fill_padding_idx_with_zero()

    def _fill_padding_idx_with_zero(self) -> None:
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)


class _HasVectors(Protocol):
    """What holds a table in its attribute ``vectors``, as trained word vectors do."""

    vectors: Any


def _pretrained(given: Any) -> Tensor:
    """Return a tensor as it is, and the table of what has ``vectors`` as a copy."""
    if not isinstance(given, Tensor) and hasattr(given, "vectors"):
        return tensor(given.vectors)
    table: Tensor = given
    return table


def _check_pretrained(embeddings: Tensor) -> tuple[int, int]:
    if embeddings.dim() != 2:
        msg = (
            "Embeddings parameter is expected to be 2-dimensional: rows by features, got shape "
            f"{list(embeddings.shape)}"
        )
        raise AssertionError(msg)
    rows, features = embeddings.shape
    return rows, features


class Embedding(_Table):
    r"""A table of vectors, looked up by index.

    The table starts as :math:`\mathcal{N}(0, 1)`, except for the padding row, which is zero.

    Args:
        num_embeddings: rows of the table.
        embedding_dim: length of each row.
        padding_idx: a row that gets no gradient; negative counts from the end.
        max_norm: rows that are used are first scaled down to this norm, in place.
        norm_type: the p of that norm.
        scale_grad_by_freq: divide a row's gradient by how often its index occurs in the input.
        sparse: accepted; gradients are dense, with the same values.
        _weight: the table, taken as it is.
        _freeze: the table is not trained.
        device: the CPU.
        dtype: of the table; the default dtype when left out.

    Shape:
        - input: :math:`(*)`, int32 or int64; output: :math:`(*, H)`

    Attributes:
        weight: the table, :math:`(\text{num\_embeddings}, \text{embedding\_dim})`

    Raises:
        AssertionError: ``padding_idx`` is outside the table, or ``_weight`` has another shape.
        IndexError: on a call, an index is out of range.

    Example:
        >>> import penlight as torch
        >>> embedding = torch.nn.Embedding(10, 3)
        >>> embedding(torch.tensor([[1, 2, 4, 5], [4, 3, 2, 9]])).shape
        torch.Size([2, 4, 3])
    """

    __constants__ = (
        "num_embeddings",
        "embedding_dim",
        "padding_idx",
        "max_norm",
        "norm_type",
        "scale_grad_by_freq",
        "sparse",
    )

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = self._padding_row(padding_idx, "Padding_idx")
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self._make_table(_weight, device, dtype)
        self.weight.requires_grad_(not _freeze)
        self.sparse = sparse

    def forward(self, input: Tensor) -> Tensor:
        """Return the rows that ``input`` names."""
        return F.embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    def extra_repr(self) -> str:
        """Return the sizes, and the options that are not at their defaults."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.padding_idx is not None:
            text += f", padding_idx={self.padding_idx}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq is not False:
            text += f", scale_grad_by_freq={self.scale_grad_by_freq}"
        return f"{text}, sparse=True" if self.sparse is not False else text

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor | _HasVectors,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """Make an embedding of a given table.

        Args:
            embeddings: the table, rows by features, which is not copied; or what has one as its
                ``vectors``, such as :class:`penlight.text.KeyedVectors`, which is copied: row *i*
                is that of its ``index_to_key[i]``.
            freeze: the table is not trained.
            padding_idx: as for the constructor, as are the others; the row is left as given.
            max_norm: see the constructor.
            norm_type: see the constructor.
            scale_grad_by_freq: see the constructor.
            sparse: see the constructor.

        Raises:
            AssertionError: the table is not a matrix.

        Example:
            >>> import penlight as torch
            >>> table = torch.tensor([[1.0, 2.3, 3.0], [4.0, 5.1, 6.3]])
            >>> torch.nn.Embedding.from_pretrained(table)(torch.tensor([1]))
            tensor([[4.0000, 5.1000, 6.3000]])

            Word vectors are a table too, looked up by the rows of words:

            >>> words = torch.text.KeyedVectors(2)
            >>> words.add_vectors(["north", "east"], [[0.0, 1.0], [1.0, 0.0]])
            >>> embedding = torch.nn.Embedding.from_pretrained(words, freeze=False)
            >>> embedding(torch.tensor([words.key_to_index["east"]]))
            tensor([[1., 0.]], grad_fn=<EmbeddingBackward0>)
        """
        table = _pretrained(embeddings)
        rows, features = _check_pretrained(table)
        return cls(
            num_embeddings=rows,
            embedding_dim=features,
            _weight=table,
            _freeze=freeze,
            padding_idx=padding_idx,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            sparse=sparse,
        )


class EmbeddingBag(_Table):
    r"""Sums, means or maxima of rows of a table, one for each bag of indices.

    Equal to :class:`Embedding` followed by a reduction over each bag, without keeping the rows.

    Args:
        num_embeddings: rows of the table.
        embedding_dim: length of each row.
        max_norm: rows that are used are first scaled down to this norm, in place.
        norm_type: the p of that norm.
        scale_grad_by_freq: divide a row's gradient by how often its index occurs. Not with
            ``"max"``.
        mode: ``"sum"``, ``"mean"`` or ``"max"``.
        sparse: accepted; gradients are dense. Not with ``"max"``.
        _weight: the table, taken as it is.
        include_last_offset: ``offsets`` has one more entry, the end of the last bag.
        padding_idx: an index that is left out of its bag, and a row that gets no gradient.
        device: the CPU.
        dtype: of the table; the default dtype when left out.

    Shape:
        - input: :math:`(B, N)`, or :math:`(*)` with offsets :math:`(B)`; int32 or int64
        - per_sample_weights: as input, for ``mode="sum"``
        - output: :math:`(B, H)`

    Attributes:
        weight: the table, :math:`(\text{num\_embeddings}, \text{embedding\_dim})`

    Raises:
        AssertionError: ``padding_idx`` is outside the table, or ``_weight`` has another shape.
        IndexError: on a call, an index is out of range.

    Example:
        >>> import penlight as torch
        >>> bag = torch.nn.EmbeddingBag(10, 3, mode="sum")
        >>> bag(torch.tensor([1, 2, 4, 5, 4, 3, 2, 9]), torch.tensor([0, 4])).shape
        torch.Size([2, 3])
    """

    __constants__ = (
        "num_embeddings",
        "embedding_dim",
        "max_norm",
        "norm_type",
        "scale_grad_by_freq",
        "mode",
        "sparse",
        "include_last_offset",
        "padding_idx",
    )
    mode: str
    include_last_offset: bool

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: _dtype | None = None,
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.padding_idx = self._padding_row(padding_idx, "padding_idx")
        self._make_table(_weight, device, dtype)
        self.mode = mode
        self.sparse = sparse
        self.include_last_offset = include_last_offset

    def forward(
        self,
        input: Tensor,
        offsets: Tensor | None = None,
        per_sample_weights: Tensor | None = None,
    ) -> Tensor:
        """Return one vector for each bag."""
        return F.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        """Return the sizes and the mode, and the options that are not at their defaults."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq is not False:
            text += f", scale_grad_by_freq={self.scale_grad_by_freq}"
        text += f", mode={self.mode!r}"
        return text if self.padding_idx is None else f"{text}, padding_idx={self.padding_idx}"

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor | _HasVectors,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> EmbeddingBag:
        """Make an embedding bag of a given table.

        Args:
            embeddings: the table, rows by features, which is not copied; or what has one as its
                ``vectors``, such as :class:`penlight.text.KeyedVectors`, which is copied: row *i*
                is that of its ``index_to_key[i]``.
            freeze: the table is not trained.
            max_norm: as for the constructor, as are the others.
            norm_type: see the constructor.
            scale_grad_by_freq: see the constructor.
            mode: see the constructor.
            sparse: see the constructor.
            include_last_offset: see the constructor.
            padding_idx: see the constructor.

        Raises:
            AssertionError: the table is not a matrix.

        Example:
            >>> import penlight as torch
            >>> table = torch.tensor([[1.0, 2.3, 3.0], [4.0, 5.1, 6.3]])
            >>> torch.nn.EmbeddingBag.from_pretrained(table)(torch.tensor([[1, 0]]))
            tensor([[2.5000, 3.7000, 4.6500]])

            Word vectors are a table too:

            >>> words = torch.text.KeyedVectors(2)
            >>> words.add_vectors(["north", "east"], [[0.0, 1.0], [1.0, 0.0]])
            >>> torch.nn.EmbeddingBag.from_pretrained(words)(torch.tensor([[0, 1]]))
            tensor([[0.5000, 0.5000]])
        """
        table = _pretrained(embeddings)
        rows, features = _check_pretrained(table)
        bag = cls(
            num_embeddings=rows,
            embedding_dim=features,
            _weight=table,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            mode=mode,
            sparse=sparse,
            include_last_offset=include_last_offset,
            padding_idx=padding_idx,
        )
        bag.weight.requires_grad_(not freeze)
        return bag
