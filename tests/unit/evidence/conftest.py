"""Two keys for all tests of evidence: the installation's and a forger's."""

from pathlib import Path

import pytest

from chatsnapshot_schemas.signing_key import SigningKey


@pytest.fixture(scope="session")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return SigningKey.make(tmp_path_factory.mktemp("key") / "key.pem")


@pytest.fixture(scope="session")
def forger(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return SigningKey.make(tmp_path_factory.mktemp("forger") / "key.pem")


@pytest.fixture
def anchor(tmp_path: Path) -> Path:
    return tmp_path / "anchor.jsonl"
