"""Write the generated documents, or with `--check` say which are stale (exit 1)."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from docs.tools.acl_list import security_kafka
from docs.tools.architecture_picture import architecture_picture
from docs.tools.asyncapi import asyncapi
from docs.tools.data_model import data_model
from docs.tools.reference import reference
from docs.tools.tables_in_engine import engine, tables_at

from chatsnapshot.cli.reference import reference as cli_reference
from chatsnapshot_projections.catalogue import DocumentedTable

DOCS = Path(__file__).resolve().parents[1]


def documents(tables: Iterable[DocumentedTable]) -> dict[str, str]:
    """File below docs/ and its text."""
    return {
        "asyncapi.yaml": asyncapi(),
        "cli.md": cli_reference(),
        "data-model.md": data_model(tables),
        "reference.md": reference(),
        "security-kafka.md": security_kafka(),
        "pictures/architecture.svg": architecture_picture(),
    }


def stale(made: dict[str, str]) -> list[str]:
    """Files whose text is another."""
    return [name for name, text in made.items() if _text(DOCS / name) != text]


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m docs.tools.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args(arguments).check
    with engine() as url:
        made = documents(tables_at(url))
    names = stale(made)
    for name in names:
        if check:
            print(f"stale: docs/{name}; run `make docs`", file=sys.stderr)
        else:
            (DOCS / name).write_text(made[name], "utf-8")
            print(f"wrote docs/{name}")
    return 1 if check and names else 0


def _text(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
