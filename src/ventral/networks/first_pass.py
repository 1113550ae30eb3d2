"""The first forward pass of a network, and a sentence where the network does not take its input."""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from ventral.errors import VentralError
from ventral.machine_errors import machine_problem


@contextlib.contextmanager
def naming_refused_input(
    model: nn.Module, images: torch.Tensor, expected: type[BaseException] | tuple = ()
) -> Iterator[None]:
    """Say which module refuses the input, where a forward pass fails.

    Parameters
    ----------
    model : Module
        The network that is run in the block.
    images : Tensor, (batch, 3, size, size)
        What it is given.
    expected : type or tuple of types
        Errors that end a pass on purpose.

    Raises
    ------
    VentralError
        In place of the network's own error: naming the innermost module that failed, the input's
        shape and type, and the keys to change. Errors of the machine, such as too little memory,
        are passed on.
    """
    inside: list[str] = []

    def enter(name: str) -> None:
        inside.append(name)

    def leave(name: str) -> None:
        while inside and inside.pop() != name:
            pass

    handles = []
    for name, module in model.named_modules():
        handles.append(module.register_forward_pre_hook(lambda *_, name=name: enter(name)))
        handles.append(module.register_forward_hook(lambda *_, name=name: leave(name)))
    try:
        yield
    except (VentralError, *_as_tuple(expected)):
        raise
    except Exception as error:  # a network's own code may raise anything
        if machine_problem(error) is not None:
            raise
        shape = " × ".join(map(str, images.shape[1:]))
        where = f" at its module {inside[-1]!r}" if inside and inside[-1] else ""
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise VentralError(
            f"{type(model).__name__} does not take images of {shape} as {images.dtype} (fails"
            f"{where}: {reason}). Change preprocessing: size, or the architecture or its arguments"
        ) from error
    finally:
        for handle in handles:
            handle.remove()


def _as_tuple(errors: type[BaseException] | tuple) -> tuple:
    return errors if isinstance(errors, tuple) else (errors,)
