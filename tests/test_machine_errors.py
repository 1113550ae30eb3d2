"""What the machine lacks is said as such: no good file is called damaged, none is to be removed."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import zarr
from PIL import Image

from helpers import store_layer
from ventral.data import archives, arrays, response_files
from ventral.data.hdf5 import dataset, open_hdf5, read
from ventral.errors import VentralError
from ventral.jobs.log import job_log
from ventral.jobs.verify import verify_results
from ventral.machine_errors import machine_problem, reading_error
from ventral.networks import weights
from ventral.storage.store import Store
from ventral.training.checkpoint import ResumeFile, read_checkpoint

SOURCE = Path(__file__).parents[1] / "src"


def system(number: int) -> OSError:
    return OSError(number, os.strerror(number), "/some/file")


LACKS = [
    (system(errno.EMFILE), "too many open files"),
    (system(errno.ENOMEM), "no memory left"),
    (system(errno.EACCES), "no permission"),
    (system(errno.EIO), "input/output error"),
    (system(errno.ESTALE), "stale file handle"),
    (system(errno.ENOSPC), "no space is left"),
    (system(errno.EDQUOT), "quota"),
    (MemoryError(), "no memory left"),
    (RuntimeError("can't start new thread"), "short of processes or threads"),
    (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried …"), "no memory left"),
    (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), "no memory left"),
    (OSError("Unable to open file (name = 'a', errno = 13, error message = 'x')"), "no permission"),
    (RuntimeError("failed to open: Too many open files (os error 24)"), "too many open files"),
]
IDS = [f"{type(error).__name__} {lacks}" for error, lacks in LACKS]
DAMAGE = [
    FileNotFoundError(errno.ENOENT, "No such file or directory"),
    RuntimeError("the checksum is invalid"),
    ValueError("cannot reshape array of size 13"),
    OSError("Unable to open file (file signature not found)"),
]


@pytest.mark.parametrize(("error", "lacks"), LACKS, ids=IDS)
def test_what_the_machine_lacks(error, lacks):
    assert lacks in machine_problem(error)
    wrapped = ValueError("a library's own words")
    wrapped.__cause__ = error
    assert lacks in machine_problem(wrapped)


@pytest.mark.parametrize("error", DAMAGE, ids=str)
def test_what_is_no_fault_of_the_machine(error):
    assert machine_problem(error) is None
    assert str(reading_error("a.npy", error, "a.npy is damaged")) == "a.npy is damaged"


def fail(error):
    def function(*arguments, **options):
        raise error

    return function


def store(tmp_path, patch, error):
    written = store_layer(tmp_path / "layer.zarr", np.zeros((4, 3)))
    patch.setattr(zarr, "open_group", fail(error))
    Store(written.path)


def array_of_a_store(tmp_path, patch, error):
    written = store_layer(tmp_path / "layer.zarr", np.zeros((4, 3)))
    patch.setattr(zarr.Array, "__getitem__", fail(error))
    written.read_slice("layer1.0", ...)


def array_that_is_verified(tmp_path, patch, error):
    store_layer(tmp_path / "layer.zarr", np.zeros((4, 3)))
    patch.setattr(zarr.Array, "__getitem__", fail(error))
    verify_results(tmp_path)


def checkpoint_that_is_verified(tmp_path, patch, error):
    (tmp_path / "checkpoints").mkdir()
    torch.save({}, tmp_path / "checkpoints" / "net.pt")
    patch.setattr("ventral.jobs.verify.verify_zip", fail(error))
    verify_results(tmp_path)


def checkpoint(tmp_path, patch, error):
    patch.setattr("ventral.training.checkpoint._read", fail(error))
    read_checkpoint(tmp_path / "net.pt")


def unfinished_training(tmp_path, patch, error):
    (tmp_path / "net.resume.pt").touch()
    patch.setattr("ventral.training.checkpoint._read", fail(error))
    ResumeFile(tmp_path / "net.resume.pt", "key").load()


def weights_of_a_network(tmp_path, patch, error):
    torch.save({"weight": torch.zeros(1)}, tmp_path / "net.pth")
    patch.setattr(torch, "load", fail(error))
    weights.load_weights(torch.nn.Linear(1, 1), tmp_path / "net.pth")


def archive_of_images(tmp_path, patch, error):
    patch.setattr(archives.zipfile, "ZipFile", fail(error))
    archives.ImageArchive(tmp_path / "images.zip")


def image(tmp_path, patch, error):
    patch.setattr(Image, "open", fail(error))
    archives.decode_image(b"", "images.zip: image 'a.png'")


def npy(tmp_path, patch, error):
    patch.setattr(np.lib.format, "open_memmap", fail(error))
    arrays.read_npy(tmp_path / "a.npy")


def npz(tmp_path, patch, error):
    np.savez(tmp_path / "a.npz", responses=np.zeros((2, 2)), stimulus_id=["a", "b"])
    patch.setattr(np, "load", fail(error))
    response_files.read_response_file(tmp_path / "a.npz")


def csv(tmp_path, patch, error):
    (tmp_path / "a.csv").write_text("stimulus_id,a\nx,1\n")
    patch.setattr(response_files.pd, "read_csv", fail(error))
    response_files.read_response_file(tmp_path / "a.csv")


def hdf5_file(tmp_path, patch, error):
    patch.setattr(h5py, "File", fail(error))
    with open_hdf5(tmp_path / "a.h5"):
        pass


def hdf5_array(tmp_path, patch, error):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.zeros(3)
    with open_hdf5(tmp_path / "a.h5") as file:
        found = dataset(file, "x")
        patch.setattr(h5py.Dataset, "__getitem__", fail(error))
        read(found)


READERS = [
    store,
    array_of_a_store,
    array_that_is_verified,
    checkpoint_that_is_verified,
    checkpoint,
    unfinished_training,
    weights_of_a_network,
    archive_of_images,
    image,
    npy,
    npz,
    csv,
    hdf5_file,
    hdf5_array,
]


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
@pytest.mark.parametrize(
    ("error", "lacks"),
    [LACKS[0], LACKS[2], LACKS[7], LACKS[8]],
    ids=["EMFILE", "EACCES", "memory", "threads"],
)
def test_a_reader_calls_no_good_file_damaged(tmp_path, monkeypatch, reader, error, lacks):
    if reader in (csv, image, npy) and isinstance(error, RuntimeError):
        pytest.skip("reading it starts no threads")
    with monkeypatch.context() as patch, pytest.raises(VentralError) as raised:
        reader(tmp_path, patch, error)
    sentence = str(raised.value)
    assert lacks in sentence and "and run again" in sentence
    assert "damaged" not in sentence and "valid" not in sentence and "rm " not in sentence


def limited(program: str, folder: Path, limits: dict[int, int]) -> subprocess.CompletedProcess:
    """Run a program in a process that may have only so much."""

    def limit():
        for kind, most in limits.items():
            resource.setrlimit(kind, (most, most))

    return subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )


READ = """
import os, sys
from pathlib import Path
from ventral.storage.store import Store
from ventral.errors import VentralError
import zarr, numpy, numcodecs, zarr.codecs.sharding
folder = Path(sys.argv[1])
{before}
try:
    Store(folder / "layer.zarr").read("layer1.0")
