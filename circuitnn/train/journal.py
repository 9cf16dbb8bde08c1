"""The history of a training on disk: lines are added to it, and what is there is never written again."""

import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import Any, final

import numpy as np

from circuitnn.opening import LARGEST_JSON, json_of, opened, reason
from circuitnn.train.checkpoint import CheckpointError
from circuitnn.train.history import History

_MOST_ENTRIES = 500  # of a list in a line: what is read keeps to a limit


@final
class Journal:
    """A file of JSON lines, each with what the lists of a `History` have got since the line before.

    A checkpoint says how much of the file belongs to it. A killed run may have added a line more, which is cut off when
    the next one is written.
    """

    def __init__(self, path: Path):
        self.path = path
        self._size, self._digest = 0, hashlib.sha256()
        self._lengths: dict[str, int] = {}

    def append(self, history: History) -> dict[str, Any]:
        """Write what is new; what a checkpoint has to keep for `read`.

        Raises:
            OSError: when it cannot be written: the file is then as long as it was, for every checkpoint before.
        """
        fields = {field.name: getattr(history, field.name) for field in dataclasses.fields(history)}
        lists = {name: value for name, value in fields.items() if isinstance(value, list)}
        new = {name: value[self._lengths.get(name, 0) :] for name, value in lists.items()}
        pieces = range(0, max(map(len, new.values())), _MOST_ENTRIES)
        text = "".join(
            json.dumps({name: value[start : start + _MOST_ENTRIES] for name, value in new.items()}) + "\n"
            for start in pieces
        ).encode()
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as file:
            file.seek(self._size)
            file.write(text)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())
        self._size += len(text)
        self._digest.update(text)
        self._lengths = {name: len(value) for name, value in lists.items()}
        rest = {name: value for name, value in fields.items() if name not in lists}
        return {"size": self._size, "sha256": self._digest.hexdigest(), "rest": rest}

    def read(self, kept: dict[str, Any]) -> History:
        """The history of which `append` said that.

        Raises:
            CheckpointError: when the file is missing or another one; and what a header that is none makes Python raise.
        """
        lists: dict[str, list] = {}
        digest, left = hashlib.sha256(), int(kept["size"])
        try:
            with opened(self.path) as file:
                while left > 0 and (line := file.readline(min(left, LARGEST_JSON))):
                    left -= len(line)
                    digest.update(line)
                    for name, values in json_of(line).items():
                        np.asarray(values, float)  # nothing but numbers
                        lists.setdefault(name, []).extend(values)
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise self._not_this(reason(error)) from error
        if left or digest.hexdigest() != kept["sha256"]:
            raise self._not_this("not that of the checkpoint, or damaged")
        self._size, self._digest = int(kept["size"]), digest
        self._lengths = {name: len(values) for name, values in lists.items()}
        fields: dict[str, Any] = lists | kept["rest"]
        return History(**fields)

    def _not_this(self, why: str) -> CheckpointError:
        return CheckpointError(f"{self.path}: {why}; a checkpoint goes on with the history that was written with it")
