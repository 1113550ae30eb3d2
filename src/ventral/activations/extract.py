"""Extraction of the activations of a tap set, without holding a whole layer in memory."""

import contextlib
import logging
import math
import sys
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from ventral.activations.cast import TOLERATED_LOSS, Cast
from ventral.activations.pooling import Pooling
from ventral.activations.repeatable import PROBE_STIMULI, check_repeatable
from ventral.activations.taps import Taps
from ventral.data.stimuli import iterate_images
from ventral.jobs.progress import track
from ventral.networks.device import find_device, reproducible_kernels
from ventral.networks.preprocessing import Preprocessing, StimulusBatches
from ventral.networks.tokens import tokens_of
from ventral.storage.codecs import use_own_codecs
from ventral.storage.digests import ContentDigest
from ventral.storage.layout import chunk_shapes
from ventral.storage.provenance import provenance
from ventral.storage.shard import ENCODING_THREADS, ShardWriter
from ventral.storage.store import Store
from ventral.storage.store_writer import StoreWriter, write_store

logger = logging.getLogger(__name__)


def extract_activations(
    stimulus_store: str | Path,
    model: nn.Module,
    layers: Iterable[str],
    preprocessing: Preprocessing,
    destination: str | Path,
    *,
    batch_size: int = 64,
    workers: int = 0,
    device: str = "auto",
    dtype: str = "auto",
    pool: str = "none",
    stochastic_seed: int | None = None,
    progress: Callable[[Iterable, int, str], Iterable] = track,
    attributes: dict | None = None,
) -> None:
    """Record a tap set for all stimuli, in one forward pass, into ``{destination}.zarr``.

    The store has one array per layer, named after it: (n_stimuli, n_features), flattened from the
    layer's own shape, which is the array's attribute ``layer_shape``. It also has ``stimulus_id``.
    The forward pass is in float32. `ventral.activations.taps.Taps` defines what is recorded of a
    module that is called twice or returns a tuple. The number of `workers` does not change the
    result; `batch_size` and `device` may change the last bit, because their kernels add in another
    order.

    Parameters
    ----------
    stimulus_store : str or Path
        ``stimuli.zarr`` of a data set.
    model : Module
        Moved to the device, in place, and set to evaluation mode.
    layers : iterable of str
        Module paths.
    preprocessing : Preprocessing
        Applied to the stimuli.
    destination : str or Path
        The store, without its ending.
    batch_size : int
        Stimuli per forward pass.
    workers : int
        Processes that read and preprocess; with 0, this process does it.
    device : str
        A torch device, or ``auto`` for a CUDA device if there is one, else the CPU.
    dtype : str
        Type of the stored values: ``float32``, ``float16`` or ``auto``, which is float16 with a
        power of two as scale for each layer, and float32 for a layer of whose variance over stimuli
        that would lose more than `ventral.activations.cast.TOLERATED_LOSS`. Such layers are
        recorded in a second pass; ``float16`` only warns of them.
    pool : str
        ``cls``, ``mean`` or ``max`` over the tokens or positions of each layer, or ``none``.
    stochastic_seed : int, optional
        Seed of what the network itself draws. Without it, a layer is refused that changes from pass
        to pass or with its batch (see `check_repeatable`).
    progress : callable
        Wraps the batches, given their number and a title, to show how many are done.
    attributes : dict, optional
        Further entries of the store's provenance, see `ventral.networks.build.model_facts`.

    Raises
    ------
    VentralError
        If the stimuli are damaged, a layer cannot be recorded or repeated, or activations are not
        finite or exceed `dtype`. No store is then left behind.

    Notes
    -----
    A stored value times the attribute ``scale_factor`` of its array is the activation; xarray does
    this by itself. The manifest has the factor, and the fraction of the variance that was lost.
    """
    found = find_device(device)
    # torch's annotations of Module.to lack memory_format.
    model = model.eval().to(found, memory_format=torch.channels_last)  # type: ignore[call-overload]
    for _ in iterate_images(stimulus_store):  # verifies the digest before anything is computed
        pass
    stimuli = Store(stimulus_store)
    batches = StimulusBatches(stimulus_store, preprocessing, batch_size)
    probe = _to_device(StimulusBatches(stimulus_store, preprocessing, 1)[0], found)
    taps = Taps(model, layers, probe, dtype, Pooling(pool, tokens_of(model)))
    if stochastic_seed is None:
        some = _to_device(StimulusBatches(stimulus_store, preprocessing, PROBE_STIMULI)[0], found)
        with reproducible_kernels(found):
            check_repeatable(taps, some)

    def record(taps: Taps, title: str) -> None:
        """Record the layers of taps for all stimuli."""
        # The iterator must fork its workers here, before the thread of the writer exists.
        loaded = iter(_loader(batches, workers, found))
        with (
            ActivationWriter(store, batches.stimuli, taps.shapes, taps.casts) as writer,
            torch.random.fork_rng(devices=[]),
            reproducible_kernels(found),
        ):
            start = 0
            if stochastic_seed is not None:
                torch.manual_seed(stochastic_seed)
            for images in progress(loaded, len(batches), title):
                writer.append(taps.record(_to_device(images, found), start))
                start += len(images)

    facts = provenance(
        device=_device_name(found),
        dtype=dtype,
        pool=pool,
        batch_size=batch_size,
        preprocessing=vars(preprocessing),
        stimuli_sha256=stimuli.manifest["images"]["sha256"],
        **(attributes or {}),
    )
    with write_store(f"{destination}.zarr", facts) as store:
        record(taps, "activations")
        lossy = [layer for layer, cast in taps.casts.items() if cast.loss() > TOLERATED_LOSS]
        for layer in lossy:
            if dtype == "auto":
                logger.info("%s; it is stored as float32", taps.casts[layer].loss_in_words())
                store.remove(layer)
            else:
                logger.warning(
                    "%s. Set `dtype: auto` in the model's entry", taps.casts[layer].loss_in_words()
                )
        if lossy and dtype == "auto":
            record(taps.of(lossy, "float32"), "activations in float32")
        for name in ("stimulus_id", "stimulus"):
            store.put(name, stimuli.read("stimulus_id"), ("stimulus",))


