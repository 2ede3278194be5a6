"""Connectors, procedures, their runs, the workers that do them, and the tokens that programs call with."""

from approdo.processes.models.connector import Connector
from approdo.processes.models.procedure import Procedure, ProcedureStep, Slot
from approdo.processes.models.run import Run, RunStep
from approdo.processes.models.token import Token
from approdo.processes.models.worker import Worker

__all__ = ["Connector", "Procedure", "ProcedureStep", "Run", "RunStep", "Slot", "Token", "Worker"]
