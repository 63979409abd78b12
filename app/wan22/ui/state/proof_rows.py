"""The launch proof as it is shown: each promise of the profile, what was found, and what shows it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wan22.schema.server import LaunchClaim, Proof
from wan22.ui.verdict_word import Tone

_TONES: Mapping[Proof, Tone] = {Proof.proved: Tone.good, Proof.refuted: Tone.bad, Proof.unknown: Tone.unknown}
WORDS: Mapping[Proof, str] = {Proof.proved: "seen", Proof.refuted: "not so", Proof.unknown: "not visible"}
_ORDER = {Proof.refuted: 0, Proof.unknown: 1, Proof.proved: 2}


@dataclass(frozen=True, slots=True)
class ProofRow:
    """One promise. `evidence`: the line, argument or field that decided; `reason`: why it is not proved."""

    name: str
    value: str
    tone: Tone
    word: str
    expected: str
    reason: str = ""
    evidence: str = ""

    @property
    def sentence(self) -> str:
        """Everything, as it is read out and shown in the tool tip."""
        parts = [f"{self.name}: {self.word}. Expected {self.expected}, found {self.value}."]
        if self.reason:
            parts.append(self.reason)
        if self.evidence:
            parts.append(f"Evidence: {self.evidence}")
        return "\n".join(parts)


def proof_rows(claims: Sequence[LaunchClaim]) -> list[ProofRow]:
    """What is not so comes first, then what could not be seen."""
    return [_row(claim) for claim in sorted(claims, key=lambda claim: _ORDER[claim.proof])]


def _row(claim: LaunchClaim) -> ProofRow:
    is_word = claim.name.partition(" ")[0].isalpha()
    name = claim.name[:1].upper() + claim.name[1:] if is_word else claim.name
    evidence = " ".join(claim.evidence.split())
    return ProofRow(
        name=name,
        value=claim.found,
        tone=_TONES[claim.proof],
        word=WORDS[claim.proof],
        expected=claim.expected,
        reason=claim.reason,
        evidence=evidence,
    )


def proof_count(claims: Sequence[LaunchClaim]) -> tuple[Tone, str]:
    """`7 of 7 seen`, and how to take it."""
    seen = sum(claim.proof is Proof.proved for claim in claims)
    refuted = sum(claim.proof is Proof.refuted for claim in claims)
    text = f"{seen} of {len(claims)} seen"
    if refuted:
        return Tone.bad, f"{text}, {refuted} not so"
    return (Tone.good if seen == len(claims) else Tone.unknown), text


def unseen_text(claims: Sequence[LaunchClaim]) -> str:
    """What could not be seen, by its reason; empty when everything was."""
    names: dict[str, list[str]] = {}
    for claim in claims:
        if claim.proof is Proof.unknown:
            names.setdefault(claim.reason, []).append(claim.name)
    return "\n".join(f"Not visible: {', '.join(found)}. {reason}".rstrip() for reason, found in names.items())
