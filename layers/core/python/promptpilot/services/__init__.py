"""What a user can do: one module per capability. A service checks permission once, at its top, and
names its ports.
"""
