"""Words as vectors: tables of them, what is near what, and the word2vec file formats.

Not torch's, but penlight's own room, with the names that programs for gensim 4 use.
"""

from ._vector_reading import VectorFileError
from .keyed_vectors import KeyedVectors

__all__ = ["KeyedVectors", "VectorFileError"]
