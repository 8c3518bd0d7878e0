"""Sales: a message is recorded, and the caller hears a thank-you."""


def test_sales_asks_for_a_message_and_records_it(phone):
    """The caller is asked for name, number and request, and is recorded for at most two minutes."""
    call = phone.call().press("1")
    assert call.heard_last.splitlines() == [
        "Everybody in sales is on the phone right now.",
        "After the tone, tell us your name, your number and what you are looking for. Press any key when you are done.",
    ]
    assert call.waiting.verb == "Record"
    assert call.waiting.element.attributes["maxLength"] == "120"


def test_after_a_message_the_call_ends(phone):
    """After the recording, the caller hears the thanks of sales, and the call ends without another goodbye."""
    call = phone.call().press("1").says("I am looking for an anvil.").press("#")
    assert call.heard_last == "Thank you. Somebody from sales will call you back today. Goodbye."
    assert call.ended.reason == "hangup"


def test_a_silent_caller_is_not_thanked(phone):
    """Silence is no message: the caller hears so and goes back to the menu, and the call goes on."""
    call = phone.call().press("1").stays_silent()
    assert call.heard_last.startswith("We did not hear a message.\nFor sales, press one.")
    assert (call.state, call.ended) == ("menu", None)


def test_a_caller_who_hangs_up_after_the_message(phone):
    """A webhook after the caller has hung up is answered without a Say."""
    call = phone.call().press("1").says("I am looking for an anvil.").hangs_up()
    assert "<Say" not in call.responses[-1].body
    assert call.ended.reason == "caller-hung-up"
    assert call.warnings == []
