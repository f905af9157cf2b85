"""What leaves a trace with a time: one file a sort of trace, all of them read as `Change`s.

Traces are what happened, not what is wrong: `onsets` puts the two together.
"""
