"""`make bench`: what ChatSnapshot does in numbers, beside its peers on the same machine in the same run.

`python -m benchmarks --help`. Every part starts a Kafka and a ClickHouse of its own, in a temporary folder, on free
ports; nothing is left running. Nothing here is a test: no figure decides whether a build passes.
"""
