"""Archives and arrays that are odd, damaged or hostile."""

import io
import pickle
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ventral.data.archives import ImageArchive
from ventral.data.arrays import read_npy
from ventral.errors import VentralError

GRADIENT = np.arange(6 * 5 * 3, dtype=np.uint8).reshape(6, 5, 3)


def encoded(image: np.ndarray | Image.Image, form: str = "PNG", **options) -> bytes:
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


PNG = encoded(GRADIENT)


def zipped(path: Path, entries: dict, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for entry, content in entries.items():
            archive.writestr(entry, content)
    return path


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def stored_as(name: str) -> zipfile.ZipInfo:
    """Make an entry under a name that ZipInfo's constructor would mend."""
    entry = zipfile.ZipInfo("x")
    entry.filename = name
    return entry


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"../a.png": PNG}, "entry '../a.png' leads out of the archive's folder"),
        ({"a.png": PNG, "b/../../c.txt": b""}, "'b/../../c.txt' leads out"),
        ({"/etc/a.png": PNG}, "'/etc/a.png' has an absolute path"),
        ({"C:/a.png": PNG}, "'C:/a.png' has an absolute path"),
        ({"c:a.png": PNG}, "'c:a.png' has an absolute path"),
        ({stored_as("..\\a.png"): PNG}, "has a backslash or a zero byte in its path"),
        ({stored_as("a.png\0.txt"): PNG}, "has a backslash or a zero byte in its path"),
        ({link("a.png"): b"/etc/passwd"}, "'a.png' is a link or another special file"),
        ({"a.png": PNG, link("folder"): b"/etc"}, "'folder' is a link or another special file"),
        ({}, "contains no image"),
        ({"a.txt": b"text", ".b.png": PNG, "__MACOSX/._c.png": PNG, "d.png/": b""}, "no image"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_archive_is_refused_for_one_entry(tmp_path, entries, message):
    path = zipped(tmp_path / "images.zip", entries)
    with pytest.raises(VentralError) as error:
        ImageArchive(path)
    assert message in str(error.value) and str(path) in str(error.value)


def test_bombs_are_refused(tmp_path):
    path = zipped(
        tmp_path / "ratio.zip", {"a.png": PNG, "b.png": bytes(2**22)}, zipfile.ZIP_DEFLATED
    )
    with pytest.raises(VentralError, match=r"'b.png' unpacks from \d+ to 4194304 bytes: a bomb"):
        ImageArchive(path)
    path = zipped(tmp_path / "total.zip", {f"{i}.png": PNG for i in range(10)})
    with pytest.raises(VentralError, match=f"unpacks to {10 * len(PNG)} bytes; the limit is 500"):
        ImageArchive(path, limit=500)
    assert len(ImageArchive(path, limit=10 * len(PNG))) == 10


def test_encrypted_entries_are_refused(tmp_path):
    path = zipped(tmp_path / "images.zip", {"a.png": PNG})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flags in the central directory
    path.write_bytes(content)
    with pytest.raises(VentralError, match=r"'a\.png' is encrypted"):
        ImageArchive(path)


def damaged_content(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(PNG) + 50] ^= 0xFF
    path.write_bytes(content)


def longer_on_paper(path: Path) -> None:
    """Let the central directory promise more bytes than there are."""
    content = bytearray(path.read_bytes())
    at = content.index(b"PK\x01\x02") + 20
    content[at : at + 8] = struct.pack("<II", len(PNG) + 10_000, len(PNG) + 10_000)
    path.write_bytes(content)


def unknown_compression(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 10] = 99
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [damaged_content, longer_on_paper, unknown_compression])
def test_a_damaged_entry_is_named(tmp_path, damage):
    path = zipped(tmp_path / "images.zip", {"folder/a.png": PNG, "folder/b.png": PNG})
    damage(path)
    archive = ImageArchive(path)
    with pytest.raises(VentralError, match=r"images\.zip: image 'folder/a\.png' is damaged"):
        archive.read_image(0)
    assert np.array_equal(archive.read_image(1), GRADIENT)


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", "half", None])
def test_a_file_that_is_no_whole_zip(tmp_path, content):
    path = tmp_path / "images.zip"
    if content == "half":
        zipped(path, {f"{i}.png": PNG for i in range(50)})
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(VentralError, match=r"images\.zip is not a valid zip archive"):
        ImageArchive(path)


def bomb_png(width: int, height: int) -> bytes:
    """Make a PNG whose header claims a huge size."""
    content = bytearray(PNG)
    content[16:24] = struct.pack(">II", width, height)
    content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    return bytes(content)


