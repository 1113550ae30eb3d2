"""Which tokens of a transformer stand before those of the patches."""

from typing import Any

from torch import nn

from ventral.activations.pooling import Tokens

CLASS_TOKENS = ("cls_token", "class_embedding", "class_token")
"""Names that transformers gives to the parameter."""


def tokens_of(model: nn.Module) -> Tokens:
    """Return the class token and the registers of a network.

    Parameters
    ----------
    model : Module
        Of timm, transformers, open_clip or torchvision, or any one with an attribute
        ``num_prefix_tokens``, and ``has_class_token`` where it has none.

    Returns
    -------
    Tokens
        Without a number where the network does not say.
    """
    prefix = getattr(model, "num_prefix_tokens", None)  # timm
    if isinstance(prefix, int):
        return Tokens(prefix, prefix > 0 and bool(getattr(model, "has_class_token", True)))
    config = getattr(model, "config", None)
    if config is not None and hasattr(config, "model_type"):
        return _of_huggingface(model, config)
    if hasattr(model, "class_embedding") and hasattr(model, "conv1"):  # open_clip
        return Tokens(1, True)
    trunk = getattr(model, "trunk", None)  # of timm, in open_clip
    if isinstance(trunk, nn.Module):
        return tokens_of(trunk)
    if hasattr(model, "class_token") and hasattr(model, "conv_proj"):  # torchvision
        return Tokens(1, True)
    return Tokens()


def _of_huggingface(model: nn.Module, config: Any) -> Tokens:
    names = {name.rpartition(".")[2] for name, _ in model.named_parameters()}
    has_class = not names.isdisjoint(CLASS_TOKENS)
    if not has_class and not hasattr(config, "patch_size"):
        return Tokens()
    registers = getattr(config, "num_register_tokens", 0) or 0
    return Tokens(int(has_class) + registers + int("distillation_token" in names), has_class)
