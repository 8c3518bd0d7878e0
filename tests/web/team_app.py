"""A team's own Flask app, with a page, a database and a tree whose handlers use them."""

from flask import Flask, current_app, request
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from tests.web.sample_trees import RecordingPlugin

from ivrkit import HOME, SAME, MenuOption, State, ask, hookimpl, leads_to

TOKEN = "12345"


def create_team_app(folder):
    """Return an app of a team's own, without a tree yet: its page, its database, its settings."""

    class Base(DeclarativeBase):
        pass

    database = SQLAlchemy(model_class=Base)

    class Order(database.Model):
        number: Mapped[str] = mapped_column(primary_key=True)

    app = Flask("team")
    app.config.update(SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder}/orders.sqlite3", DEPOT="Berlin")
    database.init_app(app)
    with app.app_context():
        database.create_all()
    app.add_url_rule("/", "front", lambda: f"We deliver from {current_app.config['DEPOT']}.")
    app.add_url_rule("/echo", "echo", lambda: str(len(request.get_data())), methods=["POST"])
    app.extensions["orders"] = (database, Order)
    return app


def orders():
    """Return the numbers of the orders in the database of the app that is asked."""
    database, order = current_app.extensions["orders"]
    return sorted(database.session.execute(database.select(order.number)).scalars())


def keep(number):
    """Keep an order in the database of the app that is asked."""
    database, order = current_app.extensions["orders"]
    database.session.add(order(number=number))
    database.session.commit()


def told(call):
    """Enter: say what is in the database, and where the app and the request are."""
    return ask(f"From {current_app.config['DEPOT']} at {request.path}: {', '.join(orders()) or 'nothing'}.")


@leads_to(HOME, SAME)
def kept(call):
    """Leave: keep what was pressed as an order, which fails for one that is there."""
    keep(f"order {call.digits}")
    return SAME


class Team(RecordingPlugin):
    """The team's plugin: one state, and a hook that counts the calls in the database."""

    def __init__(self):
        super().__init__({"orders": State(told, kept, options=MenuOption("1", "your orders"))})

    @hookimpl
    def ivrkit_call_started(self, call):
        """Keep that somebody called."""
        keep(f"call {request.endpoint} {call.sid}")


def close(app):
    """Let go of what an app holds: its trees' stores and its database."""
    for host in app.extensions.values():
        if hasattr(host, "store"):
            host.sessions.close()
    with app.app_context():
        app.extensions["orders"][0].engine.dispose()
