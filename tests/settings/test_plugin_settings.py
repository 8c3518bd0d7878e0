"""Settings of plugins: who declares them, how they are read, and every problem with its place and its mend."""

from dataclasses import dataclass, field

import pytest

from ivrkit import LoadError, Owner, Problem, Settings, SettingsError, State, hookimpl
from ivrkit.plugins.load import load
from ivrkit.settings.docstrings import descriptions_of
from ivrkit.settings.load import load_settings, try_load_settings

pytestmark = pytest.mark.usefixtures("bare")

CODE = """
from dataclasses import dataclass, field
from ivrkit import Settings, State, hookimpl

@dataclass(frozen=True, kw_only=True)
class Own:
    '''What the states know.

    :param number: whom to ring.
    :param rings: how long,
        in seconds.
    '''
    number: str
    rings: int = 20
    days: tuple[str, ...] = ()
    token: str = field(default="", repr=False)

    def __post_init__(self):
        if self.rings == 13:
            raise ValueError("rings is 13, which brings bad luck")

def one(settings: Own) -> State:
    return State(f"{settings.number} {settings.rings} {settings.days}")

def two(core: Settings, settings: Own) -> State:
    return State(f"{core.company} {settings.number}")
"""


@pytest.fixture
def shop(install):
    """Install a package whose two states ask for one dataclass."""
    install("shop-states", states={"one": "shop:one", "two": "shop:two"}, shop=CODE)


def problems(settings=None, extra=None, **given):
    """Return the problems of what is installed."""
    with pytest.raises(LoadError) as caught:
        load(settings or Settings(**given), extra)
    return caught.value.problems


def said(loaded, name):
    """Return what a state says."""
    return loaded.flow.states[name].state.enter


class TestWhoAsks:
    """A dataclass is declared by being asked for, or by a hook."""

    def test_a_function_gets_what_its_annotations_ask_for(self, shop):
        """The core's settings and the package's own, in any order; all of the package's functions get the same."""
        loaded = load(Settings(company="ACME", plugin_settings={"shop-states": {"number": "+1"}}))
        assert (said(loaded, "one"), said(loaded, "two")) == ("+1 20 ()", "ACME +1")
        (settings,) = loaded.settings
        assert (settings.owner, settings.key) == (Owner("shop-states", "1.0"), "plugins.shop-states")

    def test_the_hook_that_registers_states(self):
        """Its argument is the plugin's own settings where it is annotated so; its functions are given them as well."""

        @dataclass
        class Own:
            word: str = "Hello."

        class Plugin:
            @hookimpl
            def ivrkit_register_states(self, settings: Own):
                def two(own: Own) -> State:
                    return State(own.word.upper())

                return {"one": State(settings.word), "two": two}

        loaded = load(Settings(plugin_settings={"own": {"word": "Hi."}}), {"own": Plugin()})
        assert (said(loaded, "one"), said(loaded, "two")) == ("Hi.", "HI.")

    def test_a_class_makes_the_plugin(self, install):
        """An entry point may name a class, which is given what it asks for; each app has an object of its own."""
        code = (
            "from dataclasses import dataclass\nfrom ivrkit import State, hookimpl\n"
            "@dataclass\nclass Own:\n    word: str = 'Hello.'\n"
            "class Plugin:\n    def __init__(self, settings: Own):\n        self.word = settings.word\n"
            "    @hookimpl\n    def ivrkit_register_states(self):\n        return {'one': State(self.word)}\n"
        )
        install("ant", plugins={"ant": "ant:Plugin"}, ant=code)
        assert said(load(Settings()), "one") == "Hello."
        assert said(load(Settings(plugin_settings={"ant": {"word": "Hi."}})), "one") == "Hi."

    def test_a_function_makes_the_plugin(self):
        """A class without parameters, or a function, will do as well."""

        class Plugin:
            @hookimpl
            def ivrkit_register_states(self):
                return {"one": State("Hello.")}

        assert said(load(Settings(), {"own": Plugin}), "one") == "Hello."

        def make(settings: Settings):
            return Plugin()

        assert said(load(Settings(), {"own": make}), "one") == "Hello."

    def test_what_can_not_make_a_plugin(self):
        """It is a problem of its owner, with how it is written."""

        class Plugin:
            def __init__(self, settings: int):
                pass

        assert problems(extra={"own": Plugin}) == (
            Problem(
                "plugin own: its entry point own = \"the host's own code\" in 'ivrkit.plugins' cannot make a plugin: "
                "the function 'Plugin' asks for int, which is no dataclass of settings",
                "annotate its parameters with ivrkit.Settings or the plugin's own dataclass of settings; or leave "
                'it out: block = ["own"] in ivrkit.toml, or --block own',
                owner="own",
            ),
        )

    def test_a_hook_declares_them(self):
        """For a plugin whose code nobody asks."""

        @dataclass
        class Own:
            word: str = "Hello."

        class Plugin:
            @hookimpl
            def ivrkit_declare_settings(self):
                return Own

        (settings,) = load(Settings(plugin_settings={"own": {"word": "Hi."}}), {"own": Plugin()}).settings
        assert settings.values == Own("Hi.")

    @pytest.mark.parametrize("declared", [5, int, None, State("x")])
    def test_what_is_no_dataclass_is_refused(self, declared):
        """With what the hook returns."""

        class Plugin:
            @hookimpl
            def ivrkit_declare_settings(self):
                return declared

        (problem,) = problems(extra={"own": Plugin()})
        assert problem.message == f"plugin own: its hook ivrkit_declare_settings failed: it declares {declared!r}"
        assert problem.hint == "return the dataclass of the settings: return MySettings"

    def test_a_package_has_one_dataclass(self):
        """Two would have one table."""

        @dataclass
        class One:
            a: int = 1

        @dataclass
        class Two:
            b: int = 1

        def one(settings: One) -> State:
            return State("Hello.")

        def two(settings: Two) -> State:
            return State("never made")

        class Plugin:
            @hookimpl
            def ivrkit_register_states(self):
                return {"one": one, "two": two}

        (problem,) = problems(extra={"own": Plugin()})
        assert problem.message.endswith(
            "cannot be made into a state: it has two dataclasses of settings, 'One' and 'Two'"
        )
        assert problem.hint == "put the settings into one dataclass: a plugin has one table of settings"

    def test_another_plugins_settings_can_be_asked_for(self, shop, install):
        """They are the other's, from the other's table."""
        install("more", states={"three": "more:three"}, more="from shop import Own\nfrom shop import one as three\n")
        loaded = load(Settings(plugin_settings={"shop-states": {"number": "+1", "rings": 7}}))
        assert said(loaded, "three") == "+1 7 ()"
        assert [each.owner.plugin for each in loaded.settings] == ["shop-states"]


