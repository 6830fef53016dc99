"""Counts the package's lines of code, room by room: no blank line, comment or docstring, and without bench/.

python .ci/count_lines.py [PACKAGE]
"""

import ast
import io
import sys
import tokenize
from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "freepages"
LEFT_OUT = {"bench"}
NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def code_lines(source: str) -> int:
    """How many lines of `source` hold code."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in NO_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            lines.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def count(package: Path) -> Counter[str]:
    """The lines of code of each room of `package`; what stands in no room is under its own name."""
    rooms: Counter[str] = Counter()
    for path in package.rglob("*.py"):
        room = path.relative_to(package).parts[0]
        if room not in LEFT_OUT:
            rooms[room] += code_lines(path.read_text(encoding="utf-8"))
    return rooms


def main(arguments: list[str]) -> int:
    rooms = count(Path(arguments[0]) if arguments else PACKAGE)
    for room, lines in sorted(rooms.items()):
        print(f"{lines:7,}  {room}")
    print(f"{rooms.total():7,}  all")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
