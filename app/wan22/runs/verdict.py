"""What the times of a run mean: against a target that belongs to exactly this job, or this machine's own runs. Pure.

Any other job gets no verdict: a time without a matching band is just a time.
"""

from collections.abc import Sequence

from wan22.runs.own_band import BOTH, PASS_1, PASS_2, TOTAL, OwnBand, is_warm, measured
from wan22.runs.summary import board_name
from wan22.schema.profile import Target, target_for
from wan22.schema.run import RunManifest
from wan22.schema.summary import RunSummary
from wan22.schema.verdict import Level, TargetKey, Verdict

_NAMES = {PASS_1: "pass 1", PASS_2: "pass 2", BOTH: "both passes", TOTAL: "the whole job"}

NO_GPU_TEXT = "no target: this server works without a GPU"


def verdicts(
    summary: RunSummary, manifest: RunManifest, targets: Sequence[Target] = (), own_band: OwnBand | None = None
) -> tuple[Verdict, ...]:
    """Judge pass 1, pass 2, and both together or the whole job.

    Targets come first; then the machine's own band (level good or slow only); else the level is `no_target`, or
    `unknown` where a band fits but nothing was measured.
    """
    key = job_key(manifest)
    target = target_for(targets, key) if key is not None else None
    times = measured(summary)
    with_job = target.total_of == "job" if target is not None else key is not None and key.interpolation != "none"
    subjects = [PASS_1, PASS_2, TOTAL if with_job else BOTH]
    if target is None and not with_job and _own_fits(own_band, key, manifest, summary):
        subjects.append(TOTAL)
    found = [_verdict(name, times.get(name), key, target, own_band, manifest, summary) for name in subjects]
    if manifest.simulated or summary.simulated:
        found = [item.model_copy(update={"text": f"SIMULATED: {item.text}"}) for item in found]
    return tuple(found)


def job_key(manifest: RunManifest) -> TargetKey | None:
    """What a target would have to be for; None when size, steps, CFG or board are not known."""
    if manifest.target_key is not None:
        return manifest.target_key
    job, gpu = manifest.parameters, board_name(manifest)
    if job is None or not gpu or not (job.width and job.height and job.length and job.steps and job.cfg):
        return None
    return TargetKey(
        gpu=gpu,
        width=job.width,
        height=job.height,
        length=job.length,
        steps=job.steps,
        cfg=job.cfg,
        interpolation=job.interpolation,
    )


def _own_fits(own_band: OwnBand | None, key: TargetKey | None, manifest: RunManifest, summary: RunSummary) -> bool:
    """Whether the own band is of this job and board, and this run is warm as those were."""
    return (
        own_band is not None
        and own_band.key == key
        and own_band.gpu_uuid == manifest.telemetry.gpu_uuid
        and is_warm(summary)
        and not manifest.simulated
    )


def _verdict(
    name: str,
    seconds: float | None,
    key: TargetKey | None,
    target: Target | None,
    own_band: OwnBand | None,
    manifest: RunManifest,
    summary: RunSummary,
) -> Verdict:
    if target is not None:
        band, limit = _band_of(name, target)
        if band is not None or limit is not None:
            return _against_target(name, seconds, band, limit, target)
    if own_band is not None and _own_fits(own_band, key, manifest, summary) and name in own_band.usual:
        return _against_own(name, seconds, own_band)
    text = NO_GPU_TEXT if key is None and _is_without_gpu(manifest) else no_target_text(key)
    return Verdict(subject=name, level=Level.no_target, measured_s=seconds, text=text)


def _is_without_gpu(manifest: RunManifest) -> bool:
    """Whether the server said that it works on a processor only."""
    stats = manifest.server.stats if manifest.server is not None else None
    return stats is not None and bool(stats.devices) and all(device.type == "cpu" for device in stats.devices)


def no_target_text(key: TargetKey | None) -> str:
    """The sentence for a job without a band: its size, length, steps and board."""
    if key is None:
        return "no target: size, steps, CFG or board of this job are not known"
    extra = "" if key.cfg == 1 else f" and CFG {key.cfg:g}"
    after = "" if key.interpolation == "none" else f" with {key.interpolation} interpolation"
    size = f"{key.width}×{key.height}×{key.length}"  # noqa: RUF001 - the sign that people write between sizes
    return f"no target for {size} at {key.steps} steps{extra}{after} on {key.gpu}"


def _band_of(name: str, target: Target) -> tuple[tuple[float, float] | None, float | None]:
    if name in (PASS_1, PASS_2):
        return target.pass_excellent_s, target.pass_good_below_s
    if (name == TOTAL) is not (target.total_of == "job"):
        return None, None
    return target.total_excellent_s, target.total_good_below_s


def _against_target(
    name: str, seconds: float | None, band: tuple[float, float] | None, limit: float | None, target: Target
) -> Verdict:
    """Up to the band's end is excellent, up to the limit good, both ends included; more is slow."""
    best_s = band[1] if band is not None else None
    if seconds is None:
        level, text = Level.unknown, f"{_NAMES[name]} was not measured, so its target says nothing"
    elif best_s is not None and seconds <= best_s:
        level, text = Level.excellent, f"{_NAMES[name]} took {seconds:.1f} s: excellent (up to {best_s:g} s)"
    elif limit is not None and seconds <= limit:
        level, text = Level.good, f"{_NAMES[name]} took {seconds:.1f} s: good (up to {limit:g} s)"
    else:
        most_s = limit if limit is not None else best_s
        level, text = Level.slow, f"{_NAMES[name]} took {seconds:.1f} s: slow (more than {most_s:g} s)"
    if target.assumption and level is not Level.unknown:
        text += "; the target is an assumption"
    return Verdict(
        subject=name,
        level=level,
        measured_s=seconds,
        band_s=band,
        limit_s=limit,
        source=target.source,
        text=text,
    )


def _against_own(name: str, seconds: float | None, own_band: OwnBand) -> Verdict:
    usual = own_band.usual[name]
    source = f"compared with your own {usual.count} runs"
    if seconds is None:
        level, text = Level.unknown, f"{_NAMES[name]} was not measured"
    else:
        level = Level.good if seconds <= usual.high_s else Level.slow
        word = "as usual" if level is Level.good else "slower than usual"
        text = f"{_NAMES[name]} took {seconds:.1f} s: {word}, {source} (median {usual.median_s:.1f} s)"
    return Verdict(
        subject=name,
        level=level,
        measured_s=seconds,
        band_s=(usual.low_s, usual.high_s),
        limit_s=usual.high_s,
        source=source,
        text=text,
    )
