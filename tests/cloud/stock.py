"""A service on loopback that an action asks how many pieces of an article there are."""

from urllib.parse import parse_qs, urlsplit

from tests.embedded.loopback import JsonHandler, LoopbackServer


class Stock(LoopbackServer):
    """Has seven pieces of everything; `asked` are the articles it was asked for."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.asked: list[str] = []


class _Handler(JsonHandler):
    server: Stock

    def do_GET(self) -> None:  # noqa: N802 - the base class calls it so
        [article] = parse_qs(urlsplit(self.path).query)["article"]
        self.server.asked.append(article)
        self.answer(200, {"article": article, "pieces": 7})
