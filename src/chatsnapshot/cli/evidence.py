"""`evidence`: the ledger as files that prove themselves, and roots that are kept elsewhere."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from chatsnapshot.cli.output import console, print_json
from chatsnapshot.cli.waiting import progress_line
from chatsnapshot_schemas.errors import ConfigurationError, NotFound

if TYPE_CHECKING:
    from chatsnapshot.evidence.anchor_file import AnchoredRoots, Ledger

AS_JSON = typer.Option(False, "--json", help="Machine-readable output.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    evidence = typer.Typer(
        help="Export records that prove themselves, check them offline, keep Merkle roots elsewhere.",
        no_args_is_help=True,
        epilog="Example:  chatsnapshot evidence export refund-17 --out refund-17.zip, "
        "then anywhere  chatsnapshot evidence check refund-17.zip",
    )
    evidence.command(
        "export",
        epilog="Examples:  chatsnapshot evidence export refund-17 --out refund-17.zip   |   "
        "chatsnapshot evidence export --all --out ledger-2026-01   |   "
        "chatsnapshot evidence export --all --tenant acme --out acme.zip --anchor /elsewhere/roots.jsonl",
    )(export)
    evidence.command(
        "check",
        epilog="Examples:  chatsnapshot evidence check refund-17.zip   |   "
        "chatsnapshot evidence check ledger-2026-01 --anchor /elsewhere/roots.jsonl --public-key signer.pem --json",
    )(check)
    evidence.command("anchor", epilog="Example:  chatsnapshot evidence anchor --out /elsewhere/roots.jsonl")(anchor)
    evidence.command(
        "key",
        epilog="Examples:  chatsnapshot evidence key > signer.pem   |   "
        "chatsnapshot evidence key --make /etc/chatsnapshot/signing_key.pem",
    )(key)
    evidence.command("restart", epilog="Example:  chatsnapshot evidence restart --keep old-roots.jsonl --yes")(restart)
    app.add_typer(evidence, name="evidence", rich_help_panel="Prove")


def export(
    run: str | None = typer.Argument(None, help="Run id, or `last`."),
    everything: bool = typer.Option(False, "--all", help="Every run of every tenant, or of --tenant."),
    tenant: str | None = typer.Option(None, "--tenant", help="Tenant; default for a run: CHATSNAPSHOT_TENANT."),
    out: Path = typer.Option(..., "--out", "-o", help="A new folder; a name with .zip: one archive."),
    anchor: Path | None = typer.Option(None, "--anchor", help="Prove the runs in the newest root of this file too."),
    force: bool = typer.Option(False, "--force", help="Replace an evidence that is there."),
    as_json: bool = AS_JSON,
) -> None:
    """Write raw ledger records, heads, Merkle roots with proofs, keys, schemas and a manifest; all of it or nothing.

    A run or a tenant's runs come with proofs that lead to the roots of their partitions and tell nothing of other runs.
    Print the manifest's SHA-256 that is shown, or keep it elsewhere: by it every file is known again.
    """
    from chatsnapshot.cli.reading import last_run
    from chatsnapshot.evidence.export import EvidenceExport
    from chatsnapshot.reading import Ledger
    from chatsnapshot.rendering.printable import count_text

    if (run is None) == (not everything):
        raise ConfigurationError("say which run, or --all; `chatsnapshot runs` lists the runs")
    ledger = Ledger.connect(tenant=tenant)
    sources = ledger.sources
    if run == "last":
        run = last_run(ledger)
    anchored = _anchored(anchor)
    wanted = EvidenceExport(
        kafka=sources.kafka,
        topics=sources.topics,
        framing=sources.framing,
        tenant=tenant if everything else sources.tenant,
        run=run,
        anchored=anchored,
    )
    with progress_line() as told:
        done = wanted.write(
            out,
            replace=force,
            progress=lambda part, of, seen: told(f"reading: partition {part + 1} of {of}, {seen:,} records"),
        )
    if as_json:
        print_json(asdict(done))
        return
    typer.echo(
        f"{count_text(done.records, 'record')} of {count_text(done.runs, 'run')} and {count_text(done.roots, 'root')}, "
        f"{done.bytes:,} bytes: {done.path}"
    )
    typer.echo(f"manifest SHA-256 {done.manifest_sha256}")


def check(
    path: Path = typer.Argument(help="What `evidence export` wrote."),
    anchor: Path | None = typer.Option(None, "--anchor", help="Roots that were kept elsewhere (`evidence anchor`)."),
    public_key: list[Path] = typer.Option(
        [], "--public-key", help="PEM of a key that may have signed; else the keys in the evidence. May be repeated."
    ),
    as_json: bool = AS_JSON,
) -> None:
    """Prove an evidence offline: no Kafka, no ClickHouse, no settings are needed.

    Four verdicts: intact (bytes, hashes, chains, numbers, order of causes, roots, signatures), complete (no gap,
    nothing held or in quarantine), causes resolved, and the tail. Without --anchor the tail is not proven: whoever cuts
    off the last records together with the last roots leaves no trace in what is left.

    Exit code 0: intact, complete, causes resolved. 2: not intact. 3: intact, but something is open, or the anchor says
    nothing of a partition.
    """
    from chatsnapshot.evidence.check import EvidenceCheck
    from chatsnapshot.rendering.evidence_text import evidence_lines

    with progress_line() as told:
        report = EvidenceCheck(
            path,
            anchor,
            _trusted(public_key),
            progress=lambda part, of, seen: told(f"checking: partition {part + 1} of {of}, {seen:,} records"),
        ).run()
    if as_json:
        print_json(report.to_json())
    else:
        for line in evidence_lines(report):
            console().print(line, soft_wrap=True)
    raise typer.Exit(report.exit_code)


def anchor(
    out: Path = typer.Option(..., "--out", "-o", help="A file elsewhere; new roots are appended, nothing is changed."),
    as_json: bool = AS_JSON,
) -> None:
    """Append the newest Merkle root of every partition to a file: keep it where the cluster's operators cannot write.

    Run it by a timer. A root that contradicts the file is not appended: the command fails and says which.
    """
    from chatsnapshot.evidence.anchor_file import append_anchor
    from chatsnapshot.evidence.root_values import newest_root
    from chatsnapshot.kafka.admin import partition_count
    from chatsnapshot.kafka.partition_log import reader
    from chatsnapshot.reading import Ledger
    from chatsnapshot.rendering.printable import count_text

    sources = Ledger.connect().sources
    count = partition_count(sources.kafka, sources.topics.roots)
    consumer = reader(sources.kafka, sources.topics.sink_group)
    try:
        found = [newest_root(consumer, sources.kafka, sources.topics, partition) for partition in range(count)]
    finally:
        consumer.close()
    roots = [root for root in found if root is not None]
    if not roots:
        raise NotFound(f"topic {sources.topics.roots} has no root yet: the sequencer writes the first after a minute")
    new = append_anchor(out, roots)
    if as_json:
        print_json({"file": str(out), "roots": len(roots), "new": [asdict(root) for root in new]})
    else:
        typer.echo(f"{count_text(len(new), 'new root')} of {count_text(count, 'partition')}: {out}")


def key(
    file: Path | None = typer.Argument(None, help="Private key; default CHATSNAPSHOT_SIGNING_KEY_FILE or the stack's."),
    make: bool = typer.Option(False, "--make", help="Make a new private key in that file first."),
    as_json: bool = AS_JSON,
) -> None:
    """Print the public key that belongs to the key that roots are signed with; give it to whoever checks."""
    from chatsnapshot.evidence.signing import stack_key_file
    from chatsnapshot.settings import Settings
    from chatsnapshot_schemas.signing_key import SigningKey, key_id, load_public_key, public_key_pem

    settings = Settings()
    path = file or settings.signing_key_file or stack_key_file(settings.data_dir)
    if make:
        SigningKey.make(path)
        typer.echo(f"made {path}, readable by its owner only", err=True)
    elif not path.exists():
        raise NotFound(f"there is no key {path}: --make makes one")
    public = load_public_key(path)
    if as_json:
        print_json(
            {"file": str(path), "key": key_id(public), "public_key": public.hex(), "pem": public_key_pem(public)}
        )
        return
    typer.echo(public_key_pem(public), nl=False)
    typer.echo(f"key {key_id(public)}", err=True)


def restart(
    keep: Path = typer.Option(..., "--keep", help="A new file that gets every root that there is."),
    yes: bool = typer.Option(False, "--yes", help="Needed: the topic of roots is deleted and made anew."),
    as_json: bool = AS_JSON,
) -> None:
    """Begin the chains of roots anew, after the ledger lost records that roots count and nobody can restore them.

    The sequencer does not start in that state. Stop it, run this, start it. Anchors keep telling of the loss.
    """
    from chatsnapshot.evidence.restarting import restart_roots
    from chatsnapshot.reading import Ledger

    if not yes:
        raise ConfigurationError("the topic of roots would be deleted and made anew: add --yes")
    sources = Ledger.connect().sources
    kept = restart_roots(sources.kafka, sources.topics, keep)
    if as_json:
        print_json({"topic": sources.topics.roots, "kept": kept, "file": str(keep)})
    else:
        typer.echo(f"{sources.topics.roots} is empty; {kept:,} root(s) are in {keep}")


def _anchored(path: Path | None) -> "dict[Ledger, AnchoredRoots] | None":
    from chatsnapshot.evidence.anchor_file import read_anchor

    return None if path is None else read_anchor(path)


def _trusted(files: list[Path]) -> frozenset[bytes]:
    from chatsnapshot_schemas.signing_key import load_public_key

    return frozenset(load_public_key(file) for file in files)