class ActivationWriter:
    """Writes batches of rows as whole chunks, in a background thread; each layer into one file.

    There are two buffers, each with some rows of all layers: one is filled while the other is being
    written. An error in the thread is raised by the next `append`, or at the end.

    Parameters
    ----------
    store : StoreWriter
        Open for writing.
    stimuli : int
        Total number of rows.
    shapes : dict of str to tuple of int
        Shape of each layer's output for one stimulus.
    casts : mapping of str to Cast
        Of each layer; all of one dtype. Their scales are known from the first batch on.
    """

    def __init__(
        self,
        store: StoreWriter,
        stimuli: int,
        shapes: Mapping[str, tuple[int, ...]],
        casts: Mapping[str, Cast],
    ) -> None:
        self.shapes, self.casts = shapes, casts
        self.stimuli = stimuli
        self.dtype = next(iter(casts.values())).dtype
        self.widths = {layer: math.prod(shape) for layer, shape in shapes.items()}
        self.chunks = chunk_shapes(stimuli, self.widths, np.dtype(self.dtype).itemsize)
        self.store = store
        self.rows = next(iter(self.chunks.values()))[0]
        self.digests: dict[str, ContentDigest] = {}
        self.shards: dict[str, ShardWriter] = {}
        self._open = contextlib.ExitStack()
        self._encoders = self._open.enter_context(ThreadPoolExecutor(ENCODING_THREADS))
        self._filling, self._other = (
            {
                layer: np.empty((self.rows, width), self.dtype)
                for layer, width in self.widths.items()
            }
            for _ in range(2)
        )
        self._filled = 0
        self._written = 0
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._pending: Future[None] | None = None

    def __enter__(self) -> "ActivationWriter":
        """Start with empty buffers."""
        return self

    def append(self, batch: dict[str, np.ndarray]) -> None:
        """Add the next rows of every layer, each (n_rows, n_features)."""
        if not self.shards:
            self._create_arrays()
        rows = len(next(iter(batch.values())))
        taken = 0
        while taken < rows:
            count = min(rows - taken, self.rows - self._filled)
            for layer, values in batch.items():
                target = self._filling[layer][self._filled : self._filled + count]
                target[...] = values[taken : taken + count]
            taken += count
            self._filled += count
            if self._filled == self.rows:
                self._hand_over()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Unless there was an error, write the remaining rows and record the arrays."""
        if kind is not None:
            self._thread.shutdown()  # before a failed store is removed
            self._open.__exit__(kind, error, traceback)
            return
        with self._open:  # closes the files, with their indices unless there is an error
            try:
                if self._filled:
                    self._hand_over()
                self._wait()
            finally:
                self._thread.shutdown()
        for layer, digest in self.digests.items():
            cast = self.casts[layer]
            lost = float(f"{cast.loss():.3g}")
            facts = {"scale_factor": cast.scale_factor, "lost_variance": lost}
            self.store.record(layer, digest.shape, digest.dtype, digest, facts)

    def _create_arrays(self) -> None:
        for layer, width in self.widths.items():
            shard = self.store.create_in_one_file(
                layer,
                (self.stimuli, width),
                self.dtype,
                ("stimulus", f"{layer}_feature"),  # layers differ in width and need their own axis
                chunks=self.chunks[layer],
                attributes={
                    "layer_shape": list(self.shapes[layer]),
                    "scale_factor": self.casts[layer].scale_factor,
                },
                executor=self._encoders,
            )
            self.shards[layer] = self._open.enter_context(shard)
            self.digests[layer] = ContentDigest((self.stimuli, width), self.dtype)

    def _hand_over(self) -> None:
        self._wait()
        full, count = self._filling, self._filled
        self._pending = self._thread.submit(self._write, full, self._written, count)
        self._filling, self._other = self._other, full
        self._written += count
        self._filled = 0

    def _wait(self) -> None:
        if self._pending is not None:
            self._pending.result()

    def _write(self, buffer: dict[str, np.ndarray], start: int, count: int) -> None:
        for layer, rows in buffer.items():
            digested = self._encoders.submit(self.digests[layer].update_rows, rows[:count])
            self.shards[layer].append(rows[:count])
            digested.result()


def _loader(batches: StimulusBatches, workers: int, device: torch.device) -> DataLoader:
    return DataLoader(
        batches,
        batch_size=None,  # an item is a batch
        num_workers=workers,
        pin_memory=device.type == "cuda",
        worker_init_fn=_start_worker if workers else None,
        # Other methods import the main program again, and job scripts have no main guard.
        multiprocessing_context="fork" if workers and sys.platform == "linux" else None,
    )


def _start_worker(worker: int) -> None:
    """Use Zarr's own codecs: the threads of the compiled pipeline do not survive a fork."""
    use_own_codecs()


def _to_device(images: torch.Tensor, device: torch.device) -> torch.Tensor:
    return images.to(device, memory_format=torch.channels_last, non_blocking=True)


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
