"""An audit of the data before anyone trains on them: copies, conflicts, relations, shifts, shortcuts."""

from bioautofeat.audit.findings import Audit, TestAudit, audit
from bioautofeat.audit.part import Part

__all__ = ["Audit", "Part", "TestAudit", "audit"]
