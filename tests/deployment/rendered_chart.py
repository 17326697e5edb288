"""The chart as helm renders it: manifests as objects, and ways to look into them."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.deployment.found_tools import ROOT, run, tool

CHART = ROOT / "helm" / "chatsnapshot"
VALUES = sorted((CHART / "ci").glob("*-values.yaml"))
KUBERNETES = "1.31.0"
"""helm built with `go install` takes itself to be for a very old one."""
RELEASE = "ledger"
Manifest = dict[str, Any]


@cache
def rendered(values: Path) -> tuple[Manifest, ...]:
    """Every manifest of a release with these values."""
    done = template("-f", str(values))
    assert done.returncode == 0, done.stderr
    return tuple(each for each in yaml.safe_load_all(done.stdout) if each)


def template(*options: str) -> Any:
    """`helm template`, whatever its exit code."""
    helm = tool("helm")
    return run(helm, "template", RELEASE, str(CHART), "--namespace", "ledger", "--kube-version", KUBERNETES, *options)


def of_kind(values: Path, *kinds: str) -> Iterator[Manifest]:
    return (each for each in rendered(values) if each["kind"] in kinds)


def workloads(values: Path) -> dict[str, Manifest]:
    """Everything that makes pods, by role."""
    found = of_kind(values, "StatefulSet", "Deployment", "Job")
    return {role_of(each): each for each in found}


def role_of(manifest: Manifest) -> str:
    return str(manifest["metadata"]["labels"]["app.kubernetes.io/component"])


def pod_of(manifest: Manifest) -> Manifest:
    pod: Manifest = manifest["spec"]["template"]["spec"]
    return pod


def environment(values: Path, container: Manifest) -> dict[str, Any]:
    """Name to value, or to the reference that gives it; the config maps are looked up."""
    maps = {each["metadata"]["name"]: each["data"] for each in of_kind(values, "ConfigMap")}
    told: dict[str, Any] = {}
    for source in container.get("envFrom", []):
        if "configMapRef" in source:
            told |= maps[source["configMapRef"]["name"]]
    told |= {each["name"]: each.get("value", each.get("valueFrom")) for each in container.get("env", [])}
    return told
