"""The core is pure: it brings in no client library."""

import subprocess
import sys

SCRIPT = """
import pkgutil, sys
from importlib import import_module
import chatsnapshot_processors.core as core
for module in pkgutil.iter_modules(core.__path__):
    import_module(f"{core.__name__}.{module.name}")
clients = {"faust", "aiokafka", "confluent_kafka", "rocksdict", "mode"}
print(sorted(clients & set(sys.modules)))
"""


def test_the_core_imports_no_faust_kafka_or_rocksdb() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
