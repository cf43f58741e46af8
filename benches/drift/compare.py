"""How long two files of rows take to be compared, and in how much memory: Skeg, SciPy's KS, Evidently and NannyML in one run.

`make bench-drift` runs it. It makes two Parquet files of ROWS x COLUMNS doubles (a tenth of the columns shifted), and compares them by

- `skeg`: `skeg drift analyze --baseline reference.json --current current.parquet`, the baseline built before, as it is where a model
  is registered; `skeg baseline build` and both files at once are lines of their own, and so is `--exact`;
- `scipy`: `ks_2samp` of each column, files read with pyarrow;
- `evidently`: `DataDriftPreset`;  `nannyml`: `UnivariateDriftCalculator` with its default methods, one chunk.

Each is a process of its own; wall time and the peak of its resident memory are the system's (`wait4`). Peers run in the environments
that `make tools` makes. Flags: `--rows N --columns N --only a,b`.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SKEG = ROOT / "target" / "release" / "skeg"
TOOLS = ROOT / "target" / "tools"
PYTHONS = {
    "scipy": ROOT / ".venv" / "bin" / "python",
    "evidently": TOOLS / "evidently" / "bin" / "python",
    "nannyml": TOOLS / "nannyml" / "bin" / "python",
}

SCIPY = """
import sys, pyarrow.parquet as pq
from scipy.stats import ks_2samp
reference, current = pq.ParquetFile(sys.argv[1]), pq.ParquetFile(sys.argv[2])
for name in reference.schema_arrow.names:
    a, b = (file.read(columns=[name]).column(0).to_numpy() for file in (reference, current))
    ks_2samp(a, b)
"""
EVIDENTLY = """
import sys, warnings, pandas as pd
warnings.simplefilter("ignore")
from evidently import Dataset, Report
from evidently.presets import DataDriftPreset
reference, current = (Dataset.from_pandas(pd.read_parquet(path)) for path in sys.argv[1:3])
Report([DataDriftPreset()]).run(current, reference).dict()
"""
NANNYML = """
import sys, warnings, pandas as pd
warnings.simplefilter("ignore")
import nannyml as nml
reference, current = (pd.read_parquet(path) for path in sys.argv[1:3])
names = list(reference.columns)
calculator = nml.UnivariateDriftCalculator(column_names=names, chunk_number=1)
calculator.fit(reference)
calculator.calculate(current)
"""


def make(folder: Path, rows: int, columns: int) -> tuple[Path, Path]:
    """The files, written a column at a time by the tests' own Python."""
    script = f"""
import numpy as np, pyarrow as pa, pyarrow.parquet as pq
for name, seed, shift in [("reference", 1, 0.0), ("current", 2, 0.3)]:
    dice = np.random.default_rng(seed)
    shapes = [dice.standard_normal, lambda n: np.exp(2 * dice.standard_normal(n)), dice.random, lambda n: np.floor(dice.exponential(9, n))]
    columns = {{f"x{{i}}": shapes[i % 4]({rows}) + (shift if i % 10 == 0 else 0) for i in range({columns})}}
    pq.write_table(pa.table(columns), f"{folder}/{{name}}.parquet", row_group_size=1 << 17)
"""
    run([str(PYTHONS["scipy"]), "-c", script])
    return folder / "reference.parquet", folder / "current.parquet"


def run(line: list[str]) -> tuple[float, float]:
    """Seconds and MB of a process."""
    began = time.monotonic()
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(line[0], line, os.environ | {"NML_DISABLE_USAGE_LOGGING": "1"}, file_actions=quiet)
    _, status, used = os.wait4(child, 0)
    took = time.monotonic() - began
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"failed: {line[:2]}")
    return took, used.ru_maxrss / 1024


def main() -> None:
    flags = argparse.ArgumentParser()
    flags.add_argument("--rows", type=int, default=1_000_000)
    flags.add_argument("--columns", type=int, default=50)
    flags.add_argument("--only", default="skeg,build,both,exact,scipy,nannyml,evidently")
    given = flags.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        reference, current = map(str, make(folder, given.rows, given.columns))
        stored = str(folder / "reference.json")
        run([str(SKEG), "baseline", "build", "--data", reference, "--output", stored])
        analyze = [str(SKEG), "drift", "analyze", "--json", "--current", current, "--baseline"]
        peer = {tool: [str(python), "-c", script, reference, current] for (tool, python), script in
                zip(PYTHONS.items(), [SCIPY, EVIDENTLY, NANNYML], strict=True)}
        lines = {
            "skeg": [*analyze, stored],
            "build": [str(SKEG), "baseline", "build", "--data", reference, "--output", str(folder / "again.json")],
            "both": [*analyze, reference],
            "exact": [*analyze, reference, "--exact"],
            **peer,
        }
        print(f"{given.rows} x {given.columns} doubles against as many; {os.cpu_count()} processors")
        print(f"{'':<10}{'seconds':>10}{'MB':>10}{'times skeg':>14}{'memory':>10}")
        base: tuple[float, float] | None = None
        for tool in given.only.split(","):
            took, memory = run(lines[tool])
            base = base or (took, memory)
            print(f"{tool:<10}{took:>10.2f}{memory:>10.0f}{took / base[0]:>13.1f}x{memory / base[1]:>9.1f}x", flush=True)


if __name__ == "__main__":
    main()
