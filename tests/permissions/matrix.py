"""Who gets what: address × method × viewer → answer.

The traveller is `own`; `proxy` books for them, `other` is a colleague of their department, `approver` decides on their
trips, `admin` belongs to their office and `admin'` to another one; `half` is the traveller after the password alone.
`contact` is the office's 請求担当者 and nothing else: what they get beyond the `approver` stands in CONTACT.

Answers: a status, or where a redirect leads: `in` the sign-in, `code` the second factor, `home` the home page.
A name with `@` is an address with a parameter that names an object. What an address does not list answers 405.
"""

from __future__ import annotations

from typing import NamedTuple

COLUMNS = ("anonymous", "half", "own", "proxy", "other", "approver", "admin", "admin'", "operator", "auditor")
VIEWERS = (*COLUMNS, "contact")
SIGNED_IN = VIEWERS[2:]
CONTACT = {
    "billing:invoices": "200",
    "billing:invoice": "200",
    "billing:invoice_pdf": "200",
    "billing:document_pdf": "200",
    "billing:invoice_csv": "200",
    "billing:invoice_xlsx": "200",
    "billing:invoice_json": "200",
    "billing:ledger": "200",
    "billing:ledger@office": "200",
    "billing:ledger_csv": "200",
    "billing:ledger_csv@office": "200",
}

