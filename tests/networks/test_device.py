"""Torch's flags are set for a block, and put back."""

import os

import pytest
import torch

from ventral.errors import VentralError
from ventral.networks.device import CUBLAS_WORKSPACE, find_device, reproducible_kernels

CUDA = torch.device("cuda")  # a name: nothing is computed on it


def flags():
    return (
        torch.backends.cuda.matmul.allow_tf32,
        torch.backends.cudnn.allow_tf32,
        torch.backends.cudnn.deterministic,
        torch.backends.cudnn.benchmark,
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        os.environ.get(CUBLAS_WORKSPACE),
    )


@pytest.fixture(autouse=True)
def flags_of_a_user(monkeypatch):
    """Set each flag to what the block must change."""
    monkeypatch.delenv(CUBLAS_WORKSPACE, raising=False)
    before = flags()
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.deterministic = False
    torch.backends.cudnn.benchmark = True
    yield
    torch.backends.cuda.matmul.allow_tf32 = before[0]
    torch.backends.cudnn.allow_tf32 = before[1]
    torch.backends.cudnn.deterministic = before[2]
    torch.backends.cudnn.benchmark = before[3]


@pytest.mark.parametrize("of_training", [False, True])
def test_on_cuda_kernels_are_reproducible_inside_the_block_alone(of_training):
    before = flags()
    with reproducible_kernels(CUDA, of_training=of_training):
        workspace = ":4096:8" if of_training else None
        assert flags() == (False, False, True, False, of_training, of_training, workspace)
    assert flags() == before
    with pytest.raises(ZeroDivisionError), reproducible_kernels(CUDA, of_training=of_training):
        1 / 0  # noqa: B018
    assert flags() == before


def test_a_workspace_of_the_users_stays(monkeypatch):
    monkeypatch.setenv(CUBLAS_WORKSPACE, ":16:8")
    with reproducible_kernels(CUDA, of_training=True):
        assert os.environ[CUBLAS_WORKSPACE] == ":16:8"
    assert os.environ[CUBLAS_WORKSPACE] == ":16:8"


def test_on_a_cpu_nothing_changes():
    before = flags()
    with reproducible_kernels(torch.device("cpu"), of_training=True):
        assert flags() == before


def test_finding_a_device_changes_no_flag():
    before = flags()
    assert find_device("cpu") == torch.device("cpu")
    with pytest.raises(VentralError, match="'nonsense'"):
        find_device("nonsense")
    assert flags() == before
