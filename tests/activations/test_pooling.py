"""Pooling of maps and tokens: which axis is which, and the tokens of each kind of transformer."""

import pytest
import torch
from torch import nn

from ventral.activations.pooling import Pooling, Tokens
from ventral.activations.taps import Taps
from ventral.errors import VentralError
from ventral.networks.tokens import tokens_of
from ventral.networks.torchvision_import import torchvision

CLASS = Tokens(1, True)


def values(*shape):
    return torch.randn(3, *shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shape", [(8, 4, 4), (1, 4, 4), (8, 1, 1)])
@pytest.mark.parametrize("pool", ["mean", "max"])
def test_maps_with_channels_first(shape, pool):
    output = values(*shape)
    expected = output.mean((2, 3)) if pool == "mean" else output.flatten(2).max(2).values
    assert torch.equal(Pooling(pool)("layer", output), expected)
    assert Pooling(pool).shape("layer", shape) == (shape[0],)


def test_maps_with_channels_last():
    output = values(4, 4, 8)  # of Swin
    assert torch.equal(Pooling("mean")("layer", output), output.mean((1, 2)))
    assert Pooling("max").shape("layer", (4, 4, 8)) == (8,)


@pytest.mark.parametrize("prefix", [1, 3])
def test_tokens(prefix):
    output, tokens = values(prefix + 9, 5), Tokens(prefix, True)
    assert torch.equal(Pooling("cls", tokens)("layer", output), output[:, 0])
    assert torch.equal(Pooling("mean", tokens)("layer", output), output[:, prefix:].mean(1))
    assert torch.equal(Pooling("max", tokens)("layer", output), output[:, prefix:].amax(1))
    assert torch.equal(Pooling("none", tokens)("layer", output), output)


def test_patches_before_the_class_token_is_put_in_front():
    output = values(9, 5)
    assert torch.equal(Pooling("mean", CLASS)("embedding", output), output.mean(1))
    with pytest.raises(VentralError, match="are not those of 1 token"):
        Pooling("cls", CLASS)("embedding", output)


@pytest.mark.parametrize(
    ("pool", "tokens", "shape", "said"),
    [
        ("cls", CLASS, (8, 4, 4), "has no class token: it gives 8 × 4 × 4"),
        ("cls", CLASS, (8,), "has no class token"),
        ("mean", CLASS, (8,), "has no positions: it gives 8 .*Give another pool than mean"),
        ("mean", CLASS, (4, 4, 4), "which axis of 4 × 4 × 4"),
        ("mean", CLASS, (2, 4, 5), "which axis"),
        ("cls", Tokens(), (10, 8), "does not say how many tokens"),
        ("cls", Tokens(0, False), (9, 8), "has no class token; give mean or max"),
        ("cls", Tokens(4, False), (13, 8), "has no class token; give mean or max"),
        ("mean", CLASS, (12, 8), "12 × 8 values are not those of 1 token"),
    ],
)
def test_what_does_not_apply(pool, tokens, shape, said):
    with pytest.raises(VentralError, match=said):
        Pooling(pool, tokens).shape("deep", shape)


@pytest.mark.parametrize(
    ("name", "more", "expected"),
    [
        ("vit_tiny_patch16_224", {}, Tokens(1, True)),
        ("deit_tiny_distilled_patch16_224", {}, Tokens(2, True)),
        ("vit_small_patch14_reg4_dinov2", {}, Tokens(5, True)),
        ("vit_medium_patch16_reg1_gap_256", {}, Tokens(1, False)),
        ("resnet18", {}, Tokens()),
    ],
)
def test_tokens_of_timm(name, more, expected):
    import timm

    with torch.device("meta"):
        assert tokens_of(timm.create_model(name, **more)) == expected


def test_tokens_of_transformers():
    from transformers import (
        AutoModel,
        ConvNextConfig,
        DeiTConfig,
        SiglipVisionConfig,
        SwinConfig,
        ViTConfig,
    )

    small = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "image_size": 32}
    for config, expected in (
        (ViTConfig(**small), Tokens(1, True)),
        (DeiTConfig(**small), Tokens(2, True)),
        (SiglipVisionConfig(**small, intermediate_size=8), Tokens(0, False)),
        (SwinConfig(embed_dim=8, depths=[1], num_heads=[1], image_size=32), Tokens(0, False)),
    ):
        with torch.device("meta"):
            assert tokens_of(AutoModel.from_config(config)) == expected, config.model_type
    with torch.device("meta"):
        assert not tokens_of(AutoModel.from_config(ConvNextConfig(hidden_sizes=[8] * 4))).has_class


def test_tokens_of_torchvision_and_of_ones_own():
    vit = torchvision.models.VisionTransformer(
        image_size=16, patch_size=8, num_layers=1, num_heads=1, hidden_dim=8, mlp_dim=8
    )
    assert tokens_of(vit) == Tokens(1, True)
    own = nn.Identity()
    assert tokens_of(own) == Tokens()
    own.num_prefix_tokens = 2
    assert tokens_of(own) == Tokens(2, True)


def test_the_class_token_is_the_one_that_the_head_reads():
    """The class token of the last norm, through the head, is what the network itself gives."""
    vit = torchvision.models.VisionTransformer(
        **{"image_size": 16, "patch_size": 8, "num_layers": 2, "num_heads": 2},
        **{"hidden_dim": 8, "mlp_dim": 8, "num_classes": 4},
    ).eval()
    nn.init.normal_(vit.heads.head.weight)
    images = values(3, 16, 16)
    taps = Taps(vit, ["encoder.ln"], images[:1], "float32", Pooling("cls", tokens_of(vit)))
    assert taps.shapes == {"encoder.ln": (8,)}
    recorded = torch.from_numpy(taps.record(images)["encoder.ln"])
    with torch.no_grad():
        assert torch.allclose(vit.heads(recorded), vit(images), atol=1e-6)


def test_a_recorded_layer_is_pooled():
    model = nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU())
    images = values(3, 6, 6)
    taps = Taps(model.eval(), ["0", "1"], images[:1], "float32", Pooling("max"))
    recorded = taps.record(images)
    assert taps.shapes == {"0": (5,), "1": (5,)}
    with torch.no_grad():
        assert torch.allclose(torch.from_numpy(recorded["1"]), model(images).amax((2, 3)))
