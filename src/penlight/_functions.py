"""The functions of ``torch.*``: the public names of every family of ops."""

from .ops import (
    activation as _activation,
    calculus as _calculus,
    cholesky as _cholesky,
    comparison as _comparison,
    complex_parts as _complex_parts,
    conv as _conv,
    conv_tbc as _conv_tbc,
    conversion as _conversion,
    counting as _counting,
    covariance as _covariance,
    creation as _creation,
    ctc_loss as _ctc_loss,
    cumulative as _cumulative,
    decompositions as _decompositions,
    diagonals as _diagonals,
    dims as _dims,
    distance as _distance,
    einsum as _einsum,
    embedding as _embedding,
    event_counts as _event_counts,
    extremes as _extremes,
    from_data as _from_data,
    gamma as _gamma,
    gathering as _gathering,
    indexing as _indexing,
    inplace_sampling as _inplace_sampling,  # noqa: F401 - attaches methods
    inplace_views as _inplace_views,
    inspection as _inspection,
    join as _join,
    least_squares as _least_squares,
    loss as _loss,
    lu as _lu,
    margin_loss as _margin_loss,
    masking as _masking,
    matmul as _matmul,
    matrix_functions as _matrix_functions,
    memory as _memory,
    numbers as _numbers,
    pairwise as _pairwise,
    piecewise as _piecewise,
    pointwise as _pointwise,
    products as _products,
    quantiles as _quantiles,
    rearrange as _rearrange,
    recurrent_cell as _recurrent_cell,
    recurrent_network as _recurrent_network,
    reduction as _reduction,
    reflections as _reflections,
    removed as _removed,  # noqa: F401 - attaches methods
    rrelu as _rrelu,
    sampling as _sampling,
    scattering as _scattering,
    segments as _segments,
    shape as _shape,
    shuffling as _shuffling,
    softmax as _softmax,
    solving as _solving,
    sorting as _sorting,
    special as _special,
    stacking as _stacking,
    statistics as _statistics,
    ternary as _ternary,
    transcendental as _transcendental,
    view as _view,
    weight_norm as _weight_norm,
    windows as _windows,
)
from .ops.activation import *
from .ops.calculus import *
from .ops.cholesky import *
from .ops.comparison import *
from .ops.complex_parts import *
from .ops.conv import *
from .ops.conv_tbc import *
from .ops.conversion import *
from .ops.counting import *
from .ops.covariance import *
from .ops.creation import *
from .ops.ctc_loss import *
from .ops.cumulative import *
from .ops.decompositions import *
from .ops.diagonals import *
from .ops.dims import *
from .ops.distance import *
from .ops.einsum import *
from .ops.embedding import *
from .ops.event_counts import *
from .ops.extremes import *
from .ops.from_data import *
from .ops.gamma import *
from .ops.gathering import *
from .ops.indexing import *
from .ops.inplace_views import *
from .ops.inspection import *
from .ops.join import *
from .ops.least_squares import *
from .ops.loss import *
from .ops.lu import *
from .ops.margin_loss import *
from .ops.masking import *
from .ops.matmul import *
from .ops.matrix_functions import *
from .ops.memory import *
from .ops.numbers import *
from .ops.pairwise import *
from .ops.piecewise import *
from .ops.pointwise import *
from .ops.products import *
from .ops.quantiles import *
from .ops.rearrange import *
from .ops.recurrent_cell import *
from .ops.recurrent_network import *
from .ops.reduction import *
from .ops.reflections import *
from .ops.rrelu import *
from .ops.sampling import *
from .ops.scattering import *
from .ops.segments import *
from .ops.shape import *
from .ops.shuffling import *
from .ops.softmax import *
from .ops.solving import *
from .ops.sorting import *
from .ops.special import *
from .ops.stacking import *
from .ops.statistics import *
from .ops.ternary import *
from .ops.transcendental import *
from .ops.view import *
from .ops.weight_norm import *
from .ops.windows import *

__all__: list[str] = []
__all__ += _activation.__all__
__all__ += _cholesky.__all__
__all__ += _calculus.__all__
__all__ += _shuffling.__all__
__all__ += _rrelu.__all__
__all__ += _comparison.__all__
__all__ += _complex_parts.__all__
__all__ += _conv.__all__
__all__ += _conv_tbc.__all__
__all__ += _conversion.__all__
__all__ += _counting.__all__
__all__ += _covariance.__all__
__all__ += _creation.__all__
__all__ += _ctc_loss.__all__
__all__ += _cumulative.__all__
__all__ += _decompositions.__all__
__all__ += _diagonals.__all__
__all__ += _dims.__all__
__all__ += _distance.__all__
__all__ += _einsum.__all__
__all__ += _embedding.__all__
__all__ += _event_counts.__all__
__all__ += _extremes.__all__
__all__ += _from_data.__all__
__all__ += _gamma.__all__
__all__ += _gathering.__all__
__all__ += _indexing.__all__
__all__ += _inplace_views.__all__
__all__ += _inspection.__all__
__all__ += _join.__all__
__all__ += _least_squares.__all__
__all__ += _loss.__all__
__all__ += _lu.__all__
__all__ += _margin_loss.__all__
__all__ += _masking.__all__
__all__ += _matmul.__all__
__all__ += _matrix_functions.__all__
__all__ += _numbers.__all__
__all__ += _memory.__all__
__all__ += _pairwise.__all__
__all__ += _piecewise.__all__
__all__ += _pointwise.__all__
__all__ += _products.__all__
__all__ += _quantiles.__all__
__all__ += _rearrange.__all__
__all__ += _recurrent_cell.__all__
__all__ += _recurrent_network.__all__
__all__ += _reduction.__all__
__all__ += _reflections.__all__
__all__ += _sampling.__all__
__all__ += _scattering.__all__
__all__ += _segments.__all__
__all__ += _shape.__all__
__all__ += _softmax.__all__
__all__ += _solving.__all__
__all__ += _sorting.__all__
__all__ += _special.__all__
__all__ += _stacking.__all__
__all__ += _statistics.__all__
__all__ += _ternary.__all__
__all__ += _transcendental.__all__
__all__ += _view.__all__
__all__ += _weight_norm.__all__
__all__ += _windows.__all__
