"""The arguments of the command line."""

from __future__ import annotations

from collections.abc import Sequence

from deployment import env_file
from deployment.errors import Refused
from deployment.options import ENV_FILE, HELP, NAME, OPTIONS, SETTINGS, UPLOAD_NAME, Option
from settings import values
from settings.setting import HTTP
from settings.values import BadValue, shown

PASSED_ON = "--"


class Arguments:
    """The words, and the text of each option: the last that was said, or its default."""

    def __init__(self, argv: Sequence[str]) -> None:
        self.words: list[str] = []
        self._texts: dict[str, str] = {}
        self._origins: dict[str, str] = {}
        end = argv.index(PASSED_ON) if PASSED_ON in argv else len(argv)
        self.passed_on = [*argv[end + 1 :]]
        """What is behind `--`, for the command of gcloud that deploys a function."""
        waiting = [*argv[:end]]
        while waiting:
            self._take(waiting)

    def __getitem__(self, option: Option) -> str:
        """The text of an option, without blanks around it; Refused says what is wrong with it."""
        try:
            text = values.text(self._texts[option.flag] if option in self else option.default)
            if text:
                (option.check if option.metavar else values.switch)(text)
        except BadValue as error:
            raise Refused(f"{self.called(option)} {error}.") from error
        return text

    def __contains__(self, option: Option) -> bool:
        """Whether something was said; blanks are nothing."""
        return not values.is_blank(self._texts.get(option.flag, ""))

    def is_on(self, option: Option) -> bool:
        """Whether a switch is on."""
        text = self[option]
        return bool(text) and values.switch(text)

    def called(self, option: Option) -> str:
        """An option as it was said: in a file, or by its flag."""
        origin = self._origins.get(option.flag)
        return f"{origin}: {option.setting.name}" if origin and option.setting else option.flag

    @property
    def operand(self) -> str:
        """The word behind the command; empty where there is none."""
        return self.words[1] if len(self.words) > 1 else ""

    def name_of(self, function: str) -> str:
        """The name of one of the functions."""
        name = self[NAME]
        return name if function == HTTP else self[UPLOAD_NAME] or f"{name}-upload"

    def _take(self, waiting: list[str]) -> None:
        """The first of the words that wait, with its value."""
        word = waiting.pop(0)
        flag, is_joined, text = word.partition("=")
        if not word.startswith("-"):
            self.words.append(word)
            return
        option = OPTIONS.get(HELP.flag if flag == "-h" else flag)
        if not option:
            raise Refused(f"There is no argument {shown(flag)}; ./deploy.sh --help lists them.")
        if not is_joined:
            text = (waiting.pop(0) if waiting and not waiting[0].startswith("--") else "") if option.metavar else "1"
        if values.is_blank(text):
            raise Refused(f"{flag} needs a value.")
        self._set(option, text)

    def _set(self, option: Option, text: str, origin: str = "") -> None:
        self._texts[option.flag] = text
        self._origins[option.flag] = origin
        if option is ENV_FILE:
            for name, value, line in env_file.read(text):
                if not values.is_blank(value):
                    self._set(SETTINGS[name], value, line)
