"""`acls`: what each role may do in Kafka, as commands for the cluster's administrator."""

from dataclasses import asdict

import typer

from chatsnapshot.cli.output import print_json
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.errors import ConfigurationError

BROKER = "broker:9092"
"""Where the settings name none: to be replaced by whoever runs the commands."""
ADMIN_CONFIG = "admin.properties"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "acls",
        rich_help_panel="Set up",
        epilog="Examples:  chatsnapshot acls   |   chatsnapshot acls --role sink=User:ledger-sink --role reader   |   "
        "chatsnapshot acls --bootstrap-server broker:9093 | sh   |   chatsnapshot acls --json",
    )(acls)


def acls(
    role: list[str] = typer.Option(
        [], "--role", help="Only this role; ROLE=User:NAME also names its account. May be repeated."
    ),
    bootstrap_server: str | None = typer.Option(None, "--bootstrap-server", help="For the commands."),
    admin_config: str = typer.Option(ADMIN_CONFIG, "--command-config", help="The administrator's client settings."),
    as_json: bool = typer.Option(False, "--json", help="The list with the reason for each right."),
) -> None:
    """Print the rights that each role needs, as kafka-acls.sh commands; nothing is changed, no broker is asked."""
    from chatsnapshot.kafka.acls import acl_commands, acl_rules

    settings = Settings()
    principals = _principals(role)
    rules = acl_rules(settings.topics(), principals)
    if as_json:
        print_json([{"principal": principals[rule.role], **asdict(rule)} for rule in rules])
        return
    server = bootstrap_server or settings.kafka_bootstrap_servers or BROKER
    for command in acl_commands(rules, principals, f"--bootstrap-server {server} --command-config {admin_config}"):
        typer.echo(command)


def _principals(chosen: list[str]) -> dict[str, str]:
    """Account by role, of the roles that are asked for."""
    from chatsnapshot.kafka.acls import default_principal, roles

    principals = {}
    for each in chosen or roles():
        role, separator, principal = each.partition("=")
        if separator and not principal.startswith("User:"):
            raise ConfigurationError(f"--role {each}: an account begins with User:, for example {role}=User:{role}")
        principals[role] = principal or default_principal(role)
    return principals
