"""Sales: a message is taken and thanked for."""


def test_sales_asks_for_a_message_and_records_it(phone):
    """The caller hears what to say, then the tone; two minutes are recorded at most."""
    call = phone.call().press("1")
    assert call.heard_last.splitlines() == [
        "Everybody in sales is on the phone right now.",
        "After the tone, tell us your name, your number and what you are looking for. Press any key when you are done.",
    ]
    assert call.waiting.verb == "Record"
    assert call.waiting.element.attributes["maxLength"] == "120"


def test_a_message_is_thanked_for_and_the_call_ends(phone):
    """After the recording comes the thanks of sales, and no goodbye of anybody else."""
    call = phone.call().press("1").says("I am looking for an anvil.").press("#")
    assert call.heard_last == "Thank you. Somebody from sales will call you back today. Goodbye."
    assert call.ended.reason == "hangup"


def test_who_says_nothing_is_thanked_as_well(phone):
    """Silence ends a recording too."""
    call = phone.call().press("1").stays_silent()
    assert call.heard_last.startswith("Thank you.")


def test_who_hangs_up_to_end_the_message_hears_nothing_more(phone):
    """The recording of a caller who is gone is answered with an empty document."""
    call = phone.call().press("1").says("I am looking for an anvil.").hangs_up()
    assert "<Say" not in call.responses[-1].body
    assert call.ended.reason == "caller-hung-up"
    assert call.warnings == []
