"""The device on which a network runs."""

import contextlib
import os
from collections.abc import Iterator

import torch

from ventral.errors import VentralError


def find_device(name: str) -> torch.device:
    """Return a device by its name.

    Parameters
    ----------
    name : str
        A torch device, or ``auto`` for a CUDA device if there is one, else the CPU.

    Returns
    -------
    torch.device

    Raises
    ------
    VentralError
        If this machine has no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise VentralError(f"device {name!r} is not available: {error}") from error
    return device


CUBLAS_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"


@contextlib.contextmanager
def reproducible_kernels(device: torch.device, *, of_training: bool = False) -> Iterator[None]:
    """Let CUDA compute float32 with the precision of the CPU, and give the same bytes each time.

    Inside the block TF32 is off and kernels are deterministic. Torch's flags belong to the whole
    process; they are put back after the block. On other devices nothing changes.

    Parameters
    ----------
    device : torch.device
        Where the block computes.
    of_training : bool
        Ask for deterministic kernels of all operations, gradients included. An operation without
        one gives a warning.
    """
    if device.type != "cuda":
        yield
        return
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark
    all_before = torch.are_deterministic_algorithms_enabled()
    warned_before = torch.is_deterministic_algorithms_warn_only_enabled()
    workspace_before = os.environ.get(CUBLAS_WORKSPACE)
    matmul.allow_tf32, cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark = (
        False,
        False,
        True,
        False,
    )
    if of_training:
        os.environ.setdefault(CUBLAS_WORKSPACE, ":4096:8")  # cuBLAS reads it when it starts
        torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        matmul.allow_tf32, cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark = before
        torch.use_deterministic_algorithms(all_before, warn_only=warned_before)
        if workspace_before is None:
            os.environ.pop(CUBLAS_WORKSPACE, None)
