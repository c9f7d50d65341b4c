"""Verbs on people. Import them from here or from the module that holds them."""

from accounts.services.actors import acting_on, actor_for, person_actor, service_actor
from accounts.services.confirmations import (
    ask_confirmation,
    give_confirmation,
    lapse_confirmation,
    refuse_confirmation,
    withdraw_confirmation,
)
from accounts.services.contract import publish_text, register_contract, register_department, register_office
from accounts.services.dated import (
    add_dated_row,
    download_dated_rows,
    end_dated_row,
    import_dated_rows,
    withdraw_dated_row,
)
from accounts.services.people import (
    assign_approver,
    grant_proxy,
    grant_role,
    issue_user,
    set_member_number,
    set_membership,
)
from accounts.services.second_factor import enrol_totp, issue_recovery_codes

__all__ = [
    "acting_on",
    "actor_for",
    "add_dated_row",
    "ask_confirmation",
    "assign_approver",
    "download_dated_rows",
    "end_dated_row",
    "enrol_totp",
    "give_confirmation",
    "grant_proxy",
    "grant_role",
    "import_dated_rows",
    "issue_recovery_codes",
    "issue_user",
    "lapse_confirmation",
    "person_actor",
    "publish_text",
    "refuse_confirmation",
    "register_contract",
    "register_department",
    "register_office",
    "service_actor",
    "set_member_number",
    "set_membership",
    "withdraw_confirmation",
    "withdraw_dated_row",
]
