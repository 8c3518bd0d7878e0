"""Where calls are kept between their webhooks: what a store is, the stores that there are, and how both are used."""

from ivrkit.session_store import SharedStore, Store, StoredSession
from ivrkit.sessions.cookie import CookieStore
from ivrkit.sessions.encryption import SessionCipher
from ivrkit.sessions.manager import Place, SessionManager
from ivrkit.sessions.open import open_sessions
from ivrkit.sessions.postgresql import PostgreSQLStore
from ivrkit.sessions.redis import RedisStore
from ivrkit.sessions.sqlite import SQLiteStore

__all__ = [
    "CookieStore",
    "Place",
    "PostgreSQLStore",
    "RedisStore",
    "SQLiteStore",
    "SessionCipher",
    "SessionManager",
    "SharedStore",
    "Store",
    "StoredSession",
    "open_sessions",
]
