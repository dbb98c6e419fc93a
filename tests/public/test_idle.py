"""Connections on which nothing comes."""

import asyncio

import pytest
from aiohttp import web

from services.public import service
from services.public.settings import PublicSettings


@pytest.mark.parametrize("said", [b"", b"GET /feeds/public.atom HTTP/1.1\r\nHost: x\r\nA: "])
async def test_who_never_finishes_asking_holds_no_place(
    monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int, said: bytes
) -> None:
    """Some thousands of these, and nobody else is let in."""
    monkeypatch.setattr(service, "IDLE_SECONDS", 0.1)
    monkeypatch.setenv("ROELAND_PUBLIC_ADDRESS", f"127.0.0.1:{unused_tcp_port}")
    async with service._listening(web.Application(), PublicSettings()):
        reader, writer = await asyncio.open_connection("127.0.0.1", unused_tcp_port)
        writer.write(said)
        assert await asyncio.wait_for(reader.read(), 30) == b""
        writer.close()
