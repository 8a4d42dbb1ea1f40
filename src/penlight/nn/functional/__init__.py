"""Functions behind the modules, one file per family."""

from __future__ import annotations

from .activation import *
from .dropout import *
from .linear import *
from .loss import *
from .softmax import *
from .sparse import *
