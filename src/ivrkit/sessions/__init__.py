"""Sessions: the session manager, its stores in SQLite, Redis and PostgreSQL, and the session cookie."""

from ivrkit.session_store import SharedStore, Store, StoredSession
from ivrkit.sessions.call_session import CallSession
from ivrkit.sessions.cookie import CookieStore
from ivrkit.sessions.encryption import SessionCipher
from ivrkit.sessions.manager import SessionManager
from ivrkit.sessions.open import open_sessions
from ivrkit.sessions.postgresql import PostgreSQLStore
from ivrkit.sessions.redis import RedisStore
from ivrkit.sessions.sqlite import SQLiteStore

__all__ = [
    "CallSession",
    "CookieStore",
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
