"""Writes statements where they need to be done least often: once for the knobs, once a sample, or in a loop."""

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import numpy as np

from circuitnn.native.atoms import TYPES, Atom, Name, Scope, is_known, literal


class Writer:
    """The text of a program as it grows."""

    def __init__(self) -> None:
        self.knobs = Scope(0)
        self.sample = Scope(1, self.knobs)
        self.here = self.sample
        self.count = 0
        self.kept: list[Name] = []  # what the knobs give and a sample needs

    def fresh(self, dtype: Any, scope: Scope, prefix: str = "v") -> Name:
        self.count += 1
        return Name(f"{prefix}{self.count}", np.dtype(dtype), scope)

    def text(self, atom: Atom, dtype: Any) -> str:
        return atom.text if isinstance(atom, Name) else literal(atom, np.dtype(dtype))

    def scope_of(self, atoms: Any) -> Scope:
        """The outermost scope that sees them all; inside of a branch what a sample needs stays there."""
        deepest = max((atom.scope for atom in atoms if isinstance(atom, Name)), key=lambda scope: scope.depth,
                      default=self.knobs)  # fmt: skip
        if deepest.depth == 0:
            return deepest
        scope: Scope | None = self.here
        while scope is not None and scope.depth > deepest.depth:
            if scope.is_branch:
                return scope
            scope = scope.outer
        return deepest

    def value(self, dtype: Any, form: str, *atoms: Atom, types: tuple[Any, ...] = ()) -> Name:
        """A new variable: what the form, with {0}, {1}, ... for the atoms, says."""
        dtype, kinds = np.dtype(dtype), types or (dtype,) * len(atoms)
        texts = [self.text(atom, kind) for atom, kind in zip(atoms, kinds, strict=True)]
        key = (form, str(dtype), *texts)
        scope = self.scope_of(atoms)
        known = scope.find(key)
        if known is not None:
            return known
        name = self.fresh(dtype, scope)
        scope.lines.append(f"const {TYPES[dtype.name]} {name.text} = {form.format(*texts)};")
        scope.written[key] = name
        return name

    def variable(self, dtype: Any, start: Atom) -> Name:
        """A variable that changes, in the present scope."""
        name = self.fresh(dtype, self.here, "m")
        self.here.lines.append(f"{TYPES[np.dtype(dtype).name]} {name.text} = {self.text(start, dtype)};")
        return name

    def assign(self, name: Name, atom: Atom) -> None:
        self.here.lines.append(f"{name.text} = {self.text(atom, name.dtype)};")

    @contextmanager
    def inside(self, head: str, *, is_branch: bool = False) -> Any:
        """A pair of braces after `head`."""
        outer = self.here
        scope = Scope(outer.depth + 1, outer, is_branch)
        self.here = scope
        try:
            yield scope
        finally:
            self.here = outer
        outer.lines += [f"{head} {{", *("  " + line for line in scope.lines), "}"]

    @contextmanager
    def at(self, scope: Scope) -> Any:
        before, self.here = self.here, scope
        try:
            yield
        finally:
            self.here = before


Elementwise = Callable[..., Atom]
