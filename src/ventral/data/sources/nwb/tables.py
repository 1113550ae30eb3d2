"""Tables, ragged columns and texts of an NWB file, read with h5py.

An NWB file is HDF5 with a known layout (the schemas of NWB 2 and of HDMF's common tables). It is
read with h5py alone: what is needed of it has been the same in all versions of NWB 2, nothing in a
file can make the reader open another one, and no column is in memory that is not asked for. The
tests compare with what pynwb writes and reads. Scalars may be arrays of one value, and columns
(rows, 1) or (1, rows), as programs that write from MATLAB may leave them.
"""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ventral.data.hdf5 import HDF5_ERRORS, dataset, open_hdf5, read, read_names
from ventral.errors import VentralError, suggest
from ventral.machine_errors import reading_error

KINDS = "SOiufb"
FIRST_MAJOR_VERSION = 2
MAX_SHOWN = 8
MAX_LINKS = 8


@contextlib.contextmanager
def open_nwb(path: str | Path) -> Iterator[h5py.File]:
    """Open an NWB file for reading.

    Parameters
    ----------
    path : str or Path
        The file.

    Yields
    ------
    h5py.File

    Raises
    ------
    VentralError
        If the file is not HDF5, or not NWB 2.
    """
    with open_hdf5(path) as file:
        version = _decoded(file.attrs.get("nwb_version", ""))
        if not version and "nwb_version" in file:
            version = "1"
        major = version.lstrip("NWB-").split(".")[0]
        if not major.isdecimal() or int(major) < FIRST_MAJOR_VERSION:
            what = f"is of NWB {version}" if version else "does not say that it is an NWB file"
            raise VentralError(f"{path} {what}; it needs NWB 2 or later (attribute nwb_version)")
        yield file


def group_at(file: h5py.File, path: str, what: str, links: int = 0) -> h5py.Group:
    """Return the group at a path of a file.

    Parameters
    ----------
    file : h5py.File
        The open file.
    path : str
        Of the group; links within the file are followed.
    what : str
        What it is, for the message.
    links : int
        How many links were followed on the way.

    Raises
    ------
    VentralError
        If there is none, naming what there is in the last group that exists.
    """
    here: Any = file
    for part in path.strip("/").split("/"):
        if not isinstance(here, h5py.Group) or part not in here.keys():  # noqa: SIM118
            known = here.keys() if isinstance(here, h5py.Group) else ()
            place = here.name.strip("/") or "the file"
            raise VentralError(
                f"{file.filename} has no {what} {path!r}: in {place}, {suggest(part, known)}"
            )
        here = follow(here, part, links)
    if not isinstance(here, h5py.Group):
        raise VentralError(f"{file.filename}: {what} {path!r} is an array; it must be a group")
    return here


def follow(group: h5py.Group, name: str, links: int = 0) -> h5py.Group | h5py.Dataset:
    """Return a member of a group, also behind links within the file.

    Parameters
    ----------
    group : h5py.Group
        The group.
    name : str
        Of the member.
    links : int
        How many links were followed on the way.

    Raises
    ------
    VentralError
        If the member is in another file, or behind a link to nothing.
    """
    here = f"{group.file.filename}: {group.name.rstrip('/')}/{name}"
    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        raise VentralError(f"{here} is in another file, {link.filename!r}; export both into one")
    if isinstance(link, h5py.SoftLink):
        if links == MAX_LINKS:
            raise VentralError(f"{here} is a link to a link without end")
        target = link.path if link.path.startswith("/") else f"{group.name}/{link.path}"
        parent, _, name = target.rstrip("/").rpartition("/")
        if parent:
            group = group_at(group.file, parent, "target of a link", links + 1)
        else:
            group = group.file
        if name not in group.keys():  # noqa: SIM118
            raise VentralError(f"{here} is a link to nothing")
        return follow(group, name, links + 1)
    try:
        return group[name]
    except HDF5_ERRORS as error:
        raise reading_error(here, error, f"{here} is damaged: {error}") from error


def array_of(
    group: h5py.Group, name: str, shape: tuple[int | None, ...] | None = None, kind: str = KINDS
) -> h5py.Dataset:
    """Return an array of a group as `ventral.data.hdf5.dataset` does."""
    return dataset(group.file, f"{group.name}/{name}".lstrip("/"), shape, kind)


def text_at(file: h5py.File, path: str) -> str | None:
    """Return the text at a path, or None."""
    parent, _, name = path.rpartition("/")
    try:
        group = group_at(file, parent, "group") if parent else file
    except VentralError:
        return None
    if name not in group.keys():  # noqa: SIM118
        return None
    found = array_of(group, name, kind="SO")
    return str(read_names(found).reshape(-1)[0]).strip() or None if found.size == 1 else None


