# SPDX-License-Identifier: Apache-2.0
"""What asks a server: requests on a kept connection, and streams of events."""

import asyncio
import json


def authorization(server):
    return [f"Authorization: Bearer {server.token}"] if server.token else []


class Link:
    """One kept connection of HTTP/1.1, for requests one after the other."""

    def __init__(self, server):
        self.server = server
        self.reader = self.writer = None

    async def request(self, method, path, body=b"", headers=()):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.server.port, limit=1 << 26)
        lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.server.port}", f"Content-Length: {len(body)}",
                 *authorization(self.server), *headers]
        if not any(header.startswith("Content-Type") for header in headers):
            lines.append("Content-Type: application/json")
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        status = int(head.split(" ", 2)[1])
        fields = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in head.split("\r\n")[1:])}
        if "content-length" in fields:
            return status, await self.reader.readexactly(int(fields["content-length"]))
        if fields.get("transfer-encoding") == "chunked":
            whole = b""
            while size := int((await self.reader.readline()).strip() or b"0", 16):
                whole += await self.reader.readexactly(size)
                await self.reader.readline()
            await self.reader.readline()
            return status, whole
        return status, b""

    def close(self):
        if self.writer:
            self.writer.close()


class Events:
    """A stream of server-sent events."""

    def __init__(self, server, path):
        self.server, self.path = server, path

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.server.port, limit=1 << 24)
        self.writer.write(
            "\r\n".join([f"GET {self.path} HTTP/1.0", "Host: 127.0.0.1", "Accept: text/event-stream",
                         *authorization(self.server), "", ""]).encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        if " 200 " not in head.split("\r\n")[0] + " ":
            raise RuntimeError(f"{self.path}: {head.splitlines()[0]}")
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    async def __aiter__(self):
        kind, data = "message", None
        while line := await self.reader.readline():
            text = line.decode().rstrip("\r\n")
            if text.startswith("event: "):
                kind = text[7:]
            elif text.startswith("data: "):
                # Buildbot's first word is no JSON.
                data = json.loads(text[6:]) if text[6:7] in "{[" else text[6:]
            elif not text and data is not None:
                yield kind, data
                kind, data = "message", None
