"""JAX, imported when something of it is first used: what reads netlists, and refuses them, does without."""

import functools
import importlib
import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any, NewType, final

if TYPE_CHECKING:
    import jax as jax
    import jax.numpy as jnp
    from jax import Array as Array
    from jax import custom_jvp as custom_jvp
    from jax import lax as lax
    from jax.typing import ArrayLike as ArrayLike
else:

    @final
    class _Module(ModuleType):
        """The module of that name; what has been asked of it once is found as fast as in the module itself."""

        def __getattr__(self, name: str) -> Any:
            value = getattr(importlib.import_module(self.__name__), name)
            setattr(self, name, value)
            return value

    @final
    class custom_jvp:  # noqa: N801
        """As `jax.custom_jvp`, which is asked for at the first call."""

        def __init__(self, function: Callable) -> None:
            functools.update_wrapper(self, function)
            self.rule: Callable | None = None

        def defjvp(self, rule: Callable) -> Callable:
            self.rule = rule
            return rule

        @functools.cached_property
        def _made(self) -> Callable:
            made = jax.custom_jvp(self.__wrapped__)
            made.defjvp(self.rule)
            return made

        def __call__(self, *arguments: Any) -> Any:
            return self._made(*arguments)

    jax, jnp, lax = (_Module(name) for name in ("jax", "jax.numpy", "jax.lax"))
    Array, ArrayLike = (NewType(name, object) for name in ("Array", "ArrayLike"))  # of annotations alone


def is_traced(value: Any) -> bool:
    """Whether JAX is tracing it; while JAX has not been imported nothing is."""
    return "jax" in sys.modules and isinstance(value, jax.core.Tracer)


def when_imported(call: Callable[[], Any]) -> None:
    """Call it as soon as JAX has been imported, whoever imports it; at once where it has been."""
    if "jax" in sys.modules:
        call()
    else:
        sys.meta_path.insert(0, _Watch(call))


@final
class _Watch:
    """Finds JAX as without it, and has it followed by a call when it is imported."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call
        self.is_asking = False  # the other finders, of which one finds it

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Of `importlib.abc.MetaPathFinder`."""
        if name != "jax" or self.is_asking:
            return None
        self.is_asking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self.is_asking = False
        if spec is None or spec.loader is None:
            return spec
        loader, run = spec.loader, spec.loader.exec_module

        def followed(module: ModuleType) -> None:
            del loader.exec_module  # the loader's own again
            run(module)
            sys.meta_path.remove(self)  # type: ignore[arg-type]
            self.call()

        loader.exec_module = followed  # type: ignore[method-assign]
        return spec
