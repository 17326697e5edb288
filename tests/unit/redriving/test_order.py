"""What must be said before a quarantine record is touched."""

import pytest

from chatsnapshot.redriving.redriver import Order
from chatsnapshot.redriving.selection import Scope
from chatsnapshot_processors.redrive.edit import NO_EDIT
from chatsnapshot_schemas.errors import ConfigurationError, WrongTenant


@pytest.mark.parametrize("by", ["", " ", "x" * 257, "a\nb", "\x1b[2J"])
def test_somebody_does_it(by: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^by: "):
        Order(by, edit=NO_EDIT)


def test_a_reason_is_needed_to_discard_and_bounded() -> None:
    assert Order("Zoë", edit=NO_EDIT).because == ""
    with pytest.raises(ConfigurationError, match=r"^because: a reason"):
        Order("Zoë", because=" ")
    with pytest.raises(ConfigurationError, match=r"^because: at most"):
        Order("Zoë", because="x" * 2_001)


def test_whose_records_may_be_touched() -> None:
    Scope(None).check("anybody")
    Scope(None).check("")
    Scope.of_operator("acme").check("")
    Scope.of_tenant("acme").check("acme")
    with pytest.raises(WrongTenant, match="names no tenant"):
        Scope.of_tenant("acme").check("")
    with pytest.raises(WrongTenant, match="'other' is not served here, only 'acme'"):
        Scope.of_operator("acme").check("other")
