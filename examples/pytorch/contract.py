"""What migrator tells a worker by its environment, and the files that both sides read."""

import json
import os
import sys
import uuid
from pathlib import Path


def variable(name):
    value = os.environ.get(name, "")
    if value == "":
        sys.exit(f"{name} is not set: this program is started by migrator (see README.md)")
    return value


def write_whole(path, write):
    """Writes a file, or a directory, under another name and renames it: all of it or nothing."""
    path = Path(path)
    fresh = path.parent / f"{uuid.uuid4().hex}.part"
    write(fresh)
    os.replace(fresh, path)


def labelled_requests(data_dir):
    """
    Yields (inputs, label) for each line of each *.jsonl file in the order of their names. `inputs`
    are the tensors of a request as the Open Inference Protocol has them; `label` is what the client
    sent as feedback: one label, or a list with one for each image of the request. The last line of
    a file may be cut off.
    """
    for path in sorted(Path(data_dir).glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                try:
                    example = json.loads(line)
                    yield example["request"]["inputs"], example["label"]
                except (ValueError, KeyError, TypeError):
                    print(f"a line of {path.name} is no labelled request", file=sys.stderr)
