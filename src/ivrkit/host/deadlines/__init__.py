"""The deadlines: the code of plugins runs in a thread with a time limit, and a bound of calls for each state."""
