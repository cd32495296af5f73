"""Find objectives, heads, kinds of task, baselines, tasks from a corpus, readers and splitters by name.

A member of a group is a class with a `name`. Three places are searched, in this order:

* the package itself: the class whose `name` is that of its module, such as `MaskedLM` in `nlp_ssl/objectives/mlm.py`;
* modules loaded with `--plugin MODULE-OR-FILE`: every class that derives from a group's base class;
* entry points of installed packages: group `nlp_ssl.objectives`, entry `name = "module:Class"`.

Modules are imported when a member is first used. Recipes and model folders contain only names, so reading one never
imports code that the user has not installed or loaded with `--plugin`.
"""

from __future__ import annotations

import importlib.util
import pkgutil
import sys
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nlp_ssl.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUPS = {
    "objectives": ("nlp_ssl.objectives", "Objective"),
    "heads": ("nlp_ssl.heads", "Head"),
    "task_kinds": ("nlp_ssl.tasks.kinds", "TaskKind"),
    "baselines": ("nlp_ssl.tasks.baselines", "Baseline"),
    "corpus_tasks": ("nlp_ssl.tasks.from_corpus", "CorpusTask"),
    "readers": ("nlp_ssl.corpus.readers", "Reader"),
    "splitters": ("nlp_ssl.corpus.splitters", "Splitter"),
}
"""The package of each group, and the base class of its members, which is in the package's module `base`."""

_named: dict[str, dict[str, type[Any]]] = {group: {} for group in GROUPS}  # loaded with --plugin
_plugins: list[str] = []


def find(group: str, name: str) -> Any:
    """The class of this name in a group.

    Raises InputError for an unknown name, and for an installed plug-in that cannot be imported.
    """
    member = _built_in(group, name) or _named[group].get(name)
    if member is None and (entry := _announced(group).get(name)) is not None:
        try:
            member = entry.load()
        except (ImportError, AttributeError) as error:
            raise InputError(f"{entry.value}: cannot import the plug-in for {name!r}: {error}") from None
    if member is None:
        what = {"task_kinds": "kind of task", "corpus_tasks": "task from a corpus"}.get(group, group.removesuffix("s"))
        known = did_you_mean(name, names(group))
        raise InputError(f"no such {what} {name!r}: {known} (load your own with --plugin MODULE)")
    return member


def knows(group: str, name: str) -> bool:
    """Whether a group has a member of this name. Installed packages are searched only if it is not built in."""
    return _built_in(group, name) is not None or name in _named[group] or name in _announced(group)


def names(group: str) -> list[str]:
    """The names of all members of a group, sorted."""
    return sorted({*_built_ins(group), *_named[group], *_announced(group)})


def load_plugins(plugins: Iterable[str]) -> None:
    """Import modules or .py files, and register the members that they define or import from their own package.

    Raises InputError for a plug-in that cannot be imported, that defines neither a member nor a function for a
    declaration, or that uses the name of a built-in member.
    """
    for plugin in plugins:
        if plugin not in _plugins:
            _load_plugin(plugin)
            _plugins.append(plugin)


def plugin_flags() -> list[str]:
    """The --plugin flags of the plug-ins that are loaded, for printed commands."""
    return [word for plugin in _plugins for word in ("--plugin", plugin)]


def _load_plugin(name: str) -> None:
    if not name:
        raise InputError("--plugin: name a module or a .py file")
    module = _imported(name)
    package = module.__name__.partition(".")[0]
    own = [value for value in vars(module).values() if getattr(value, "__module__", "").partition(".")[0] == package]
    if not any(_groups_of(value) if isinstance(value, type) else callable(value) for value in own):
        bases = ", ".join(base for _, base in GROUPS.values())
        raise InputError(f"--plugin {name}: it defines nothing to load: derive a class from {bases}")
    for value in vars(module).values():
        if not isinstance(value, type) or value.__module__.partition(".")[0] != package:
            continue
        for group in _groups_of(value):
            name_of = getattr(value, "name", None)
            if not name_of:
                continue
            if _built_in(group, name_of) is not None:
                raise InputError(f"--plugin {name}: {name_of!r} is the name of a built-in member: choose another")
            _named[group][name_of] = value


def loaded_plugins() -> list[str]:
    """The plug-ins that are loaded, for child processes."""
    return list(_plugins)


def is_trusted(module: str, package: str) -> bool:
    """Whether a declaration may name this module: it is in `package`, or was loaded with --plugin."""
    loaded = [Path(plugin).stem if plugin.endswith(".py") else plugin for plugin in _plugins]
    return any(module == name or module.startswith(f"{name}.") for name in (package, *loaded))


def _groups_of(member: type[Any]) -> list[str]:
    """The groups whose base class this class derives from. A base that is not imported has no subclasses."""
    found = []
    for group, (package, base) in GROUPS.items():
        module = sys.modules.get(f"{package}.base")
        if module is not None and issubclass(member, getattr(module, base)) and member.__module__ != module.__name__:
            found.append(group)
    return found


def _imported(name: str) -> ModuleType:
    try:
        if name.endswith(".py"):
            file = Path(name)
            spec = importlib.util.spec_from_file_location(file.stem, file)
            if spec is None or spec.loader is None or not file.is_file():
                raise InputError(f"--plugin {name}: no such file")
            module = importlib.util.module_from_spec(spec)
            sys.modules[file.stem] = module
            spec.loader.exec_module(module)
            return module
        if str(Path.cwd()) not in sys.path:
            sys.path.append(str(Path.cwd()))  # modules in the working directory can be imported, as with `python -m`
        return import_module(name)
    except InputError:
        raise
    except (Exception, SystemExit) as error:  # a script that ends with `sys.exit(0)` would end the command as a success
        raise InputError(f"--plugin {name}: cannot import it: {type(error).__name__}: {error}") from None


@cache
def _built_in(group: str, name: str) -> type[Any] | None:
    """The class with this name, in the module with this name."""
    package, _ = GROUPS[group]
    if not name.isidentifier() or importlib.util.find_spec(f"{package}.{name}") is None:
        return None
    module = import_module(f"{package}.{name}")
    own = (m for m in vars(module).values() if isinstance(m, type) and m.__module__ == module.__name__)
    return next((m for m in own if vars(m).get("name") == name), None)


@cache
def _built_ins(group: str) -> tuple[str, ...]:
    package, _ = GROUPS[group]
    modules = pkgutil.iter_modules(import_module(package).__path__)
    return tuple(m.name for m in modules if not m.name.startswith("_") and _built_in(group, m.name) is not None)


@cache
def _announced(group: str) -> dict[str, EntryPoint]:
    from importlib.metadata import entry_points  # slow to import, and rarely needed

    return {entry.name: entry for entry in entry_points(group=f"nlp_ssl.{group}")}
