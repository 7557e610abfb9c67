"""Speed and memory of the bot, as ratios to the bare thing in the same run: `python -m bench`."""
