"""``SummaryWriter``: torch's methods, penlight's tensors, tensorboardX's files."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, NoReturn, Self

from ..._tensor import Tensor

__all__ = ["SummaryWriter"]

_INSTALL = "python -m pip install 'penlight[tensorboard]'"


class SummaryWriter:
    """Writes what TensorBoard shows into a directory.

    The files are written by tensorboardX, which must be installed. Tensors are taken wherever it
    takes arrays, also in dicts and lists.

    Args:
        log_dir: the directory; by default ``runs/`` with the time and the machine's name.
        comment: what is added to that default.
        purge_step: forget what was written for this step and later ones, when going on after a
            crash.
        max_queue: how many entries are kept back at most.
        flush_secs: how often they are written, in seconds.
        filename_suffix: the end of the files' names.

    Raises:
        ModuleNotFoundError: tensorboardX is not installed.

    Example::

        from penlight.utils.tensorboard import SummaryWriter

        with SummaryWriter("runs/first") as writer:
            for step in range(100):
                writer.add_scalar("loss/train", 1 / (step + 1), step)
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None = None,
        comment: str = "",
        purge_step: int | None = None,
        max_queue: int = 10,
        flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:
        try:
            import tensorboardX  # noqa: PLC0415 - optional
        except ModuleNotFoundError as error:
            if error.name != "tensorboardX":
                raise
            msg = f"SummaryWriter needs tensorboardX, which is not installed: {_INSTALL}"
            raise ModuleNotFoundError(msg, name=error.name) from None
        self._writer = tensorboardX.SummaryWriter(
            None if log_dir is None else os.fspath(log_dir),
            comment=comment,
            purge_step=purge_step,
            max_queue=max_queue,
            flush_secs=flush_secs,
            filename_suffix=filename_suffix,
        )
        self.log_dir = self.get_logdir()

    def _add(self, method: str, *args: Any, **kwargs: Any) -> None:
        """Call tensorboardX with arrays for tensors."""
        getattr(self._writer, method)(*_plain(args), **_plain(kwargs))

    def get_logdir(self) -> str:
        """Return the directory that is written into."""
        directory: str = self._writer.logdir
        return directory

    # ---- numbers --------------------------------------------------------------------------------

    def add_scalar(
        self,
        tag: str,
        scalar_value: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        new_style: bool = False,
        double_precision: bool = False,
    ) -> None:
        """Add a number to a curve.

        Args:
            tag: the curve's name; a slash makes groups.
            scalar_value: a number, or a tensor of one element.
            global_step: where on the curve.
            walltime: when, in seconds; by default now.
            new_style: accepted; TensorBoard shows both styles alike.
            double_precision: refused: tensorboardX writes float32.

        Raises:
            NotImplementedError: ``double_precision`` is asked for.
        """
        del new_style
        if double_precision:
            _refuse("add_scalar(double_precision=True)", "tensorboardX writes float32")
        self._add("add_scalar", tag, scalar_value, global_step, walltime)

    def add_scalars(
        self,
        main_tag: str,
        tag_scalar_dict: dict[str, Any],
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Add a number to each of several curves in one diagram.

        Args:
            main_tag: the diagram's name.
            tag_scalar_dict: the numbers by the curves' names.
            global_step: where on the curves.
            walltime: when, in seconds; by default now.
        """
        self._add("add_scalars", main_tag, tag_scalar_dict, global_step, walltime)

    def add_histogram(
        self,
        tag: str,
        values: Any,
        global_step: int | None = None,
        bins: Any = "tensorflow",
        walltime: float | None = None,
        max_bins: int | None = None,
    ) -> None:
        """Add the distribution of a tensor's elements.

        Args:
            tag: its name.
            values: the elements.
            global_step: the step.
            bins: ``"tensorflow"``, or what :func:`numpy.histogram` takes.
            walltime: when, in seconds; by default now.
            max_bins: how many bins at most.
        """
        self._add("add_histogram", tag, values, global_step, bins, walltime, max_bins)

    def add_histogram_raw(
        self,
        tag: str,
        min: float,
        max: float,
        num: int,
        sum: float,
        sum_squares: float,
        bucket_limits: Any,
        bucket_counts: Any,
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Add a distribution that was counted elsewhere.

        Args:
            tag: its name.
            min: the least value.
            max: the greatest.
            num: how many.
            sum: their sum.
            sum_squares: the sum of their squares.
            bucket_limits: the upper limit of each bin.
            bucket_counts: how many are in each bin.
            global_step: the step.
            walltime: when, in seconds; by default now.
        """
        moments = min, max, num, sum, sum_squares
        self._add(
            "add_histogram_raw", tag, *moments, bucket_limits, bucket_counts, global_step, walltime
        )

    def add_pr_curve(
        self,
        tag: str,
        labels: Any,
        predictions: Any,
        global_step: int | None = None,
        num_thresholds: int = 127,
        weights: Any = None,
        walltime: float | None = None,
    ) -> None:
        """Add a curve of precision over recall.

        Args:
            tag: its name.
            labels: the truth, 0 or 1 each.
            predictions: the probability of 1 each.
            global_step: the step.
            num_thresholds: how many points the curve has.
            weights: how much each counts.
            walltime: when, in seconds; by default now.
        """
        self._add(
            "add_pr_curve", tag, labels, predictions, global_step, num_thresholds, weights, walltime
        )

    def add_hparams(
        self,
        hparam_dict: dict[str, Any],
        metric_dict: dict[str, Any],
        hparam_domain_discrete: dict[str, list[Any]] | None = None,
        run_name: str | None = None,
        global_step: int | None = None,
    ) -> None:
        """Add the settings of a run with what it achieved, to be compared with others.

        Args:
            hparam_dict: the settings by name.
            metric_dict: the numbers achieved, by name.
            hparam_domain_discrete: refused if given: tensorboardX does not write it.
            run_name: the run's name in the directory; by default the time.
            global_step: the step.

        Raises:
            NotImplementedError: ``hparam_domain_discrete`` is given.
        """
        if hparam_domain_discrete is not None:
            _refuse("add_hparams(hparam_domain_discrete=…)", "tensorboardX does not write it")
        self._add("add_hparams", hparam_dict, metric_dict, run_name, global_step)

    # ---- images, sound, text --------------------------------------------------------------------

    def add_image(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:
        """Add an image; needs Pillow.

        Args:
            tag: its name.
            img_tensor: the image, of bytes or of floats between 0 and 1.
            global_step: the step.
            walltime: when, in seconds; by default now.
            dataformats: what its dimensions are: ``"CHW"``, ``"HWC"``, ``"HW"``, …
        """
        self._add("add_image", tag, img_tensor, global_step, walltime, dataformats)

    def add_images(
        self,
        tag: str,
        img_tensor: Any,
        global_step: int | None = None,
        walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:
        """Add a batch of images, side by side; needs Pillow.

        Args:
            tag: its name.
            img_tensor: the images, of bytes or of floats between 0 and 1.
            global_step: the step.
            walltime: when, in seconds; by default now.
            dataformats: what its dimensions are: ``"NCHW"`` or ``"NHWC"``.
        """
        self._add("add_images", tag, img_tensor, global_step, walltime, dataformats)

    def add_figure(
        self,
        tag: str,
        figure: Any,
        global_step: int | None = None,
        close: bool = True,
        walltime: float | None = None,
    ) -> None:
        """Add a figure of matplotlib as an image.

        Args:
            tag: its name.
            figure: the figure, or a list of them.
            global_step: the step.
            close: whether to close it afterwards.
            walltime: when, in seconds; by default now.
        """
        self._add("add_figure", tag, figure, global_step, close, walltime)

    def add_video(
        self,
        tag: str,
        vid_tensor: Any,
        global_step: int | None = None,
        fps: float = 4,
        walltime: float | None = None,
    ) -> None:
        """Add videos; needs moviepy.

        Args:
            tag: its name.
            vid_tensor: the videos, (N, T, C, H, W).
            global_step: the step.
            fps: pictures a second.
            walltime: when, in seconds; by default now.
        """
        self._add("add_video", tag, vid_tensor, global_step, fps, walltime)

    def add_audio(
        self,
        tag: str,
        snd_tensor: Any,
        global_step: int | None = None,
        sample_rate: int = 44100,
        walltime: float | None = None,
    ) -> None:
        """Add sound; needs soundfile.

        Args:
            tag: its name.
            snd_tensor: the sound, between -1 and 1.
            global_step: the step.
            sample_rate: values a second.
            walltime: when, in seconds; by default now.
        """
        self._add("add_audio", tag, snd_tensor, global_step, sample_rate, walltime)

    def add_text(
        self,
        tag: str,
        text_string: str,
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Add text, which is shown as Markdown.

        Args:
            tag: its name.
            text_string: the text.
            global_step: the step.
            walltime: when, in seconds; by default now.
        """
        self._add("add_text", tag, text_string, global_step, walltime)

    def add_mesh(
        self,
        tag: str,
        vertices: Any,
        colors: Any = None,
        faces: Any = None,
        config_dict: dict[str, Any] | None = None,
        global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:
        """Add points or surfaces in space.

        Args:
            tag: their name.
            vertices: the points, (B, N, 3).
            colors: their colours, (B, N, 3) between 0 and 255.
            faces: the corners of triangles, (B, M, 3).
            config_dict: how to show them.
            global_step: the step.
            walltime: when, in seconds; by default now.
        """
        self._add("add_mesh", tag, vertices, colors, faces, config_dict, global_step, walltime)

    def add_embedding(
        self,
        mat: Any,
        metadata: Any = None,
        label_img: Any = None,
        global_step: int | None = None,
        tag: str = "default",
        metadata_header: list[str] | None = None,
    ) -> None:
        """Add vectors, to be looked at in the projector.

        Args:
            mat: the vectors, (N, D).
            metadata: a label for each.
            label_img: an image for each, (N, C, H, W); needs Pillow.
            global_step: the step.
            tag: their name.
            metadata_header: names, if each label is a list.
        """
        self._add("add_embedding", mat, metadata, label_img, global_step, tag, metadata_header)

    # ---- layout ---------------------------------------------------------------------------------

    def add_custom_scalars(self, layout: dict[str, Any]) -> None:
        """Say which curves are shown in one diagram.

        Args:
            layout: ``{category: {diagram: ["Multiline" or "Margin", [tags]]}}``.
        """
        self._add("add_custom_scalars", layout)

    def add_custom_scalars_multilinechart(
        self, tags: list[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """Say that curves are shown in one diagram.

        Args:
            tags: the curves' names.
            category: the diagram's category.
            title: its title.
        """
        self._add("add_custom_scalars_multilinechart", tags, category, title)

    def add_custom_scalars_marginchart(
        self, tags: list[str], category: str = "default", title: str = "untitled"
    ) -> None:
        """Say that three curves are shown as one between two limits.

        Args:
            tags: the curve's name and those of its limits.
            category: the diagram's category.
            title: its title.
        """
        self._add("add_custom_scalars_marginchart", tags, category, title)

    def add_graph(
        self,
        model: Any,
        input_to_model: Any = None,
        verbose: bool = False,
        use_strict_trace: bool = True,
    ) -> NoReturn:
        """Refuse: penlight does not trace modules, so there is no graph to draw.

        Args:
            model: accepted.
            input_to_model: accepted.
            verbose: accepted.
            use_strict_trace: accepted.

        Raises:
            NotImplementedError: always.
        """
        del model, input_to_model, verbose, use_strict_trace
        _refuse("add_graph()", "penlight does not trace modules; print(model) shows the structure")

    # ---- the files ------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what has been kept back."""
        self._writer.flush()

    def close(self) -> None:
        """Write what has been kept back, and close the files."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _plain(value: Any) -> Any:
    """Return a value with arrays for tensors, also inside containers."""
    if isinstance(value, Tensor):
        found: Any = value.detach()
        if found.is_floating_point() and found.itemsize == 2:
            found = found.float()  # tensorboardX does not know bfloat16
        return found.numpy()
    if type(value) in {list, tuple}:
        return type(value)(map(_plain, value))
    if type(value) is dict:
        return {key: _plain(entry) for key, entry in value.items()}
    return value


def _refuse(what: str, why: str) -> NoReturn:
    msg = f"penlight has no {what}: {why}"
    raise NotImplementedError(msg)