except VentralError as error:
    print(error)
"""


def test_a_process_that_has_no_files_left(tmp_path):
    store_layer(tmp_path / "layer.zarr", np.zeros((4, 3)))
    take_all = (
        "try:\n    taken = []\n    while True: taken.append(open(os.devnull))\nexcept OSError: pass"
    )
    done = limited(READ.format(before=take_all), tmp_path, {resource.RLIMIT_NOFILE: 64})
    assert "too many open files" in done.stdout, done.stderr
    assert "rm -r" not in done.stdout and "damaged" not in done.stdout


def test_a_process_that_can_start_no_thread(tmp_path):
    store_layer(tmp_path / "layer.zarr", np.zeros((4, 3)))
    before = (
        "import resource, threading\n"
        "with open('/proc/self/statm') as file: pages = int(file.read().split()[0])\n"
        "most = pages * os.sysconf('SC_PAGE_SIZE') + 2**21\n"
        "resource.setrlimit(resource.RLIMIT_AS, (most, most))"
    )
    done = limited(READ.format(before=before), tmp_path, {})
    assert "could not be read" in done.stdout, done.stdout + done.stderr
    assert "rm -r" not in done.stdout and "damaged" not in done.stdout


@pytest.mark.parametrize(("error", "lacks"), LACKS, ids=IDS)
def test_a_job_that_the_machine_has_stopped_says_one_sentence(tmp_path, error, lacks, capsys):
    log = tmp_path / "job.log"
    with pytest.raises(SystemExit), job_log(log):
        raise error
    (line,) = log.read_text().splitlines()
    assert lacks in line and "ERROR" in line and "Traceback" not in line
    if isinstance(error, OSError) and error.filename:
        assert "/some/file" in line


def test_a_job_with_another_error_shows_its_traceback(tmp_path):
    with pytest.raises(SystemExit), job_log(tmp_path / "job.log"):
        raise ValueError("a bug")
    assert "Traceback" in (tmp_path / "job.log").read_text()


def test_a_log_shows_no_secret(tmp_path):
    with pytest.raises(SystemExit), job_log(tmp_path / "job.log"):
        raise ValueError("https://jim:hunter2@host.org/a.npz?token=s3cret")
    said = (tmp_path / "job.log").read_text()
    assert "host.org/a.npz" in said and "hunter2" not in said and "s3cret" not in said
