from pydantic import Field, model_validator

from rastervision.pipeline.config.base import Config
from rastervision.pipeline.config.explain import Origin, explain
from rastervision.pipeline.config.register import register_config


@register_config('test_explain.part', plugin='rastervision.pipeline')
class PartConfig(Config):
    name: str | None = None
    size: int = 1


@register_config('test_explain.whole', plugin='rastervision.pipeline')
class WholeConfig(Config):
    title: str | None = None
    parts: list[PartConfig] = Field(default_factory=list)
    by_name: dict[str, PartConfig] = Field(default_factory=dict)

    def update(self):
        super().update()
        self.title = self.title or 'untitled'
        if not any(part.name == 'added' for part in self.parts):
            self.parts = [*self.parts, PartConfig(name='added')]


@register_config('test_explain.derived', plugin='rastervision.pipeline')
class DerivedConfig(Config):
    size: int = 1
    area: int | None = None

    @model_validator(mode='after')
    def fill_area(self):
        if self.area is None and self.size:
            self._set(area=self.size**2)
        return self


def origins(config):
    return {item.path: (item.origin, item.filled_by) for item in explain(config)}


def test_each_value_is_set_default_or_filled_in():
    found = origins(WholeConfig(parts=[PartConfig(size=2)]))

    assert found['parts[0].size'] == (Origin.SET, None)
    assert found['parts[0].name'] == (Origin.DEFAULT, None)
    assert found['title'] == (Origin.FILLED, 'WholeConfig')


def test_value_that_a_validator_fills_in_follows_from_others():
    config = DerivedConfig(size=3)

    assert origins(config)['area'] == (Origin.DERIVED, None)
    assert origins(DerivedConfig(area=9))['area'] == (Origin.SET, None)
    assert origins(DerivedConfig(size=0))['area'] == (Origin.DEFAULT, None)


def test_config_that_update_adds_is_filled_in_with_all_it_holds():
    found = origins(WholeConfig(parts=[PartConfig()]))

    assert found['parts[1]'] == found['parts[1].name'] == found['parts[1].size'] == (Origin.FILLED, 'WholeConfig')


def test_configs_in_dicts_are_explained():
    assert origins(WholeConfig(by_name={'x': PartConfig(name='n')}))['by_name.x.name'] == (Origin.SET, None)


def test_explaining_leaves_the_config():
    config = WholeConfig()

    explain(config)

    assert config.title is None


def test_line_reads_like_python():
    assert str(explain(WholeConfig(title='t'))[0]) == "title = 't'  # set in your config"
