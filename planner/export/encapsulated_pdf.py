"""The report as a DICOM Encapsulated PDF."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from planner.export.dicom import new_object, save


def write_pdf(folder: Path, source: Any, pdf: bytes, when: datetime) -> Path:
    """Write the report as an Encapsulated PDF."""
    import highdicom as hd
    from pydicom.uid import EncapsulatedPDFStorage

    ds = new_object(source, EncapsulatedPDFStorage, hd.UID(), 9004, 1, when)
    ds.Modality = "DOC"
    ds.AcquisitionDateTime = ""
    ds.ConversionType = "WSD"
    ds.SeriesDescription = "BVN plan: report (research)"
    ds.BurnedInAnnotation = "YES"
    ds.DocumentTitle = "Plan of a basivertebral nerve ablation"
    ds.ConceptNameCodeSequence = []
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocumentLength = len(pdf)
    ds.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    return save(ds, folder / "report.dcm")
