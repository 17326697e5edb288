"""`status --completeness`: is everything that producers numbered in the record?"""

from dataclasses import dataclass

import typer

from chatsnapshot.cli.output import console, print_json
from chatsnapshot.cli.waiting import progress_line
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.errors import ConfigurationError


@dataclass(frozen=True)
class CompletenessOptions:
    """What is asked for."""

    run: str | None
    instance: str | None
    tenant: str | None
    all_tenants: bool
    limit: int
    wait_s: float

    def check_unused(self) -> None:
        """Raise ConfigurationError when one was given without `--completeness`."""
        given = {
            "--run": self.run,
            "--instance": self.instance,
            "--tenant": self.tenant,
            "--all-tenants": self.all_tenants,
        }
        for name, value in given.items():
            if value:
                raise ConfigurationError(f"{name} belongs to `chatsnapshot status --completeness`")


def show_completeness(settings: Settings, options: CompletenessOptions, *, as_json: bool) -> None:
    """Print it; exit code 0 complete, 3 open."""
    from chatsnapshot.completeness.examination import examine
    from chatsnapshot.completeness.scope import Scope
    from chatsnapshot.reading import Ledger
    from chatsnapshot.rendering.completeness_text import completeness_json, completeness_parts

    if options.tenant is not None and options.all_tenants:
        raise ConfigurationError("--tenant names one, --all-tenants means every one: give one of the two")
    ledger = Ledger.connect(tenant=options.tenant, settings=settings)
    tenant = "" if options.all_tenants else ledger.sources.tenant
    scope = Scope(tenant, options.run or "", options.instance or "")
    with progress_line(quiet=as_json) as told:
        found = examine(ledger.sources, scope, wait_s=options.wait_s, told=told)
    if as_json:
        print_json(completeness_json(found, options.limit))
    else:
        for part in completeness_parts(found, options.limit):
            console().print(part, soft_wrap=True)
    raise typer.Exit(found.exit_code)
