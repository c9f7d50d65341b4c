"""Structure of people, offices, contract, grants and sign-in."""

from accounts.models.confirmations import Confirmation
from accounts.models.contract import (
    Contract,
    ContractTerms,
    DeliverySplit,
    Estimate,
    FareSplit,
    Issuer,
    PublicText,
    TaxRounding,
)
from accounts.models.grants import ApproverAssignment, Membership, Proxy, RoleGrant
from accounts.models.members import MemberNumber
from accounts.models.offices import Department, Office, OfficeDetails
from accounts.models.people import User, UserState, login_key
from accounts.models.security import RecoveryCode, SignInFailure, TotpDevice
from accounts.permissions import Role
from accounts.states import ConfirmationState

__all__ = [
    "ApproverAssignment",
    "Confirmation",
    "ConfirmationState",
    "Contract",
    "ContractTerms",
    "DeliverySplit",
    "Department",
    "Estimate",
    "FareSplit",
    "Issuer",
    "MemberNumber",
    "Membership",
    "Office",
    "OfficeDetails",
    "Proxy",
    "PublicText",
    "RecoveryCode",
    "Role",
    "RoleGrant",
    "SignInFailure",
    "TaxRounding",
    "TotpDevice",
    "User",
    "UserState",
    "login_key",
]
