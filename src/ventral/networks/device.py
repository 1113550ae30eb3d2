"""The device on which a network runs."""

import torch

from ventral.errors import VentralError


def find_device(name: str) -> torch.device:
    """Return a device by its name.

    On CUDA, this switches off TF32, so that float32 has the precision of the CPU, and selects
    kernels that give bit-identical results on each call.

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
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
    return device
