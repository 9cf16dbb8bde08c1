"""What a run is made of, as plain data: two runs with the same facts compute the same.

Contenders, targets and regimes are made by functions. Of a function the facts are its own code and what it closes over,
not what it calls: a change in the library or in another module is not noticed.
"""

import dataclasses
import functools
import hashlib
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from circuitnn.circuit import Circuit
from circuitnn.study.definition import Study, Target
from circuitnn.study.preset import Preset


def facts(study: Study, preset: Preset) -> Any:
    """Of all that a preset computes, without an address of this process in it."""
    jobs = study.jobs(preset)
    parts = (
        {name: _of_target(study.targets[name]) for name in study.targets_of(preset)},
        {name: study.contenders[name] for name in study.contenders_of(preset)},
        {str(job.regime): study.regimes[job.regime] for job in jobs if job.regime is not None},
    )
    return plain((study.module, study.volts, preset, jobs, parts))


def _of_target(target: Target) -> Any:
    fields = {field.name: getattr(target, field.name) for field in dataclasses.fields(target)}
    if target.circuit is not None:
        return fields | {"circuit": target.circuit()}
    files = sorted(path for path in Path(str(target.recordings)).rglob("*") if path.is_file())
    return fields | {"files": [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]}


def plain(value: Any) -> Any:
    """A value as texts, numbers and tuples; of what has no plain form only its type."""
    if value is None or isinstance(value, str | int | float | complex | bytes):
        return value
    if isinstance(value, Circuit):
        return value.to_spice()
    if isinstance(value, Mapping):
        return tuple((plain(key), plain(one)) for key, one in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(plain, value))
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
    if isinstance(value, functools.partial):
        return plain((value.func, value.args, value.keywords))
    if isinstance(value, types.FunctionType):
        inside = [cell.cell_contents for cell in value.__closure__ or ()]
        return _named(value), plain((value.__code__, value.__defaults__, value.__kwdefaults__, inside))
    if isinstance(value, types.CodeType):
        return value.co_code, value.co_names, plain(value.co_consts)
    if isinstance(value, type):
        return _named(value)
    if dataclasses.is_dataclass(value):
        return _named(type(value)), plain([getattr(value, field.name) for field in dataclasses.fields(value)])
    return _named(type(value))


def _named(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}"
