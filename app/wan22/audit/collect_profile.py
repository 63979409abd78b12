"""The profile in force, with what it gives to ComfyUI."""

from wan22.audit.privacy import Privacy
from wan22.audit.source import AuditSources, Found
from wan22.schema.audit import ProfileFacts
from wan22.schema.profile import Setting
from wan22.system.cancel import CancelToken


def collect_profile(sources: AuditSources, _cancel: CancelToken) -> Found:
    """`ProfileFacts`. AppError `profile_not_found`, `profile_invalid`."""
    profile = sources.profile()
    privacy = Privacy(sources.home, sources.host_name)
    facts = ProfileFacts(
        name=profile.name,
        title=profile.title,
        flags={
            name: privacy.setting(name, _words(one)) for name, one in profile.flags.items() if one.value is not False
        },
        environment={name: privacy.setting(name, _words(one)) for name, one in profile.environment.items()},
    )
    return Found(facts)


def _words(setting: Setting) -> str:
    """The argument as one would type it; empty for a bare flag."""
    value = setting.value
    if value is True:
        return ""
    return " ".join(value) if isinstance(value, tuple) else str(value)
