"""The posting protocol with real processes: killed, stopped, cut off, and counted afterwards."""
