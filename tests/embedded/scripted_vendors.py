"""OpenAI, Anthropic and Google on loopback, in their own formats; a test says what they say."""

from collections.abc import Callable, Mapping
from threading import Lock

from tests.contract.dialects.all_dialects import DIALECTS
from tests.contract.dialects.dialect import Asked, Dialect, Failure, Said
from tests.contract.wire_rig import pieces_of
from tests.embedded.loopback import JsonHandler, LoopbackServer
from tests.scripted_openai import Received

Answer = Callable[[Asked], Said | Failure]
"""What a model says, or how its vendor fails."""

_BY_PATH: Mapping[str, Dialect] = {
    "/responses": DIALECTS["responses"],
    "/messages": DIALECTS["anthropic"],
    ":generateContent": DIALECTS["gemini"],
    ":streamGenerateContent?alt=sse": DIALECTS["gemini"],
}


class ScriptedVendors(LoopbackServer):
    """Answers by `script`; `asked` keeps what was asked, in the order in which it came."""

    def __init__(self, script: Answer) -> None:
        super().__init__(_Handler)
        self.script = script
        self.asked: list[Asked] = []
        self.lock = Lock()

    @property
    def environ(self) -> dict[str, str]:
        """What a server is told to call these vendors."""
        root = f"http://{self.host}"
        return {
            "OPENAI_API_KEY": "canary-openai",
            "OPENAI_BASE_URL": f"{root}/v1",
            "ANTHROPIC_API_KEY": "canary-anthropic",
            "ANTHROPIC_BASE_URL": root,
            "GEMINI_API_KEY": "canary-google",
            "GEMINI_BASE_URL": root,
        }


class _Handler(JsonHandler):
    server: ScriptedVendors

    def do_POST(self) -> None:  # noqa: N802 - the base class calls it so
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        dialect = next(each for end, each in _BY_PATH.items() if self.path.endswith(end))
        asked = dialect.asked(Received(self.path, headers, raw))
        with self.server.lock:
            self.server.asked.append(asked)
            answer = self.server.script(asked)
        if not isinstance(answer, Said):
            self._send(*dialect.failure(answer))
        elif asked.stream:
            frames = dialect.streamed(answer, pieces_of(answer.text))
            self._send(200, b"".join(frames), dialect.stream_type)
        else:
            self._send(200, dialect.whole(answer))

    def _send(self, status: int, body: bytes, content_type: str = "application/json") -> None:
        headers = {"Content-Type": content_type, "Content-Length": len(body)}
        self.begin(status, headers)
        self.wfile.write(body)
