"""The store for several processes: MongoDB, through motor."""
