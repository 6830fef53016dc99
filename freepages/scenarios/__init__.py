"""Scenarios: small worlds to step through, each a function that returns a Scenario of the engine.

They stand between the model below and the notebooks above: what a scenario adds to the model is where a run
starts, who may move, and which panels show it.
"""
