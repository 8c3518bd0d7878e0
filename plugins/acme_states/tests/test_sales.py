"""Sales: a message is taken and thanked for."""


def test_sales_asks_for_a_message_and_records_it(phone):
    """The caller hears what to say, then the tone; two minutes are recorded at most."""
    phone.calls("1")
    assert phone.heard == [
        "Everybody in sales is on the phone right now.",
        "After the tone, tell us your name, your number and what you are looking for. Press any key when you are done.",
    ]
    assert phone.verbs == ["Say", "Say", "Record"]
    assert phone.verb("Record").get("maxLength") == "120"


def test_a_message_is_thanked_for_and_the_call_ends(phone):
    """After the recording comes the thanks of sales, and no goodbye of anybody else."""
    phone.calls("1").post(
        RecordingUrl="https://api.example.com/Recordings/RE1", RecordingSid="RE1", RecordingDuration="7", Digits="#"
    )
    assert phone.heard == ["Thank you. Somebody from sales will call you back today. Goodbye."]
    assert phone.verbs == ["Say", "Hangup"]


def test_who_hangs_up_to_end_the_message_hears_nothing_more(phone):
    """The recording of a caller who is gone is answered with an empty document."""
    phone.calls("1").post(
        CallStatus="completed", RecordingUrl="https://api.example.com/Recordings/RE1", Digits="hangup"
    )
    assert phone.verbs == []
