"""Kbuild and the linker: against sets, against the real compiler and linker, and one law at a time."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freepages.engine import Process, straight
from freepages.review.kbuild import Build, Call, Function, KbuildError, Source, Tree, build, make, outcome
from freepages.review.kconfig import Kconfig, Option
from freepages.review.robot import CONFIGS, PATCHED, REPAIRS

OPTIONS = (Option("MODULES"), Option("A"), Option("B"), Option("D", tristate=True))


def tree(*sources):
    return Tree(OPTIONS, tuple(Source(path, rule, tuple(functions)) for path, rule, functions in sources))


def calls(*symbols):
    return tuple(map(Call, symbols))


def config(**answers):
    return Kconfig("a config", "n", answers, "")


# -- one law at a time


def test_a_symbol_is_undefined_where_its_object_is_not_built():
    two = tree(("mm/a.c", "y", [Function("f", calls("g"))]), ("fs/b.c", "A", [Function("g")]))
    assert build(two, config(A="y")).links
    failed = build(two, config()).failures
    assert [(f.stage, f.symbol) for f in failed] == [("link", "g")]
    assert repr(failed[0]).splitlines() == [
        "vmlinux does not link: f() in mm/a.o calls g(), which nobody defines",
        "  fs/b.o would define it (fs/Makefile, obj-$(CONFIG_A))",
        "  CONFIG_A=n: the answer is n",
    ]


def test_a_static_function_is_found_in_its_own_file_only():
    two = tree(
        ("mm/a.c", "y", [Function("f", calls("g"))]), ("fs/b.c", "y", [Function("g", linkage="static")])
    )
    assert outcome(two, config()) == "g undefined"
    assert outcome(two.define("mm/a.c", Function("g", linkage="static")), config()) == "links"


def test_a_strong_definition_displaces_a_weak_one_wherever_it_stands():
    weak, strong = Function("g", linkage="weak"), Function("g")
    for first, second in ((weak, strong), (strong, weak)):
        two = tree(
            ("mm/a.c", "y", [first]), ("fs/b.c", "y", [second]), ("fs/c.c", "y", [Function("f", calls("g"))])
        )
        made = build(two, config())
        assert made.links
        assert made.symbols.defined["g"].object == ("fs/b.o" if second is strong else "mm/a.o")


def test_two_strong_definitions_are_an_error_in_one_directory_or_in_two():
    for other in ("fs/b.c", "mm/b.c"):
        two = tree(("mm/a.c", "y", [Function("g")]), (other, "A", [Function("g")]))
        assert outcome(two, config()) == "links"
        assert outcome(two, config(A="y")) == "g defined twice"


def test_a_weak_declaration_links_to_address_0():
    one = tree(("mm/a.c", "y", [Function("f", calls("g"))])).declare("g", weak=True)
    assert outcome(one, config()) == "links, g is address 0"
    assert build(one, config()).symbols.null() == ["g"]


def test_a_stub_takes_the_call_away_and_no_declaration_is_an_error_even_under_a_guard():
    one = tree(("mm/a.c", "y", [Function("f", calls("g"))]), ("fs/b.c", "A", [Function("g")]))
    assert outcome(one.declare("g", "A", stub=True), config()) == "links"
    assert outcome(one.declare("g", "A").call("f", "g", guard="A"), config()) == "g undeclared"
    assert outcome(one.declare("g", "A"), config(A="y")) == "links"


def test_a_guarded_call_links_only_where_the_compiler_drops_it():
    one = tree(("mm/a.c", "y", [Function("f", (Call("g", guard="A"),))]), ("fs/b.c", "A", [Function("g")]))
    assert build(one, config()).links and not build(one, config(), drop_dead=False).links
    assert outcome(one, config()) == "links if the compiler drops the call"
    assert outcome(one, config(A="y")) == "links"


def test_a_module_finds_only_what_is_exported():
    def of(exported):
        return tree(
            ("mm/a.c", "y", [Function("g", exported=exported)]),
            ("drivers/d.c", "D", [Function("f", calls("g"))]),
        )

    modular = config(MODULES="y", D="m")
    assert outcome(of(True), modular) == "links"
    assert outcome(of(False), modular) == "g not exported"
    assert outcome(of(False), config(D="y")) == "links"
    nobody = tree(("drivers/d.c", "D", [Function("f", calls("g"))]))
    assert [f.stage for f in build(nobody, modular).failures] == ["modules"]


def test_a_module_finds_what_another_module_exports_and_vmlinux_does_not():
    two = tree(
        ("drivers/d.c", "D", [Function("f", calls("g"))]),
        ("drivers/e.c", "D", [Function("g", exported=True)]),
    )
    assert outcome(two, config(MODULES="y", D="m")) == "links"
    assert build(two, config(MODULES="y", D="m")).reaches("f", "g")
    from_vmlinux = two.build_if("drivers/d.c", "y")
    assert outcome(from_vmlinux, config(MODULES="y", D="m")) == "g undefined"


def test_an_edit_that_names_nothing_says_so():
    one = tree(("mm/a.c", "y", [Function("f")]))
    with pytest.raises(KbuildError, match=r"source 'fs/b.c' is not known"):
        one.build_if("fs/b.c", "y")
    with pytest.raises(KbuildError, match="function 'g' is not known"):
        one.export("g")
    with pytest.raises(KbuildError, match="f: its call 'g' is not known: there is none"):
        one.uncall("f", "g")
    with pytest.raises(KbuildError, match="option 'E' is not known"):
        one.depend("E", "A")
    for edit in (
        lambda: one.build_if("mm/a.c", "E"),
        lambda: one.depend("A", "E"),
        lambda: one.declare("f", "E"),
        lambda: one.call("f", "g", guard="E"),
    ):
        with pytest.raises(KbuildError, match="option 'E' is not known"):
            edit()
    with pytest.raises(KbuildError, match=r"mm/a.c: its rule names 'E'"):
        build(tree(("mm/a.c", "E", [Function("f")])), config())


# -- against sets, on random trees

NAMES = ["f", "g", "h", "i", "j"]


@st.composite
def functions(draw):
    found = []
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3)):
        called = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3))
        guarded = [Call(symbol, draw(st.sampled_from(["", "", "A"]))) for symbol in called]
        linkage = draw(st.sampled_from(["global", "global", "weak", "static"]))
        found.append(Function(name, tuple(guarded), linkage, ifdef=draw(st.sampled_from(["", "", "B"]))))
    return found


@st.composite
def trees(draw):
    sources = []
    for n in range(draw(st.integers(1, 6))):
        directory = draw(st.sampled_from(["mm", "fs", "drivers"]))
        sources.append((f"{directory}/{n}.c", draw(st.sampled_from(["y", "A", "B"])), draw(functions())))
    made = tree(*sources)
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=2)):
        kind = draw(st.sampled_from(["weak", "stub", "extern"]))
        made = made.declare(name, "A" if kind == "stub" else "", stub=kind == "stub", weak=kind == "weak")
    return made


configs = st.builds(lambda a, b: config(A=a, B=b), st.sampled_from("ny"), st.sampled_from("ny"))


def by_sets(made, settings, drop_dead):
    """Which symbols are undefined, and which are defined twice, of everything that is built: plain sets."""
    on = {"y", ""} | {name for name, value in settings.answers.items() if value == "y"}
    strong, weak, asked = [], set(), set()
    for source in made.sources:
        if source.rule not in on:
            continue
        present = [f for f in source.functions if f.ifdef in on]
        mine = {f.name for f in present}
        for f in present:
            if f.linkage == "weak" or (f.name in made.headers and made.headers[f.name].weak):
                weak |= {f.name} if f.linkage != "static" else set()
            elif f.linkage == "global":
                strong.append(f.name)
            for symbol, guard in f.calls:
                declared = made.headers.get(symbol)
                stub = declared and declared.stub and declared.ifdef not in on
                if symbol not in mine and not stub and not (declared and declared.weak):
                    if not drop_dead or guard in on:
                        asked.add(symbol)
    return asked - set(strong) - weak, {name for name in strong if strong.count(name) > 1}


@settings(max_examples=200)
@given(trees(), configs, st.booleans())
def test_undefined_and_twice_defined_are_what_sets_say(made, settings, drop_dead):
    undefined, twice = by_sets(made, settings, drop_dead)
    failures = build(made, settings, drop_dead).failures
    found = {
        short: {f.symbol for f in failures if f.short.endswith(short)} for short in ("undefined", "twice")
    }
    assert found["twice"] <= twice and bool(found["twice"]) == bool(twice)
    if not twice or found["undefined"]:  # a clash within a directory ends the build before the link
        assert found["undefined"] == undefined
        assert found["twice"] == twice


@given(trees(), configs)
def test_every_step_is_announced_and_straight_and_stepped_end_alike(made, settings):
    by_steps = Build(made, settings)
    process = Process("m", "make", make(by_steps))
    announced = []
    while not process.done:
        announced.append(process.next())
        process.go()
    assert all(announced) and (by_steps.failures or len(announced) >= len(made.sources))
    at_once = Build(made, settings)
    straight(make(at_once))
    assert at_once.failures == by_steps.failures and at_once.finished == by_steps.finished


# -- against the compiler and the linker of this machine

TOOLS = pytest.mark.skipif(not (shutil.which("cc") and shutil.which("ld")), reason="needs cc and ld")


def run(*command):
    done = subprocess.run(
        command, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
    )
    return done.returncode, done.stderr


def c_source(made, source, dotconfig):
    """The source as C, after the preprocessor; None where a rule is off."""
    present = [f for f in source.functions if not f.ifdef or dotconfig.on(f.ifdef)]
    lines = []
    for name in dict.fromkeys([c.symbol for f in present for c in f.calls] + [f.name for f in present]):
        mine = next((f for f in present if f.name == name), None)
        declared = made.headers.get(name)
        static = "static " if mine and mine.linkage == "static" else ""
        weak = " __attribute__((weak))" if declared and declared.weak and not static else ""
        if not mine and declared and declared.ifdef and not dotconfig.on(declared.ifdef):
            lines.append(f"static inline void {name}(void) {{}}")
        else:
            lines.append(f"{static}void {name}(void){weak};")
    for f in present:
        body = "".join(f" if ({int(not c.guard or dotconfig.on(c.guard))}) {c.symbol}();" for c in f.calls)
        head = {"global": "", "weak": "__attribute__((weak)) ", "static": "static "}[f.linkage]
        lines.append(f"{head}void {f.name}(void) {{{body} }}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """The object file of a C text; each text is compiled once."""
    folder = tmp_path_factory.mktemp("objects")
    known: dict[tuple[str, str], str] = {}

    def of(text, level="-O0"):
        if (text, level) not in known:
            source, out = folder / f"{len(known)}.c", folder / f"{len(known)}.o"
            source.write_text(text, encoding="utf-8")
            status, errors = run("cc", level, "-fno-builtin", "-w", "-c", str(source), "-o", str(out))
            assert status == 0, errors
            known[text, level] = str(out)
        return known[text, level]

    return of


@TOOLS
@pytest.mark.parametrize("repair", ["none", *(name for name in REPAIRS if "#ifdef" not in name)])
@pytest.mark.parametrize("name", ["i386-tinyconfig", "x86_64-defconfig", "x86_64-guest"])
def test_the_real_linker_says_the_same_of_every_repair(name, repair, compiled, tmp_path):
    made = PATCHED if repair == "none" else REPAIRS[repair].edit(PATCHED)
    modelled = build(made, CONFIGS[name])
    built = [source for source in made.sources if modelled.dotconfig.value(source.rule) == "y"]
    objects = [compiled(c_source(made, source, modelled.dotconfig)) for source in built]
    status, errors = run("ld", "-nostdlib", "-e", "0", *objects, "-o", str(tmp_path / "vmlinux"))
    assert (status == 0) == modelled.links, errors
    for failure in modelled.failures:
        words = {"undefined": "undefined reference to", "defined twice": "multiple definition of"}
        assert f"{words[failure.short.partition(' ')[2]]} `{failure.symbol}'" in errors


@TOOLS
@pytest.mark.parametrize(
    ("guard", "level", "dropped"), [("0", "-O0", True), ("off()", "-O2", True), ("off()", "-O0", False)]
)
def test_whether_the_real_compiler_drops_a_dead_call(guard, level, dropped, compiled, tmp_path):
    text = (
        f"void g(void);\nstatic inline int off(void) {{ return 0; }}\nvoid f(void) {{ if ({guard}) g(); }}\n"
    )
    linked, _ = run("ld", "-e", "0", compiled(text, level), "-o", str(tmp_path / "a"))
    assert (linked == 0) == dropped
