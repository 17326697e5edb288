"""A sequencer that kills itself around a root: `python -m tests.faults.root_process '<json>'`.

Options as for `tests.pipeline.run_sequencer`, and `faults: {kill: [step, n]}` with the steps root_begun (heads are
snapshot), root_computed, root_committing (somewhere in its transaction), root_committed (the tree is not stored yet),
root_stored.
"""

import json
import logging
import sys

from chatsnapshot_processors.rocks_state import RocksState
from chatsnapshot_processors.root_writer import RootWriter
from chatsnapshot_processors.worker import run
from tests.faults.sequencer_process import Steps, after, before
from tests.pipeline.run_sequencer import config_of

STEPS = ("root_begun", "root_computed", "root_committing", "root_committed", "root_stored")


def watch(steps: Steps) -> None:
    """Put the steps into the product's functions."""
    after(RootWriter, "_begin", lambda *_: steps.happens("root_begun"))
    before(RootWriter, "_write", lambda *_: steps.happens("root_computed"))
    after(RootWriter, "_made", lambda *_: steps.soon("root_committing"))
    before(RocksState, "store_tree", lambda *_: steps.happens("root_committed"))
    after(RocksState, "store_tree", lambda *_: steps.happens("root_stored"))


def main() -> int:
    told = json.loads(sys.argv[1])
    logging.basicConfig(level="INFO", format="%(asctime)s %(name)s %(levelname)s %(message)s")
    watch(Steps(told["faults"]))
    return run(config_of(told))


if __name__ == "__main__":
    sys.exit(main())
