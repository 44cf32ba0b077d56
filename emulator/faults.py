"""Faults of a call, on demand."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from emulator.denials import denial
from emulator.messages import Answer, Call, Operation, Pace, error_answer, json_answer


class Fault(ABC):
    """One kind of fault, wrapped around a call."""

    @abstractmethod
    def apply(self, call: Call, perform: Callable[[], Answer], stopping: threading.Event) -> Answer:
        """The answer that goes back; `perform` does the call."""


@dataclass(frozen=True)
class Status(Fault):
    """The call is not done; the answer is an HTTP status with Google's error body; 403 is a missing permission."""

    code: int
    message: str | None = None
    reason: str | None = None

    def apply(self, call: Call, perform: Callable[[], Answer], stopping: threading.Event) -> Answer:
        """Answer the status."""
        usual = denial(call.operation) if self.code == 403 else "injected fault"
        return error_answer(self.code, self.message or usual, reason=self.reason)


@dataclass(frozen=True)
class Reset(Fault):
    """The call is not done; the connection is reset."""

    def apply(self, call: Call, perform: Callable[[], Answer], stopping: threading.Event) -> Answer:
        """Answer nothing."""
        return Answer(503, reset=True)


@dataclass(frozen=True)
class Stall(Fault):
    """The call is done, and answered, only after some seconds."""

    seconds: float

    def apply(self, call: Call, perform: Callable[[], Answer], stopping: threading.Event) -> Answer:
        """Wait, but not longer than the server lives."""
        stopping.wait(self.seconds)
        return perform()


@dataclass(frozen=True)
class Drip(Fault):
    """The call is done, and its answer comes a byte at a time with so many seconds between two, or its body does."""

    seconds: float
    is_of_body: bool = False

    def apply(self, call: Call, perform: Callable[[], Answer], stopping: threading.Event) -> Answer:
        """Let it drip."""
        return replace(perform(), pace=Pace(self.seconds, self.is_of_body))


@dataclass(frozen=True)
class Unfinished(Fault):
    """Of a rewrite, which goes on in another call with the token that is answered after so many seconds."""

    seconds: float

    def apply(self, call: Call, perform: Callable[[], Answer], stopping: threading.Event) -> Answer:
        """Answer that there is more to do."""
        stopping.wait(self.seconds)
        progress = {"totalBytesRewritten": "1", "objectSize": "2", "rewriteToken": "token"}
        return json_answer({"kind": "storage#rewriteResponse", "done": False, **progress})


@dataclass(frozen=True)
class CutStream(Fault):
    """The headers announce the whole body, the connection ends halfway through it."""

    def apply(self, call: Call, perform: Callable[[], Answer], stopping: threading.Event) -> Answer:
        """Send half of the body."""
        answer = perform()
        return replace(answer, sent=len(answer.body) // 2)


@dataclass(frozen=True)
class CorruptBytes(Fault):
    """The body has a wrong byte in its middle, or at its beginning; the headers, with their hash, are the true ones."""

    is_at_start: bool = False

    def apply(self, call: Call, perform: Callable[[], Answer], stopping: threading.Event) -> Answer:
        """Flip all bits of one byte."""
        answer = perform()
        body = bytearray(answer.body)
        if body:
            body[0 if self.is_at_start else len(body) // 2] ^= 0xFF
        return replace(answer, body=bytes(body))


@dataclass(frozen=True)
class AnswerLost(Fault):
    """The call is done, but what goes back is a status or a reset."""

    instead: Status | Reset = Status(503)

    def apply(self, call: Call, perform: Callable[[], Answer], stopping: threading.Event) -> Answer:
        """Do the call and forget its answer."""
        perform()
        return self.instead.apply(call, perform, stopping)


@dataclass(frozen=True)
class Callback(Fault):
    """A function runs before the call is done, for example to replace the object."""

    function: Callable[[], object]

    def apply(self, call: Call, perform: Callable[[], Answer], stopping: threading.Event) -> Answer:
        """Run the function, then do the call."""
        self.function()
        return perform()


@dataclass
class Rule:
    """A fault and the calls it befalls: None stands for any, and for `times` for ever."""

    fault: Fault
    operation: Operation | None = None
    bucket: str | None = None
    name: str | None = None
    times: int | None = None
    chance: Callable[[], bool] | None = None
    hits: int = 0

    def matches(self, call: Call) -> bool:
        """Whether the rule still applies, and to this call; where it does, its chance decides."""
        return (
            (self.times is None or self.hits < self.times)
            and self.operation in (None, call.operation)
            and self.bucket in (None, call.bucket)
            and self.name in (None, call.name)
            and (self.chance is None or self.chance())
        )


@dataclass
class Faults:
    """The rules in force; a call is befallen by the first that matches."""

    stopping: threading.Event = field(default_factory=threading.Event)
    _rules: list[Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(
        self,
        fault: Fault,
        operation: Operation | None = None,
        *,
        bucket: str | None = None,
        name: str | None = None,
        times: int | None = 1,
        chance: Callable[[], bool] | None = None,
    ) -> Rule:
        """Let a fault befall the next calls of this kind, or some of them by chance; the rule counts its `hits`."""
        rule = Rule(fault, operation, bucket, name, times, chance)
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Forget all rules."""
        with self._lock:
            self._rules.clear()

    def apply(self, call: Call, perform: Callable[[], Answer]) -> Answer:
        """Do a call, with the fault that is due."""
        fault = self._take(call)
        return perform() if fault is None else fault.apply(call, perform, self.stopping)

    def _take(self, call: Call) -> Fault | None:
        with self._lock:
            for rule in self._rules:
                if rule.matches(call):
                    rule.hits += 1
                    return rule.fault
        return None
