"""Where a network runs."""

import torch

from ventral.errors import VentralError


def find_device(name: str) -> torch.device:
    """Return a device by its name; ``auto`` is a CUDA device where there is one, else the CPU.

    On CUDA, float32 is then as on the CPU, and a kernel gives the same bytes each time. Raises
    `VentralError` where the device is not there.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise VentralError(f"device {name!r} is not there: {error}") from error
    if device.type == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
    return device
