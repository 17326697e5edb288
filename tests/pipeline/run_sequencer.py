"""A sequencer worker as a process of its own: `python -m tests.pipeline.run_sequencer '<json>'`."""

import json
import logging
import sys
from pathlib import Path

from chatsnapshot_processors.config import LaneLimits, SequencerConfig
from chatsnapshot_processors.core.policy import SequencingPolicy
from chatsnapshot_processors.worker import run
from chatsnapshot_schemas.connections import KafkaConnection, TopicNames

if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    logging.basicConfig(level="INFO", format="%(asctime)s %(name)s %(levelname)s %(message)s")
    sys.exit(
        run(
            SequencerConfig(
                kafka=KafkaConnection(bootstrap_servers=told["bootstrap"]),
                topics=TopicNames(prefix=told["prefix"]),
                policy=SequencingPolicy(hold_micros=told["hold_micros"]),
                data_dir=Path(told["data_dir"]),
                registry_url=told["registry_url"],
                session_timeout_s=told["session_timeout_s"],
                instance_id=told["instance_id"],
                limits=LaneLimits(**told["limits"]),
            )
        )
    )
