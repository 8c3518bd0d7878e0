"""Handlers and hooks that use a database: a failure must not affect the code that runs later in the same request."""

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ivrkit import MenuOption, State, ask, hookimpl
from ivrkit.web import Ivrkit


class Base(DeclarativeBase):
    """The base of the models."""


database = SQLAlchemy(model_class=Base)


class Order(database.Model):
    """An order, whose number is unique."""

    number: Mapped[str] = mapped_column(primary_key=True)


class Visit(database.Model):
    """A state that a caller entered."""

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]


def count_orders(call):
    """Say the number of orders."""
    return ask(f"{database.session.query(Order).count()} orders.")


def add_twice(call):
    """Add an order that exists, so that the database refuses it."""
    database.session.add(Order(number="4711"))
    database.session.flush()


def add_and_fail(call):
    """Add an order, and fail before it is complete."""
    database.session.add(Order(number="4712"))
    raise ValueError("the order has no items")


class Shop:
    """A plugin with states that fail, and with observers that use the database."""

    @hookimpl
    def ivrkit_register_states(self):
        """Return two failing states and the state that they lead to."""
        return {
            "refused": State(add_twice, on_error="count", options=MenuOption("5", "an error of the database")),
            "half-done": State(add_and_fail, on_error="count", options=MenuOption("6", "another error")),
            "count": State(count_orders, options=MenuOption("7", "the number of orders")),
        }

    @hookimpl
    def ivrkit_state_entered(self, state):
        """Save each state that a caller enters."""
        database.session.add(Visit(state=state.name))
        database.session.commit()

    @hookimpl
    def ivrkit_clean_up(self):
        """Discard the changes of the code that failed."""
        database.session.rollback()


class FailingObserver:
    """A plugin whose observer fails in the database, before the observer of the shop."""

    @hookimpl(tryfirst=True)
    def ivrkit_state_entered(self, state):
        """Add an order that exists."""
        if state.name == "count":
            add_twice(None)


@pytest.fixture
def shop(tmp_path):
    """Return a function that mounts the shop in an app, and returns the app and ``send``."""
    apps = []

    def make(**plugins):
        app = Flask("shop")
        app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path}/shop.sqlite3"
        database.init_app(app)
        tree = Ivrkit(
            app,
            dev=True,
            session_url=f"sqlite:///{tmp_path}/calls.sqlite3",
            plugins={"shop": Shop(), **plugins},
        )
        apps.append(app)
        with app.app_context():
            database.create_all()
            database.session.add(Order(number="4711"))
            database.session.commit()
        assert tree.name == "ivrkit"
        client = app.test_client()

        def send(**params):
            data = {"CallSid": "CA1", "CallStatus": "in-progress", **params}
            return client.post("/webhook", data=data).text

        return app, send

    yield make
    for app in apps:
        app.extensions["ivrkit"].sessions.close()
        with app.app_context():
            database.engine.dispose()


def stored(app):
    """Return the numbers of the orders, and the names of the states that were entered."""
    with app.app_context():
        orders = [each.number for each in database.session.query(Order).order_by(Order.number)]
        return orders, [each.state for each in database.session.query(Visit).order_by(Visit.id)]


@pytest.mark.parametrize(("key", "state"), [("5", "refused"), ("6", "half-done")])
def test_a_failed_state_is_rolled_back(shop, caplog, key, state):
    """After a failed state, on_error and the observers use the database, and none of them saves its half-done order."""
    app, send = shop()
    send()
    assert "1 orders." in send(Digits=key)
    assert stored(app) == (["4711"], ["greeting", "menu", "count"])
    failures = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
    assert [each.partition(" of ")[0] for each in failures] == [f"state {state!r}"]


def test_a_failed_hook_is_rolled_back(shop, caplog):
    """After a failed observer, the next observer uses the database."""
    app, send = shop(failing=FailingObserver())
    send()
    assert "1 orders." in send(Digits="7")
    assert stored(app) == (["4711"], ["greeting", "menu", "count"])
    assert sum("IntegrityError" in each.getMessage() for each in caplog.records) == 1


def test_without_a_clean_up_the_next_code_fails(shop, monkeypatch, caplog):
    """Without ``ivrkit_clean_up``, a refused order makes every later use of the session fail."""
    monkeypatch.delattr(Shop, "ivrkit_clean_up")
    _, send = shop()
    send()
    assert "orders." not in send(Digits="5")
    assert "PendingRollbackError" in caplog.text
