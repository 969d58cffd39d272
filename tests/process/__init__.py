"""Real node processes on this computer: killed, starved, restarted."""
