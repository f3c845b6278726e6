"""What AWS's own model of the service says against a request's shape, by botocore."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator


@cache
def _service() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))


def shape_complaint(operation: str, model: str, body: dict[str, Any]) -> str | None:
    """The names, types, lengths and ranges that do not fit; None when all do. A name that the model does not know is
    one too: botocore would not send it."""
    shape = _service().operation_model(operation).input_shape
    report = ParamValidator().validate({"modelId": model, **body}, shape)
    return str(report.generate_report()) if report.has_errors() else None
