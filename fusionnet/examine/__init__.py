"""A stack looked over before hours are spent on it: what it is, what is wrong with it, and what to do."""
