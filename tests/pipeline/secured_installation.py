"""An installation on the secured broker: one account for each role, with the ACLs of the list and no others."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka.admin import AclBinding, AclOperation, AclPermissionType, ResourcePatternType, ResourceType

from chatsnapshot.kafka.acls import AclRule, acl_rules, roles
from chatsnapshot.settings import Settings
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames
from tests.fixtures.secured_kafka import SecuredKafka, password_of

PARTITIONS = 2
HOLD_S = 3
"""Short, so that a test sees a held event released."""
COMMAND_WITHIN_S = 90
STOP_WITHIN_S = 20
RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactional-id": ResourceType.TRANSACTIONAL_ID,
}
OPERATIONS = {
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
    "Create": AclOperation.CREATE,
    "Describe": AclOperation.DESCRIBE,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
    "AlterConfigs": AclOperation.ALTER_CONFIGS,
}


class SecuredInstallation:
    """Topics, accounts and a database of its own; `folder` gets the password files and the processes' data."""

    def __init__(self, secured: SecuredKafka, clickhouse_url: str, folder: Path) -> None:
        self.secured = secured
        self.names = TopicNames(prefix=f"t{uuid.uuid4().hex[:10]}")
        self.rules = acl_rules(self.names)
        self._clickhouse_url = clickhouse_url
        self._folder = folder
        secured.add_users(self.user(role) for role in roles())

    def user(self, role: str) -> str:
        """The account of a role."""
        return f"{self.names.prefix}-{role}"

    def connection(self, role: str) -> KafkaConnection:
        """The role's way to the broker."""
        return self.secured.connection(self.user(role))

    def allow(self, rules: Iterable[AclRule]) -> None:
        """Give rights of the list to the roles that they are for."""
        self.secured.allow(map(self._binding, rules))

    @contextmanager
    def without(self, *rules: AclRule) -> Iterator[None]:
        """As long as it lasts, these rights are taken away."""
        self.secured.forbid(map(self._binding, rules))
        try:
            yield
        finally:
            self.allow(rules)

    def environment(self, role: str, **settings: str) -> dict[str, str]:
        """What a process of this role is told; the password comes in a file, as secrets are mounted."""
        password_file = self._folder / f"{role}.password"
        password_file.write_text(f"{password_of(self.user(role))}\n")
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CHATSNAPSHOT_")}
        told = {
            "kafka_bootstrap_servers": self.secured.bootstrap_servers,
            "kafka_security_protocol": "SASL_SSL",
            "kafka_sasl_mechanism": "SCRAM-SHA-256",
            "kafka_username": self.user(role),
            "kafka_password_file": str(password_file),
            "kafka_ca_file": str(self.secured.authority.file),
            "clickhouse_url": self._clickhouse_url,
            "clickhouse_database": self.names.prefix,
            "topic_prefix": self.names.prefix,
            "partitions": str(PARTITIONS),
            "hold_s": str(HOLD_S),
            "root_interval_s": "1",
            "data_dir": str(self._folder / role),
        }
        return kept | {f"CHATSNAPSHOT_{name.upper()}": value for name, value in (told | settings).items()}

    def run(
        self, role: str, *arguments: str, stdin: str | None = None, **settings: str
    ) -> "subprocess.CompletedProcess[str]":
        """A command as a role, to its end."""
        return subprocess.run(
            [sys.executable, "-m", "chatsnapshot", *arguments],
            env=self.environment(role, **settings),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_WITHIN_S,
            check=False,
        )

    def json(self, role: str, *arguments: str) -> Any:
        """The JSON that a command prints."""
        done = self.run(role, *arguments, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def serving(self, role: str, *arguments: str, **settings: str) -> Iterator["subprocess.Popen[str]"]:
        """A daemon of this role in the background; its log is `<role>.log` in the folder."""
        command = [sys.executable, "-m", "chatsnapshot", "serve", *arguments]
        with self.log(role).open("w") as log:
            process = subprocess.Popen(
                command, env=self.environment(role, **settings), stdout=log, stderr=subprocess.STDOUT, text=True
            )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def log(self, role: str) -> Path:
        """Where the daemon of a role writes."""
        return self._folder / f"{role}.log"

    def settings(self, role: str) -> Settings:
        """Settings of a program that runs in this process as that role."""
        told = self.environment(role)
        ours = {name: value for name, value in told.items() if name.startswith("CHATSNAPSHOT_")}
        return Settings(**{name.removeprefix("CHATSNAPSHOT_").lower(): value for name, value in ours.items()})  # type: ignore[arg-type]

    def _binding(self, rule: AclRule) -> AclBinding:
        pattern = ResourcePatternType.PREFIXED if rule.pattern == "prefixed" else ResourcePatternType.LITERAL
        return AclBinding(
            RESOURCES[rule.resource],
            rule.name,
            pattern,
            f"User:{self.user(rule.role)}",
            "*",
            OPERATIONS[rule.operation],
            AclPermissionType.ALLOW,
        )
