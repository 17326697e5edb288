"""Apache Kafka as one KRaft node on loopback: its configuration, identity and command line."""

import base64
import os
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from chatsnapshot.embedded.ports import LOOPBACK
from chatsnapshot.embedded.whole_file import write_whole
from chatsnapshot_schemas.errors import StackFailed

MESSAGE_BYTES_MAX = 4 * 1024 * 1024
"""Broker-wide; payloads are cut at 256 KiB, so the topics' own lower limits decide."""
TRANSACTION_TIMEOUT_MAX_MS = 60_000
OFFSETS_RETENTION_MINUTES = 10 * 365 * 24 * 60
"""A stack that was down for months must still know where its consumers stood."""
FIRST_RETENTION_CHECK_MS = 10 * 60 * 1000
"""After a long time down, recorded events may be past their retention and not yet sequenced: they get this long."""
FORMAT_WITHIN_S = 120
"""Takes one second; a loaded machine gets two minutes."""
SESSION_TIMEOUT_MS = 3_000
"""After kill -9 the controller refuses the broker until its old session ends; the default of 9 s is felt."""
HEAP = ("-Xms256m", "-Xmx1g", "-XX:+UseSerialGC")
QUICK_START = "-XX:TieredStopAtLevel=1"
"""Halves the processor time of a start and costs speed later: for tools and tests."""

SERVER_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller_port}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=log
auto.create.topics.enable=false
message.max.bytes={message_bytes_max}
replica.fetch.max.bytes={message_bytes_max}
log.retention.ms=-1
log.retention.bytes=-1
log.initial.task.delay.ms={first_retention_check_ms}
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
background.threads=2
num.recovery.threads.per.data.dir=2
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
offsets.retention.minutes={offsets_retention_minutes}
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
transaction.state.log.segment.bytes=16777216
transaction.max.timeout.ms={transaction_timeout_max_ms}
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
broker.session.timeout.ms={session_timeout_ms}
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
"""

LOG4J2_PROPERTIES = """\
status=error
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d{yyyy-MM-dd HH:mm:ss,SSS} %p %c{1}: %m%n
rootLogger.level=warn
rootLogger.appenderRef.console.ref=console
logger.server.name=kafka.server.KafkaRaftServer
logger.server.level=info
logger.log.name=org.apache.kafka.storage.internals.log.LogManager
logger.log.level=info
"""


@dataclass(frozen=True)
class KafkaNode:
    """One broker: its folder (absolute), the two ports it listens on, the Java and the jars that run it."""

    folder: Path
    port: int
    controller_port: int
    java: Path
    jars: Path
    jvm_options: tuple[str, ...] = HEAP
    more_properties: tuple[str, ...] = ()
    """Lines behind `SERVER_PROPERTIES`: of a name that is there twice, Kafka takes the last."""
    format_arguments: tuple[str, ...] = ()
    """What the storage tool is told besides: the first SCRAM users, for example."""
    cluster_id: str = ""
    """The cluster that it is set up for; empty: one of its own, with a random identity."""

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect."""
        return f"{LOOPBACK}:{self.port}"

    def command(self) -> tuple[str, ...]:
        """The broker; its working directory is `folder`, so no path of a person's machine is in a properties file."""
        return (*self._java(*self.jvm_options), "kafka.Kafka", "server.properties")

    def prepare(self) -> None:
        """Write the configuration and, the first time, give the node a random identity. Raises StackFailed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.folder / "tmp", ignore_errors=True)
        (self.folder / "tmp").mkdir()
        write_whole(self.folder / "log4j2.properties", LOG4J2_PROPERTIES)
        write_whole(self.folder / "server.properties", self._properties())
        if not (self.folder / "log" / "meta.properties").exists():
            self._format()

    def _properties(self) -> str:
        properties = SERVER_PROPERTIES.format(
            host=LOOPBACK,
            port=self.port,
            controller_port=self.controller_port,
            message_bytes_max=MESSAGE_BYTES_MAX,
            first_retention_check_ms=FIRST_RETENTION_CHECK_MS,
            offsets_retention_minutes=OFFSETS_RETENTION_MINUTES,
            session_timeout_ms=SESSION_TIMEOUT_MS,
            transaction_timeout_max_ms=TRANSACTION_TIMEOUT_MAX_MS,
        )
        return properties + "".join(f"{line}\n" for line in self.more_properties)

    def _format(self) -> None:
        tool = ("kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", self.cluster_id or new_cluster_id())
        command = (*self._java(QUICK_START), *tool, *self.format_arguments, "-c", "server.properties")
        try:
            subprocess.run(
                command,
                cwd=self.folder,
                env=java_environment(),
                check=True,
                capture_output=True,
                timeout=FORMAT_WITHIN_S,
            )
        except subprocess.CalledProcessError as error:
            reason = (error.stderr or error.stdout).decode("utf-8", "replace").strip().splitlines()[-1:]
            raise StackFailed(f"Kafka's folder {self.folder} could not be set up: {''.join(reason)}") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StackFailed(f"Kafka's folder {self.folder} could not be set up: {error}") from error

    def _java(self, *options: str) -> tuple[str, ...]:
        return (
            str(self.java),
            *options,
            "--sun-misc-unsafe-memory-access=allow",  # Kafka and its codecs: else a warning each at every start
            "--enable-native-access=ALL-UNNAMED",
            "-Djava.awt.headless=true",
            "-Djava.io.tmpdir=tmp",
            "-Dlog4j2.configurationFile=log4j2.properties",
            "-cp",
            f"{self.jars}/*",
        )


def java_environment() -> dict[str, str]:
    """The environment without what would change the class path or print noise from a person's other Java work."""
    unwanted = ("CLASSPATH", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS")
    return {name: value for name, value in os.environ.items() if name not in unwanted}


def new_cluster_id() -> str:
    """A random identity as Kafka writes them: 16 bytes in URL-safe base64, not beginning with a dash."""
    while True:  # one in 64 begins with a dash, which the tool would read as an option
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode("ascii")
        if not text.startswith("-"):
            return text
