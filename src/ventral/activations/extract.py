"""Extraction of the activations of a tap set, without holding a whole layer in memory."""

import contextlib
import math
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from ventral.activations.taps import Taps
from ventral.data.stimuli import iterate_images
from ventral.jobs.progress import track
from ventral.networks.device import find_device, reproducible_kernels
from ventral.networks.preprocessing import Preprocessing, StimulusBatches
from ventral.storage.codecs import use_own_codecs
from ventral.storage.digests import ContentDigest
from ventral.storage.layout import chunk_shapes
from ventral.storage.provenance import provenance
from ventral.storage.shard import ENCODING_THREADS, ShardWriter
from ventral.storage.store import Store
from ventral.storage.store_writer import StoreWriter, write_store


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
    dtype: str = "float16",
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
        Type of the stored values, ``float16`` or ``float32``.
    progress : callable
        Wraps the batches, given their number and a title, to show how many are done.
    attributes : dict, optional
        Further entries of the store's provenance, see `ventral.networks.build.model_facts`.

    Raises
    ------
    VentralError
        If the stimuli are damaged, a layer cannot be recorded, or activations are not finite or
        exceed `dtype`. No store is then left behind.
    """
    found = find_device(device)
    # torch's annotations of Module.to lack memory_format.
    model = model.eval().to(found, memory_format=torch.channels_last)  # type: ignore[call-overload]
    for _ in iterate_images(stimulus_store):  # verifies the digest before anything is computed
        pass
    stimuli = Store(stimulus_store)
    batches = StimulusBatches(stimulus_store, preprocessing, batch_size)
    probe = StimulusBatches(stimulus_store, preprocessing, 1)[0]
    taps = Taps(model, layers, _to_device(probe, found), dtype)
    # The iterator must fork its workers here, before the thread of the writer exists.
    loaded = iter(_loader(batches, workers, found))
    facts = provenance(
        device=_device_name(found),
        dtype=dtype,
        batch_size=batch_size,
        preprocessing=vars(preprocessing),
        stimuli_sha256=stimuli.manifest["images"]["sha256"],
        **(attributes or {}),
    )
    with write_store(f"{destination}.zarr", facts) as store:
        with ActivationWriter(store, batches.stimuli, taps.shapes, dtype) as writer:
            start = 0
            with reproducible_kernels(found):
                for images in progress(loaded, len(batches), "activations"):
                    writer.append(taps.record(_to_device(images, found), start))
                    start += len(images)
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
    dtype : str
        Type of the arrays.
    """

    def __init__(
        self, store: StoreWriter, stimuli: int, shapes: dict[str, tuple[int, ...]], dtype: str
    ) -> None:
        widths = {layer: math.prod(shape) for layer, shape in shapes.items()}
        chunks = chunk_shapes(stimuli, widths, np.dtype(dtype).itemsize)
        self.store = store
        self.rows = next(iter(chunks.values()))[0]
        self.digests: dict[str, ContentDigest] = {}
        self.shards: dict[str, ShardWriter] = {}
        self._open = contextlib.ExitStack()
        self._encoders = self._open.enter_context(ThreadPoolExecutor(ENCODING_THREADS))
        for layer, width in widths.items():
            shard = store.create_in_one_file(
                layer,
                (stimuli, width),
                dtype,
                ("stimulus", f"{layer}_feature"),  # layers differ in width and need their own axis
                chunks=chunks[layer],
                attributes={"layer_shape": list(shapes[layer])},
                executor=self._encoders,
            )
            self.shards[layer] = self._open.enter_context(shard)
            self.digests[layer] = ContentDigest((stimuli, width), dtype)
        self._filling, self._other = (
            {layer: np.empty((self.rows, width), dtype) for layer, width in widths.items()}
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
            self.store.record(layer, digest.shape, digest.dtype, digest)

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