DAYS = "IVRKIT_PLUGINS__SHOP_STATES__DAYS"


class TestFaults:
    """What is wrong is told at once: place, key, expectation, nearest name and owner."""

    def test_all_of_them_with_the_cores_and_the_trees(self, shop, install, tmp_path):
        """One error has the problems of the core's settings, of the plugins' settings and of the tree."""
        install("ant", states={"lost": "ant:nothing"}, ant="")
        (tmp_path / "ivrkit.toml").write_text(
            'tries = 0\n\n[plugins.shop-states]\nrings = "long"\nnumbr = "+1"\n\n[plugins.shpo-states]\na = 1\n'
        )
        gathered = try_load_settings(tmp_path, environ={DAYS: "{ a = 1 }"})
        with pytest.raises(LoadError) as caught:
            load(gathered.settings, problems=gathered.problems)
        told = [str(each) for each in caught.value.problems if each.owner != "ant"]
        assert "\n".join(told).splitlines() == [
            "ivrkit.toml:1: tries must be a whole number of at least 1, not 0",
            "  hint: write tries = 3",
            "ivrkit.toml:5: unknown key 'plugins.shop-states.numbr', did you mean 'number'?",
            "  hint: use one of: number, rings, days, token",
            "plugins.shop-states.number must be set to a text",
            '  hint: write it in ivrkit.toml:  [plugins.shop-states]  number = "text"',
            "ivrkit.toml:4: plugins.shop-states.rings must be a whole number, not 'long'",
            "  hint: write rings = 20",
            f"{DAYS} in the environment: plugins.shop-states.days must be a list, each a text, not '{{ a = 1 }}'",
            f"  hint: set {DAYS}=text",
            "ivrkit.toml:7: [plugins.shpo-states] is for a plugin that is not installed, did you mean 'shop-states'?",
            "  hint: plugins with settings: shop-states",
        ]
        assert [each.owner for each in caught.value.problems if each.owner] == ["ant", *["shop-states"] * 4]

    def test_the_cores_alone(self):
        """Where nothing else is wrong, they are what load_settings would have told."""
        problem = Problem(
            "tries must be a whole number of at least 1, not 0", "write tries = 3", location="ivrkit.toml:1"
        )
        with pytest.raises(SettingsError) as caught:
            load(Settings(), problems=[problem])
        assert (caught.value.message, caught.value.hint) == (problem.located_message, problem.hint)

    def test_a_secret_is_not_told(self, shop):
        """Its field is left out of the repr, and so is its value of every error."""
        (problem,) = problems(plugin_settings={"shop-states": {"number": "+1", "token": 5}})
        assert problem.message == "plugins.shop-states.token must be a text; its value is secret and not shown"
        assert problem.hint == 'write token = "text"'

    def test_what_the_dataclass_itself_refuses(self, shop):
        """Its own words, and the table."""
        (problem,) = problems(plugin_settings={"shop-states": {"number": "+1", "rings": 13}})
        assert str(problem) == (
            "plugins.shop-states: rings is 13, which brings bad luck\n"
            "  hint: change it in ivrkit.toml:  [plugins.shop-states]"
        )

    def test_without_strict_the_rest_is_served(self, shop):
        """The plugin's states are left out; nothing is told twice."""
        loaded = load(Settings(strict=False, plugin_settings={"shop-states": {"rings": "long", "number": "+1"}}))
        assert list(loaded.flow.states) == ["greeting", "menu"]
        assert [each.message for each in loaded.problems] == [
            "plugins.shop-states.rings must be a whole number, not 'long'"
        ]
        assert [each.status for each in loaded.plugins if each.owner.plugin == "shop-states"] == ["faulty"]

    def test_faulty_settings_leave_out_what_a_plugin_registers(self):
        """Neither its hook nor its class is called."""

        @dataclass
        class Own:
            number: str

        class Registers:
            @hookimpl
            def ivrkit_register_states(self, settings: Own):
                raise AssertionError

        class Made:
            def __init__(self, settings: Own):
                raise AssertionError

        for plugin in (Registers(), Made):
            (problem,) = problems(extra={"own": plugin})
            assert problem.message == "plugins.own.number must be set to a text"

    def test_a_dataclass_that_can_not_be_read(self):
        """An annotation that nobody can look up is told as the plugin's problem."""

        @dataclass
        class Own:
            number: "Nowhere" = None  # noqa: F821  that is what is tested

        def one(settings: Own) -> State:
            return State("never made")

        class Plugin:
            @hookimpl
            def ivrkit_register_states(self):
                return {"one": one}

        (problem,) = problems(extra={"own": Plugin()})
        assert (
            problem.message == "plugin own: its settings 'Own' can't be used: NameError: name 'Nowhere' is not defined"
        )
        assert problem.hint == 'leave it out: block = ["own"] in ivrkit.toml, or --block own'

    def test_a_table_for_a_plugin_without_settings(self, install):
        """It would have no effect."""
        install("ant", states={"one": "ant:found"}, ant="from ivrkit import State\nfound = State('Hello.')\n")
        (problem,) = problems(plugin_settings={"ant": {"a": 1}})
        assert (problem.message, problem.hint) == ("[plugins.ant]: ant 1.0 has no settings", "take the table out")

    def test_the_table_of_a_plugin_that_is_left_out_may_stay(self, shop):
        """It is there for when it comes back."""
        loaded = load(Settings(block="shop-states", plugin_settings={"shop-states": {"zz": 1}}))
        assert loaded.settings == ()


