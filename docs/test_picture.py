"""The picture of a call is the one that the program shows today."""

from docs.picture import PICTURE, ROOT, draw, transcript


def test_the_picture_shows_the_phone_as_it_is() -> None:
    """The picture in the README is drawn again and compared: ``make pages`` brings it up to date."""
    assert draw(transcript(ROOT)) == PICTURE.read_text(encoding="utf-8")
