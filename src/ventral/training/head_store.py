"""The store of what a trained head says of all stimuli."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ventral.storage.store import Store
from ventral.storage.store_writer import write_store


@dataclass(frozen=True)
class HeadOutputs:
    """What a trained head says of the stimuli of its data set.

    Attributes
    ----------
    outputs : ndarray, (n_stimuli, n_outputs), float64
        For the task ``responses``, predictions in the data set's unit; for ``classification``,
        logits.
    names : list of str, (n_outputs,)
        For ``responses``, the ids of the sites; for ``classification``, the classes.
    width : int
        Number of features that the head reads.
    test : ndarray of int, (n_test,)
        Rows of the test stimuli.
    start : ndarray, (n_test, n_outputs), float64
        The outputs for the test stimuli before training.
    """

    outputs: np.ndarray
    names: list[str]
    width: int
    test: np.ndarray
    start: np.ndarray


def write_head_outputs(
    path: str | Path, head: HeadOutputs, stimulus_id: np.ndarray, attributes: dict
) -> None:
    """Write the store of a head.

    Parameters
    ----------
    path : str or Path
        Where to write.
    head : HeadOutputs
        What it says.
    stimulus_id : ndarray, (n_stimuli,)
        Names of the stimuli.
    attributes : dict
        Of the store.
    """
    with write_store(path, attributes) as store:
        store.put("outputs", head.outputs, ("stimulus", "output"))
        store.put("name", np.asarray(head.names), ("output",))
        store.put("n_features", np.array([head.width]), ("one",))
        if len(head.test):
            store.put("test", head.test, ("test_stimulus",))
            store.put("start", head.start, ("test_stimulus", "output"))
        store.put("stimulus_id", stimulus_id, ("stimulus",))
        store.put("stimulus", stimulus_id, ("stimulus",))


def read_head_outputs(path: str | Path) -> HeadOutputs:
    """Read the store of a head.

    Parameters
    ----------
    path : str or Path
        The store.

    Returns
    -------
    HeadOutputs

    Raises
    ------
    VentralError
        If the store is damaged.
    """
    store = Store(path)
    outputs = store.read("outputs")
    test, start = np.zeros(0, int), np.zeros((0, outputs.shape[1]))
    if "test" in store:
        test, start = store.read("test"), store.read("start")
    names = [str(name) for name in store.read("name")]
    return HeadOutputs(outputs, names, int(store.read("n_features")[0]), test, start)
