"""Kbuild and the linker, as small as the build robot's error needs them.

Models the obj-y and obj-$(CONFIG_X) rules of scripts/Makefile.build, scripts/link-vmlinux.sh and
scripts/mod/modpost.c of Linux 4.6, and what ELF says of strong and weak symbols. A tree is a few source files
with the functions they define and call; a build compiles what a config asks for, joins each directory's
objects into its built-in.o, links those into vmlinux, and then the modules against what vmlinux exports.
Every build is a process to be stepped.

Data symbols, sections and versions are left out: of a kernel, only who defines and who calls which function
is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from freepages.engine import Act, Steps, straight
from freepages.engine.errors import unknown
from freepages.engine.text_table import columns
from freepages.review.kconfig import DotConfig, KbuildError, Kconfig, Option, settle


class Undeclared(KbuildError):
    """A call of a function that no header declares, which the kernel's compiler flags make an error."""

    def __init__(self, symbol: str, text: str):
        super().__init__(text)
        self.symbol = symbol


# -- sources and what they compile to


class Call(NamedTuple):
    """A call; under ``if (IS_ENABLED(CONFIG_X))`` where ``guard`` is X.

    Where X is off the compiler sees a dead call. GCC 12 drops one under a constant false at any -O, and one
    under a static inline function that returns false only when it optimises. C promises neither.
    """

    symbol: str
    guard: str = ""


@dataclass(frozen=True)
class Function:
    """A function of a source file, and what it calls. A weak one gives way to a strong one of its name."""

    name: str
    calls: tuple[Call, ...] = ()
    linkage: Literal["global", "weak", "static"] = "global"
    exported: bool = False
    ifdef: str = ""  # the option it stands under, "" for none


