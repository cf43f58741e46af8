"""All cases of the sweep, and their models made by a small pool of processes."""

from __future__ import annotations

import os
import pickle
import traceback
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import boosters, classifiers, compound, opsets, pipelines, preprocessing, regressors, text, widths
from .case import Case, Rows

PROCESSES = 2
MODULES = (classifiers, regressors, compound, preprocessing, pipelines, text, boosters, opsets, widths)
CASES: dict[str, Case] = {case.name: case for module in MODULES for case in module.CASES}
assert len(CASES) == sum(len(module.CASES) for module in MODULES), "two cases share a name"


@dataclass(frozen=True)
class Made:
    """Where a case's model is, and the rows to ask; or why its exporter refused."""

    name: str
    onnx: Path | None = None
    rows: Rows | None = None
    refused: str = ""


def make(name: str, folder: Path) -> Made:
    """Trains and exports one case into `folder`; runs in a process of the pool."""
    warnings.simplefilter("ignore")
    try:
        model, rows = CASES[name].build()
    except Exception as error:  # an exporter may raise anything
        last = traceback.extract_tb(error.__traceback__)[-1]
        return Made(name, refused=f"{type(error).__name__} in {Path(last.filename).name}: {str(error)[:300]}")
    path = folder / f"{name}.onnx"
    path.write_bytes(model.SerializeToString())
    (folder / f"{name}.rows").write_bytes(pickle.dumps(rows))
    return Made(name, path, rows)


def make_all(folder: Path, names: list[str] | None = None) -> dict[str, Made]:
    """Makes the cases `names`, all of them by default."""
    # One thread each: the pool already keeps the machine busy.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    names = names or list(CASES)
    with ProcessPoolExecutor(PROCESSES) as pool:
        return dict(zip(names, pool.map(make, names, [folder] * len(names), chunksize=4), strict=True))
