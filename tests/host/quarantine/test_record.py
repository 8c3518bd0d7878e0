"""The record of the quarantine: the rules, without a store."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivrkit import SessionError
from ivrkit.flow.run.plugin_code import ENTER, EXIT
from ivrkit.host.quarantine.record import (
    Entry,
    Failure,
    Record,
    Rules,
    add_entry,
    add_failure,
    claim_trial,
    clear,
    close_failing,
    end_trial,
    release,
)

RULES = Rules(failures=3, seconds=60.0, retry=30.0)
TRIED = Entry("3 failures in 60 s", 100.0, 130.0, "acme 1.0", ENTER)


def failing(*times, missed=()):
    """Return the record after failures of the state a at some times."""
    record = Record()
    for time in times:
        record = add_failure(record, "a", Failure(time, time in missed), RULES)
    return record


def closed(record, now):
    """Return the record after the check for too many failures of the state a."""
    return close_failing(record, "a", "acme 1.0", ENTER, now, RULES)


class TestFailures:
    """Rule 1: when a state is put in quarantine."""

    def test_the_third_of_three_failures_closes_the_state(self):
        """A state is put in quarantine at the configured number of failures, and not before."""
        two = failing(1.0, 2.0)
        assert closed(two, 2.0) is two
        three = closed(failing(1.0, 2.0, 3.0), 3.0)
        assert three.entries == {"a": Entry("3 failures in 60 s", 3.0, 33.0, "acme 1.0", ENTER)}
        assert three.failures == {}

    def test_old_failures_do_not_count(self):
        """A failure counts for the configured number of seconds, and not longer."""
        assert "a" in closed(failing(1.0, 2.0, 60.9), 60.9).entries
        assert "a" not in closed(failing(1.0, 2.0, 61.0), 61.0).entries

    def test_the_old_failures_of_other_states_are_removed(self):
        """The record does not grow with each state that has ever failed."""
        record = add_failure(failing(1.0), "b", Failure(60.9, missed=False), RULES)
        assert list(record.failures) == ["a", "b"]
        record = add_failure(failing(1.0), "b", Failure(61.0, missed=False), RULES)
        assert list(record.failures) == ["b"]

    def test_the_record_keeps_only_the_failures_that_can_count(self):
        """A state that fails without being closed keeps the latest failures only."""
        record = failing(*(float(time) for time in range(10)))
        assert [each.time for each in record.failures["a"]] == [7.0, 8.0, 9.0]

    @pytest.mark.parametrize(
        ("missed", "reason"),
        [
            ((), "3 failures in 60 s"),
            ((1.0,), "2 failures and 1 missed deadline in 60 s"),
            ((1.0, 2.0), "1 failure and 2 missed deadlines in 60 s"),
            ((1.0, 2.0, 3.0), "3 missed deadlines in 60 s"),
        ],
    )
    def test_the_reason_counts_failures_and_missed_deadlines(self, missed, reason):
        """The reason says how often the state failed, how often it was too slow, and in which time."""
        assert closed(failing(1.0, 2.0, 3.0, missed=missed), 3.0).entries["a"].reason == reason

    def test_no_number_of_failures_closes_a_state_if_the_setting_is_zero(self):
        """With the setting 0 there is no automatic quarantine."""
        never = Rules(failures=0)
        record = add_failure(Record(), "a", Failure(1.0, missed=False), never)
        assert close_failing(record, "a", "acme 1.0", ENTER, 1.0, never) is record

    def test_the_defaults(self):
        """Five failures in a minute close a state for a minute."""
        assert Rules() == Rules(failures=5, seconds=60.0, retry=60.0)


class TestTrials:
    """Rules 2 to 4: one call at a time tries the state again."""

    def test_a_state_is_closed_until_it_is_tried_again(self):
        """Every call is kept out before that time, and let in from that time on."""
        assert TRIED.is_closed("CA1", 129.9)
        assert not TRIED.is_closed("CA1", 130.0)

    def test_a_state_of_a_person_is_never_tried_again(self):
        """A state without a time for the next try stays closed."""
        assert Entry("by hand", 0.0).is_closed("CA1", 1e12)

    def test_one_call_at_a_time_is_let_in(self):
        """The trial call may enter the state, and another call may enter it when the trial call is overdue."""
        record = claim_trial(Record({"a": TRIED}), "a", "CA1", 130.0, RULES)
        entry = record.entries["a"]
        assert (entry.trial_sid, entry.trial_until) == ("CA1", 160.0)
        assert not entry.is_closed("CA1", 159.9)
        assert entry.is_closed("CA2", 159.9)
        assert not entry.is_closed("CA2", 160.0)
        assert claim_trial(record, "a", "CA2", 159.9, RULES) is record
        assert claim_trial(record, "a", "CA2", 160.0, RULES).entries["a"].trial_sid == "CA2"

    @pytest.mark.parametrize("record", [Record(), Record({"a": TRIED})], ids=["open", "too-early"])
    def test_there_is_no_trial_call_without_a_trial(self, record):
        """No call becomes the trial call of a state that is open, or that is not tried again yet."""
        assert claim_trial(record, "a", "CA1", 129.0, RULES) is record

    def on_trial(self):
        """Return the record during the trial call CA1."""
        return claim_trial(Record({"a": TRIED}), "a", "CA1", 130.0, RULES)

    def end(self, record, sid="CA1", function=ENTER, *, failed=False):
        """Return the record after a function of the state a has run."""
        return end_trial(record, "a", sid, function, 140.0, failed=failed, rules=RULES)

    def test_a_success_of_the_function_that_failed_releases_the_state(self):
        """The state is released when the trial call succeeds where the calls before had failed."""
        assert self.end(self.on_trial()) == Record()

    @pytest.mark.parametrize("function", [ENTER, EXIT])
    def test_a_failure_closes_the_state_again(self, function):
        """After a failure of the trial call, in any function, the state waits for the next trial."""
        entry = self.end(self.on_trial(), function=function, failed=True).entries["a"]
        assert entry == Entry(TRIED.reason, 100.0, 170.0, "acme 1.0", function, "", 160.0)
        assert entry.is_closed("CA1", 169.9)
        assert not entry.is_closed("CA2", 170.0)

    def test_a_success_of_enter_is_no_proof_for_exit(self):
        """If the exit function failed, the trial goes on after enter, until the exit function has run."""
        record = Record({"a": Entry("x", 100.0, 130.0, "acme 1.0", EXIT)})
        record = claim_trial(record, "a", "CA1", 130.0, RULES)
        assert self.end(record) is record
        assert self.end(record, function=EXIT) == Record()

    def test_a_trial_call_that_leaves_without_a_result_lets_another_call_try(self):
        """If the exit function runs and the function that failed does not, the next call may try."""
        record = self.end(self.on_trial(), function=EXIT)
        assert not record.entries["a"].is_closed("CA2", 140.0)

    @pytest.mark.parametrize("failed", [True, False])
    def test_other_calls_do_not_end_a_trial(self, failed):
        """A call that was in the state before does not count, and neither does a call after the release."""
        record = self.on_trial()
        assert self.end(record, "CA2", failed=failed) is record
        assert self.end(Record(), failed=failed) == Record()


class TestPeople:
    """States that a person puts in quarantine and releases."""

    def test_an_entry_replaces_the_failures(self):
        """A state in quarantine has no failures any longer, and other states keep theirs."""
        record = add_failure(failing(1.0), "b", Failure(2.0, missed=False), RULES)
        entry = Entry("by hand", 3.0)
        record = add_entry(record, "a", entry)
        assert (record.entries, list(record.failures)) == ({"a": entry}, ["b"])

    def test_a_release_forgets_the_failures(self):
        """A released state starts to count its failures from the beginning."""
        assert release(failing(1.0), "a") == Record()
        assert release(Record({"a": TRIED, "b": TRIED}), "a") == Record({"b": TRIED})

    def test_a_person_who_releases_a_state_is_remembered(self):
        """The time of the release is kept, because deaths of workers before it no longer count."""
        assert clear(Record({"a": TRIED}), "a", 5.0) == Record(cleared={"a": 5.0})
        assert clear(Record(cleared={"b": 4.0}), "a", 5.0) == Record(cleared={"b": 4.0, "a": 5.0})


names = st.text(max_size=5)
times = st.floats(0, 1e10)
entries = st.builds(
    Entry, st.text(), times, st.none() | times, st.text(), st.sampled_from(["", ENTER, EXIT]), st.text(), times
)
failures = st.lists(st.builds(Failure, times, st.booleans()), min_size=1, max_size=3).map(tuple)
records = st.builds(
    Record, st.dictionaries(names, entries), st.dictionaries(names, failures), st.dictionaries(names, times)
)


class TestJson:
    """The record in the store."""

    @settings(max_examples=50, derandomize=True, deadline=None)
    @given(records)
    def test_a_record_survives_the_store(self, record):
        """A record that was stored is loaded unchanged, from one line of ASCII."""
        text = record.to_json()
        assert text.isascii()
        assert "\n" not in text
        assert Record.from_json(text) == record

    def test_unknown_fields_are_ignored(self):
        """A newer version of ivrkit may have stored more."""
        values = json.loads(failing(1.0).to_json()) | {"entries": {"b": {"reason": "r", "since": 1.0, "new": 1}}}
        values["failures"]["a"][0]["new"] = 1
        record = Record.from_json(json.dumps(values | {"new": 1}))
        assert record == Record({"b": Entry("r", 1.0)}, failing(1.0).failures)

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"entries": 1}', '{"entries": {"a": {}}, "failures": {}}'])
    def test_another_text_is_an_error(self, text):
        """If another program has written the record, the error says so."""
        with pytest.raises(SessionError) as caught:
            Record.from_json(text)
        assert caught.value.message.startswith("the record of the quarantine cannot be read: ")
        assert caught.value.hint == "another program wrote to this store; give ivrkit a store of its own"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["fail", "succeed", "claim", "wait"]),
        st.sampled_from(["CA1", "CA2", "CA3"]),
        st.sampled_from([ENTER, EXIT]),
        st.sampled_from([0.0, 1.0, 29.0, 30.0]),
    ),
    max_size=40,
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(STEPS)
def test_at_most_one_call_is_in_a_state_that_is_tried_again(steps):
    """Whatever happens in a state, at most one call at a time may enter it while it is in quarantine."""
    record, now = Record(), 0.0
    for action, sid, function, seconds in steps:
        now += seconds
        if action == "claim":
            record = claim_trial(record, "a", sid, now, RULES)
        elif action != "wait" and "a" in record.entries:
            record = end_trial(record, "a", sid, function, now, failed=action == "fail", rules=RULES)
        elif action == "fail":
            record = add_failure(record, "a", Failure(now, missed=False), RULES)
            record = close_failing(record, "a", "acme 1.0", function, now, RULES)
        assert len(record.failures.get("a", ())) < RULES.failures
        entry = record.entries.get("a")
        if entry is not None and entry.is_on_trial(now):
            assert [sid for sid in ("CA1", "CA2", "CA3") if not entry.is_closed(sid, now)] in ([entry.trial_sid], [])
