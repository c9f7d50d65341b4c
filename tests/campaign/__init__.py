"""Many wishes of many people under faults, kills and moving time; and a judge that compares what everybody knows.

    python -m tests.campaign --seed 1 --wishes 60

The plan is made from the seed before anything runs: a failing seed replays the same wishes, faults and troubles.
"""
