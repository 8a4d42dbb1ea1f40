"""The ops, a family a file; every public name of torch.* that computes comes from here."""

from .creation import *
from .indexing import *
from .inplace_sampling import *
from .join import *
from .matmul import *
from .pointwise import *
from .reduction import *
from .sampling import *
from .softmax import *
from .view import *
