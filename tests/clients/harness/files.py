"""A file server inside the test process, for attachments."""

from __future__ import annotations

import http.server
import threading


class FileServer:
    """Serves the given contents by path; every other path is 404."""

    def __init__(self):
        self.contents: dict[str, bytes] = {}
        contents = self.contents

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                content = contents.get(self.path.split("?")[0])
                self.send_response(404 if content is None else 200)
                self.send_header("Content-Length", str(len(content or b"")))
                self.end_headers()
                self.wfile.write(content or b"")

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    def put(self, name: str, content: bytes) -> str:
        """Makes the content available and answers its URL."""
        self.contents[f"/{name}"] = content
        return self.url(name)

    def url(self, name: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}/{name}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
