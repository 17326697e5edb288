"""Made-up results."""

from benchmarks.measures import Curve, PartResult, Run, Table


def sequencer(ours: tuple[float, ...] = (30_000, 32_000, 31_000), quix: tuple[float, ...] = (16_000,)) -> PartResult:
    part = PartResult("sequencer", "Sequencer", "How.", compare_with="sequencer.ours", measured_at="today", repeat=3)
    for value in ours:
        part.add("sequencer.ours", "ours", "events/s", value)
    for value in quix:
        part.add("sequencer.quix_eos", "Quix", "events/s", value, is_ours=False)
    part.tables.append(Table("Cost", ["", "us"], [["a|b", "3"]]))
    return part


def memory(growth: float = 1.1) -> PartResult:
    part = PartResult("memory", "Memory", curves=[Curve("kafka", [[0.0, 300.0], [10.0, 400.0]])])
    part.add("memory.growth", "worst", "times", growth)
    return part


def run(*parts: PartResult) -> Run:
    return Run({"processor": "a fast one"}, list(parts))