@dataclass(frozen=True)
class Source:
    """A C file, its functions, and its rule in the directory's Makefile: "y", or the X of obj-$(CONFIG_X)."""

    path: str
    rule: str
    functions: tuple[Function, ...]

    @property
    def object(self) -> str:
        return self.path.removesuffix(".c") + ".o"

    @property
    def directory(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def made_by(self) -> str:
        rule = "obj-y" if self.rule == "y" else f"obj-$(CONFIG_{self.rule})"
        return f"{self.directory}/Makefile, {rule}"


@dataclass(frozen=True)
class Declaration:
    """How a header declares a function.

    Under ``ifdef`` (an option, "" for always); while that is off an empty static inline stub stands there, or
    nothing. A weak declaration makes callers and definition weak: undefined, its address is 0.
    """

    ifdef: str = ""
    stub: bool = False
    weak: bool = False


class Symbol(NamedTuple):
    """A symbol of an object file, as nm has it: T defined, W weakly, t static, U undefined, w weakly so."""

    name: str
    kind: str
    object: str
    exported: bool = False
    function: str = ""  # who asks for it, where it is undefined


class ObjectFile(NamedTuple):
    """What compiling, or joining into a built-in.o, gives."""

    path: str
    symbols: tuple[Symbol, ...]
    calls: Mapping[tuple[str, str], tuple[str, ...]]  # (object, function) -> symbols called

    @property
    def defines(self) -> list[str]:
        return list(dict.fromkeys(symbol.name for symbol in self.symbols if symbol.kind in "TW"))

    @property
    def asks(self) -> list[str]:
        """What others must define."""
        asked = dict.fromkeys(symbol.name for symbol in self.symbols if symbol.kind in "Uw")
        return [name for name in asked if name not in self.defines]


@dataclass(frozen=True)
class Tree:
    """Options, sources in the order of the link, and the headers' declarations of what is in question.

    A function without an entry in ``headers`` is declared for all. The edits return another tree.
    """

    options: tuple[Option, ...]
    sources: tuple[Source, ...]
    headers: Mapping[str, Declaration] = field(default_factory=dict)

    def source(self, path: str) -> Source:
        for source in self.sources:
            if source.path == path:
                return source
        raise unknown("source", path, (some.path for some in self.sources), KbuildError)

    def home(self, function: str) -> tuple[Source, Function]:
        """The first source that defines a function of that name."""
        for source in self.sources:
            for found in source.functions:
                if found.name == function:
                    return source, found
        names = (some.name for source in self.sources for some in source.functions)
        raise unknown("function", function, names, KbuildError)

    def _with(self, path: str, **changes: object) -> Tree:
        new = replace(self.source(path), **changes)  # type: ignore[arg-type]
        return replace(self, sources=tuple(new if s.path == path else s for s in self.sources))

    def _known(self, *options: str) -> None:
        """Raise KbuildError for an option that the tree does not have; "" is none."""
        names = [known.name for known in self.options]
        for option in options:
            if option and option not in names:
                raise unknown("option", option, names, KbuildError)

    def build_if(self, path: str, rule: str) -> Tree:
        """Put a file under another Makefile rule: "y", or the X of obj-$(CONFIG_X)."""
        self._known("" if rule == "y" else rule)
        return self._with(path, rule=rule)

    def define(self, path: str, function: Function | str, *, weak: bool = False) -> Tree:
        """Write a function into a file, in the place of one of its name; a name is one that does nothing."""
        if isinstance(function, str):
            function = Function(function, linkage="weak" if weak else "global")
        others = (f for f in self.source(path).functions if f.name != function.name)
        return self._with(path, functions=(*others, function))

    def declare(self, symbol: str, ifdef: str = "", *, stub: bool = False, weak: bool = False) -> Tree:
        """Declare a function in a header, always or where option `ifdef` is on. With `stub` there is an empty
        function in its place while that is off. A weak one may stay undefined: then its address is 0.
        """
        self._known(ifdef)
        return replace(self, headers={**self.headers, symbol: Declaration(ifdef, stub, weak)})

    def call(self, caller: str, symbol: str, guard: str = "") -> Tree:
        """Let one function call another, under ``if (IS_ENABLED(CONFIG_guard))`` where that is given."""
        self._known(guard)
        source, function = self.home(caller)
        others = (c for c in function.calls if c.symbol != symbol)
        return self.define(source.path, replace(function, calls=(*others, Call(symbol, guard))))

    def uncall(self, caller: str, symbol: str) -> Tree:
        """Take a call out."""
        source, function = self.home(caller)
        kept = tuple(c for c in function.calls if c.symbol != symbol)
        if kept == function.calls:
            raise unknown(
                f"{caller}: its call", symbol, (call.symbol for call in function.calls), KbuildError
            )
        return self.define(source.path, replace(function, calls=kept))

    def export(self, symbol: str) -> Tree:
        """EXPORT_SYMBOL: let modules call it."""
        source, function = self.home(symbol)
        return self.define(source.path, replace(function, exported=True))

    def depend(self, option: str, on: str) -> Tree:
        """Let an option depend on another one."""
        self._known(option, on)
        new = (replace(o, depends=(*o.depends, on)) if o.name == option else o for o in self.options)
        return replace(self, options=tuple(new))


def compile_source(tree: Tree, source: Source, dotconfig: DotConfig, drop_dead: bool = True) -> ObjectFile:
    """The object file of a source. ``drop_dead`` is whether the compiler leaves dead calls out.

    Raises Undeclared where a call has no declaration in sight.
    """
    present = [f for f in source.functions if not f.ifdef or dotconfig.on(f.ifdef)]
    own = {function.name for function in present}
    symbols, calls = [], {}
    for function in present:
        weak = function.linkage == "weak" or tree.headers.get(function.name, Declaration()).weak
        kind = "t" if function.linkage == "static" else "W" if weak else "T"
        symbols.append(Symbol(function.name, kind, source.object, function.exported))
    for function in present:
        made = []
        for call in function.calls:
            seen = tree.headers.get(call.symbol, Declaration())
            if seen.ifdef and not dotconfig.on(seen.ifdef) and call.symbol not in own:
                if not seen.stub:
                    raise Undeclared(
                        call.symbol,
                        f"{source.path} does not compile: {function.name}() calls {call.symbol}(), declared "
                        f"under #ifdef CONFIG_{seen.ifdef} only, which is off",
                    )
            elif not (drop_dead and call.guard and not dotconfig.on(call.guard)):
                made.append(call.symbol)
                if call.symbol not in own:
                    kind = "w" if seen.weak else "U"
                    symbols.append(Symbol(call.symbol, kind, source.object, function=function.name))
        calls[source.object, function.name] = tuple(made)
    return ObjectFile(source.object, tuple(symbols), calls)


def join(path: str, objects: Sequence[ObjectFile]) -> ObjectFile:
    """``ld -r``: one object file of several; each symbol keeps the name of the object it came from."""
    calls = {where: called for part in objects for where, called in part.calls.items()}
    return ObjectFile(path, tuple(s for part in objects for s in part.symbols), calls)


# -- the linker


class SymbolTable:
    """What the linker knows: who defines a symbol, who asked for it, and what was defined twice."""

    def __init__(self) -> None:
        self.defined: dict[str, Symbol] = {}
        self.asked: dict[str, list[Symbol]] = {}
        self.twice: list[tuple[Symbol, Symbol]] = []

    def take(self, object_file: ObjectFile) -> None:
        """Add an object's definitions, and what it asks for. A strong definition displaces a weak one."""
        for symbol in object_file.symbols:
            if symbol.kind in "Uw":
                self.asked.setdefault(symbol.name, []).append(symbol)
            elif symbol.kind in "TW":
                before = self.defined.get(symbol.name)
                if before is None or (before.kind, symbol.kind) == ("W", "T"):
                    self.defined[symbol.name] = symbol
                elif (before.kind, symbol.kind) == ("T", "T"):
                    self.twice.append((before, symbol))

    def missing(self) -> list[str]:
        """Asked for, defined by nobody, and at least once not weakly."""
        return [
            name
            for name, asking in self.asked.items()
            if name not in self.defined and any(symbol.kind == "U" for symbol in asking)
        ]

    def null(self) -> list[str]:
        """Asked for only weakly, and defined by nobody: linked as address 0."""
        return [name for name in self.asked if name not in self.defined and name not in self.missing()]

    def __repr__(self) -> str:
        rows = [("symbol", "", "defined in", "called by")]
        for name in sorted({*self.defined, *self.asked}):
            by = ", ".join(f"{s.function} ({s.object})" for s in self.asked.get(name, ()))
            found = self.defined.get(name)
            kind = found.kind if found else "U" if name in self.missing() else "w"
            rows.append((name, kind, found.object if found else "-", by))
        return "\n".join(columns(rows, rule=True))


class Failure(NamedTuple):
    """Why a build ended: at "compile", "link" or "modules", by which symbol, and what is to be said of it."""

    stage: str
    symbol: str
    short: str
    text: str
    because: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "\n".join([self.text, *(f"  {line}" for line in self.because)])


LEAVES_OUT = Act("leaves {0} out: CONFIG_{1} is n", cost="none")
COMPILES = Act("compiles {0}", cost="none")
COMPILES_MODULE = Act("compiles {0} for a module: CONFIG_{1} is m", cost="none")
JOINS = Act("joins {0} into {1}", cost="none")
TAKES = Act("takes {0}: it defines {1}; it asks for {2}", cost="none")
MISSES = Act("finds nobody who defines {0}, which {1} in {2} calls", cost="none")
CLASHES = Act("finds {0} defined twice, in {1} and in {2}", cost="none")
WRITES = Act("writes {0}", cost="none")
CHECKS = Act("looks up what {0} asks for: {1}", cost="none")


class Build:
    """One ``make`` of a tree under one config. The result when ``failures`` stays empty: it links.

    objects    each object compiled, by its path; ``modules`` those of them that are modules
    left_out   objects whose rule is off, and the option that is
    symbols    the symbol table of vmlinux
    """

    def __init__(self, tree: Tree, config: Kconfig, drop_dead: bool = True):
        self.tree, self.config, self.drop_dead = tree, config, drop_dead
        self.dotconfig = settle(tree.options, config)
        for source in tree.sources:
            if source.rule != "y" and source.rule not in self.dotconfig:
                raise KbuildError(f"{source.path}: its rule names {source.rule!r}, which is no option")
        self.objects: dict[str, ObjectFile] = {}
        self.modules: list[str] = []
        self.left_out: dict[str, str] = {}
        self.built_in: list[ObjectFile] = []
        self.taken: list[str] = []
        self.symbols = SymbolTable()
        self.failures: list[Failure] = []
        self.finished: list[str] = []

    @property
    def links(self) -> bool:
        return not self.failures

    def reaches(self, function: str, target: str) -> bool:
        """Whether calls lead from a function to another one, by way of what was really linked."""
        todo = [
            (part.path, name) for part in self.objects.values() for _, name in part.calls if name == function
        ]
        seen = set(todo)
        while todo:
            path, name = todo.pop()
            if name == target:
                return True
            for symbol in self.objects[path].calls[path, name]:
                there = self._bound(path, symbol)
                if there and (there, symbol) not in seen:
                    seen.add((there, symbol))
                    todo.append((there, symbol))
        return False

    def _bound(self, path: str, symbol: str) -> str | None:
        """The object whose definition a call from the object at ``path`` is bound to, None for nobody's."""
        if (path, symbol) in self.objects[path].calls and symbol not in self.symbols.defined:
            return path
        if any(own.name == symbol and own.kind == "t" for own in self.objects[path].symbols):
            return path
        if symbol in self.symbols.defined:
            return self.symbols.defined[symbol].object
        return next((m for m in self.modules if (m, symbol) in self.objects[m].calls), None)

    def _fail(self, stage: str, symbol: str, short: str, text: str, because: Iterable[str] = ()) -> None:
        self.failures.append(Failure(stage, symbol, f"{symbol} {short}", text, tuple(because)))

    def _who_would(self, symbol: str) -> Iterator[str]:
        """Which sources have the definition that is missing, and why their object is not there."""
        for source in self.tree.sources:
            for function in source.functions:
                if function.name == symbol and function.linkage != "static":
                    yield f"{source.object} would define it ({source.made_by})"
                    for option in {source.rule: 0, function.ifdef or source.rule: 0}:
                        if self.dotconfig.value(option) != "y":
                            yield from self.dotconfig.explain(option)

    def __repr__(self) -> str:
        if self.failures:
            return "\n".join(map(repr, self.failures))
        return f"{self.config.name}: links"


def make(build: Build) -> Steps:
    """Compile, join, link and look up the modules' symbols. Process; stops at the first stage that fails."""
    directories = dict.fromkeys(source.directory for source in build.tree.sources)
    for directory in directories:
        yield from make_directory(build, directory)
        if not build.links:
            return
    yield from link_vmlinux(build)
    if build.links:
        yield from modpost(build)


def make_directory(build: Build, directory: str) -> Steps:
    """Go through a directory's rules, and join what is to be built in."""
    parts = []
    for source in build.tree.sources:
        if source.directory != directory:
            continue
        value = build.dotconfig.value(source.rule)
        if value == "n":
            yield LEAVES_OUT, source.object, source.rule
            build.left_out[source.object] = source.rule
            continue
        if value == "y":
            yield COMPILES, source.path
        else:
            yield COMPILES_MODULE, source.path, source.rule
            build.modules.append(source.object)
        try:
            compiled = compile_source(build.tree, source, build.dotconfig, build.drop_dead)
        except Undeclared as error:
            build._fail("compile", error.symbol, "undeclared", str(error))
            return
        build.objects[source.object] = compiled
        if value == "y":
            parts.append(compiled)
    path = f"{directory}/built-in.o"
    yield JOINS, few(part.path for part in parts), path
    build.built_in.append(join(path, parts))
    joined = SymbolTable()
    joined.take(build.built_in[-1])
    yield from report_clashes(build, path, joined)


def link_vmlinux(build: Build) -> Steps:
    """Take one built-in.o after the other; only then is it known what nobody defines."""
    symbols = build.symbols
    for part in build.built_in:
        yield TAKES, part.path, few(part.defines), few(part.asks)
        symbols.take(part)
        build.taken.append(part.path)
    yield from report_clashes(build, "vmlinux", symbols)
    for name in symbols.missing():
        asking = next(symbol for symbol in symbols.asked[name] if symbol.kind == "U")
        yield MISSES, name, asking.function, asking.object
        caller = f"{asking.function}() in {asking.object}"
        text = f"vmlinux does not link: {caller} calls {name}(), which nobody defines"
        build._fail("link", name, "undefined", text, build._who_would(name))
    if build.links:
        yield WRITES, "vmlinux"
        build.finished.append("vmlinux")


def report_clashes(build: Build, path: str, symbols: SymbolTable) -> Steps:
    """Two strong definitions of one name are an error, which of them was meant nobody knows."""
    for first, second in symbols.twice:
        yield CLASHES, first.name, first.object, second.object
        text = f"{path} does not link: {first.name}() is defined in {first.object} and in {second.object}"
        build._fail("link", first.name, "defined twice", text)


def modpost(build: Build) -> Steps:
    """A module finds what vmlinux and the other modules export, and nothing else."""
    modules = [build.objects[path] for path in build.modules]
    exported = {s.name for s in build.symbols.defined.values() if s.exported}
    exported |= {s.name for module in modules for s in module.symbols if s.exported}
    for module in modules:
        name = module.path.removesuffix(".o") + ".ko"
        yield CHECKS, name, few(module.asks)
        for symbol in module.symbols:
            if symbol.kind != "U" or symbol.name in exported:
                continue
            caller = f"{name} does not link: {symbol.function}() calls {symbol.name}(), which"
            if there := build.symbols.defined.get(symbol.name):
                text = f"{caller} vmlinux has ({there.object}) but does not export"
                build._fail("modules", symbol.name, "not exported", text)
            else:
                text = f"{caller} nobody defines"
                build._fail("modules", symbol.name, "undefined", text, build._who_would(symbol.name))
        if build.links:
            build.finished.append(name)


def build(tree: Tree, config: Kconfig, drop_dead: bool = True) -> Build:
    """Run a whole ``make``."""
    made = Build(tree, config, drop_dead)
    straight(make(made))
    return made


def outcome(tree: Tree, config: Kconfig) -> str:
    """What becomes of a config, in two or three words: it "links", or the symbol and what is wrong with it.

    A link that owes something to luck says so: to a compiler that drops dead calls, or to a call of address 0
    that nobody makes.
    """
    made = build(tree, config)
    if not made.links:
        return ", ".join(dict.fromkeys(failure.short for failure in made.failures))
    if null := made.symbols.null():
        return f"links, {', '.join(null)} is address 0"
    if not build(tree, config, drop_dead=False).links:
        return "links if the compiler drops the call"
    return "links"


# -- text


def few(names: Iterable[str]) -> str:
    return ", ".join(names) or "nothing"
