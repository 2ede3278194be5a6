"""Connectors, procedures, their runs, the workers that do them, alarms and who is told, and tokens."""

from approdo.processes.models.alarm import Alarm, Look
from approdo.processes.models.connector import Connector
from approdo.processes.models.procedure import Procedure, ProcedureStep, Slot, with_schedules
from approdo.processes.models.recipient import Notice, Recipient
from approdo.processes.models.recode_job import RecodeJob
from approdo.processes.models.run import Run, RunStep, live_runs
from approdo.processes.models.token import Token
from approdo.processes.models.worker import Worker

__all__ = [
    "Alarm",
    "Connector",
    "Look",
    "Notice",
    "Procedure",
    "ProcedureStep",
    "Recipient",
    "RecodeJob",
    "Run",
    "RunStep",
    "Slot",
    "Token",
    "Worker",
    "live_runs",
    "with_schedules",
]