class Table:
    """A table of an NWB file (DynamicTable).

    Parameters
    ----------
    group : h5py.Group
        Of the table.

    Raises
    ------
    VentralError
        If the group is not a table.
    """

    def __init__(self, group: h5py.Group) -> None:
        self.group = group
        self.name = group.name.strip("/")
        self.where = f"{group.file.filename}: {self.name}"
        if "id" not in group:
            raise VentralError(f"{self.where} is not a table: it has no column 'id'")
        self.id = read(array_of(group, "id", kind="iu")).reshape(-1)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.id)

    @property
    def columns(self) -> list[str]:
        """Names of the columns, without those that belong to others."""
        helpers = {f"{name}{end}" for name in self.group for end in ("_index", "_elements")}
        return [name for name in self.group if name not in helpers and name != "id"]

    def column(self, name: str) -> np.ndarray:
        """Return a column.

        Parameters
        ----------
        name : str
            Of a column with one value in each row; or ``id``.

        Returns
        -------
        ndarray, (n_rows,)
            Numbers, or text as objects.

        Raises
        ------
        VentralError
            If there is no such column, or it has several values in a row.
        """
        self._check(name)
        if f"{name}_index" in self.group:
            raise VentralError(
                f"{self.where}: column {name!r} has several values in a row; choose another column"
            )
        found = array_of(self.group, name)
        if found.size != len(self) or max(found.shape, default=1) != len(self):
            raise VentralError(
                f"{self.where}: column {name!r} has shape {found.shape}; {len(self)} rows need"
                f" ({len(self)},)"
            )
        if "elements" in found.attrs:
            return self._elements(name, read(found).reshape(-1))
        if found.dtype.kind not in "SO":
            return read(found).reshape(-1)
        if h5py.check_ref_dtype(found.dtype) is not None:
            raise VentralError(f"{self.where}: column {name!r} holds references, not text")
        return read_names(found).reshape(-1)

    def _elements(self, name: str, values: np.ndarray) -> np.ndarray:
        """Return the names for which the numbers of a column stand (EnumData)."""
        names = read_names(array_of(self.group, f"{name}_elements", (None,), "SO"))
        if values.dtype.kind not in "iu" or (values.size and values.max() >= len(names)):
            raise VentralError(
                f"{self.where}: column {name!r} has a number for which {name}_elements has no name"
            )
        return names[values]

    def numbers(self, name: str) -> np.ndarray:
        """Return a column of numbers as float64, (n_rows,)."""
        values = self.column(name)
        if values.dtype.kind not in "iuf":
            raise VentralError(f"{self.where}: column {name!r} does not hold numbers")
        return values.astype(np.float64)

    def ragged(self, name: str) -> tuple[h5py.Dataset, np.ndarray]:
        """Return the values of a column with several in a row, and where each row begins.

        Parameters
        ----------
        name : str
            Of the column.

        Returns
        -------
        values : h5py.Dataset
            Of all rows, one after the other; not read.
        edges : ndarray of int, (n_rows + 1,)
            Row i has values edges[i] to edges[i + 1].

        Raises
        ------
        VentralError
            If there is no such column, or its index does not fit its values.
        """
        self._check(name)
        found = array_of(self.group, name, kind="iuf")
        if f"{name}_index" not in self.group:
            raise VentralError(
                f"{self.where} has no {name}_index, which says which values of {name} belong to"
                " which row"
            )
        ends = read(array_of(self.group, f"{name}_index", kind="iu")).reshape(-1).astype(np.int64)
        if len(ends) != len(self):
            raise VentralError(
                f"{self.where}: {name}_index has {len(ends)} values; there are {len(self)} rows"
            )
        edges = np.concatenate([[0], ends])
        if (np.diff(edges) < 0).any() or edges[-1] != len(found):
            raise VentralError(
                f"{self.where}: {name}_index does not fit the {len(found)} values of {name}: it"
                f" must rise to {len(found)} and ends with {edges[-1]}"
            )
        return found, edges

    def chosen(self, where: Mapping[str, Any], key: str) -> np.ndarray:
        """Return which rows a filter of the config keeps.

        Parameters
        ----------
        where : Mapping
            By column a value, a list of values, or ``min`` and ``max``.
        key : str
            Of the config, for messages.

        Returns
        -------
        ndarray of bool, (n_rows,)

        Raises
        ------
        VentralError
            If a column does not exist, is not of numbers though a range is given, or no row has
            the value.
        """
        kept = np.ones(len(self), bool)
        for name, wanted in where.items():
            if isinstance(wanted, Mapping):
                values = self.numbers(name)
                with np.errstate(invalid="ignore"):
                    kept &= (values >= wanted.get("min", -np.inf)) & (
                        values <= wanted.get("max", np.inf)
                    )
                continue
            texts = np.array([text_of(value) for value in self.column(name)], object)
            values_wanted = [text_of(each) for each in np.atleast_1d(np.array(wanted, object))]
            for value in values_wanted:
                if value not in set(texts):
                    known = sorted({str(text) for text in texts})[:MAX_SHOWN]
                    raise VentralError(
                        f"{self.where}: no row has {value!r} in column {name!r} ({key}: {name});"
                        f" it has {', '.join(map(repr, known))}"
                    )
            kept &= np.isin(texts, values_wanted)
        if where and not kept.any():
            raise VentralError(f"{self.where}: {key} keeps none of its {len(self)} rows")
        return kept

    def _check(self, name: str) -> None:
        if name != "id" and name not in self.columns:
            raise VentralError(
                f"{self.where} has no column {name!r}; {suggest(name, self.columns)}"
            )


def text_of(value: Any) -> str:
    """Return a value of a table or of the config as text: of a whole number its digits.

    Parameters
    ----------
    value : object
        A number, a truth value or text.

    Returns
    -------
    str
        Empty where there is no value: of NaN, and of text without characters.
    """
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating):
        if np.isnan(value):
            return ""
        return str(int(value)) if float(value).is_integer() else repr(float(value))
    return str(value).strip()


def _decoded(value: Any) -> str:
    if isinstance(value, np.ndarray):
        value = value.reshape(-1)[0] if value.size == 1 else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