TABLE = """
address                              method  anon   half   own    proxy  other  appr   admin  admin' oper   audit

config:home                          GET     in     code   200    200    200    200    200    200    200    200
config:help                          GET     200    200    200    200    200    200    200    200    200    200
config:healthz                       GET     200    200    200    200    200    200    200    200    200    200
config:readyz                        GET     200    200    200    200    200    200    200    200    200    200
config:csp_report                    POST    204    204    204    204    204    204    204    204    204    204
config:parts                         GET     200    200    200    200    200    200    200    200    200    200

account_login                        GET     200    home   home   home   home   home   home   home   home   home
account_login                        POST    home   home   home   home   home   home   home   home   home   home
account_logout                       GET     in     200    200    200    200    200    200    200    200    200
account_logout                       POST    in     in     in     in     in     in     in     in     in     in
account_signup                       GET     in     code   in     in     in     in     in     in     in     in
account_change_password              GET     in     code   200    200    200    200    200    200    200    200
account_change_password              POST    in     code   302    302    302    302    302    302    302    302
account_reset_password               GET     200    200    200    200    200    200    200    200    200    200
account_reset_password               POST    302    302    302    302    302    302    302    302    302    302
account_reset_password_done          GET     200    200    200    200    200    200    200    200    200    200
account_reset_password_from_key      GET     200    200    200    200    200    200    200    200    200    200
account_reset_password_from_key      POST    200    200    200    200    200    200    200    200    200    200
account_reset_password_from_key_done GET     200    200    200    200    200    200    200    200    200    200

accounts:second_factor               GET     in     200    home   home   home   home   home   home   home   home
accounts:second_factor               POST    in     home   home   home   home   home   home   home   home   home
accounts:recovery                    GET     in     200    home   home   home   home   home   home   home   home
accounts:recovery                    POST    in     422    home   home   home   home   home   home   home   home
accounts:step_up                     GET     in     code   home   home   home   home   home   home   home   home
accounts:step_up                     POST    in     code   home   home   home   home   home   home   home   home
accounts:step_up_recovery            GET     in     code   home   home   home   home   home   home   home   home
accounts:step_up_recovery            POST    in     code   home   home   home   home   home   home   home   home
accounts:confirmations               GET     in     code   403    403    403    403    403    403    200    403
accounts:confirmation                GET     in     code   404    404    404    404    404    404    200    404
accounts:refuse_confirmation         GET     in     code   404    404    404    404    404    404    200    404
accounts:refuse_confirmation         POST    in     code   404    404    404    404    404    404    303    404
accounts:withdraw_confirmation       POST    in     code   404    404    404    404    404    404    303    404
accounts:me                          GET     in     code   200    200    200    200    200    200    200    200
accounts:recovery_codes              GET     in     code   200    200    200    200    200    200    200    200
accounts:recovery_codes              POST    in     code   200    200    200    200    200    200    200    200
accounts:people                      GET     in     code   403    403    403    403    200    200    200    200
accounts:person                      GET     in     code   200    404    404    404    200    404    200    200
accounts:text                        GET     200    200    200    200    200    200    200    200    200    200
accounts:edit_text                   GET     in     code   403    403    403    403    403    403    200    403
accounts:edit_text                   POST    in     code   403    403    403    403    403    403    303    403
accounts:tables                      GET     in     code   403    403    403    403    403    403    200    200
accounts:table                       GET     in     code   403    403    403    403    403    403    200    200
accounts:table_add                   GET     in     code   403    403    403    403    403    403    200    403
accounts:table_add                   POST    in     code   403    403    403    403    403    403    303    403
accounts:table_import                GET     in     code   403    403    403    403    403    403    200    403
accounts:table_import                POST    in     code   403    403    403    403    403    403    303    403
accounts:table_export                GET     in     code   403    403    403    403    403    403    200    200
accounts:table_history               GET     in     code   403    403    403    403    403    403    200    200
accounts:table_end                   GET     in     code   403    403    403    403    403    403    200    403
accounts:table_end                   POST    in     code   403    403    403    403    403    403    303    403
accounts:table_withdraw              GET     in     code   403    403    403    403    403    403    200    403
accounts:table_withdraw              POST    in     code   403    403    403    403    403    403    303    403

audit:events                         GET     in     code   403    403    403    403    403    403    403    200
audit:event                          GET     in     code   404    404    404    404    404    404    404    200
audit:mails                          GET     in     code   403    403    403    403    403    403    200    200
audit:mail                           GET     in     code   404    404    404    404    404    404    200    200

booking:places                       GET     in     code   200    200    200    403    403    403    403    403
booking:search                       GET     in     code   200    200    200    403    403    403    403    403
booking:search                       POST    in     code   303    303    422    403    403    403    403    403
booking:search@again                 GET     in     code   200    200    404    403    403    403    403    403
booking:results                      GET     in     code   200    200    404    404    404    404    200    404
booking:choose                       GET     in     code   303    303    404    404    404    404    303    404
booking:choose                       POST    in     code   303    303    404    404    404    404    303    404
booking:trips                        GET     in     code   200    200    200    403    200    200    200    200
booking:trip                         GET     in     code   200    200    404    404    200    404    200    200
booking:confirm                      GET     in     code   200    200    404    404    404    404    200    404
booking:confirm                      POST    in     code   303    303    404    404    404    404    303    404
booking:withdraw                     GET     in     code   200    200    404    404    404    404    200    404
booking:withdraw                     POST    in     code   303    303    404    404    404    404    303    404
booking:ticket                       POST    in     code   303    303    404    404    404    404    303    404
booking:handoff                      GET     in     code   200    200    404    404    404    404    200    404
booking:handoff                      POST    in     code   303    303    404    404    404    404    303    404
booking:give_up                      POST    in     code   303    303    404    404    404    404    303    404
booking:stop_waiting                 POST    in     code   303    303    404    404    404    404    303    404
booking:go_on                        POST    in     code   303    303    404    404    404    404    303    404
booking:cancel                       GET     in     code   200    200    404    404    404    404    200    404
booking:cancel                       POST    in     code   303    303    404    404    404    404    303    404
booking:cancel_trip                  GET     in     code   200    200    404    404    404    404    200    404
booking:cancel_trip                  POST    in     code   422    422    404    404    404    404    422    404
booking:change                       GET     in     code   200    200    404    404    404    404    200    404
booking:change                       POST    in     code   303    303    404    404    404    404    303    404
booking:change_page                  GET     in     code   200    200    404    404    404    404    200    404
booking:change_page                  POST    in     code   303    303    404    404    404    404    303    404
booking:change_number                POST    in     code   303    303    404    404    404    404    303    404
booking:change_drop                  POST    in     code   303    303    404    404    404    404    303    404
booking:refund                       GET     in     code   404    404    404    404    404    404    200    404
booking:refund                       POST    in     code   404    404    404    404    404    404    303    404
booking:no_show                      GET     in     code   404    404    404    404    404    404    200    404
booking:no_show                      POST    in     code   404    404    404    404    404    404    303    404
booking:claims                       GET     in     code   403    403    403    403    403    403    200    200
booking:claims_csv                   GET     in     code   403    403    403    403    403    403    200    200
booking:close_claim                  GET     in     code   404    404    404    404    404    404    200    404
booking:close_claim                  POST    in     code   404    404    404    404    404    404    303    404
booking:explain_claim                GET     in     code   404    404    404    404    404    404    200    404
booking:explain_claim                POST    in     code   404    404    404    404    404    404    303    404
booking:decide_claim                 GET     in     code   404    404    404    404    404    404    200    404
booking:decide_claim                 POST    in     code   404    404    404    404    404    404    303    404
booking:disruptions                  GET     in     code   403    403    403    403    403    403    200    403
booking:disruption_enter             GET     in     code   403    403    403    403    403    403    200    403
booking:disruption_enter             POST    in     code   403    403    403    403    403    403    200    403
booking:disruption                   GET     in     code   404    404    404    404    404    404    200    404
booking:disruption_correct           GET     in     code   404    404    404    404    404    404    200    404
booking:disruption_correct           POST    in     code   404    404    404    404    404    404    200    404
booking:disruption_withdraw          GET     in     code   404    404    404    404    404    404    200    404
booking:disruption_withdraw          POST    in     code   404    404    404    404    404    404    303    404
booking:disruption_follow_up         GET     in     code   404    404    404    404    404    404    200    404
booking:disruption_follow_up         POST    in     code   404    404    404    404    404    404    303    404
booking:record                       GET     in     code   403    403    403    403    403    403    200    403
booking:record                       POST    in     code   403    403    403    403    403    403    303    403
booking:calls                        GET     in     code   403    403    403    403    403    403    200    200
booking:call                         GET     in     code   404    404    404    404    404    404    200    200
booking:call_ask                     POST    in     code   404    404    404    404    404    404    303    404
booking:call_settle                  GET     in     code   404    404    404    404    404    404    200    404
booking:call_settle                  POST    in     code   404    404    404    404    404    404    303    404
booking:connections                  GET     in     code   403    403    403    403    403    403    200    200
booking:resume_connection            POST    in     code   404    404    404    404    404    404    303    404
booking:feeds                        GET     in     code   403    403    403    403    403    403    200    200
booking:feeds                        POST    in     code   403    403    403    403    403    403    303    403
booking:feed                         GET     in     code   404    404    404    404    404    404    200    200

billing:periods                      GET     in     code   403    403    403    403    403    403    200    200
billing:period                       GET     in     code   404    404    404    404    404    404    200    200
billing:prepare                      GET     in     code   404    404    404    404    404    404    200    404
billing:prepare                      POST    in     code   404    404    404    404    404    404    303    404
billing:close                        GET     in     code   404    404    404    404    404    404    200    404
billing:close                        POST    in     code   404    404    404    404    404    404    303    404
billing:close_progress               GET     in     code   404    404    404    404    404    404    200    200
billing:invoices                     GET     in     code   403    403    403    403    200    200    200    200
billing:invoice                      GET     in     code   404    404    404    404    200    404    200    200
billing:invoice_pdf                  GET     in     code   404    404    404    404    200    404    200    200
billing:document_pdf                 GET     in     code   404    404    404    404    200    404    200    200
billing:reissue                      GET     in     code   404    404    404    404    404    404    200    404
billing:reissue                      POST    in     code   404    404    404    404    404    404    303    404
billing:correct                      GET     in     code   404    404    404    404    404    404    200    404
billing:correct                      POST    in     code   404    404    404    404    404    404    303    404
billing:confirm_correction           GET     in     code   404    404    404    404    404    404    200    404
billing:confirm_correction           POST    in     code   404    404    404    404    404    404    303    404
billing:send                         GET     in     code   404    404    404    404    404    404    200    404
billing:send                         POST    in     code   404    404    404    404    404    404    303    404
billing:one_off                      GET     in     code   403    403    403    403    403    403    200    403
billing:one_off                      POST    in     code   403    403    403    403    403    403    303    403
billing:decide_one_off               GET     in     code   404    404    404    404    404    404    200    404
billing:decide_one_off               POST    in     code   404    404    404    404    404    404    303    404
billing:charges                      GET     in     code   403    403    403    403    403    403    200    200
billing:charge                       GET     in     code   404    404    404    404    404    404    200    200
billing:correct_charge               GET     in     code   404    404    404    404    404    404    200    404
billing:correct_charge               POST    in     code   404    404    404    404    404    404    303    404
billing:decide_correction            GET     in     code   404    404    404    404    404    404    200    404
billing:decide_correction            POST    in     code   404    404    404    404    404    404    303    404
billing:invoice_csv                  GET     in     code   404    404    404    404    200    404    200    200
billing:invoice_xlsx                 GET     in     code   404    404    404    404    200    404    200    200
billing:invoice_json                 GET     in     code   404    404    404    404    200    404    200    200
billing:ledger                       GET     in     code   403    403    403    403    200    200    200    200
billing:ledger@office                GET     in     code   403    403    403    403    200    404    200    200
billing:ledger_csv                   GET     in     code   403    403    403    403    200    200    200    200
billing:ledger_csv@office            GET     in     code   403    403    403    403    200    404    200    200
billing:usage                        GET     in     code   403    403    403    403    200    200    200    200
billing:usage@office                 GET     in     code   403    403    403    403    200    404    200    200
billing:usage_csv                    GET     in     code   403    403    403    403    200    200    200    200
billing:usage_csv@office             GET     in     code   403    403    403    403    200    404    200    200
"""


class Row(NamedTuple):
    """One address with one method: what each viewer gets."""

    name: str
    method: str
    answers: dict[str, str]

    @property
    def address(self) -> str:
        """The name without its parameter."""
        return self.name.partition("@")[0]

    @property
    def entitled(self) -> list[str]:
        """The signed-in viewers for whom the address does its work."""
        shut = {"in", "code", "403", "404", "422"}
        return [viewer for viewer in SIGNED_IN if self.answers[viewer] not in shut]


def rows() -> list[Row]:
    """The table, read."""
    lines = [line.split() for line in TABLE.strip().splitlines()[1:] if line.strip()]
    found = []
    for name, method, *answers in lines:
        row = dict(zip(COLUMNS, answers, strict=True))
        found.append(Row(name, method, {**row, "contact": CONTACT.get(name, row["approver"])}))
    return found
