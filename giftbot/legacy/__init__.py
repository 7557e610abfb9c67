"""Readers of what earlier bots left behind. They only read: nothing is altered, moved or deleted.

Every reader makes values of `giftbot.models.legacy`; a row that cannot be used becomes a `Skip` that says why.
"""