def deep_png(colour_type: int, channels: int) -> bytes:
    """Make a PNG with 16 bits per channel, of dim values that their high bytes show as black."""
    side = 4
    row = b"\0" + struct.pack(f">{side * channels}H", *[200] * (side * channels))
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 16, colour_type, 0, 0, 0)),
        (b"IDAT", zlib.compress(row * side)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (deep_png(2, 3), "has 16 bits per channel; convert it to 8"),
        (deep_png(4, 2), "has 16 bits per channel; convert it to 8"),
        (deep_png(6, 4), "has 16 bits per channel; convert it to 8"),
        (deep_png(0, 1), "has mode I;16; it needs at most 8 bits"),
        (PNG[: len(PNG) // 2], "is not a valid image"),
        (encoded(GRADIENT, "JPEG")[:-30], "is not a valid image"),
        (b"", "is not a valid image"),
        (b"MZ not an image", "is not a valid image"),
        (encoded(GRADIENT, "TIFF"), "is not a valid image"),
        (bomb_png(60_000, 60_000), "is too large"),
        (bomb_png(10_000, 10_000), "is too large"),  # a warning only, by Pillow's default
        (
            encoded(np.arange(6, dtype=np.uint16).reshape(2, 3)),
            "has mode I;16; it needs at most 8 bits",
        ),
    ],
)
def test_a_damaged_image_is_named(tmp_path, content, message):
    archive = ImageArchive(zipped(tmp_path / "images.zip", {"a.png": PNG, "b/c.png": content}))
    with pytest.raises(VentralError, match=rf"images\.zip: image 'b/c\.png' {message}"):
        archive.read_image(1)
    assert np.array_equal(archive.read_image(0), GRADIENT)


def test_only_images_are_listed_in_the_order_of_the_archive(tmp_path):
    names = ["top/b.PNG", "top/a.jpeg", "c.webp", "top/d.Jpg", "e.jpg"]
    others = ["top/", "__MACOSX/top/b.PNG", "top/.hidden.png", ".git/f.png", "g.gif", "README"]
    entries = dict.fromkeys([*others[:3], *names, *others[3:]], PNG)
    archive = ImageArchive(zipped(tmp_path / "images.zip", entries))
    assert archive.names == names
    assert len(archive) == 5


def test_every_kind_of_image_comes_as_eight_bit_colour(tmp_path):
    grey = GRADIENT[..., 0]
    half = np.dstack([GRADIENT, np.full((6, 5), 128, np.uint8)])
    clear = np.dstack([GRADIENT, np.zeros((6, 5), np.uint8)])
    turned = Image.fromarray(GRADIENT)
    turned.getexif()[0x112] = 6
    palette = Image.fromarray(grey // 80).convert("P")
    palette.putpalette([10, 20, 30, 40, 50, 60])
    entries = {
        "0.png": encoded(grey),
        "1.png": encoded(half),
        "2.png": encoded(clear),
        "3.png": encoded(turned, exif=turned.getexif()),
        "4.png": encoded(palette, transparency=1),
        "5.webp": encoded(GRADIENT, "WEBP", lossless=True),
        "6.png": encoded(np.eye(4, dtype=bool)),
    }
    archive = ImageArchive(zipped(tmp_path / "images.zip", entries))
    images = [archive.read_image(i) for i in range(len(archive))]
    assert all(image.dtype == np.uint8 and image.shape[2] == 3 for image in images)
    assert np.array_equal(images[0], np.dstack([grey] * 3))
    blend = GRADIENT * (128 / 255) + 128 * (127 / 255)
    assert np.abs(images[1] - blend).max() <= 1
    assert (images[2] == 128).all()
    assert np.array_equal(images[3], GRADIENT)  # not turned
    expected = np.where((grey // 80 == 1)[..., None], 128, [10, 20, 30])
    assert np.array_equal(images[4], expected)
    assert np.array_equal(images[5], GRADIENT)
    assert np.array_equal(images[6][..., 1], np.eye(4) * 255)


class Code:
    """Unpickling this makes a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def huge_on_paper() -> bytes:
    buffer = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (10**7, 10**7)}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue() + bytes(800)


def saved(array: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


SINGLE_PARTITION = saved(np.arange(60.0).reshape(3, 20))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("pickle", "not a valid .npy file of numbers"),
        ("objects", "it contains Python objects, which may contain code"),
        ("npz", "not a valid .npy file of numbers"),
        (SINGLE_PARTITION[:-1], "not a valid .npy file of numbers"),
        (SINGLE_PARTITION[:150], "not a valid .npy file of numbers"),
        (SINGLE_PARTITION.replace(b"}", b" "), "not a valid .npy file of numbers"),
        (SINGLE_PARTITION[:40], "not a valid .npy file of numbers"),
        (b"", "not a valid .npy file of numbers"),
        (huge_on_paper(), "not a valid .npy file of numbers"),
        (saved(np.array(["a", "b"])), "has values of type <U1; it needs real numbers"),
        (saved(np.array([True])), "has values of type bool"),
        (saved(np.array([1j])), "has values of type complex128"),
        (saved(np.array(["2020-01-01"], "M8[D]")), r"has values of type datetime64\[D\]"),
        (saved(np.zeros(2, "i4,f8")), "has values of type"),
    ],
)
def test_an_array_is_refused_without_running_anything(tmp_path, content, message):
    path, trap = tmp_path / "responses.npy", tmp_path / "code was run"
    if content == "pickle":
        content = pickle.dumps(Code(trap))
    elif content == "objects":
        content = saved(np.array([Code(trap)], dtype=object), allow_pickle=True)
    elif content == "npz":
        np.savez(tmp_path / "x.npz", a=np.zeros(3))
        content = (tmp_path / "x.npz").read_bytes()
    path.write_bytes(content)
    with pytest.raises(VentralError, match=message) as error:
        read_npy(path)
    assert str(path) in str(error.value)
    assert not trap.exists()


def test_a_missing_array_file(tmp_path):
    with pytest.raises(VentralError, match=r"nothing\.npy is not a valid .npy file"):
        read_npy(tmp_path / "nothing.npy")


@pytest.mark.parametrize("dtype", ["<f8", ">f8", ">i2", "u1", "f2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_come_back_in_the_machines_byte_order(tmp_path, dtype, order):
    array = np.asarray(np.arange(24).reshape(2, 3, 4), dtype=dtype, order=order)
    np.save(tmp_path / "x.npy", array)
    read = read_npy(tmp_path / "x.npy")
    assert np.array_equal(read, array)
    assert read.dtype.isnative and read.dtype == array.dtype.newbyteorder("=")
    assert type(read) is np.ndarray and read.flags.owndata
