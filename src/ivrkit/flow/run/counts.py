"""How often a caller may fail: in a state, in a row, and before the operator."""

from __future__ import annotations

from ivrkit.flow.run.session import Session


class Counts:
    """The failures of one call, kept in its session.

    A state counts silence and unmatched input apart, each from the caller's coming until a choice is matched; the
    call counts them together, in a row, whatever the state.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def failed(self, state: str, kind: str) -> None:
        """Count a failure of a kind, ``no-input`` or ``no-match``, in a state."""
        kinds = self._session.failure_counts.setdefault(state, {})
        kinds[kind] = kinds.get(kind, 0) + 1
        self._session.failures_in_row += 1

    def of(self, state: str, kind: str) -> int:
        """Return how often a state met a kind of failure."""
        return self._session.failure_counts.get(state, {}).get(kind, 0)

    @property
    def failures_in_row(self) -> int:
        """How many failures the call met in a row."""
        return self._session.failures_in_row

    def begin(self, state: str) -> None:
        """Let a state's counts begin anew, because the caller came to it afresh."""
        self._session.failure_counts.pop(state, None)

    def matched(self, state: str) -> None:
        """Forget a state's failures and the failures in a row, because a choice was matched."""
        self.begin(state)
        self._session.failures_in_row = 0

    def try_operator(self) -> bool:
        """Clear everything for the operator; return ``False`` when it was taken before."""
        if self._session.operator_tried:
            return False
        self._session.operator_tried = True
        self._session.failure_counts.clear()
        self._session.failures_in_row = 0
        return True
