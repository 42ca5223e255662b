"""What the product is about: frozen models and pure rules. Imports nothing of ours but the errors
and the clock.
"""
