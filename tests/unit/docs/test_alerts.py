"""The alert rules ask for metrics that exist, and operations says what to do about each."""

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml
from docs.tools.metric_rows import metric_names

from tests.fixtures.documents import ROOT

RULES = ROOT / "docs" / "alerts.yml"
CASES = ROOT / "tests" / "unit" / "docs" / "alert_cases.yml"


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_metrics_exist(rule: dict[str, Any]) -> None:
    asked = set(re.findall(r"chatsnapshot_\w+", rule["expr"]))
    assert asked
    assert asked <= metric_names()


def test_operations_says_what_to_do() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    named = set(re.findall(r"`(ChatSnapshot[A-Z]\w+)`", text))
    assert named == {rule["alert"] for rule in rules()}


def test_cases_cover_every_rule() -> None:
    cases = yaml.safe_load(CASES.read_text("utf-8"))
    covered = {case["alertname"] for test in cases["tests"] for case in test["alert_rule_test"]}
    assert covered == {rule["alert"] for rule in rules()}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_rules_fire_as_they_should() -> None:
    done = subprocess.run(["promtool", "test", "rules", str(CASES)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
