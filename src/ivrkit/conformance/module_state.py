"""What a module holds is the same after calls as before: what belongs to a call belongs into ``call.data``."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from ivrkit.conformance.at_once import scripts_of
from ivrkit.conformance.subject import Nonconformity, Subject

_PLAIN = (bool, bytes, float, int, str, type(None))
_HOLDS = (bytearray, deque, list, set, tuple, frozenset, Mapping)


def modules_keep_nothing_of_a_call(subject: Subject) -> None:
    """Plain values and containers of its modules are the same after calls as before."""
    before = _held(subject)
    for begun in subject.tried():
        scripts = scripts_of(subject, begun)
        with subject.phone_to(begun) as phone:
            for number, script in enumerate(scripts):
                phone.call(script, from_=f"+1555020{number:04}")
        for name, value in _held(subject).items():
            if before.get(name, value) != value:
                raise Nonconformity(
                    f"{subject.where(begun)}: calls have changed {name} from {before[name]} to {value}",
                    hint="keep what belongs to a call in call.data: the next webhook may come to another process",
                )


def _held(subject: Subject) -> dict[str, str]:
    return {
        f"{module.__name__}.{name}": repr(value)
        for module in subject.modules()
        for name, value in vars(module).items()
        if not name.startswith("__") and isinstance(value, (*_PLAIN, *_HOLDS))
    }
