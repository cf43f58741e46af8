"""Scores a CSV file with MLflow's own client; run by `acceptance/test_invocations.py` in MLflow's own environment.

`score.py HOST PORT ROWS.csv COLUMNS` prints what the server at the address answered, as one line of JSON.
"""

from __future__ import annotations

import json
import sys

import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient


def main() -> None:
    host, port, file, columns = sys.argv[1:]
    rows = pd.read_csv(file)
    client = ScoringServerClient(host, port)
    client.ping()
    # It waits with the same ping.
    client.wait_server_ready(timeout=10)
    asked = {
        "frame": (rows, None),
        "array": (rows[columns.split(",")].to_numpy(), None),
        "params": (rows, {"threshold": 0.5}),
        "string": (json.dumps({"dataframe_records": rows.to_dict(orient="records")}), None),
    }
    said = {"version": client.get_version()}
    for way, (data, params) in asked.items():
        frame = client.invoke(data, params).get_predictions()
        said[way] = json.loads(frame.to_json(orient="split", double_precision=15))
    try:
        client.invoke(rows.drop(columns="amount"))
    except Exception as error:  # The client raises nothing more special.
        said["refused"] = str(error)
    print(json.dumps(said))


if __name__ == "__main__":
    main()
