"""The processes of the server: a supervisor keeps the listening socket, and its workers answer the webhooks."""
