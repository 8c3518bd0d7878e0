"""A Flask app of a team, with a page and a database; its phone tree's handlers use both."""

from flask import Flask, current_app, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import NullPool
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from tests.web.sample_trees import RecordingPlugin

from ivrkit import HOME, SAME, MenuOption, State, ask, hookimpl, leads_to

TOKEN = "12345"


def create_team_app(folder):
    """Return the app, with its page, its database and its settings, and without a phone tree."""

    class Base(DeclarativeBase):
        pass

    database = SQLAlchemy(model_class=Base)

    class Order(database.Model):
        number: Mapped[str] = mapped_column(primary_key=True)

    app = Flask("team")
    app.config.update(
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder}/orders.sqlite3",
        # Each connection is closed after its request, because nobody closes the apps that an app factory makes.
        SQLALCHEMY_ENGINE_OPTIONS={"poolclass": NullPool},
        DEPOT="Berlin",
    )
    database.init_app(app)
    with app.app_context():
        database.create_all()
    app.add_url_rule("/", "front", lambda: f"We deliver from {current_app.config['DEPOT']}.")
    app.add_url_rule("/echo", "echo", lambda: str(len(request.get_data())), methods=["POST"])
    app.extensions["orders"] = (database, Order)
    return app


def orders():
    """Return the numbers of the orders in the database of the current app."""
    database, order = current_app.extensions["orders"]
    return sorted(database.session.execute(database.select(order.number)).scalars())


def add_order(number):
    """Add an order to the database of the current app."""
    database, order = current_app.extensions["orders"]
    database.session.add(order(number=number))
    database.session.commit()


def read_orders(call):
    """Say the orders in the database, the setting of the app and the path of the request."""
    return ask(f"From {current_app.config['DEPOT']} at {request.path}: {', '.join(orders()) or 'nothing'}.")


@leads_to(HOME, SAME)
def add_pressed_order(call):
    """Add the digits as an order. The database refuses an order that exists."""
    add_order(f"order {call.digits}")
    return SAME


class TeamPlugin(RecordingPlugin):
    """The plugin of the team: one state, and a hook that adds each call to the database."""

    def __init__(self):
        super().__init__({"orders": State(read_orders, add_pressed_order, options=MenuOption("1", "your orders"))})

    @hookimpl
    def ivrkit_call_started(self, call):
        """Add the call to the database."""
        add_order(f"call {request.endpoint} {call.sid}")


def close(app):
    """Close the session stores and the database of an app."""
    for extension in app.extensions.values():
        if hasattr(extension, "sessions"):
            extension.sessions.close()
    with app.app_context():
        app.extensions["orders"][0].engine.dispose()