class Undescribed:
    """A class whose docstring describes nothing."""


def test_descriptions_are_those_of_the_docstring(shop):
    """A description of several lines is one sentence; what has no line has none."""
    (settings,) = load(Settings(plugin_settings={"shop-states": {"number": "+1"}})).settings
    assert [(each.name, each.setting.description) for each in settings.settings] == [
        ("number", "whom to ring."),
        ("rings", "how long, in seconds."),
        ("days", ""),
        ("token", ""),
    ]
    assert descriptions_of(Undescribed) == {}


def test_where_a_setting_of_a_plugin_comes_from(shop, tmp_path):
    """Place, variable, code, or the default."""
    (tmp_path / "ivrkit.toml").write_text('[plugins.Shop_States]\nnumber = "+1"\n')
    environ = {"IVRKIT_PLUGINS__SHOP_STATES__RINGS": "7"}
    given = load_settings(tmp_path, environ=environ, plugin_settings={"shop-states": {"days": ["mon"]}})
    loaded = load(given)
    assert said(loaded, "one") == "+1 7 ('mon',)"
    assert [(each.name, each.value, each.origin, each.setting.is_secret) for each in loaded.settings[0].settings] == [
        ("number", "+1", "ivrkit.toml:2", False),
        ("rings", 7, "IVRKIT_PLUGINS__SHOP_STATES__RINGS in the environment", False),
        ("days", ("mon",), "argument", False),
        ("token", "", "default", True),
    ]


def test_a_field_that_is_not_given_by_the_maker_is_no_setting():
    """What the dataclass works out itself cannot be set."""

    @dataclass
    class Own:
        number: str = "+1"
        digits: int = field(init=False, default=1)

    class Plugin:
        @hookimpl
        def ivrkit_declare_settings(self):
            return Own

    (problem,) = problems(extra={"own": Plugin()}, plugin_settings={"own": {"digits": 5}})
    assert (problem.message, problem.hint) == ("unknown key 'plugins.own.digits'", "use one of: number")
