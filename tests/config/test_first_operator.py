"""A new portal gets its first person from the command line, and only its first."""

import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import RecoveryCode, User

pytestmark = pytest.mark.django_db
FACTS = {"login_id": "90000009", "name": "髙橋 玲", "kana": "タカハシ レイ", "email": "ops@agency.example"}


def test_the_first_operator_can_sign_in_with_what_is_printed():
    out = StringIO()
    call_command("first_operator", **FACTS, stdout=out)
    person = User.objects.get(login_id="90000009")
    printed = re.search(r"password +(\S+)", out.getvalue())
    assert printed is not None
    assert person.check_password(printed[1])
    assert RecoveryCode.objects.filter(user=person).count() == 10


def test_a_second_operator_is_not_made_this_way():
    call_command("first_operator", **FACTS, stdout=StringIO())
    with pytest.raises(CommandError, match="already"):
        call_command("first_operator", **{**FACTS, "login_id": "90000010"}, stdout=StringIO())
