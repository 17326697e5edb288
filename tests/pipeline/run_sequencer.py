"""A sequencer worker as a process of its own: `python -m tests.pipeline.run_sequencer '<json>'`."""

import json
import logging
import sys
from pathlib import Path
from typing import Any

from chatsnapshot_processors.config import LaneLimits, RootPolicy, SequencerConfig
from chatsnapshot_processors.core.policy import SequencingPolicy
from chatsnapshot_processors.worker import run
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames


def root_policy(signing_key_file: str | None = None, **fields: Any) -> RootPolicy:
    return RootPolicy(signing_key_file=Path(signing_key_file) if signing_key_file else None, **fields)


def config_of(told: dict[str, Any]) -> SequencerConfig:
    return SequencerConfig(
        kafka=KafkaConnection(bootstrap_servers=told["bootstrap"]),
        topics=TopicNames(prefix=told["prefix"]),
        policy=SequencingPolicy(hold_micros=told["hold_micros"], **told.get("policy", {})),
        data_dir=Path(told["data_dir"]),
        registry_url=told["registry_url"],
        session_timeout_s=told["session_timeout_s"],
        instance_id=told["instance_id"],
        metrics_port=told.get("metrics_port"),
        limits=LaneLimits(**told["limits"]),
        roots=root_policy(**told.get("roots", {})),
    )


if __name__ == "__main__":
    logging.basicConfig(level="INFO", format="%(asctime)s %(name)s %(levelname)s %(message)s")
    sys.exit(run(config_of(json.loads(sys.argv[1]))))
