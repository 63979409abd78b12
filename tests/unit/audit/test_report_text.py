from tests.unit.audit.machines import snapshot, with_part
from wan22.audit.difference import difference
from wan22.audit.report_text import difference_lines, snapshot_lines, snapshot_markdown
from wan22.schema.audit import AuditPart, PartProblem
from wan22.schema.problem import problem


def test_text_for_a_terminal():
    lines = [" ".join(line.split()) for line in snapshot_lines(snapshot())]
    assert lines[0] == "Audit of 2026-11-20 10:00:00 UTC by wan22 0.1.0"
    assert "Driver 580.65" in lines
    assert "GPU 0 · NVIDIA GeForce RTX 5090" in lines
    assert "Power limit 575 W" in lines
    assert "BAR1 32.0 GiB: Resizable BAR is on" in lines
    assert "1 other packages (--markdown and --json list them)" in lines
    assert not any("numpy" in line for line in lines)


def test_what_is_not_known_says_why():
    found = snapshot(reasons={"system.power_plan": "The registry names no active power plan."})
    assert any(line.endswith("unknown: The registry names no active power plan") for line in snapshot_lines(found))


def test_problems_stand_in_their_part():
    lost = PartProblem(part=AuditPart.gpu, problem=problem("driver_missing", "No driver.", hint="Install it."))
    lines = list(snapshot_lines(snapshot(gpu=None, problems=(lost,))))
    place = lines.index("Driver and GPU")
    assert lines[place + 1 : place + 3] == ["  ! No driver.", "    Install it."]


def test_markdown_lists_everything_and_nothing_of_it_is_markup():
    hostile = with_part(snapshot(), "gpu", driver_version="a|b`<script>*\n# x")
    text = snapshot_markdown(hostile)
    assert "| Driver | a\\|b\\`&lt;script>\\* # x |" in text
    assert "| numpy | 2.1.0 |" in text
    assert text.startswith("# System audit\n")
    assert text.endswith("|\n")


def test_a_simulated_machine_says_so():
    assert next(iter(snapshot_lines(snapshot(simulated=True)))).startswith("SIMULATED: ")


def test_differences_are_marked():
    before = snapshot()
    after = with_part(snapshot(app_version="0.2.0"), "gpu", driver_version="590.10")
    assert list(difference_lines(difference(before, after))) == [
        "● Driver 580.65 → 590.10",
        "· This panel: 0.1.0 → 0.2.0",
    ]
    assert list(difference_lines(difference(before, before))) == ["Nothing has changed."]
