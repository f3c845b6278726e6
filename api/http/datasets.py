"""A tenant's datasets, put by its admins as files."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath

from api.http.request.multipart import received_file
from api.services import Services
from domain.access import Principal
from domain.refusals import NotFound
from domain.tenant.events import Column, DatasetPut


class DatasetAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset; its rows are for tools to ask."""

    name: str
    version: int
    rows: int
    columns: tuple[Column, ...]


@get("/v1/datasets/{name:str}", permission="tenant:configure")
async def show_dataset(
    name: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> DatasetAnswer:
    """What one dataset of the caller's tenant holds."""
    dataset = (await services.tenants.known.settings(request.user.tenant)).datasets.get(name)
    if dataset is None:
        raise NotFound
    return _answer(dataset)


@put("/v1/datasets/{name:str}", permission="tenant:configure", request_max_body_size=None)
async def put_dataset(
    name: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> DatasetAnswer:
    """Put a CSV or Parquet file (multipart field `file`) in place of what was there."""
    async with received_file(request, services, "file", services.tenants.put_dataset.max_bytes) as file:
        return _answer(await services.tenants.put_dataset(request.user, name, file))


@delete("/v1/datasets/{name:str}", permission="tenant:configure", status_code=204)
async def delete_dataset(
    name: FromPath[str], request: Request[Principal, Any, Any], services: NamedDependency[Services]
) -> None:
    """Take one away that no tool asks."""
    await services.tenants.delete_dataset(request.user, name)


def _answer(dataset: DatasetPut) -> DatasetAnswer:
    return DatasetAnswer(name=dataset.name, version=dataset.version, rows=dataset.rows, columns=dataset.columns)
