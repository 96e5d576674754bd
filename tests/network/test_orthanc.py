"""The whole way with a real archive: send, query, fetch, plan, store back, read again. Loopback only."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "services"))
from plan_fakes import plan, segmentation
from tiny_case import labels_of, write_series

from planner.export.read_back import read_object
from planner.network import dimse
from planner.network.settings import Archive
from planner.services import archive as service
from planner.services.export_plan import write_dicom_objects
from planner.services.open_case import open_case

ORTHANC = shutil.which("Orthanc") or shutil.which("orthanc")
WEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
pytestmark = pytest.mark.skipif(ORTHANC is None, reason="Orthanc is not installed")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    folder = tmp_path_factory.mktemp("orthanc")
    dicom, http, own = free_port(), free_port(), free_port()
    settings = {
        "Name": "test",
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "DicomAet": "ORTHANC",
        "DicomPort": dicom,
        "HttpPort": http,
        "HttpServerEnabled": True,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomCheckCalledAet": True,
        "DicomAlwaysAllowGet": True,
        "DicomModalities": {"bvn": ["BVNPLANNER", "127.0.0.1", own]},
        "Plugins": [str(WEB)] if WEB.exists() else [],
    }
    (folder / "orthanc.json").write_text(json.dumps(settings))
    log = (folder / "log.txt").open("w")
    process = subprocess.Popen([str(ORTHANC), str(folder / "orthanc.json")], stdout=log, stderr=log)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{http}/system", timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, (folder / "log.txt").read_text()[-2000:]
                time.sleep(0.1)
        yield Archive(
            "orthanc",
            "127.0.0.1",
            dicom,
            "ORTHANC",
            own_port=own,
            web_url=f"http://127.0.0.1:{http}/dicom-web" if WEB.exists() else "",
        )
    finally:
        process.terminate()
        process.wait(20)


def test_query_fetch_plan_store_back_and_read_again(orthanc: Archive, tmp_path: Path) -> None:
    source = write_series(tmp_path / "scanner")
    before = open_case(source)
    dimse.echo(orthanc)
    assert service.send(orthanc, [source]) == 12
    (study,) = service.find(orthanc, patient_name="SPECIMEN*")
    assert (study.patient_id, study.images, study.modality) == ("TEST-1", "12", "CT")
    (series,) = service.find(orthanc, study_uid=study.study_uid)
    assert series.series_uid == before.source.series_instance_uid
    for by in ("get", "move"):
        assert service.fetch(orthanc, study.study_uid, series.series_uid, tmp_path / by, by) == 12
        assert open_case(tmp_path / by).source == before.source
    case = open_case(tmp_path / "get")
    value = replace(plan(), source=case.source)
    write_dicom_objects(
        tmp_path / "plan", case, labels_of(case, segmentation()), value, {}, b"%PDF-", datetime.now()
    )
    sent = service.send(orthanc, [tmp_path / "plan"])
    assert sent == len(list((tmp_path / "plan").iterdir()))
    assert service.fetch(orthanc, study.study_uid, "", tmp_path / "whole", "get") == 12 + sent
    kinds = {}
    for path in (tmp_path / "whole").iterdir():
        try:
            found = read_object(path)
        except Exception:
            continue
        kinds[found.kind] = found
    assert set(kinds) == {"segmentation", "report", "structures", "stl", "pdf", "capture"}
    tip = np.array([value.levels[1].trajectories[0].tip_lps_mm])
    assert np.abs(kinds["report"].points_lps_mm["L4 left: Tool tip"] - tip).max() < 0.1
    assert (
        np.abs(
            kinds["structures"].points_lps_mm["L4 left tool"][-1]
            - value.levels[1].trajectories[0].path_lps_mm[-1]
        ).max()
        < 0.1
    )


@pytest.mark.skipif(not WEB.exists(), reason="Orthanc's DICOMweb plugin is not installed")
def test_dicomweb_search_fetch_and_store(orthanc: Archive, tmp_path: Path) -> None:
    source = write_series(tmp_path / "scanner")
    before = open_case(source)
    web = replace(orthanc, host="")
    assert service.send(web, [source]) == 12
    uid = before.source.study_instance_uid
    assert uid in {s.study_uid for s in service.find(web, patient_id="TEST-1")}
    (series,) = service.find(web, study_uid=uid)
    assert service.fetch(web, uid, series.series_uid, tmp_path / "out") == 12
    assert open_case(tmp_path / "out").source.voxel_sha256 == before.source.voxel_sha256
