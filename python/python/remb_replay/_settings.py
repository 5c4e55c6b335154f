"""What replays and estimators are told, for type checkers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Literal, TypedDict, Union


class ParameterSettings(TypedDict, total=False):
    """How it is estimated, as the program's flags of these names say."""

    set: Mapping[str, str | float | int | bool]
    """Parameters by name, as ``--set`` takes them: numbers, and texts with a unit."""
    profile: str
    estimator: str
    filter: str
    scheduler: Literal["periodic", "libwebrtc"]
    """Periodic where it is not said; in ``compare`` and sweeps libwebrtc."""
    remb_interval: str
    """With a unit, e.g. ``"500ms"``."""
    remb_decrease_threshold: str | float
    """Percent."""


class Settings(ParameterSettings, total=False):
    """What is fed to the estimator, as the program's flags of these names say."""

    rtt: str
    """``auto``, or with a unit, e.g. ``"40ms"``."""
    clock_offset: str
    sender_ssrc: int | str
    session: int
    """Of an event log, from 1."""
    flow: str | Sequence[str]
    """Only these, e.g. ``"10.0.0.1:5004-10.0.0.2:6004"``."""
    ssrc: Union[str, int, Sequence[Union[str, int]]]
    exclude_ssrc: Union[str, int, Sequence[Union[str, int]]]
    from_: float | str
    """Seconds since the first frame, or RFC 3339."""
    to: float | str
    copies: Literal["first", "last", "keep"]
    merge_flows: bool
    media: Literal["auto", "all"]
    abs_send_time_id: int | Literal["auto"]
    toffset_id: int | Literal["auto"]
    abs_capture_time_id: int | Literal["auto"]
    sdp: Union[str, PathLike[str]]
    """The file of an offer or answer."""
    ignore_transport_cc: bool
    srtp_tag_len: int | Literal["auto"]
    max_flows: int
    max_ssrcs: int
