"""Pass, Choice, Wait, Succeed, Fail: what runs next, and what it gets.

Sources: the States Language's specification (states-language.net) by its sections, and the AWS Step
Functions Developer Guide ("Guide") by its pages.
"""

from tests.conformance.acts import SILENT
from tests.conformance.case import TIMED_OUT, Case, Runner, fails_with, succeeds
from tests.conformance.states import catch, choice, parallel, wait, work
from tests.engine.asl import pass_

END = pass_()
NO_TIME_LIMIT: dict[Runner, str] = {"ministack": "It limits no machine's time: it would not end."}

CASES = [
    Case(
        name="pass: the input goes on",
        why="Pass State: without Output the output is the input.",
        states={"a": pass_("b"), "b": END},
        input={"x": [1, None, "ü"]},
        ends=succeeds({"x": [1, None, "ü"]}),
        entered="a b",
    ),
    Case(
        name="pass: output takes the input's place",
        why="JSONata states: Output, evaluated wherever an expression stands in it.",
        states={
            "a": pass_("b", Output={"n": ["{% $states.input.n + 1 %}", "n", None]}),
            "b": pass_(Output=["{% $states.input.n[0] %}", "{% $states.input %}"]),
        },
        input={"n": 1},
        ends=succeeds([2, {"n": [2, "n", None]}]),
        entered="a b",
    ),
    Case(
        name="choice: the first rule that holds is taken",
        why="Choice State: rules are tried in order, and the first that is true is taken.",
        states={
            "c": choice(
                ("{% $states.input.n > 9 %}", "x"),
                ("{% $states.input.n > 3 %}", "y"),
                ("{% $states.input.n > 1 %}", "x"),
                default="x",
            ),
            "x": pass_(Output="x"),
            "y": pass_(Output="y"),
        },
        input={"n": 5},
        ends=succeeds("y"),
        entered="c y",
    ),
    Case(
        name="choice: default, with Assign and Output of the state",
        why="Guide, Choice: the state's own Assign and Output count when the Default is taken.",
        states={
            "c": choice(
                ("{% false %}", "x"), default="d", Assign={"way": "default"}, Output={"from": "c"}
            ),
            "x": END,
            "d": pass_(Output=["{% $way %}", "{% $states.input.from %}"]),
        },
        ends=succeeds(["default", "c"]),
        entered="c d",
    ),
    Case(
        name="choice: a rule's Assign and Output, not the state's",
        why="Guide, Choice: a rule that is taken brings its own Assign and Output.",
        states={
            "a": pass_("c", Assign={"way": "none", "other": "old"}),
            "c": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% $way = 'x' %}", "Next": "d", "Assign": {"way": "wrong"}},
                    {
                        "Condition": "{% $way = 'none' %}",
                        "Next": "d",
                        "Assign": {"way": "rule"},
                        "Output": {"from": "{% $way %}"},
                    },
                ],
                "Default": "d",
                "Assign": {"other": "new"},
            },
            "d": pass_(Output=["{% $way %}", "{% $other %}", "{% $states.input.from %}"]),
        },
        ends=succeeds(["rule", "old", "none"]),
        entered="a c d",
    ),
    Case(
        name="choice: without Output the input goes on",
        why="Choice State: the output is the input.",
        states={"c": choice((True, "d")), "d": END},
        input={"n": 1},
        ends=succeeds({"n": 1}),
        entered="c d",
    ),
    Case(
        name="choice: no rule and no default",
        why="Choice State: States.NoChoiceMatched.",
        states={"c": choice(("{% false %}", "d")), "d": END},
        ends=fails_with("States.NoChoiceMatched"),
        entered="c",
    ),
    Case(
        name="choice: no rule and no default, within what catches",
        why="Errors: States.ALL stands for States.NoChoiceMatched too.",
        states={
            "p": parallel(
                {"c": choice(("{% false %}", "d")), "d": END}, Catch=[catch("States.ALL")]
            ),
            "caught": pass_(Output="{% $states.input.Error %}"),
        },
        ends=succeeds("States.NoChoiceMatched"),
        entered="p c caught",
    ),
    Case(
        name="choice: a condition that is no boolean",
        why="Guide, JSONata: a Condition has to be true or false, else QueryEvaluationError.",
        states={"c": choice(("{% 1 %}", "d"), default="d"), "d": END},
        ends=fails_with("States.QueryEvaluationError"),
        entered="c",
    ),
    Case(
        name="choice: a loop over a variable",
        why="Guide, Variables: an assigned variable is there in every later state.",
        states={
            "a": pass_("b", Assign={"n": 0}),
            "b": pass_("c", Assign={"n": "{% $n + 1 %}"}),
            "c": choice(("{% $n < 3 %}", "b"), default="d"),
            "d": pass_(Output="{% $n %}"),
        },
        ends=succeeds(3),
        entered="a b c b c b c d",
    ),
    Case(
        name="wait: no seconds",
        why="Wait State: Seconds from 0.",
        states={"w": wait(Seconds=0)},
        input={"n": 1},
        ends=succeeds({"n": 1}),
        entered="w",
    ),
    Case(
        name="wait: seconds from an expression, with Assign and Output",
        why="Wait State: Seconds may be a JSONata string.",
        states={
            "w": wait("e", Seconds="{% $states.input.s %}", Assign={"v": 1}, Output="waited"),
            "e": pass_(Output=["{% $v %}", "{% $states.input %}"]),
        },
        input={"s": 1},
        ends=succeeds([1, "waited"]),
        entered="w e",
    ),
    Case(
        name="wait: a second at least",
        why="Wait State: the interpreter delays for that time.",
        states={
            "a": pass_("w", Assign={"from": "{% $millis() %}"}),
            "w": wait("e", Seconds=1),
            "e": pass_(Output="{% $millis() - $from >= 990 %}"),
        },
        ends=succeeds(True),
        entered="a w e",
    ),
    Case(
        name="wait: seconds below 0",
        why="Wait State: Seconds is a positive integer or 0.",
        states={"w": wait(Seconds="{% -1 %}")},
        ends=fails_with("States.QueryEvaluationError"),
        entered="w",
    ),
    Case(
        name="wait: a time that has passed",
        why="Wait State: the state waits until the time; that is over.",
        states={"w": wait(Timestamp="{% $states.input.at %}")},
        input={"at": "2020-02-29T00:00:00Z"},
        ends=succeeds({"at": "2020-02-29T00:00:00Z"}),
        entered="w",
    ),
    Case(
        name="wait: a time with an offset",
        why="Timestamps: RFC 3339, with an offset or Z.",
        states={"w": wait(Timestamp="2020-02-29T00:00:00+02:00", Output=1)},
        ends=succeeds(1),
        entered="w",
    ),
    Case(
        name="wait: now",
        why="JSONata: $now() gives a timestamp that Wait takes.",
        states={"w": wait(Timestamp="{% $now() %}", Output=1)},
        ends=succeeds(1),
        entered="w",
    ),
    Case(
        name="wait: no time",
        why="Guide, Wait: an expression has to give a timestamp, else QueryEvaluationError.",
        states={"w": wait(Timestamp="{% 'soon' %}")},
        ends=fails_with("States.QueryEvaluationError"),
        entered="w",
    ),
    Case(
        name="succeed: with its input",
        why="Succeed State: the output is the input.",
        states={"s": {"Type": "Succeed"}},
        input={"n": 3},
        ends=succeeds({"n": 3}),
        entered="s",
    ),
    Case(
        name="succeed: with an output",
        why="Succeed State: Output.",
        states={"s": {"Type": "Succeed", "Output": {"done": "{% $states.input.n %}"}}},
        input={"n": 3},
        ends=succeeds({"done": 3}),
        entered="s",
    ),
    Case(
        name="fail: error and cause from expressions",
        why="Fail State: Error and Cause may be JSONata strings.",
        states={
            "f": {
                "Type": "Fail",
                "Error": "{% 'E' & $states.input.n %}",
                "Cause": "{% 'n is ' & $states.input.n %}",
            }
        },
        input={"n": 3},
        ends=fails_with("E3", "^n is 3$"),
        entered="f",
    ),
    Case(
        name="fail: error and cause as they are",
        why="Fail State: Error and Cause are texts.",
        states={"f": {"Type": "Fail", "Error": "Mine", "Cause": "just so"}},
        ends=fails_with("Mine", "^just so$"),
        entered="f",
    ),
    Case(
        name="fail: neither error nor cause",
        why="Fail State: both are optional.",
        states={"f": {"Type": "Fail"}},
        ends=fails_with(""),
        entered="f",
    ),
    Case(
        name="fail: a cause that is no text",
        why="Guide, Fail: the expression of a Cause has to give a text.",
        states={"f": {"Type": "Fail", "Error": "E", "Cause": "{% 5 %}"}},
        ends=fails_with("States.QueryEvaluationError"),
        entered="f",
    ),
    Case(
        name="machine: its time is over while a task waits",
        why="TimeoutSeconds of a machine: the execution is timed out.",
        states={"t": work("t")},
        machine={"TimeoutSeconds": 1},
        unfit=NO_TIME_LIMIT,
        work={"t": [SILENT]},
        ends=TIMED_OUT,
        entered="t",
    ),
    Case(
        name="machine: its time is over while it waits",
        why="TimeoutSeconds of a machine: the execution is timed out.",
        states={"w": wait("e", Seconds=30), "e": END},
        machine={"TimeoutSeconds": 1},
        unfit=NO_TIME_LIMIT,
        ends=TIMED_OUT,
        entered="w",
    ),
]
