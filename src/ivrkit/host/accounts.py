"""The Twilio account of a call: a webhook of another account does not move the call.

Each account signs its webhooks with its own token. So without this check, the owner of one subaccount could send the
CallSid of another account's call, signed with the token of the subaccount, and press keys in that call or end it.
"""

from __future__ import annotations

from collections.abc import Mapping

from ivrkit.errors import IvrkitError
from ivrkit.flow.run.session import Session


class AccountError(IvrkitError):
    """A webhook has the CallSid of another account's call."""


def bind_to_account(session: Session, params: Mapping[str, str]) -> None:
    """Bind a call to the account of a webhook, unless the call is bound to an account.

    A session of a version that did not bind calls has no account. It is bound at its next webhook. A webhook without
    an AccountSid is accepted: it is signed with the token of the main account.

    :param session: the session of the call.
    :param params: the parameters of the webhook, whose signature was checked with a token of their ``AccountSid``.
    :raises AccountError: if the call is bound to another account.
    """
    account = params.get("AccountSid", "").lower()
    if account and session.account and account != session.account:
        raise AccountError(
            f"call {session.sid} belongs to the account {session.account!r}, not to {account!r}",
            hint="use the token of each subaccount for the calls of this subaccount only",
        )
    session.account = session.account or account
