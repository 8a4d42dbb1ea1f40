"""Words as vectors: learnt by Word2Vec, what is near what, and the word2vec file formats.

Not torch's, but penlight's own room, with the names that programs for gensim 4 use.
"""

from ._files import WordFileError
from .callbacks import CallbackAny2Vec
from .corpus import LineSentence
from .keyed_vectors import KeyedVectors
from .vocabulary import RULE_DEFAULT, RULE_DISCARD, RULE_KEEP
from .word2vec import Word2Vec

__all__ = [
    "RULE_DEFAULT",
    "RULE_DISCARD",
    "RULE_KEEP",
    "CallbackAny2Vec",
    "KeyedVectors",
    "LineSentence",
    "Word2Vec",
    "WordFileError",
]
