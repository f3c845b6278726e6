"""Tools of a server by the official SDK: what it describes, what its calls come to, where no call goes; and a turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from adapters.webhook.mcp_servers import SdkMcpServers
from application.ports.models.model import ToolUse
from application.ports.tools.mcp_servers import ServerChanged
from application.ports.tools.webhooks import WebhookFailed
from application.tenants.put_tool import PutToolHandler, WantedServer
from application.tenants.refresh_server_tools import RefreshServerTools
from application.tools.executors import Executors
from application.tools.toolbox import ToolBoxes
from domain.refusals import InvalidField
from domain.session.events import ToolCalled
from domain.tenant.assistant import Assistant
from domain.tenant.tool import Mcp, Tool
from tests.adapters.webhook.small_mcp_server import SmallServer, small_server
from tests.application.tools.harness import ADMIN, MEMBER, TENANT, TURN
from tests.application.tools.harness import House as ToolHouse
from tests.application.turns.harness import HouseTenants, house
from tests.fakes.scripted_model import Reply

pytestmark = pytest.mark.real
SERVER = Tool(description="", input_schema={})


@pytest.fixture
async def small() -> AsyncIterator[SmallServer]:
    async with small_server() as found:
        yield found


@pytest.fixture
def servers() -> SdkMcpServers:
    return SdkMcpServers(loopback=True)


async def test_tools_are_described_and_their_hints_decide_effects(small: SmallServer, servers: SdkMcpServers) -> None:
    look_up, cancel = await servers.tools(small.url, {}, ["look_up", "cancel"])
    assert (look_up.effects, cancel.effects) == (False, True) and look_up.input_schema == small.schema
    assert await servers.call(small.url, {"x-secret": "s"}, look_up, {"id": 7}) == "order 7 is on its way"
    assert small.calls == [("look_up", {"id": 7})] and small.headers == ["s"]
    with pytest.raises(InvalidField, match="no tool"):
        await servers.tools(small.url, {}, ["look_up", "absent"])


async def test_failures_slowness_size_and_change_are_told_in_words(small: SmallServer, servers: SdkMcpServers) -> None:
    (look_up,) = await servers.tools(small.url, {}, ["look_up"])
    small.fails = True
    with pytest.raises(WebhookFailed, match="no such order"):
        await servers.call(small.url, {}, look_up, {"id": 7})
    small.fails, small.says = False, "x" * 70_000
    with pytest.raises(WebhookFailed, match="more than"):
        await servers.call(small.url, {}, look_up, {"id": 7})
    small.says, small.wait = "", asyncio.Event()
    with pytest.raises(WebhookFailed, match="in time") as slow:
        await SdkMcpServers(loopback=True, total_s=1.0).call(small.url, {}, look_up, {"id": 7})
    small.wait.set()
    asked = len(small.calls)
    small.schema = {"type": "object", "properties": {"order": {"type": "string"}}}
    with pytest.raises(ServerChanged) as changed:
        await servers.call(small.url, {}, look_up, {"id": 7})
    assert slow.value.sent and not changed.value.sent and len(small.calls) == asked


ELSEWHERE = ["http://example.com/mcp", "https://169.254.169.254/mcp", "https://10.0.0.1/mcp", "https://localhost/", "x"]


async def test_no_call_goes_where_no_webhook_may(small: SmallServer, servers: SdkMcpServers) -> None:
    (look_up,) = await servers.tools(small.url, {}, ["look_up"])
    strict = SdkMcpServers(loopback=False)
    for url in [*ELSEWHERE, small.url]:
        with pytest.raises(InvalidField):
            await strict.tools(url, {}, ["look_up"])
        with pytest.raises(WebhookFailed) as refused:
            await strict.call(url, {}, look_up, {"id": 7})
        assert not refused.value.sent
    assert small.calls == []


async def test_it_is_put_whole_with_its_secret_sealed_and_put_anew_when_it_changed(
    small: SmallServer, servers: SdkMcpServers
) -> None:
    here = ToolHouse()
    await here.open()
    put = PutToolHandler(here.store, here.tenants, here.datasets, here.webhooks, here.sealer, servers)
    wanted = WantedServer(url=small.url, tools=("look_up", "cancel"), header="X-Secret", value="hush")
    tool, version = await put(ADMIN, "crm", SERVER, server=wanted)
    assert version == 1 and tool.mcp and "hush" not in str(msgspec.to_builtins(tool))
    assert tool.depends.personal and tool.depends.live
    for again in (wanted, msgspec.structs.replace(wanted, value="")):
        assert (await put(ADMIN, "crm", SERVER, server=again))[1] == 1  # nothing is another one
    refresh = RefreshServerTools(here.store, here.tenants, servers, here.sealer)
    boxes = ToolBoxes(here.tenants, Executors(here.datasets, here.webhooks, here.sealer, servers, refresh))
    box = await boxes.open(MEMBER, TURN, ["crm__look_up", "crm__cancel"])
    assert [spec.name for spec in box.specs()] == ["crm__look_up", "crm__cancel"]
    done = await box.call(ToolUse("t1", "crm__look_up", '{"id": 7}'))
    assert (done.status, done.output, small.headers) == ("completed", "order 7 is on its way", ["hush"])
    small.schema = {"type": "object", "properties": {"order": {"type": "string"}}}
    changed = await box.call(ToolUse("t2", "crm__look_up", '{"id": 8}'))
    assert changed.status == "failed" and "changed" in changed.output and len(small.calls) == 1
    async with asyncio.timeout(20):
        await asyncio.gather(*refresh.tasks)
    assert (await here.tenants.settings(TENANT)).tool_versions["crm"] == 2
    anew = await boxes.open(MEMBER, TURN, ["crm__look_up"])
    assert anew.specs()[0].input_schema == small.schema
    bad = [("crm", ()), ("crm", ("absent",)), ("crm" * 21, ("look_up",))]
    for name, tools in bad:
        with pytest.raises(InvalidField):
            await put(ADMIN, name, SERVER, server=msgspec.structs.replace(wanted, tools=tools))
    for header in ("Host", "a b", "x" * 99):
        with pytest.raises(InvalidField, match="header"):
            await put(ADMIN, "crm", SERVER, server=msgspec.structs.replace(wanted, header=header))


async def test_a_turn_calls_it_and_answers_also_when_it_fails(small: SmallServer, servers: SdkMcpServers) -> None:
    mcp = Mcp(url=small.url, tools=await servers.tools(small.url, {}, ["look_up"]))
    use = ToolUse("t1", "crm__look_up", '{"id": 7}')
    replies = [Reply((use,)), Reply(("It is on its way.",)), Reply((use,)), Reply(("I could not look.",))]
    async with house(*replies, servers=servers, passages=()) as here:
        tenants = here.turns.prepare.tenants
        assert isinstance(tenants, HouseTenants)
        tool = msgspec.structs.replace(SERVER, mcp=mcp)
        tenants.tenant = msgspec.structs.replace(
            tenants.tenant, tools={"crm": tool}, tool_versions={"crm": 1},
            assistants={"default": Assistant(tools=("crm",))},
        )  # fmt: skip
        live = await here.open()
        assert (await here.ask(live, "Where is order 7?")).answer == "It is on its way."
        small.fails = True
        assert (await here.ask(live, "And now?")).answer == "I could not look."
        calls = await here.facts(live, ToolCalled)
        assert [(call.name, call.status) for call in calls] == [
            ("crm__look_up", "completed"), ("crm__look_up", "failed")
        ]  # fmt: skip
        assert here.model.calls[0].tools[0].name == "crm__look_up"
