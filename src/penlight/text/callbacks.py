"""What may be told of a training: callbacks, and a progress bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._training import Progress
    from .word2vec import Word2Vec


class CallbackAny2Vec:
    """A base of callbacks, under gensim's name; each method may be overridden.

    Example:
        >>> from penlight.text import CallbackAny2Vec, Word2Vec
        >>> class Losses(CallbackAny2Vec):
        ...     def on_epoch_end(self, model):
        ...         print(len(model.epoch_losses), model.epoch_losses[-1] > 0)
        >>> sentences = [["a", "b", "c"], ["b", "c", "d"]]
        >>> settings = dict(min_count=1, sample=0, epochs=2, compute_loss=True)
        >>> _ = Word2Vec(sentences, callbacks=[Losses()], **settings)
        1 True
        2 True
    """

    def on_train_begin(self, model: Word2Vec) -> None:
        """Act before the first epoch."""

    def on_train_end(self, model: Word2Vec) -> None:
        """Act after the last epoch."""

    def on_epoch_begin(self, model: Word2Vec) -> None:
        """Act before an epoch."""

    def on_epoch_end(self, model: Word2Vec) -> None:
        """Act after an epoch; ``model.epoch_losses[-1]`` is its mean loss, if it is computed."""


class ProgressBar:
    """A bar of the words trained, with words a second, the loss and the time left (tqdm).

    Args:
        words: the words of all epochs.

    Raises:
        ImportError: tqdm is missing; the message says how to install it.
    """

    def __init__(self, words: int) -> None:
        try:
            from tqdm import tqdm  # noqa: PLC0415 - an extra
        except ImportError as error:
            msg = "a progress bar needs tqdm: pip install 'penlight[text]'"
            raise ImportError(msg) from error
        self._bar: Any = tqdm(total=words, unit=" words", unit_scale=True)
        self._before = 0

    def show(self, progress: Progress) -> None:
        """Show how far the epoch is."""
        self._bar.update(self._before + progress.words - self._bar.n)
        if progress.loss:
            self._bar.set_postfix(loss=f"{progress.mean_loss:.4f}", refresh=False)

    def end_epoch(self, progress: Progress) -> None:
        """Count the words of an epoch that ended."""
        self._before += progress.words

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()
