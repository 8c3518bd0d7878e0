"""The whole tree in Spanish: nothing that a caller hears is left in English."""

from pathlib import Path

import time_machine
from babel.messages.pofile import read_po

import acme_states

#: Words of English that no Spanish sentence has.
ENGLISH = (" the ", " you ", " is ", " for ", " press ", " our ", "Thank", "Sorry", "We ")


def test_the_menu_in_spanish(make_phone):
    """Greeting, options, and the words of the keys."""
    phone = make_phone(plugins=["acme-states"], company="ACME", language="es-MX")
    assert phone.call().heard.splitlines() == [
        "Gracias por llamar a ACME.",
        "Para ventas, marque uno.",
        "Para soporte, marque dos.",
        "Para nuestro horario, marque tres.",
        "Para recepción, marque cero.",
        "Para escuchar esto otra vez, marque nueve.",
    ]


def test_every_path_is_in_spanish(make_phone):
    """Whatever is pressed and whatever comes of it; the host has nothing to warn of."""
    phone = make_phone(plugins=["acme-states"], company="ACME", language="es-MX")
    assert phone.app.extensions["ivrkit"].loaded.startup_warnings == ()
    assert phone.explore(4).problems == []
    for script in (["1"], ["2"], ["3"], ["0"], ["7"]):
        call = phone.call()
        for key in script:
            call.press(key)
        assert not [word for word in ENGLISH if word in f" {call.heard} "], call.heard


def test_the_hours_in_spanish(make_phone):
    """Days and times are said as they are said there."""
    phone = make_phone(plugins=["acme-states"], language="es-MX", timezone="America/Mexico_City")
    with time_machine.travel("2026-03-02T12:00-06:00", tick=False):
        call = phone.call().press("3")
    assert call.heard_last.splitlines()[:4] == [
        "En este momento está abierto.",
        "De Lunes a Viernes, de 9:00 a.m. a 6:00 p.m.",
        "Sábado, de 10:00 a.m. a 1:00 p.m.",
        "Domingo, cerrado.",
    ]


def test_the_catalogue_has_every_sentence_and_no_other():
    """What is translated is what is written in the code."""
    folder = Path(acme_states.__file__).parent
    code = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    with (folder / "locale/es/LC_MESSAGES/messages.po").open("rb") as file:
        sentences = [str(message.id) for message in read_po(file) if message.id]
    assert [sentence for sentence in sentences if f'"{sentence}"' not in code] == []
