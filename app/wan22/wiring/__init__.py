"""The one place that picks real, replayed or simulated parts and hands them to a face."""

from wan22.wiring.audit import (
    Reference,
    audit_run,
    audit_shelf,
    audited_change,
    keep_audit,
    moment_words,
    reference,
    reference_named,
    references,
    save_audit,
    snapshot_named,
    take_audit,
)
from wan22.wiring.generation import generation_job
from wan22.wiring.gpu_reading import gpu_source
from wan22.wiring.history import import_recording, judged, summarise, usual_times
from wan22.wiring.ladder import ladder_job
from wan22.wiring.models import model_fetch, model_mirror, model_store
from wan22.wiring.parts import Parts, parts, profile_store, runs_folder, sample_image, settings
from wan22.wiring.server import Demo, OwnedServer, choose_profile, demo_server, flag_schema, owned_server, proof

__all__ = [
    "Demo",
    "OwnedServer",
    "Parts",
    "Reference",
    "audit_run",
    "audit_shelf",
    "audited_change",
    "choose_profile",
    "demo_server",
    "flag_schema",
    "generation_job",
    "gpu_source",
    "import_recording",
    "judged",
    "keep_audit",
    "ladder_job",
    "model_fetch",
    "model_mirror",
    "model_store",
    "moment_words",
    "owned_server",
    "parts",
    "profile_store",
    "proof",
    "reference",
    "reference_named",
    "references",
    "runs_folder",
    "sample_image",
    "save_audit",
    "settings",
    "snapshot_named",
    "summarise",
    "take_audit",
    "usual_times",
]
