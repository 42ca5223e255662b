"""What is wrong with a schedule, told in the middle of checking it."""


class ScheduleFault(ValueError):
    """Why an expression cannot be a schedule's; pydantic makes a validation error of it."""
